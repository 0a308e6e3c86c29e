//! The directory of users that the engine keeps.
//!
//! Role: notices callers that are new or have changed, and writes them down before their request runs.
//! Invariant: only claims of a verified token are written, and never those of an older token over a newer
//! one's; the cache only saves writes, the statement decides.
//! Not here: reading the directory (the plan's statements).

use crate::caller::Identity;
use crate::event;
use crate::fault::Fault;
use crate::permit::Permit;
use crate::store::{Call, Store};
use crate::transaction::Transaction;
use backflow_catalog::ColumnType;
use backflow_expr::Value;
use backflow_plan::convert::convert;
use backflow_plan::model::Directory;
use backflow_sql::ir::{Datum, Statement};
use jiff::Timestamp;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Mutex, PoisonError};

/// Most callers that one half of the cache remembers.
const HALF: usize = 50_000;

/// Writes callers down.
pub(crate) struct Recorder {
    statement: Arc<Statement>,
    hasher: RandomState,
    known: Mutex<Known>,
}

/// Callers seen lately: a young half, and the half before it.
#[derive(Default)]
struct Known {
    young: HashMap<u64, Seen>,
    old: HashMap<u64, Seen>,
}

/// What was written of a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    profile: u64,
    issued: Option<i64>,
}

/// What a token says of its bearer.
struct Profile {
    email: Option<Arc<str>>,
    name: Option<Arc<str>>,
    /// Seconds of the claim `iat`.
    issued: Option<i64>,
}

impl Recorder {
    pub(crate) fn new(directory: Directory) -> Self {
        Self {
            statement: directory.record,
            hasher: RandomState::new(),
            known: Mutex::default(),
        }
    }

    /// Writes the caller down if there is something new. A failure is logged; the request goes on.
    pub(crate) async fn record(&self, store: &dyn Store, caller: &Identity, request_id: &str) {
        let key = self.hasher.hash_one(&caller.subject);
        let profile = Profile::of(caller);
        let seen = Seen {
            profile: self.hasher.hash_one((&profile.email, &profile.name)),
            issued: profile.issued,
        };
        if !self.is_news(key, seen) {
            return;
        }
        let subject = Value::Text(Arc::clone(&caller.subject));
        let Ok(id) = convert(&subject, &ColumnType::Uuid, &[], false) else {
            return event::not_in_directory(request_id, "`sub` is not a uuid");
        };
        let transaction = Transaction::single(self.call(id, profile));
        let outcome = match store.run(Permit::judged(), transaction).await {
            Ok(transaction) => transaction.into_rows().map(drop),
            Err(error) => Err(Fault::from(error)),
        };
        match outcome {
            Ok(()) => self.remember(key, seen),
            Err(fault) => event::directory_failed(request_id, &fault),
        }
    }

    fn call(&self, id: Datum, profile: Profile) -> Call {
        let issued = Timestamp::from_second(profile.issued.unwrap_or(0)).unwrap_or(Timestamp::UNIX_EPOCH);
        let issued = convert(&Value::Time(issued), &ColumnType::TimestampTz, &[], false);
        let text = |text: Option<Arc<str>>| text.map_or(Datum::Null, Datum::Text);
        let values = vec![
            id,
            text(profile.email),
            text(profile.name),
            issued.unwrap_or(Datum::Null),
        ];
        Call {
            statement: Arc::clone(&self.statement),
            values,
            alone: true,
            shares: None,
        }
    }

    /// Unseen, or changed by a newer token.
    fn is_news(&self, key: u64, seen: Seen) -> bool {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        match known.young.get(&key).or_else(|| known.old.get(&key)) {
            None => true,
            Some(before) => before.profile != seen.profile && seen.issued > before.issued,
        }
    }

    fn remember(&self, key: u64, seen: Seen) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.young.len() >= HALF {
            known.old = std::mem::take(&mut known.young);
        }
        known.young.insert(key, seen);
    }
}

impl Profile {
    fn of(caller: &Identity) -> Self {
        let meta = caller.claims.member("user_metadata");
        let names = [
            caller.claims.member("name"),
            meta.member("full_name"),
            meta.member("name"),
        ];
        let name = names.into_iter().find_map(|name| match name {
            Value::Text(name) => storable(name),
            _ => None,
        });
        let email = caller.email.clone().and_then(storable);
        let issued = caller.claims.member("iat").as_number().map(seconds);
        Self { email, name, issued }
    }
}

fn storable(text: Arc<str>) -> Option<Arc<str>> {
    (!text.is_empty() && !text.contains('\0')).then_some(text)
}

/// Whole seconds of a claim that may have a fraction.
fn seconds(number: &backflow_expr::Number) -> i64 {
    number.as_i64().unwrap_or_else(|| number.to_f64() as i64)
}
