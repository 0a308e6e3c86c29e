//! One transaction of a workflow: steps up to a provider's call, a lock that is taken, or the end.
//!
//! Role: a conversation without IO, as for routes: says which statement comes next, takes its rows, ends in a
//! [`Verdict`]. In a durable run it writes the journal beside the steps.
//! Invariant: what a step wrote and what the journal says of it commit together; a worker that lost its run keeps
//! nothing.
//! Not here: sending (`send`), what follows a verdict (`drive`).

mod answer;
mod call;
mod first;
mod key;
mod outbox;
mod step;

use super::job::Job;
use super::journal::{self, RunRow};
use super::settled::Settled;
use crate::binds::Reading;
use crate::clock::Ids;
use crate::connector::{Connectors, Earlier, Frozen};
use crate::fault::Fault;
use crate::hook::{Effect, Written};
use crate::host::RequestHost;
use crate::permit::Scope;
use crate::store::{Call, RowSet, StatementError, Turn};
use crate::transaction::Outcome;
pub(crate) use answer::Candidate;
use backflow_expr::Value;
use backflow_plan::model::{Journal, WorkAction, WorkStep};
use backflow_sql::ir::Datum;
pub(crate) use call::freeze;
use first::First;
pub(crate) use first::{Join, Starting, resumable};
use jiff::Timestamp;
pub(crate) use key::answer_key;
use std::sync::Arc;
use std::time::Instant;

/// What stays the same in a run.
pub(crate) struct Context {
    pub(crate) job: Arc<Job>,
    /// The run's id; without a journal, the id under which locks are taken.
    pub(crate) id: Arc<str>,
    pub(crate) fence: i64,
    /// From when on its lease runs, at least.
    pub(crate) held: Instant,
    pub(crate) version: Arc<str>,
    pub(crate) worker: Arc<str>,
    pub(crate) request_id: Arc<str>,
    pub(crate) subject: Option<Arc<str>>,
    pub(crate) email: Option<Arc<str>>,
    /// The digest of the body, where the caller named the request by a key.
    pub(crate) body: Option<String>,
    /// What the run of an event's action adds to its commit.
    pub(crate) effect: Option<Arc<Effect>>,
    pub(crate) connectors: Arc<Connectors>,
    pub(crate) journal: Arc<Journal>,
}

/// How far a run is.
#[derive(Clone, Default)]
pub(crate) struct Progress {
    pub(crate) frame: Vec<Value>,
    pub(crate) scope: Option<Scope>,
    /// The next step.
    pub(crate) position: usize,
    /// Calls that were done: provider and call.
    pub(crate) earlier: Vec<(String, Earlier)>,
    /// Calls and queries that were done, as opposed to skipped or failed.
    pub(crate) done: Vec<usize>,
    pub(crate) candidate: Option<Candidate>,
    /// The tables of which rows were written, where somebody wants to know.
    pub(crate) written: Vec<Written>,
    /// The caller's key as it is kept, once it was taken; a run that is kept in the journal has it as its intent.
    pub(crate) key: Option<String>,
}

/// A request to a provider that is journalled and waits to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Pending {
    /// The step.
    pub(crate) at: usize,
    pub(crate) params: Value,
    pub(crate) frozen: Frozen,
    pub(crate) epoch: i64,
    /// When it was first meant to be sent.
    pub(crate) since: Timestamp,
    /// It may have been sent before.
    pub(crate) again: bool,
}

/// How a group ended.
pub(crate) enum Verdict {
    /// The workflow is over.
    Over(Outcome),
    /// A request is to be sent.
    Call(Box<Pending>),
    /// Another run holds the lock of this step.
    Wait(usize),
    /// What was done is kept; the next step begins another transaction.
    On,
    /// The same request was answered before.
    Told(Settled),
    /// The same intent has a run already.
    Joined(Box<RunRow>),
    /// Another worker has the run.
    Fenced,
}

