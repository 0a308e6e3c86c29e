//! What a route's queries answer.
//!
//! Invariant: nothing is answered before every step was judged.
//! Not here: the steps.

use super::{Candidate, Phase, Run, step_at};
use crate::fault::{Code, Fault};
use crate::render;
use crate::results::StepResult;
use crate::store::Turn;
use crate::transaction::Outcome;
use backflow_plan::model::{Answer, Operation};
use bytes::Bytes;
use http::StatusCode;
use std::sync::Arc;

impl Run {
    pub(super) fn conclude(&mut self) -> Result<Turn, Fault> {
        let served = Arc::clone(&self.served);
        let mut range = None;
        let (status, body) = match &served.route.answer {
            Answer::Template(shape) => {
                let value = render::shape(shape, &self.frame, &mut self.host, "response")?;
                (StatusCode::OK, Bytes::from(value.to_json()))
            }
            Answer::LastStep => match self.candidate.take() {
                None => (StatusCode::OK, Bytes::from_static(b"null")),
                Some(Candidate { step: at, result }) => {
                    let step = step_at(&served, at)?;
                    range = self.range(at, step, result.rows)?;
                    (status(step.operation, &result)?, result.json)
                }
            },
        };
        let fixed = served
            .route
            .status
            .and_then(|status| StatusCode::from_u16(status).ok());
        let outcome = Outcome {
            status: fixed.unwrap_or(status),
            body,
            range,
        };
        let kept = self.keep_answer(&outcome)?;
        self.note_key()?;
        self.end = Some(Ok(outcome));
        Ok(kept.unwrap_or_else(|| {
            self.phase = Phase::Ended;
            Turn::Commit
        }))
    }
}

/// The status of a result; what was looked for and not found is 404.
fn status(operation: Operation, result: &StepResult) -> Result<StatusCode, Fault> {
    match operation {
        Operation::Insert => Ok(StatusCode::CREATED),
        Operation::Upsert { .. } => Ok(StatusCode::OK),
        Operation::Select | Operation::Update | Operation::Delete if result.is_empty => {
            Err(Fault::of(Code::NotFound))
        }
        Operation::Select | Operation::Update | Operation::Delete => Ok(StatusCode::OK),
    }
}
