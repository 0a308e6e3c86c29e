//! The data: what each row holds.
//!
//! Role: organisations, users, members, subscriptions, usage, invitations, computed from their numbers.
//! Invariant: the same numbers give the same rows in every run and in both databases.
//! Not here: writing them (`fill`).

use chrono::{DateTime, Duration, SecondsFormat, Utc};
use uuid::Uuid;

/// How many organisations there are.
pub(crate) const ORGANIZATIONS: u64 = 1_000;
/// How many users; each is a member of one organisation.
pub(crate) const USERS: u64 = 10_000;
/// Features of which each organisation has a counter.
pub(crate) const FEATURES: u64 = 20;
/// How many invitations wait.
pub(crate) const INVITATIONS: u64 = 600_000;

const MEMBERS: u64 = USERS / ORGANIZATIONS;

/// Mixes a number into one that looks random (splitmix64).
pub(crate) fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn id(table: u64, number: u64) -> Uuid {
    let high = mix(table << 56 | number);
    let low = mix(high ^ number);
    uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes()).into_uuid()
}

/// An instant as both databases take it and as answers show it.
pub(crate) fn instant(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, false)
}

/// When the rows were made: not a whole second, so that lost digits show.
fn made(number: u64) -> DateTime<Utc> {
    let start = DateTime::from_timestamp(1_767_225_600, 123_456_000).unwrap_or_default();
    start + Duration::seconds(i64::try_from(number).unwrap_or_default())
}

/// An organisation.
pub(crate) struct Organization(pub(crate) u64);

impl Organization {
    pub(crate) fn id(&self) -> Uuid {
        id(1, self.0)
    }

    pub(crate) fn name(&self) -> String {
        format!("Organisation {}", self.0)
    }

    pub(crate) fn slug(&self) -> String {
        format!("organisation-{}", self.0)
    }

    pub(crate) fn created_at(&self) -> DateTime<Utc> {
        made(self.0)
    }

    /// Its members; the first is its owner.
    pub(crate) fn members(&self) -> impl Iterator<Item = User> {
        (self.0 * MEMBERS..(self.0 + 1) * MEMBERS).map(User)
    }

    pub(crate) fn owner(&self) -> User {
        User(self.0 * MEMBERS)
    }

    /// The row of its subscription.
    pub(crate) fn subscribed(&self) -> Uuid {
        id(7, self.0)
    }

    /// Who it is to Stripe.
    pub(crate) fn customer(&self) -> String {
        format!("cus_bench{}", self.0)
    }

    /// Its subscription at Stripe.
    pub(crate) fn subscription(&self) -> String {
        format!("sub_bench{}", self.0)
    }
}

/// A user, and the membership that each has.
pub(crate) struct User(pub(crate) u64);

impl User {
    pub(crate) fn id(&self) -> Uuid {
        id(2, self.0)
    }

    pub(crate) fn email(&self) -> String {
        format!("user-{}@example.com", self.0)
    }

    pub(crate) fn name(&self) -> String {
        format!("User \u{201e}{}\u{201c}", self.0)
    }

    pub(crate) fn organization(&self) -> Organization {
        Organization(self.0 / MEMBERS)
    }

    pub(crate) fn membership(&self) -> Uuid {
        id(3, self.0)
    }

    pub(crate) fn role(&self) -> &'static str {
        match self.0 % MEMBERS {
            0 => "owner",
            1 => "admin",
            _ => "member",
        }
    }

    pub(crate) fn joined_at(&self) -> DateTime<Utc> {
        made(self.0)
    }
}

/// A counter of an organisation.
pub(crate) struct Usage {
    pub(crate) organization: Organization,
    pub(crate) feature: u64,
}

impl Usage {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..ORGANIZATIONS * FEATURES).map(|number| Self {
            organization: Organization(number / FEATURES),
            feature: number % FEATURES,
        })
    }

    pub(crate) fn id(&self) -> Uuid {
        id(4, self.organization.0 * FEATURES + self.feature)
    }

    pub(crate) fn feature_name(&self) -> String {
        feature(self.feature)
    }

    pub(crate) fn used(&self) -> u64 {
        self.organization.0 % 7 + self.feature
    }

    /// The last feature has no limit.
    pub(crate) fn limit(&self) -> Option<u64> {
        (self.feature + 1 < FEATURES).then_some(1_000_000)
    }
}

/// The name of a feature.
pub(crate) fn feature(number: u64) -> String {
    format!("feature-{number}")
}

/// An invitation of a user into an organisation that is not theirs.
pub(crate) struct Invitation(pub(crate) u64);

impl Invitation {
    pub(crate) fn id(&self) -> Uuid {
        id(5, self.0)
    }

    pub(crate) fn token(&self) -> String {
        id(6, self.0).to_string()
    }

    pub(crate) fn user(&self) -> User {
        User(self.0 % USERS)
    }

    pub(crate) fn organization(&self) -> Organization {
        let step = 1 + self.0 / USERS;
        Organization((self.user().organization().0 + step) % ORGANIZATIONS)
    }

    pub(crate) fn created_at(&self) -> DateTime<Utc> {
        made(self.0)
    }

    /// Long after any run.
    pub(crate) fn expires_at(&self) -> DateTime<Utc> {
        made(self.0) + Duration::days(3650)
    }
}

/// The month that usage is counted in.
pub(crate) fn period(now: DateTime<Utc>) -> String {
    now.format("%Y-%m").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nobody_is_invited_twice_or_home() {
        let mut seen = HashSet::new();
        for number in 0..INVITATIONS {
            let invitation = Invitation(number);
            let (user, into) = (invitation.user(), invitation.organization().0);
            assert_ne!(user.organization().0, into);
            assert!(seen.insert((user.0, into)));
        }
    }
}
