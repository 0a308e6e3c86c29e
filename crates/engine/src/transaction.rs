//! A route's statements as a conversation, without IO.
//!
//! Role: says which statement comes next, takes its rows, ends in an outcome. Stores drive it.
//! Invariant: after `rewind` it behaves as if new, with the same ids and the same instant.
//! Not here: waiting, connections, SQL.

mod run;

use crate::cache::{Key, Versions, Wrote};
use crate::caller::Identity;
use crate::clock::Ids;
use crate::fault::Fault;
use crate::hook::Rehearsal;
use crate::rate::Meter;
use crate::route::Served;
use crate::store::{Call, RowSet, StatementError, Turn};
use crate::work::Group;
use backflow_expr::Value;
use bytes::Bytes;
use http::HeaderMap;
use run::Run;
pub(crate) use run::{Keyed, Missed, Recall, Recalled};
use std::fmt;
use std::sync::Arc;

/// One route's work in one transaction.
pub struct Transaction {
    script: Script,
    wrote: Wrote,
}

impl From<Script> for Transaction {
    fn from(script: Script) -> Self {
        Transaction {
            script,
            wrote: Wrote::default(),
        }
    }
}

enum Script {
    Route(Box<Run>),
    Group(Box<Group>),
    Sequence(Sequence),
    Rehearsal(Box<Rehearsal>),
}

/// Statements that are known beforehand.
#[derive(Default)]
struct Sequence {
    calls: Vec<Call>,
    /// The last of them must find a row: else nothing is kept.
    guarded: bool,
    /// If the first finds no row, the others are left out.
    decided: bool,
    reads: bool,
    next: usize,
    rows: Vec<RowSet>,
    end: Option<Result<(), Fault>>,
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
    /// The caller's own name of the request.
    pub(crate) key: Option<Keyed>,
    /// Counts the request, if the route is limited.
    pub(crate) meter: Option<Arc<Meter>>,
    /// What it has to do with kept answers.
    pub(crate) recall: Option<Recall>,
    pub(crate) now: jiff::Timestamp,
    pub(crate) ids: Arc<dyn Ids>,
}

impl Transaction {
    /// A route's transaction. What depends on the request alone is computed here.
    pub(crate) fn new(work: Work<'_>) -> Self {
        Self::from(Script::Route(Box::new(Run::new(work))))
    }

    /// A transaction of a workflow.
    pub(crate) fn group(group: Group) -> Self {
        Self::from(Script::Group(Box::new(group)))
    }

    /// One statement that writes.
    pub(crate) fn single(call: Call) -> Self {
        Self::sequence(vec![call], false)
    }

    /// Statements that write; `guarded`: nothing is kept unless the last one finds a row.
    pub(crate) fn sequence(calls: Vec<Call>, guarded: bool) -> Self {
        Self::from(Script::Sequence(Sequence {
            calls,
            guarded,
            ..Sequence::default()
        }))
    }

    /// Statements that write; those behind the first are left out if it finds no row.
    pub(crate) fn first_decides(calls: Vec<Call>) -> Self {
        Self::from(Script::Sequence(Sequence {
            calls,
            decided: true,
            ..Sequence::default()
        }))
    }

    /// What is rolled back in any case.
    pub(crate) fn rehearsal(rehearsal: Rehearsal) -> Self {
        Self::from(Script::Rehearsal(Box::new(rehearsal)))
    }

    /// One statement that reads.
    pub(crate) fn reading(call: Call) -> Self {
        Self::from(Script::Sequence(Sequence {
            calls: vec![Call { alone: true, ..call }],
            reads: true,
            ..Sequence::default()
        }))
    }

    /// Starts again: everything learnt from the database is forgotten.
    pub fn rewind(&mut self) {
        match &mut self.script {
            Script::Route(run) => run.rewind(),
            Script::Group(group) => group.rewind(),
            Script::Rehearsal(rehearsal) => rehearsal.rewind(),
            Script::Sequence(sequence) => {
                sequence.next = 0;
                sequence.rows.clear();
                sequence.end = None;
            }
        }
    }

    /// What to do next; `last` is the result of the statement that was asked for last.
    pub fn next(&mut self, last: Option<Result<RowSet, StatementError>>) -> Turn {
        let turn = match &mut self.script {
            Script::Route(run) => run.next(last),
            Script::Group(group) => group.next(last),
            Script::Rehearsal(rehearsal) => rehearsal.next(last),
            Script::Sequence(sequence) => sequence.next(last),
        };
        self.wrote.note(&turn, || match &self.script {
            Script::Route(run) => run.scope(),
            Script::Group(group) => group.scope(),
            Script::Rehearsal(_) | Script::Sequence(_) => None,
        });
        turn
    }

    /// What it may have written is told to these when it is over.
    pub(crate) fn tell(&mut self, versions: &Arc<Versions>) {
        self.wrote.tell(versions);
    }

