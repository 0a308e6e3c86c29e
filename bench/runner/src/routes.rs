//! The routes and their requests.
//!
//! Role: the bytes of the n-th request of a route.
//! Invariant: the same number gives the same request in every turn of every server, but for what must be new:
//! the slugs that a turn creates and the invitations that it uses up.
//! Not here: sending.

use crate::data::{FEATURES, INVITATIONS, Invitation, Organization, USERS, User, feature, mix};
use crate::hooks::{self, About};
use crate::people::People;
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
    /// Take in an event of Stripe's that no action waits for: ours only
    Webhook,
    /// Take in an invoice that was paid, and write for it: ours only
    Paid,
}

impl Route {
    pub(crate) const ALL: [Self; 8] = [
        Self::Check,
        Self::Organization,
        Self::Track,
        Self::Hot,
        Self::Create,
        Self::Accept,
        Self::Webhook,
        Self::Paid,
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
            Self::Webhook => "webhook",
            Self::Paid => "paid",
        }
    }

    /// Whether a server has it.
    pub(crate) fn is_served_by(self, side: Side) -> bool {
        match self {
            Self::Webhook | Self::Paid => matches!(side, Side::Backflow | Side::BackflowSqlite),
            _ => true,
        }
    }

    /// The status of every answer.
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Create => 201,
            _ => 200,
        }
    }

    /// How many requests there can be after `first`.
    pub(crate) fn supply(self, first: u64) -> u64 {
        match self {
            // The last ones are for the comparison of answers.
            Self::Accept => (INVITATIONS - RESERVED).saturating_sub(first),
            _ => u64::MAX,
        }
    }
}

/// Requests of one turn.
pub(crate) struct Requests {
    pub(crate) people: Rc<People>,
    pub(crate) route: Route,
    /// Set apart from other turns: part of the slugs and of the events' ids.
    pub(crate) tag: String,
    /// The first invitation.
    pub(crate) first: u64,
}

impl Requests {
    /// Writes the n-th request.
    pub(crate) fn write(&self, n: u64, out: &mut Vec<u8>) {
        let dice = mix(n);
        let caller = User(dice % USERS);
        let home = caller.organization();
        let some = feature(dice / USERS % FEATURES);
        match self.route {
            Route::Check => get(
                out,
                &format!("/usage/check/{some}"),
                self.token(&caller),
                Some(&home),
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
            Route::Webhook => hooks::deliver(out, About::Nothing, &self.tag, n),
            Route::Paid => hooks::deliver(out, About::Invoice, &self.tag, n),
        }
    }

    fn token(&self, user: &User) -> &str {
        self.people.token(user)
    }
}

/// Writes a read by the n-th user.
pub(crate) fn greet(people: &People, n: u64, out: &mut Vec<u8>) {
    let user = User(n);
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