/// Whose rows are awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Awaiting {
    Start,
    Guard,
    Opened,
    KeyTaken,
    KeyRead,
    Known,
    Released,
    /// A statement of a database step.
    Rows {
        at: usize,
        statement: usize,
    },
    /// Why it touched no row.
    Look {
        at: usize,
        statement: usize,
        look: usize,
    },
    Locked {
        at: usize,
        again: bool,
    },
    Freed {
        at: usize,
    },
    /// Something before a mark, with which no transaction begins.
    Begun {
        at: usize,
    },
    /// The mark before a step that may fail.
    Marked {
        at: usize,
    },
    /// It was taken away behind the step.
    Kept {
        at: usize,
    },
    /// What the step did was undone.
    Undone {
        at: usize,
    },
    /// A call of the outbox.
    Written(usize),
    Ended,
}

/// A transaction of a workflow.
pub(crate) struct Group {
    context: Arc<Context>,
    now: Timestamp,
    host: RequestHost,
    /// What only a run's first transaction does.
    first: Option<First>,
    base: Progress,
    progress: Progress,
    /// Journal entries for before the steps: the outcome of the call that this group follows.
    before: Vec<Call>,
    /// Journal entries for behind the steps.
    outbox: Vec<Call>,
    /// The last of the outbox must find the run in our hands.
    guarded: bool,
    /// Rows of the running database step.
    rows: Vec<Option<RowSet>>,
    listed: usize,
    /// What a statement with a limit was given.
    given: Vec<Datum>,
    /// The lock that is being taken.
    lock: String,
    /// Whether a statement has run.
    begun: bool,
    /// A step that may fail is running; how far the run was before it.
    marked: Option<(usize, Progress)>,
    /// How it failed.
    failed: Option<Fault>,
    awaiting: Awaiting,
    verdict: Option<Verdict>,
    end: Option<Result<Verdict, Fault>>,
}

impl Group {
    /// The tenant for which it runs.
    pub(crate) fn scope(&self) -> Option<&Scope> {
        self.progress.scope.as_ref()
    }

    /// The first transaction of a run.
    pub(crate) fn first(
        context: Arc<Context>,
        (starting, frame): (Starting, Vec<Value>),
        (now, ids): (Timestamp, Arc<dyn Ids>),
    ) -> Self {
        let progress = Progress {
            frame,
            ..Progress::default()
        };
        let mut group = Self::later(context, progress, Vec::new(), (now, ids));
        group.first = Some(First::new(starting));
        group
    }

    /// A further one; `before` is written before its steps.
    pub(crate) fn later(
        context: Arc<Context>,
        progress: Progress,
        before: Vec<Call>,
        (now, ids): (Timestamp, Arc<dyn Ids>),
    ) -> Self {
        Self {
            context,
            now,
            host: RequestHost::new(now, ids),
            first: None,
            base: progress.clone(),
            progress,
            outbox: before.clone(),
            before,
            guarded: false,
            rows: Vec::new(),
            listed: 0,
            given: Vec::new(),
            lock: String::new(),
            begun: false,
            marked: None,
            failed: None,
            awaiting: Awaiting::Start,
            verdict: None,
            end: None,
        }
    }

    /// Starts again.
    pub(crate) fn rewind(&mut self) {
        self.progress = self.base.clone();
        self.outbox.clone_from(&self.before);
        self.first.iter_mut().for_each(First::rewind);
        self.lock.clear();
        self.guarded = false;
        self.host.rewind();
        self.rows.clear();
        self.begun = false;
        self.marked = None;
        self.failed = None;
        self.awaiting = Awaiting::Start;
        self.verdict = None;
        self.end = None;
    }

    /// What to do next.
    pub(crate) fn next(&mut self, last: Option<Result<RowSet, StatementError>>) -> Turn {
        let turn = match last {
            Some(Err(error)) => Err(Fault::from(error)),
            Some(Ok(rows)) => self.take(rows),
            None if self.awaiting == Awaiting::Start => self.start(),
            None => Err(Fault::internal("the store lost the rows of a statement")),
        };
        let turn = turn.or_else(|fault| self.undo(fault));
        turn.unwrap_or_else(|fault| self.stop(Err(fault)))
    }

    /// Whether it ends before its first statement.
    pub(crate) fn is_idle(&self) -> bool {
        let named = self.first.as_ref().and_then(First::guard);
        matches!(named, Some(Err(_)))
    }

