//! Steps of type `database`, `lock` and `refuse`.
//!
//! Invariant: a step is passed only with its row in the journal.
//! Not here: calls to providers.

use super::answer::Candidate;
use super::{Awaiting, Group, Verdict};
use crate::event;
use crate::fault::{Code, Fault};
use crate::hook::Written;
use crate::limit;
use crate::listed;
use crate::prepare::{self, Prepared};
use crate::render;
use crate::results;
use crate::store::{Mark, RowSet, Turn};
use crate::work::journal::{self, StepEntry, StepState};
use crate::work::kept;
use backflow_expr::{Program, Value};
use backflow_plan::model::{Refuse, Step, WorkAction, WorkStep};
use std::borrow::Cow;
use std::sync::Arc;

impl Group {
    /// Runs the statements of a step from `at` on; then the step is done.
    pub(super) fn statement(&mut self, at: usize, from: usize) -> Result<Turn, Fault> {
        let job = Arc::clone(&self.context.job);
        let statements = statements(job.step(at))?;
        for (number, statement) in statements.iter().enumerate().skip(from) {
            let (mut reading, scope) = self.reading();
            let values = match prepare::step(statement, &mut reading)? {
                Prepared::Skipped => None,
                Prepared::Ready(early) => prepare::values(statement, &early, &mut reading, scope)?,
            };
            if let Some((values, listed)) = values {
                self.listed = listed;
                self.given = limit::given(statement, &values);
                let awaiting = Awaiting::Rows {
                    at,
                    statement: number,
                };
                return Ok(self.run(awaiting, &statement.statement, values));
            }
            event::skipped(&self.context.request_id, statement);
            results::skip(statement, &mut self.progress.frame);
            self.rows.push(None);
        }
        if self.marked.take().is_some() {
            self.awaiting = Awaiting::Kept { at };
            return Ok(Turn::Mark(Mark::Keep));
        }
        self.passed(at)
    }

    /// A step whose statements have run.
    pub(super) fn passed(&mut self, at: usize) -> Result<Turn, Fault> {
        let rows = self.context.job.work.durable.then(|| kept::rows(&self.rows));
        self.progress.done.push(at);
        self.pass(at, StepState::Done, rows);
        self.advance()
    }

    /// Before a step that may fail.
    pub(super) fn mark(&mut self, at: usize) -> Turn {
        if !self.begun {
            // A look at no lock at all: something to begin a transaction with.
            let holder = Arc::clone(&self.context.journal.locks.holder);
            return self.run(Awaiting::Begun { at }, &holder, vec![journal::text("")]);
        }
        self.marked = Some((at, self.progress.clone()));
        self.awaiting = Awaiting::Marked { at };
        Turn::Mark(Mark::Set)
    }

    /// A step that may fail has failed: what it did is undone. Any other failure stays one.
    pub(super) fn undo(&mut self, fault: Fault) -> Result<Turn, Fault> {
        let Some((at, progress)) = self.marked.take() else {
            return Err(fault);
        };
        self.progress = progress;
        self.failed = Some(fault);
        self.awaiting = Awaiting::Undone { at };
        Ok(Turn::Mark(Mark::Undo))
    }

    pub(super) fn undone(&mut self, at: usize) -> Result<Turn, Fault> {
        let job = Arc::clone(&self.context.job);
        let step = job
            .step(at)
            .ok_or_else(|| Fault::internal("a step that does not exist"))?;
        let fault = self.failed.take();
        let fault = fault.ok_or_else(|| Fault::internal("a step that failed without a reason"))?;
        event::step_tolerated(
            &self.context.request_id,
            &step.label,
            Some(fault.status().as_u16()),
        );
        self.progress.absent(step);
        let told = Value::object(fault.members()).to_json();
        self.pass(at, StepState::Tolerated, Some(told));
        self.advance()
    }

    pub(super) fn took(&mut self, at: usize, number: usize, rows: RowSet) -> Result<Turn, Fault> {
        match rows.rows.is_empty() {
            true => self.look((at, number), 0),
            false => self.accept(at, number, rows),
        }
    }

    /// Asks why a statement touched no row, if it has a limit; else there is none.
    fn look(&mut self, (at, number): (usize, usize), look: usize) -> Result<Turn, Fault> {
        let job = Arc::clone(&self.context.job);
        match limit::look(statement_at(job.step(at), number)?, look, &self.given)? {
            Some(call) => {
                let awaiting = Awaiting::Look {
                    at,
                    statement: number,
                    look,
                };
                Ok(self.run(awaiting, &call.statement, call.values))
            }
            None => self.accept(at, number, RowSet::default()),
        }
    }

    /// Takes the row of a look, which refuses, or asks the next.
    pub(super) fn looked(
        &mut self,
        (at, number): (usize, usize),
        look: usize,
        rows: &RowSet,
    ) -> Result<Turn, Fault> {
        let job = Arc::clone(&self.context.job);
        limit::judge(statement_at(job.step(at), number)?, rows)?;
        self.look((at, number), look + 1)
    }

