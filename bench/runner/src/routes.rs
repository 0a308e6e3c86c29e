//! The routes and their requests.
//!
//! Role: the bytes of the n-th request of a route.
//! Invariant: the same number gives the same request in every turn of every server, but for what must be new:
//! the slugs that a turn creates and the invitations that it uses up.
//! Not here: sending.

use crate::data::{FEATURES, INVITATIONS, Invitation, Organization, USERS, User, feature, mix};
use crate::hooks::{Deliveries, Kind};
use crate::people::People;
use crate::postgrest;
use crate::sides::Side;
use clap::ValueEnum;
use std::io::Write;
use std::rc::Rc;

/// Invitations at the end that no load uses.
const RESERVED: u64 = 1000;

/// A route that is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
pub(crate) enum Route {
    /// How much is left: one row
    Check,
    /// An organisation with its members and their profiles
    Organization,
    /// Count usage, over many rows
    Track,
    /// Count usage, all in one row
    Hot,
    /// Make an organisation: two inserts
    Create,
    /// Accept an invitation: three statements
    Accept,
    /// A subscription with its counters, whose answers are kept; ours only
    Subscription,
    /// An event of Stripe's that leads to nothing: verified and kept; ours only
    WebhookKept,
    /// An event of Stripe's: verified and kept, and its update runs; ours only
    WebhookRun,
}

impl Route {
    /// Those that all servers have.
    pub(crate) const COMMON: [Self; 6] = [
        Self::Check,
        Self::Organization,
        Self::Track,
        Self::Hot,
        Self::Create,
        Self::Accept,
    ];

    pub(crate) const ALL: [Self; 9] = [
        Self::Check,
        Self::Organization,
        Self::Track,
        Self::Hot,
        Self::Create,
        Self::Accept,
        Self::Subscription,
        Self::WebhookKept,
        Self::WebhookRun,
    ];

    /// As arguments and tables write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Check => "check",
            Self::Organization => "organization",
            Self::Track => "track",
            Self::Hot => "hot",
            Self::Create => "create",
            Self::Accept => "accept",
            Self::Subscription => "subscription",
            Self::WebhookKept => "webhook-kept",
            Self::WebhookRun => "webhook-run",
        }
    }

    /// Whether a server has it.
    pub(crate) fn is_served_by(self, side: Side) -> bool {
        match side {
            Side::Postgrest => postgrest::serves(self),
            Side::Backflow | Side::BackflowSqlite => true,
            _ => Self::COMMON.contains(&self),
        }
    }

    /// What is delivered, if it is a webhook.
    pub(crate) fn delivers(self) -> Option<Kind> {
        match self {
            Self::WebhookKept => Some(Kind::Kept),
            Self::WebhookRun => Some(Kind::Run),
            _ => None,
        }
    }

    /// The status of every answer.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Create => 201,
            _ => 200,
        }
    }
}

/// Requests of one turn.
pub(crate) struct Requests {
    pub(crate) people: Rc<People>,
    pub(crate) side: Side,
    pub(crate) route: Route,
    /// Set apart from other turns: part of the slugs and of the events' ids.
    pub(crate) tag: String,
    /// The first invitation.
    pub(crate) first: u64,
    /// What a webhook gets.
    pub(crate) deliveries: Option<Deliveries>,
}

impl Requests {
    /// How many there can be.
    pub(crate) fn supply(&self) -> u64 {
        match (self.route, &self.deliveries) {
            // The last ones are for the comparison of answers.
            (Route::Accept, _) => (INVITATIONS - RESERVED).saturating_sub(self.first),
            (_, Some(deliveries)) => deliveries.count(),
            _ => u64::MAX,
        }
    }

    /// Writes the n-th request.
    pub(crate) fn write(&self, n: u64, out: &mut Vec<u8>) {
        let dice = mix(n);
        let caller = User(dice % USERS);
        let home = caller.organization();
        let some = feature(dice / USERS % FEATURES);
        if self.side == Side::Postgrest {
            return postgrest::write(&self.people, self.route, &caller, &some, out);
        }
        match self.route {
            Route::Check => get(
                out,
                &format!("/usage/check/{some}"),
                self.token(&caller),
                Some(&home),
            ),
            Route::Subscription => get(
                out,
                &format!("/organizations/{}/subscription", home.id()),
                self.token(&caller),
                None,
            ),
            Route::Organization => {
                get(
                    out,
                    &format!("/organizations/{}", home.slug()),
                    self.token(&caller),
                    None,
                );
            }
            Route::Track => {
                let body = format!(r#"{{"feature":"{some}","quantity":1}}"#);
                post(out, "/usage/track", self.token(&caller), Some(&home), &body);
            }
            Route::Hot => {
                let one = Organization(0);
                let caller = User(dice % one.members().count() as u64);
                let body = format!(r#"{{"feature":"{}","quantity":1}}"#, feature(0));
                post(out, "/usage/track", self.token(&caller), Some(&one), &body);
            }
            Route::Create => {
                let body = format!(r#"{{"name":"Made {n}","slug":"made-{}-{n}"}}"#, self.tag);
                post(out, "/organizations", self.token(&caller), None, &body);
            }
            Route::Accept => {
                let invitation = Invitation(self.first + n);
                let path = format!("/invites/{}/accept", invitation.token());
                post(out, &path, self.token(&invitation.user()), None, "");
            }
            Route::WebhookKept | Route::WebhookRun => {
                if let Some(deliveries) = &self.deliveries {
                    deliveries.write(n, out);
                }
            }
        }
    }

    fn token(&self, user: &User) -> &str {
        self.people.token(user)
    }
}

/// Writes a read by the n-th user.
pub(crate) fn greet(people: &People, side: Side, n: u64, out: &mut Vec<u8>) {
    let user = User(n);
    if side == Side::Postgrest {
        return postgrest::write(people, Route::Check, &user, &feature(0), out);
    }
    let path = format!("/usage/check/{}", feature(0));
    get(out, &path, people.token(&user), Some(&user.organization()));
}

/// Writes a GET.
pub(crate) fn get(out: &mut Vec<u8>, path: &str, token: &str, tenant: Option<&Organization>) {
    head(
        out,
        "GET",
        path,
        token,
        tenant.map(|one| one.id().to_string()).as_deref(),
    );
    out.extend_from_slice(b"\r\n");
}

/// Writes a POST of JSON; without a body if it is empty.
pub(crate) fn post(out: &mut Vec<u8>, path: &str, token: &str, tenant: Option<&Organization>, body: &str) {
    head(
        out,
        "POST",
        path,
        token,
        tenant.map(|one| one.id().to_string()).as_deref(),
    );
    if !body.is_empty() {
        out.extend_from_slice(b"content-type: application/json\r\n");
    }
    write!(out, "content-length: {}\r\n\r\n{body}", body.len()).unwrap_or_default();
}

/// Writes the first lines of a request; no line for what is empty or not there.
pub(crate) fn head(out: &mut Vec<u8>, method: &str, path: &str, token: &str, tenant: Option<&str>) {
    write!(
        out,
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n"
    )
    .unwrap_or_default();
    if !token.is_empty() {
        write!(out, "authorization: Bearer {token}\r\n").unwrap_or_default();
    }
    if let Some(tenant) = tenant {
        write!(out, "x-tenant-id: {tenant}\r\n").unwrap_or_default();
    }
}