    /// Whether it only reads: it may be served by a reader from one snapshot.
    #[must_use]
    pub fn reads_only(&self) -> bool {
        match &self.script {
            Script::Route(run) => run.reads_only(),
            Script::Group(_) | Script::Rehearsal(_) => false,
            Script::Sequence(sequence) => sequence.reads,
        }
    }

    /// Whether it has no statement at all.
    pub(crate) fn is_idle(&self) -> bool {
        match &self.script {
            Script::Route(run) => run.is_idle(),
            Script::Group(group) => group.is_idle(),
            Script::Sequence(_) | Script::Rehearsal(_) => false,
        }
    }

    /// What keeps the refusal of a request that its caller named; `None`: there is nothing to be kept.
    pub(crate) fn refused_under_key(&mut self) -> Option<Call> {
        match &mut self.script {
            Script::Route(run) => run.refused_under_key(),
            Script::Group(_) | Script::Sequence(_) | Script::Rehearsal(_) => None,
        }
    }

    /// How a route's transaction ended.
    pub(crate) fn into_outcome(self) -> Result<Outcome, Fault> {
        match self.script {
            Script::Route(run) => run.into_end().unwrap_or_else(|| Err(unfinished())),
            Script::Group(_) | Script::Sequence(_) | Script::Rehearsal(_) => {
                Err(Fault::internal("an outcome of no route"))
            }
        }
    }

    /// What a look for a kept answer found.
    pub(crate) fn into_recalled(self) -> Result<Recalled, Fault> {
        match self.script {
            Script::Route(run) => run.into_recalled(),
            Script::Group(_) | Script::Sequence(_) | Script::Rehearsal(_) => {
                Err(Fault::internal("an answer of no route"))
            }
        }
    }

    /// How a route's transaction ended, and under what its answer is to be kept.
    pub(crate) fn into_filled(mut self) -> Result<(Outcome, Option<Key>), Fault> {
        let key = match &mut self.script {
            Script::Route(run) => run.filled(),
            Script::Group(_) | Script::Sequence(_) | Script::Rehearsal(_) => None,
        };
        self.into_outcome().map(|outcome| (outcome, key))
    }

    /// The rows of the last statement of a sequence.
    pub(crate) fn into_rows(self) -> Result<RowSet, Fault> {
        match self.script {
            Script::Sequence(mut sequence) => {
                sequence.end.unwrap_or_else(|| Err(unfinished()))?;
                Ok(sequence.rows.pop().unwrap_or_default())
            }
            Script::Route(_) | Script::Group(_) | Script::Rehearsal(_) => {
                Err(Fault::internal("rows of no sequence"))
            }
        }
    }

    /// The rows of all statements of a sequence that were run.
    pub(crate) fn into_all_rows(self) -> Result<Vec<RowSet>, Fault> {
        match self.script {
            Script::Sequence(sequence) => {
                sequence.end.unwrap_or_else(|| Err(unfinished()))?;
                Ok(sequence.rows)
            }
            Script::Route(_) | Script::Group(_) | Script::Rehearsal(_) => {
                Err(Fault::internal("rows of no sequence"))
            }
        }
    }

    /// The workflow's transaction, to be asked how it ended.
    pub(crate) fn into_group(self) -> Option<Group> {
        match self.script {
            Script::Group(group) => Some(*group),
            Script::Route(_) | Script::Sequence(_) | Script::Rehearsal(_) => None,
        }
    }

    /// The rehearsal, to be asked what it saw.
    pub(crate) fn into_rehearsal(self) -> Option<Rehearsal> {
        match self.script {
            Script::Rehearsal(rehearsal) => Some(*rehearsal),
            Script::Route(_) | Script::Sequence(_) | Script::Group(_) => None,
        }
    }
}

fn unfinished() -> Fault {
    Fault::internal("the store left a transaction unfinished")
}

impl Sequence {
    fn next(&mut self, last: Option<Result<RowSet, StatementError>>) -> Turn {
        match last {
            None if self.next == 0 => {}
            Some(Ok(rows)) => self.rows.push(rows),
            Some(Err(error)) => {
                self.end = Some(Err(error.into()));
                return Turn::RollBack;
            }
            None => return Turn::RollBack,
        }
        let found = self.rows.last().is_none_or(|rows| !rows.rows.is_empty());
        let decided = self.decided && self.next == 1 && !found;
        if let Some(call) = self.calls.get(self.next).filter(|_| !decided) {
            self.next += 1;
            return Turn::Run(call.clone());
        }
        self.end = Some(Ok(()));
        if self.guarded && !found {
            Turn::RollBack
        } else {
            Turn::Commit
        }
    }
}

impl fmt::Debug for Transaction {
    /// Values are the caller's; only the name of the route is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match &self.script {
            Script::Route(run) => run.name(),
            Script::Group(group) => group.name(),
            Script::Sequence(_) => "a sequence of statements".to_owned(),
            Script::Rehearsal(_) => "a rehearsal".to_owned(),
        };
        f.debug_tuple("Transaction").field(&name).finish()
    }
}