    fn accept(&mut self, at: usize, number: usize, rows: RowSet) -> Result<Turn, Fault> {
        let job = Arc::clone(&self.context.job);
        let statement = statement_at(job.step(at), number)?;
        self.rows.push(Some(rows.clone()));
        let email = self.context.email.as_deref();
        let result = results::take(statement, rows, email, &mut self.progress.frame)?;
        listed::judge(statement, self.listed, result.rows)?;
        if self.context.effect.is_some() && !result.is_empty {
            self.progress.written.extend(Written::of(statement));
        }
        self.progress.consider(Candidate::of_rows(statement, result));
        self.statement(at, number + 1)
    }

    /// Takes the lock of a step.
    pub(super) fn lock(&mut self, at: usize) -> Result<Turn, Fault> {
        let job = Arc::clone(&self.context.job);
        let Some((step, WorkAction::Lock(program))) = job.step(at).map(|step| (step, &step.action)) else {
            return Err(Fault::internal("a lock that does not exist"));
        };
        let (reading, scope) = self.reading();
        let value = render::run(program, reading.frame, reading.host, &step.label)?;
        // A lock is of its workflow's tenant: other tenants use the same words.
        let tenant = scope.and_then(|scope| kept::tenant(scope.tenant()));
        self.lock = match value.hole_text() {
            Some(text) if !text.is_empty() => format!("{}:{text}", tenant.unwrap_or_default()),
            _ => {
                let message = format!("{} is missing", step.label);
                return Err(Fault::new(Code::UndefinedValue, message));
            }
        };
        Ok(self.take_lock(at, false))
    }

    /// Takes it `again`, once runs that are over have lost it.
    pub(super) fn take_lock(&mut self, at: usize, again: bool) -> Turn {
        let journal = Arc::clone(&self.context.journal);
        let values = vec![journal::text(&self.lock), journal::text(&self.context.id)];
        self.run(Awaiting::Locked { at, again }, &journal.locks.take, values)
    }

    pub(super) fn locked(&mut self, at: usize, again: bool, rows: &RowSet) -> Result<Turn, Fault> {
        if !rows.rows.is_empty() {
            // Whoever takes a failed run up again takes its locks first.
            self.pass(at, StepState::Done, Some(self.lock.clone()));
            return self.advance();
        }
        match again {
            false => {
                let journal = Arc::clone(&self.context.journal);
                let value = vec![
                    journal::text(&self.lock),
                    journal::instant(super::first::resumable(self.now)),
                ];
                Ok(self.run(Awaiting::Freed { at }, &journal.locks.free, value))
            }
            true if self.context.job.work.durable => self.finish(Verdict::Wait(at)),
            // Without a journal nothing is kept meanwhile: the workflow begins anew.
            true => Ok(self.stop(Ok(Verdict::Wait(at)))),
        }
    }

    /// A step whose condition does not hold.
    pub(super) fn skip(&mut self, at: usize, step: &WorkStep) {
        event::step_skipped(&self.context.request_id, &step.label);
        self.progress.absent(step);
        self.pass(at, StepState::Skipped, None);
    }

    /// Goes past a step, and writes down how it went.
    pub(super) fn pass(&mut self, at: usize, state: StepState, outcome: Option<String>) {
        self.progress.position = at + 1;
        if !self.context.job.work.durable {
            return;
        }
        if let Some(step) = self.context.job.step(at) {
            let entry = StepEntry {
                run: &self.context.id,
                step: &step.id,
                position: at,
                state,
                epoch: 0,
                params: None,
                request: None,
                outcome,
                sent: None,
            };
            let call = journal::write_step(&self.context.journal, entry);
            self.outbox.push(call);
        }
    }

    /// The end that the author wrote.
    pub(super) fn refusal(&mut self, refuse: &Refuse, label: &str) -> Result<Fault, Fault> {
        let code = self.word(refuse.code.as_ref(), label, Code::Refused.text())?;
        let message = self.word(refuse.message.as_ref(), label, Code::Refused.message())?;
        let status = http::StatusCode::from_u16(refuse.status).unwrap_or(http::StatusCode::CONFLICT);
        Ok(Fault::authored(status, code, message))
    }

    fn word(&mut self, program: Option<&Program>, label: &str, otherwise: &str) -> Result<String, Fault> {
        let Some(program) = program else {
            return Ok(otherwise.to_owned());
        };
        let (reading, _) = self.reading();
        let value = render::run(program, reading.frame, reading.host, label)?;
        Ok(value.hole_text().map_or(otherwise.to_owned(), Cow::into_owned))
    }
}

fn statement_at(step: Option<&WorkStep>, number: usize) -> Result<&Step, Fault> {
    let found = statements(step)?.get(number);
    found.ok_or_else(|| Fault::internal("a statement that does not exist"))
}

fn statements(step: Option<&WorkStep>) -> Result<&[Step], Fault> {
    match step.map(|step| &step.action) {
        Some(WorkAction::Database(statements)) => Ok(statements),
        _ => Err(Fault::internal("a database step that does not exist")),
    }
}
