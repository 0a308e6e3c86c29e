//! A route's statements as a conversation, without IO.
//!
//! Role: says which statement comes next, takes its rows, ends in an outcome. Stores drive it.
//! Invariant: after `rewind` it behaves as if new, with the same ids and the same instant.
//! Not here: waiting, connections, SQL.

mod run;

use crate::caller::Identity;
use crate::clock::Ids;
use crate::fault::Fault;
use crate::route::Served;
use crate::store::{Call, RowSet, StatementError, Turn};
use backflow_expr::Value;
use bytes::Bytes;
use http::HeaderMap;
use run::Run;
use std::fmt;
use std::sync::Arc;

/// One route's work in one transaction.
pub struct Transaction(Script);

enum Script {
    Route(Box<Run>),
    Single(Single),
}

/// A statement on its own.
struct Single {
    call: Call,
    asked: bool,
    end: Option<Result<Outcome, Fault>>,
}

/// A good end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) status: http::StatusCode,
    pub(crate) body: Bytes,
    /// Which rows of how many the body holds, if they were counted.
    pub(crate) range: Option<String>,
}

/// Everything of a request that its transaction needs.
pub(crate) struct Work<'a> {
    pub(crate) served: Arc<Served>,
    pub(crate) request_id: Arc<str>,
    /// The frame as the request fills it.
    pub(crate) frame: Vec<Value>,
    /// Path parameters as they were sent.
    pub(crate) params: &'a [Arc<str>],
    pub(crate) headers: &'a HeaderMap,
    pub(crate) caller: Option<&'a Identity>,
    /// What was found wrong with the input; told once the tenant is judged.
    pub(crate) refused: Option<Fault>,
    pub(crate) now: jiff::Timestamp,
    pub(crate) ids: Arc<dyn Ids>,
}

impl Transaction {
    /// A route's transaction. What depends on the request alone is computed here.
    pub(crate) fn new(work: Work<'_>) -> Self {
        Self(Script::Route(Box::new(Run::new(work))))
    }

    /// One statement that writes.
    pub(crate) fn single(call: Call) -> Self {
        Self(Script::Single(Single {
            call,
            asked: false,
            end: None,
        }))
    }

    /// Starts again: everything learnt from the database is forgotten.
    pub fn rewind(&mut self) {
        match &mut self.0 {
            Script::Route(run) => run.rewind(),
            Script::Single(single) => {
                single.asked = false;
                single.end = None;
            }
        }
    }

    /// What to do next; `last` is the result of the statement that was asked for last.
    pub fn next(&mut self, last: Option<Result<RowSet, StatementError>>) -> Turn {
        match &mut self.0 {
            Script::Route(run) => run.next(last),
            Script::Single(single) => single.next(last),
        }
    }

    /// Whether it only reads: it may be served by a reader from one snapshot.
    #[must_use]
    pub fn reads_only(&self) -> bool {
        match &self.0 {
            Script::Route(run) => run.reads_only(),
            Script::Single(_) => false,
        }
    }

    /// Whether it has no statement at all.
    pub(crate) fn is_idle(&self) -> bool {
        match &self.0 {
            Script::Route(run) => run.is_idle(),
            Script::Single(_) => false,
        }
    }

    /// How it ended.
    pub(crate) fn into_outcome(self) -> Result<Outcome, Fault> {
        let end = match self.0 {
            Script::Route(run) => run.into_end(),
            Script::Single(single) => single.end,
        };
        end.unwrap_or_else(|| Err(Fault::internal("the store left a transaction unfinished")))
    }
}

impl Single {
    fn next(&mut self, last: Option<Result<RowSet, StatementError>>) -> Turn {
        match last {
            None if !self.asked => {
                self.asked = true;
                Turn::Run(self.call.clone())
            }
            Some(Ok(_)) => {
                self.end = Some(Ok(Outcome {
                    status: http::StatusCode::OK,
                    body: Bytes::new(),
                    range: None,
                }));
                Turn::Commit
            }
            Some(Err(error)) => {
                self.end = Some(Err(error.into()));
                Turn::RollBack
            }
            None => Turn::RollBack,
        }
    }
}

impl fmt::Debug for Transaction {
    /// Values are the caller's; only the name of the route is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.0 {
            Script::Route(run) => run.name(),
            Script::Single(_) => "a single statement".to_owned(),
        };
        f.debug_tuple("Transaction").field(&name).finish()
    }
}
