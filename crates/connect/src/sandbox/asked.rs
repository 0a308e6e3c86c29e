//! A request as it arrived, and its answer.
//!
//! Role: [`Asked`], [`Answer`], and [`Forced`], what a fault makes of an answer.
//! Invariant: the body is bounded before it gets here.
//! Not here: sockets.

use super::form;
use serde_json::{Map, Value};

/// A request.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    /// The first header of a name (lower case).
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(own, _)| own == name)
            .map(|(_, value)| value.as_str())
    }

    /// The idempotency key.
    pub(crate) fn key(&self) -> Option<&str> {
        self.header("idempotency-key").filter(|key| !key.is_empty())
    }

    /// Parameters of query and body.
    pub(crate) fn form(&self) -> Result<Map<String, Value>, String> {
        if self.body.is_empty() {
            return form::decode(self.query.as_bytes());
        }
        if self.query.is_empty() {
            return form::decode(&self.body);
        }
        form::decode(&[self.query.as_bytes(), b"&", self.body.as_slice()].concat())
    }
}

/// What a fault makes of an answer, once the request itself was found in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Forced {
    /// 500, kept for the key.
    Failed {
        /// Whether the work is done all the same.
        effect: bool,
    },
    /// 402, kept for the key.
    Declined,
}

/// An answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
    /// For the list of requests.
    pub(crate) params: Value,
    pub(crate) effect: bool,
    pub(crate) replayed: bool,
    pub(crate) request: Option<String>,
}

impl Answer {
    /// JSON.
    pub(crate) fn json(status: u16, body: String) -> Self {
        let mut answer = Self {
            status,
            body,
            ..Self::default()
        };
        answer.header("Content-Type", "application/json");
        answer
    }

    /// Adds a header.
    pub(crate) fn header(&mut self, name: &'static str, value: &str) {
        self.headers.push((name, value.to_owned()));
    }
}
