//! Transactions on one connection.
//!
//! Role: drives jobs, inside a savepoint or alone; begins, commits, rolls back.
//! Invariant: after every method here the connection is outside any transaction, or inside the one that
//! [`Session::begin_writing`] opened.
//! Not here: queues, threads, which jobs share a commit.

use crate::connection::Opened;
use crate::deadline::Deadline;
use crate::errors::{self, Failure};
use crate::job::{Job, Outcome, panic_text};
use crate::statements::Statements;
use backflow_engine::store::{Call, Mark, RowSet, StoreError, Turn};
use rusqlite::{Connection, Statement};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How a job wants to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Commit,
    RollBack,
}

/// What became of a job in its savepoint.
pub(crate) enum Step {
    /// It ended; what it did is undone, or part of the enclosing transaction.
    Done(Outcome),
    /// The enclosing transaction is gone, and with it what all jobs did; how this one ended, if it did.
    Lost(Option<Outcome>),
}

/// A connection at work.
pub(crate) struct Session<'c> {
    connection: &'c Connection,
    statements: Statements<'c>,
    control: Control<'c>,
    deadline: Deadline,
    broken: bool,
}

struct Control<'c> {
    read: Statement<'c>,
    write: Statement<'c>,
    commit: Statement<'c>,
    roll_back: Statement<'c>,
    save: Statement<'c>,
    release: Statement<'c>,
    undo: Statement<'c>,
}

impl<'c> Session<'c> {
    /// A session on a connection that is in no transaction.
    pub(crate) fn new(opened: &'c Opened) -> rusqlite::Result<Self> {
        let connection = &opened.connection;
        let control = Control {
            read: connection.prepare("BEGIN DEFERRED")?,
            write: connection.prepare("BEGIN IMMEDIATE")?,
            commit: connection.prepare("COMMIT")?,
            roll_back: connection.prepare("ROLLBACK")?,
            save: connection.prepare("SAVEPOINT job")?,
            release: connection.prepare("RELEASE job")?,
            undo: connection.prepare("ROLLBACK TO job")?,
        };
        let statements = Statements::new(connection);
        Ok(Session {
            connection,
            statements,
            control,
            deadline: opened.deadline.clone(),
            broken: false,
        })
    }

    /// The connection could not be brought back to rest: it must be replaced.
    pub(crate) fn broken(&self) -> bool {
        self.broken
    }

    /// The connection, for work between transactions.
    pub(crate) fn connection(&self) -> &'c Connection {
        self.connection
    }

    /// Opens a transaction that other processes cannot break into.
    pub(crate) fn begin_writing(&mut self) -> rusqlite::Result<()> {
        self.control.write.raw_execute().map(drop)
    }

    /// Makes the open transaction durable. If that fails, it is undone.
    pub(crate) fn commit(&mut self) -> rusqlite::Result<()> {
        let committed = self.control.commit.raw_execute().map(drop);
        if committed.is_err() {
            self.clear();
        }
        committed
    }

    /// Undoes the open transaction, if there is one.
    pub(crate) fn clear(&mut self) {
        if self.connection.is_autocommit() {
            return;
        }
        if let Err(error) = self.control.roll_back.raw_execute() {
            tracing::error!(%error, "a database transaction cannot be rolled back; the connection is replaced");
        }
        self.broken = !self.connection.is_autocommit();
    }

    /// Runs a job as a part of the open transaction.
    pub(crate) fn step<J: Job>(&mut self, job: &mut J) -> Step {
        if let Err(error) = self.control.save.raw_execute() {
            return self.machinery(&error, Ok(()));
        }
        let ended = self.drive(job);
        let outcome = ended.as_ref().map(drop).map_err(Clone::clone);
        if self.connection.is_autocommit() {
            return Step::Lost(Some(outcome));
        }
        let settled = match ended {
            Ok(End::Commit) => self.control.release.raw_execute(),
            Ok(End::RollBack) | Err(_) => self
                .control
                .undo
                .raw_execute()
                .and_then(|_| self.control.release.raw_execute()),
        };
        match settled {
            Ok(_) => Step::Done(outcome),
            Err(error) => self.machinery(&error, outcome),
        }
    }

    /// A savepoint cannot be set or left: all is undone. A job that had no outcome keeps having none.
    fn machinery(&mut self, error: &rusqlite::Error, outcome: Outcome) -> Step {
        tracing::warn!(%error, "a savepoint failed; the batch runs again one by one");
        self.clear();
        Step::Lost(outcome.is_err().then_some(outcome))
    }

    /// Runs a job in a transaction of its own.
    pub(crate) fn alone<J: Job>(&mut self, job: &mut J) -> Outcome {
        self.begin_writing().map_err(|error| errors::refusal(&error))?;
        match self.drive(job) {
            Ok(End::Commit) => self.commit().map_err(|error| errors::commit_failure(&error)),
            Ok(End::RollBack) => {
                self.clear();
                Ok(())
            }
            Err(error) => {
                self.clear();
                Err(error)
            }
        }
    }

    /// Runs a job over one snapshot.
    pub(crate) fn read<J: Job>(&mut self, job: &mut J) -> Outcome {
        self.control
            .read
            .raw_execute()
            .map_err(|error| errors::refusal(&error))?;
        let outcome = self.drive(job).map(drop);
        if self.control.commit.raw_execute().is_err() {
            self.clear();
        }
        outcome
    }

    /// Drives a job to its end. `Ok` means that the job was heard to its end; a job that wants to commit in a
    /// transaction that is gone is an error.
    fn drive<J: Job>(&mut self, job: &mut J) -> Result<End, StoreError> {
        let driven = catch_unwind(AssertUnwindSafe(|| self.converse(job)));
        self.deadline.disarm();
        driven.unwrap_or_else(|panic| {
            let text = panic_text(panic.as_ref());
            tracing::error!(panic = %text, "a transaction panicked and is rolled back");
            Err(StoreError::Failed(format!("panic: {text}")))
        })
    }

    fn converse<J: Job>(&mut self, job: &mut J) -> Result<End, StoreError> {
        let mut last = None;
        let mut lost: Option<StoreError> = None;
        loop {
            match job.next(last.take()) {
                Turn::Run(call) => {
                    if let Some(error) = lost {
                        return Err(error);
                    }
                    let result = self.execute(&call);
                    if self.connection.is_autocommit() {
                        lost = Some(match &result {
                            Err(Failure::Statement(error)) => errors::lost(error),
                            _ => StoreError::Failed("a statement ended its transaction".to_owned()),
                        });
                    }
                    last = Some(match result {
                        Ok(rows) => Ok(rows),
                        Err(Failure::Statement(error)) => Err(error),
                        Err(Failure::Store(error)) => return Err(error),
                    });
                }
                Turn::Mark(mark) => {
                    if let Some(error) = lost {
                        return Err(error);
                    }
                    let text = match mark {
                        Mark::Set => "SAVEPOINT step",
                        Mark::Keep => "RELEASE step",
                        Mark::Undo => "ROLLBACK TO step; RELEASE step",
                    };
                    let marked = self.connection.execute_batch(text);
                    marked.map_err(|error| errors::refusal(&error))?;
                    last = Some(Ok(RowSet::default()));
                }
                Turn::Commit => return lost.map_or(Ok(End::Commit), Err),
                Turn::RollBack => return Ok(End::RollBack),
            }
        }
    }

    fn execute(&mut self, call: &Call) -> Result<RowSet, Failure> {
        self.deadline.arm();
        let result = self.statements.run(call);
        self.deadline.disarm();
        result.map_err(|error| errors::failure(self.connection, &error))
    }
}
