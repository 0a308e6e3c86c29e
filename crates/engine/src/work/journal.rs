//! The journal's statements with their values, and its rows as they are meant.
//!
//! Role: the one place that knows the order of the journal's parameters and cells.
//! Invariant: what a state is called in the database is said here and nowhere else.
//! Not here: when they run (`group`, `drive`, `worker`).

use crate::store::{Call, Row, RowSet};
use backflow_plan::model::{Journal, RUN_CELLS, STEP_CELLS};
use backflow_sql::ir::{Datum, Statement};
use jiff::Timestamp;
use std::sync::Arc;

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Under way.
    Running,
    /// It came to its end.
    Done,
    /// It ended with a refusal that its request caused.
    Refused,
    /// It failed; it may be taken up again.
    Failed,
    /// Somebody ended it.
    Canceled,
}

impl State {
    /// As it is written.
    #[must_use]
    pub(crate) fn text(self) -> &'static str {
        match self {
            State::Running => "running",
            State::Done => "done",
            State::Refused => "refused",
            State::Failed => "failed",
            State::Canceled => "canceled",
        }
    }

    pub(super) fn of(text: &str) -> Option<Self> {
        let all = [
            State::Running,
            State::Done,
            State::Refused,
            State::Failed,
            State::Canceled,
        ];
        all.into_iter().find(|state| state.text() == text)
    }
}

/// How a step of a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepState {
    /// Its request is about to be sent, or was.
    Sending,
    /// It was done.
    Done,
    /// Its condition did not hold.
    Skipped,
    /// It failed, and the workflow goes on.
    Tolerated,
    /// It failed.
    Failed,
}

impl StepState {
    /// As it is written.
    #[must_use]
    pub(crate) fn text(self) -> &'static str {
        match self {
            StepState::Sending => "sending",
            StepState::Done => "done",
            StepState::Skipped => "skipped",
            StepState::Tolerated => "tolerated",
            StepState::Failed => "failed",
        }
    }

    fn of(text: &str) -> Option<Self> {
        let all = [
            StepState::Sending,
            StepState::Done,
            StepState::Skipped,
            StepState::Tolerated,
            StepState::Failed,
        ];
        all.into_iter().find(|state| state.text() == text)
    }
}

/// A row of a run.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct RunRow {
    pub(crate) id: Arc<str>,
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) tenant: Option<String>,
    pub(crate) caller: Option<String>,
    pub(crate) state: State,
    pub(crate) status: Option<u16>,
    pub(crate) answer: Option<String>,
    pub(crate) request: Option<String>,
    pub(crate) worker: String,
    pub(crate) fence: i64,
    pub(crate) lease: Timestamp,
    pub(crate) started: Timestamp,
    pub(crate) ended: Option<Timestamp>,
    pub(crate) error: Option<String>,
}

/// A row of a step.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StepRow {
    pub(crate) step: String,
    pub(crate) state: StepState,
    pub(crate) epoch: i64,
    pub(crate) params: Option<String>,
    pub(crate) request: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) sent: Option<Timestamp>,
}

/// A new run.
pub(crate) struct Opening<'a> {
    pub(crate) id: &'a str,
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) tenant: Option<&'a str>,
    pub(crate) caller: Option<&'a str>,
    pub(crate) intent: Option<&'a str>,
    pub(crate) request: &'a str,
    pub(crate) worker: &'a str,
    pub(crate) lease: Timestamp,
    pub(crate) started: Timestamp,
}

/// A step as it is written.
pub(crate) struct StepEntry<'a> {
    pub(crate) run: &'a str,
    pub(crate) step: &'a str,
    pub(crate) position: usize,
    pub(crate) state: StepState,
    pub(crate) epoch: i64,
    pub(crate) params: Option<String>,
    pub(crate) request: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) sent: Option<Timestamp>,
}

/// An end.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Ending {
    pub(crate) state: State,
    pub(crate) status: u16,
    pub(crate) answer: String,
    pub(crate) error: Option<String>,
}

pub(crate) fn call(statement: &Arc<Statement>, values: Vec<Datum>, alone: bool) -> Call {
    Call {
        statement: Arc::clone(statement),
        values,
        alone,
        shares: None,
    }
}

