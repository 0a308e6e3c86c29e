//! What is computed before statements run.
//!
//! Role: judges conditions and computes binds of steps: early ones of a whole route, the rest before a step runs.
//! Invariant: after this, only what the database gave can still refuse a value; a step that is skipped already
//! is not judged.
//! Not here: which step is next (`transaction`).

use crate::binds::{self, Bound, Reading};
use crate::fault::{Code, Fault};
use crate::listed;
use crate::offered;
use crate::permit::Scope;
use crate::render;
use backflow_expr::Program;
use backflow_plan::model::{Bind, Step};
use backflow_sql::ir::Datum;

/// A step before the first statement.
#[derive(Debug, Clone)]
pub(crate) enum Prepared {
    /// Its condition does not hold.
    Skipped,
    /// Its values so far; `None` for what comes later.
    Ready(Vec<Option<Bound>>),
}

/// Prepares all steps; values for which `waits` holds are left for [`rest`].
pub(crate) fn all(
    steps: &[Step],
    reading: &mut Reading<'_>,
    waits: impl Fn(&Bind) -> bool,
) -> Result<Vec<Prepared>, Fault> {
    steps.iter().map(|step| one(step, reading, &waits)).collect()
}

/// Computes what had to wait for the guard.
pub(crate) fn rest(
    steps: &[Step],
    prepared: &mut [Prepared],
    reading: &mut Reading<'_>,
) -> Result<(), Fault> {
    for (step, prepared) in steps.iter().zip(prepared) {
        let Prepared::Ready(bounds) = prepared else {
            continue;
        };
        for (bind, bound) in step.binds.iter().zip(bounds.iter_mut()) {
            if !bind.late && bound.is_none() {
                *bound = binds::value(bind, reading)?;
            }
        }
        offered::judge(step, bounds)?;
    }
    Ok(())
}

/// Prepares a step of which everything but results of earlier steps is known.
pub(crate) fn step(step: &Step, reading: &mut Reading<'_>) -> Result<Prepared, Fault> {
    one(step, reading, &|_| false)
}

/// All values of a step that is about to run, and how many rows its list must make; `None` if its condition
/// does not hold.
pub(crate) fn values(
    step: &Step,
    early: &[Option<Bound>],
    reading: &mut Reading<'_>,
    scope: Option<&Scope>,
) -> Result<Option<(Vec<Datum>, usize)>, Fault> {
    if let Some(condition) = step.condition.as_ref().filter(|_| step.condition_late)
        && !holds(condition, step, reading)?
    {
        return Ok(None);
    }
    if step.binds.iter().all(|bind| !bind.late) {
        let listed = listed::expected(step, early);
        return binds::complete(step, early, scope).map(|values| Some((values, listed)));
    }
    let mut bounds = early.to_vec();
    for (bind, bound) in step.binds.iter().zip(&mut bounds) {
        if bind.late {
            *bound = binds::value(bind, reading)?;
        }
    }
    offered::judge(step, &bounds)?;
    let listed = listed::expected(step, &bounds);
    binds::complete(step, &bounds, scope).map(|values| Some((values, listed)))
}

fn one(step: &Step, reading: &mut Reading<'_>, waits: &dyn Fn(&Bind) -> bool) -> Result<Prepared, Fault> {
    if let Some(condition) = step.condition.as_ref().filter(|_| !step.condition_late)
        && !holds(condition, step, reading)?
    {
        return Ok(Prepared::Skipped);
    }
    let mut bounds = Vec::with_capacity(step.binds.len());
    for bind in &step.binds {
        bounds.push(if bind.late || waits(bind) {
            None
        } else {
            binds::value(bind, reading)?
        });
    }
    if binds::nothing_given(step, &bounds) == Some(true) {
        return Err(Fault::of(Code::NothingToUpdate));
    }
    offered::judge(step, &bounds)?;
    Ok(Prepared::Ready(bounds))
}

/// Whether a step's condition holds.
pub(crate) fn holds(condition: &Program, step: &Step, reading: &mut Reading<'_>) -> Result<bool, Fault> {
    let label = format!("{}.condition", step.label);
    render::run(condition, reading.frame, reading.host, &label).map(|value| value.truthy())
}
