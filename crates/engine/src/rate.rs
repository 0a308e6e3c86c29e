//! The limit of one request.
//!
//! Role: a [`Meter`] goes with a request whose route is limited; it counts the request as soon as it is known whose
//! it is, and writes what is left into the answer.
//! Invariant: a request is counted at most once, however often its transaction starts again; nobody is told of a
//! counter that is not theirs.
//! Not here: the counters (`counters`), where an address comes from (`address`).
//!
//! By address, a request is counted before its token is looked at: guessing tokens is limited, too. By user, after
//! the token is verified, and where there is no good token, by address. By tenant, after the guard's row has shown
//! the membership, in the transaction and before its first step: the guard is there anyway, so that nothing more is
//! asked of the database, and a stranger neither uses up nor learns what is left to a tenant.

mod address;
mod counters;

pub use counters::Counters;

pub(crate) use address::caller_address;

use crate::clock::Clock;
use crate::fault::{Code, Fault};
use crate::reply::Reply;
use crate::route::Served;
use crate::runtime::Runtime;
use crate::work::tenant_text;
use backflow_plan::model::{CountBy, Rate, Skips};
use backflow_sql::ir::Datum;
use counters::{Count, Key, Rule, Who};
use http::{HeaderName, HeaderValue, StatusCode};
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

const SECOND: i64 = 1_000_000;

/// The limit of one request.
pub(crate) struct Meter {
    limit: Arc<Rate>,
    counters: Arc<Counters>,
    clock: Arc<dyn Clock>,
    counted: Mutex<Option<(Key, Count)>>,
}

impl Meter {
    /// `None`: the route is not limited.
    pub(crate) fn of(served: &Served, runtime: &Runtime) -> Option<Arc<Meter>> {
        let limit = served.route.limit.as_ref()?;
        Some(Arc::new(Meter {
            limit: Arc::clone(limit),
            counters: Arc::clone(&runtime.counters),
            clock: Arc::clone(&runtime.clock),
            counted: Mutex::new(None),
        }))
    }

    /// Counts before it is known who asks.
    pub(crate) fn unknown(&self, address: impl FnOnce() -> IpAddr) -> Result<(), Fault> {
        match self.limit.by {
            CountBy::Address => self.count(&Who::Address(address())),
            CountBy::User | CountBy::Tenant => Ok(()),
        }
    }

    /// Counts once it is known who asks, or that nobody may be believed.
    pub(crate) fn known(&self, subject: Option<&str>, address: impl FnOnce() -> IpAddr) -> Result<(), Fault> {
        match (self.limit.by, subject) {
            (CountBy::User, Some(subject)) => self.count(&Who::User(subject)),
            (CountBy::User, None) => self.count(&Who::Address(address())),
            (CountBy::Address | CountBy::Tenant, _) => Ok(()),
        }
    }

    /// Counts once the caller's membership was found.
    pub(crate) fn member(&self, tenant: &Datum) -> Result<(), Fault> {
        if self.limit.by != CountBy::Tenant {
            return Ok(());
        }
        let tenant = tenant_text(tenant).ok_or_else(|| Fault::internal("a tenant whose key is no text"))?;
        self.count(&Who::Tenant(&tenant))
    }

    fn count(&self, who: &Who<'_>) -> Result<(), Fault> {
        let rule = self.rule();
        let key = self.counters.key(&self.limit.counter, rule, who);
        let mut counted = self.counted();
        let count = match &*counted {
            // The transaction starts again.
            Some((known, count)) if *known == key => *count,
            _ => {
                if let Some((other, count)) = counted.take() {
                    self.counters.give_back(other, count);
                }
                let count = self.counters.take(key, rule, || self.now());
                *counted = Some((key, count));
                count
            }
        };
        match count.admitted {
            true => Ok(()),
            false => Err(self.refusal(count)),
        }
    }

    fn refusal(&self, count: Count) -> Fault {
        let wait = seconds(count.end - self.now()).max(1);
        let message = self.limit.message.clone();
        let fault = match message {
            Some(message) => Fault::new(Code::RateLimited, message),
            None => Fault::of(Code::RateLimited),
        };
        let status = self
            .limit
            .status
            .and_then(|status| StatusCode::from_u16(status).ok());
        let fault = fault.retry_after(u32::try_from(wait).unwrap_or(u32::MAX));
        match status {
            Some(status) => fault.answers(status),
            None => fault,
        }
    }

    /// Takes back what is not counted, and writes what is left into the answer.
    pub(crate) fn settle(&self, reply: &mut Reply) {
        let Some((key, mut count)) = *self.counted() else {
            return;
        };
        let is_good = reply.status.as_u16() < 400;
        let is_skipped = match self.limit.skips {
            Skips::None => false,
            Skips::Successful => is_good,
            Skips::Failed => !is_good,
        };
        if is_skipped && count.admitted {
            self.counters.give_back(key, count);
            count.left += 1;
        }
        let headers = &mut reply.headers;
        headers.insert(LIMIT, HeaderValue::from(self.limit.max));
        headers.insert(REMAINING, HeaderValue::from(count.left));
        headers.insert(RESET, HeaderValue::from(seconds(count.end)));
    }

    fn rule(&self) -> Rule {
        Rule {
            window: i64::from(self.limit.window_ms) * 1000,
            max: self.limit.max,
        }
    }

    fn now(&self) -> i64 {
        self.clock.now().as_microsecond()
    }

    fn counted(&self) -> MutexGuard<'_, Option<(Key, Count)>> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whole seconds, rounded up: who waits so long comes after the end.
fn seconds(micros: i64) -> i64 {
    micros.div_euclid(SECOND) + i64::from(micros.rem_euclid(SECOND) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_rounded_up() {
        for (micros, whole) in [
            (0, 0),
            (1, 1),
            (999_999, 1),
            (1_000_000, 1),
            (1_000_001, 2),
            (-1, 0),
        ] {
            assert_eq!(seconds(micros), whole, "{micros}");
        }
    }
}