pub(crate) fn open(journal: &Journal, run: &Opening<'_>) -> Call {
    let values = vec![
        text(run.id),
        text(run.name),
        text(run.version),
        maybe(run.tenant),
        maybe(run.caller),
        maybe(run.intent),
        text(run.request),
        text(run.worker),
        instant(run.lease),
        instant(run.started),
    ];
    call(&journal.runs.open, values, false)
}

pub(crate) fn of_intent(journal: &Journal, intent: &str) -> Call {
    call(&journal.runs.of_intent, vec![text(intent)], false)
}

pub(crate) fn release(journal: &Journal, id: &str, before: Timestamp) -> Call {
    call(&journal.runs.release, vec![text(id), instant(before)], false)
}

pub(crate) fn hold(journal: &Journal, id: &str, fence: i64, lease: Timestamp) -> Call {
    let values = vec![text(id), Datum::Int(fence), instant(lease)];
    call(&journal.runs.hold, values, false)
}

pub(crate) fn end(journal: &Journal, (id, fence): (&str, i64), ending: &Ending, ended: Timestamp) -> Call {
    let values = vec![
        text(id),
        Datum::Int(fence),
        text(ending.state.text()),
        Datum::Int(ending.status.into()),
        text(&ending.answer),
        maybe(ending.error.as_deref()),
        instant(ended),
    ];
    call(&journal.runs.end, values, false)
}

pub(crate) fn write_step(journal: &Journal, step: StepEntry<'_>) -> Call {
    let values = vec![
        text(step.run),
        text(step.step),
        Datum::Int(i64::try_from(step.position).unwrap_or(i64::MAX)),
        text(step.state.text()),
        Datum::Int(step.epoch),
        maybe(step.params.as_deref()),
        maybe(step.request.as_deref()),
        maybe(step.outcome.as_deref()),
        step.sent.map_or(Datum::Null, instant),
    ];
    call(&journal.steps.write, values, false)
}

pub(crate) fn step_outcome(
    journal: &Journal,
    (run, step): (&str, &str),
    state: StepState,
    outcome: &str,
) -> Call {
    let values = vec![text(run), text(step), text(state.text()), text(outcome)];
    call(&journal.steps.outcome, values, false)
}

/// A run out of its cells; `None`: the row is not what we write.
pub(crate) fn read_run(row: &Row) -> Option<RunRow> {
    let cells = row.cells.get(..RUN_CELLS)?;
    let text = |at: usize| as_text(cells.get(at)?);
    let owned = |at: usize| text(at).map(str::to_owned);
    let instant = |at: usize| backflow_expr::parse_timestamp(text(at)?);
    let number = |at: usize| match cells.get(at) {
        Some(Datum::Int(number)) => Some(*number),
        _ => None,
    };
    Some(RunRow {
        id: text(0)?.into(),
        name: owned(1)?,
        version: owned(2)?,
        tenant: owned(3),
        caller: owned(4),
        state: State::of(text(6)?)?,
        status: number(7).and_then(|status| u16::try_from(status).ok()),
        answer: owned(8),
        request: owned(9),
        worker: owned(10)?,
        fence: number(11)?,
        lease: instant(12)?,
        started: instant(13)?,
        ended: instant(14),
        error: owned(15),
    })
}

/// Steps out of their cells; rows that are not what we write are an error.
pub(crate) fn read_steps(found: &RowSet) -> Option<Vec<StepRow>> {
    found.rows.iter().map(read_step).collect()
}

fn read_step(row: &Row) -> Option<StepRow> {
    let cells = row.cells.get(..STEP_CELLS)?;
    let text = |at: usize| as_text(cells.get(at)?);
    let owned = |at: usize| text(at).map(str::to_owned);
    let Some(Datum::Int(epoch)) = cells.get(3) else {
        return None;
    };
    Some(StepRow {
        step: owned(0)?,
        state: StepState::of(text(2)?)?,
        epoch: *epoch,
        params: owned(4),
        request: owned(5),
        outcome: owned(6),
        sent: text(7).and_then(backflow_expr::parse_timestamp),
    })
}

fn as_text(datum: &Datum) -> Option<&str> {
    match datum {
        Datum::Text(text) => Some(text),
        _ => None,
    }
}

pub(crate) fn text(text: &str) -> Datum {
    Datum::Text(text.into())
}

pub(crate) fn maybe(text: Option<&str>) -> Datum {
    text.map_or(Datum::Null, self::text)
}

pub(crate) fn instant(at: Timestamp) -> Datum {
    Datum::Text(backflow_expr::timestamp_text(at).into())
}
