//! Idempotency keys.
//!
//! Role: what was answered to which key, and which keys are in use right now.
//! Invariant: an answer is kept once, for 24 hours of the sandbox's clock, and is never changed.
//! Not here: which answers are worth keeping (`stripe/answer.rs`).

use indexmap::IndexMap;
use serde_json::{Value, json};
use std::collections::HashSet;

/// How long a key is remembered.
const REMEMBERED: i64 = 24 * 3600;
/// Bytes of answers that are kept; the oldest go first.
const MOST: usize = 128 * 1024 * 1024;
/// Characters of a key.
pub(crate) const LONGEST: usize = 255;

/// What was answered to a key.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Stored {
    pub(crate) at: i64,
    pub(crate) path: String,
    pub(crate) params: Value,
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) request: String,
}

impl Stored {
    fn weight(&self) -> usize {
        1024 + self.body.len() * 2
    }
}

/// The keys of an account.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    stored: IndexMap<String, Stored>,
    weight: usize,
    in_use: HashSet<String>,
}

impl Keys {
    /// What was answered to a key that is not forgotten yet.
    pub(crate) fn find(&mut self, key: &str, now: i64) -> Option<&Stored> {
        let old = self
            .stored
            .values()
            .take_while(|stored| stored.at + REMEMBERED <= now)
            .count();
        self.forget(old);
        self.stored.get(key)
    }

    /// Keeps an answer; the entry for the journal.
    pub(crate) fn keep(&mut self, key: &str, stored: Stored) -> Value {
        let entry = json!({"key": {
            "key": key, "at": stored.at, "path": stored.path, "params": stored.params,
            "status": stored.status, "body": stored.body, "request": stored.request,
        }});
        self.insert(key, stored);
        entry
    }

    /// Takes back an entry of the journal.
    pub(crate) fn replay(&mut self, entry: &Value) {
        let text = |key: &str| {
            entry
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let status = entry.get("status").and_then(Value::as_u64);
        let stored = Stored {
            at: entry.get("at").and_then(Value::as_i64).unwrap_or(0),
            path: text("path"),
            params: entry.get("params").cloned().unwrap_or_default(),
            status: status
                .and_then(|status| u16::try_from(status).ok())
                .unwrap_or(500),
            body: text("body"),
            request: text("request"),
        };
        self.insert(&text("key"), stored);
    }

    /// Marks a key as in use; `false`: it already was.
    pub(crate) fn begin(&mut self, key: &str) -> bool {
        self.in_use.insert(key.to_owned())
    }

    /// Whether a request with this key is being worked on.
    pub(crate) fn is_in_use(&self, key: &str) -> bool {
        self.in_use.contains(key)
    }

    /// It is no longer.
    pub(crate) fn end(&mut self, key: &str) {
        self.in_use.remove(key);
    }

    fn insert(&mut self, key: &str, stored: Stored) {
        self.weight += stored.weight();
        self.stored.shift_remove(key);
        self.stored.insert(key.to_owned(), stored);
        if self.weight > MOST {
            self.forget(self.stored.len().div_ceil(8));
        }
    }

    fn forget(&mut self, count: usize) {
        if count > 0 {
            let gone: usize = self
                .stored
                .drain(..count)
                .map(|(_, stored)| stored.weight())
                .sum();
            self.weight = self.weight.saturating_sub(gone);
        }
    }
}
