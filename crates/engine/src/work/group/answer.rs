//! What a workflow answers.
//!
//! Invariant: the last database step's result goes before any call's.
//! Not here: refusals.

use super::{Group, Progress, Verdict};
use crate::fault::{Code, Fault};
use crate::render;
use crate::results::{self, StepResult};
use crate::store::Turn;
use crate::transaction::Outcome;
use backflow_expr::{Slot, Value};
use backflow_plan::model::{Answer, Operation, Results, Step, WorkAction, WorkStep};
use bytes::Bytes;
use http::StatusCode;

/// The result that is the answer unless a better one comes.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    json: Bytes,
    /// `None`: a row that was looked for and not found.
    status: Option<StatusCode>,
    database: bool,
}

impl Candidate {
    /// The result of a statement, unless it only checks or counts.
    pub(crate) fn of_rows(step: &Step, result: StepResult) -> Option<Self> {
        let status = match step.operation {
            Operation::Insert => Some(StatusCode::CREATED),
            Operation::Upsert { .. } => Some(StatusCode::OK),
            Operation::Select | Operation::Update | Operation::Delete => {
                (!result.is_empty).then_some(StatusCode::OK)
            }
        };
        (!step.check && !step.counts).then_some(Candidate {
            json: result.json,
            status,
            database: true,
        })
    }

    /// The result of a call.
    pub(crate) fn of_call(result: &Value) -> Self {
        Candidate {
            json: result.to_json().into(),
            status: Some(StatusCode::OK),
            database: false,
        }
    }
}

impl Progress {
    pub(crate) fn consider(&mut self, candidate: Option<Candidate>) {
        let Some(candidate) = candidate else { return };
        let better = self.candidate.as_ref().is_some_and(|known| known.database);
        if candidate.database || !better {
            self.candidate = Some(candidate);
        }
    }

    /// A step has no result.
    pub(crate) fn absent(&mut self, step: &WorkStep) {
        match &step.action {
            WorkAction::Database(statements) => {
                for statement in statements {
                    results::skip(statement, &mut self.frame);
                }
            }
            WorkAction::Call(call) => self.result(&call.results, &Value::Null),
            WorkAction::Refuse(_) | WorkAction::Lock(_) => {}
        }
    }

    /// Tells the frame of a call's result.
    pub(crate) fn result(&mut self, results: &Results, result: &Value) {
        let exists = if result.is_nothing() {
            Value::Null
        } else {
            Value::Bool(true)
        };
        self.set(results.exists, exists);
        for (keys, slot) in &results.paths {
            self.set(Some(*slot), result.at_path(keys));
        }
        self.set(results.whole, result.clone());
    }

    fn set(&mut self, slot: Option<Slot>, value: Value) {
        if let Some(place) = slot.and_then(|slot| self.frame.get_mut(slot.0 as usize)) {
            *place = value;
        }
    }
}

impl Group {
    /// The end of the last step.
    pub(super) fn conclude(&mut self) -> Result<Turn, Fault> {
        let job = std::sync::Arc::clone(&self.context.job);
        let (status, body) = match &job.answer {
            Answer::Template(shape) => {
                let (reading, _) = self.reading();
                let value = render::shape(shape, reading.frame, reading.host, "response")?;
                (StatusCode::OK, Bytes::from(value.to_json()))
            }
            Answer::LastStep => match self.progress.candidate.clone() {
                None => (StatusCode::OK, Bytes::from_static(b"null")),
                Some(Candidate { status: None, .. }) => return Err(Fault::of(Code::NotFound)),
                Some(Candidate {
                    json,
                    status: Some(status),
                    ..
                }) => (status, json),
            },
        };
        let fixed = job.status.and_then(|status| StatusCode::from_u16(status).ok());
        self.finish(Verdict::Over(Outcome {
            status: fixed.unwrap_or(status),
            body,
            range: None,
        }))
    }
}