    pub(crate) fn name(&self) -> String {
        self.context.job.name.to_string()
    }

    /// Whether it sets marks of its own.
    pub(crate) fn marks(&self) -> bool {
        self.context.job.work.steps.iter().any(|step| step.tolerated)
    }

    /// Why it ended badly, if it did by a fault.
    pub(crate) fn failure(&self) -> Option<String> {
        match &self.end {
            Some(Err(fault)) => Some(fault.why()),
            _ => None,
        }
    }

    /// How far the run is now, and how the group ended.
    pub(crate) fn into_end(self) -> (Progress, Option<Result<Verdict, Fault>>) {
        (self.progress, self.end)
    }

    fn start(&mut self) -> Result<Turn, Fault> {
        match self.first.is_some() {
            true => self.place(),
            false => self.advance(),
        }
    }

    fn take(&mut self, rows: RowSet) -> Result<Turn, Fault> {
        self.begun = true;
        match self.awaiting {
            Awaiting::Guard => self.admit(&rows),
            Awaiting::Opened => self.opened(&rows),
            Awaiting::KeyTaken => self.key_taken(&rows),
            Awaiting::KeyRead => self.key_read(&rows),
            Awaiting::Known => self.known(&rows),
            Awaiting::Released => self.open(),
            Awaiting::Rows { at, statement } => self.took(at, statement, rows),
            Awaiting::Look { at, statement, look } => self.looked((at, statement), look, &rows),
            Awaiting::Locked { at, again } => self.locked(at, again, &rows),
            Awaiting::Freed { at } => Ok(self.take_lock(at, true)),
            Awaiting::Begun { at } => Ok(self.mark(at)),
            Awaiting::Marked { at } => self.statement(at, 0),
            Awaiting::Kept { at } => self.passed(at),
            Awaiting::Undone { at } => self.undone(at),
            Awaiting::Written(at) => self.wrote(at, &rows),
            Awaiting::Start | Awaiting::Ended => Err(Fault::internal("rows that nobody asked for")),
        }
    }

    /// Goes on with the next step, or ends.
    fn advance(&mut self) -> Result<Turn, Fault> {
        loop {
            let job = Arc::clone(&self.context.job);
            let at = self.progress.position;
            let Some(step) = job.step(at) else {
                return self.conclude();
            };
            if !self.holds(step)? {
                self.skip(at, step);
                continue;
            }
            return match &step.action {
                WorkAction::Database(_) => {
                    self.rows.clear();
                    match step.tolerated {
                        true => Ok(self.mark(at)),
                        false => self.statement(at, 0),
                    }
                }
                WorkAction::Call(call) => self.call(at, step, call),
                WorkAction::Refuse(refuse) => Err(self.refusal(refuse, &step.label)?),
                // A lock is not waited for with other rows in hand.
                WorkAction::Lock(_) if self.has_passed_steps() => self.finish(Verdict::On),
                WorkAction::Lock(_) => self.lock(at),
            };
        }
    }

    /// Whether steps were done in this transaction of a run whose transactions are kept one by one.
    fn has_passed_steps(&self) -> bool {
        self.context.job.work.durable && self.progress.position > self.base.position
    }

    fn holds(&mut self, step: &WorkStep) -> Result<bool, Fault> {
        let Some(condition) = &step.condition else {
            return Ok(true);
        };
        let label = format!("{}.condition", step.label);
        let (reading, _) = self.reading();
        crate::render::run(condition, reading.frame, reading.host, &label).map(|value| value.truthy())
    }

    /// What programs may read now, and the tenant.
    fn reading(&mut self) -> (Reading<'_>, Option<&Scope>) {
        let reading = Reading {
            frame: &self.progress.frame,
            host: &mut self.host,
            subject: self.context.subject.as_ref(),
        };
        (reading, self.progress.scope.as_ref())
    }

    /// A statement that belongs to the transaction.
    fn run(
        &mut self,
        awaiting: Awaiting,
        statement: &Arc<backflow_sql::ir::Statement>,
        values: Vec<Datum>,
    ) -> Turn {
        self.awaiting = awaiting;
        Turn::Run(journal::call(statement, values, false))
    }
}
