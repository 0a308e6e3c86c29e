//! What can be computed before the first statement.
//!
//! Role: judges early conditions and computes early binds of all steps of a route.
//! Invariant: after this, only what the database gave can still refuse a value; a step that is skipped already
//! is not judged.
//! Not here: late conditions and binds (`transaction`).

use crate::binds::{self, Bound, Reading};
use crate::fault::{Code, Fault};
use crate::render;
use backflow_expr::Program;
use backflow_plan::model::Step;

/// A step before the first statement.
#[derive(Debug)]
pub(crate) enum Prepared {
    /// Its condition does not hold.
    Skipped,
    /// Its values so far; `None` for what comes later.
    Ready(Vec<Option<Bound>>),
}

/// Prepares all steps.
pub(crate) fn all(steps: &[Step], reading: &mut Reading<'_>) -> Result<Vec<Prepared>, Fault> {
    steps.iter().map(|step| one(step, reading)).collect()
}

fn one(step: &Step, reading: &mut Reading<'_>) -> Result<Prepared, Fault> {
    if let Some(condition) = step.condition.as_ref().filter(|_| !step.condition_late)
        && !holds(condition, step, reading)?
    {
        return Ok(Prepared::Skipped);
    }
    let mut bounds = Vec::with_capacity(step.binds.len());
    for bind in &step.binds {
        bounds.push(if bind.late {
            None
        } else {
            binds::value(bind, reading)?
        });
    }
    if binds::nothing_given(step, &bounds) == Some(true) {
        return Err(Fault::of(Code::NothingToUpdate));
    }
    Ok(Prepared::Ready(bounds))
}

/// Whether a step's condition holds.
pub(crate) fn holds(condition: &Program, step: &Step, reading: &mut Reading<'_>) -> Result<bool, Fault> {
    let label = format!("{}.condition", step.label);
    render::run(condition, reading.frame, reading.host, &label).map(|value| value.truthy())
}
