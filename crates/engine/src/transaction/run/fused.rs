//! Guard and steps as one statement.
//!
//! Role: gives a fused statement its values, takes its rows apart into those of each part, and judges these.
//! Invariant: the rows of a part are what its statement would have given by itself, in the same order.
//! Not here: statements that run one after another (`run`).

use super::{Run, step_at};
use crate::binds::{self, Bound};
use crate::fault::Fault;
use crate::prepare::Prepared;
use crate::route::Served;
use crate::store::{Call, Row, RowSet, Turn};
use crate::{event, results};
use backflow_plan::model::{Fused, FusedValue, Place, Step};
use backflow_sql::ir::{Datum, PartLayout};
use std::collections::VecDeque;
use std::sync::Arc;

impl Run {
    /// Guard and steps as one statement, if the route has one and this request runs all of it.
    pub(super) fn together(&self) -> Option<Call> {
        let fused = self
            .served
            .route
            .fused
            .as_ref()
            .filter(|_| self.refused.is_none() && self.key.is_none() && !self.only_looks())?;
        let guard = match &self.guard_values {
            Some(values) => values.as_ref().ok()?.as_slice(),
            None => &[],
        };
        let prepared = self.prepared.as_deref().or(self.before_guard.as_deref());
        let steps = (self.served.route.steps.as_slice(), prepared?);
        Some(Call {
            statement: Arc::clone(&fused.statement),
            values: values(fused, guard, steps, self.email.as_ref())?,
            alone: self.served.route.alone,
            shares: self.served.route.shares.clone(),
        })
    }

    /// Judges the rows of a fused statement, part by part, as if they had come one after another.
    pub(super) fn take_all(&mut self, served: &Served, rows: RowSet) -> Result<Turn, Fault> {
        let Some(fused) = &served.route.fused else {
            return Err(Fault::internal("rows of a fused statement that does not exist"));
        };
        self.parts = Some(split(fused, rows)?.into());
        if let Place::One(guard) = &served.route.place {
            let found = self.next_part()?;
            self.admit(guard, &found)?;
        }
        self.prepare()?;
        self.check_tenants()?;
        self.judge_from(served, 0)
    }

    /// Judges the rows of the steps from this one on.
    fn judge_from(&mut self, served: &Served, from: usize) -> Result<Turn, Fault> {
        for (at, step) in served.route.steps.iter().enumerate().skip(from) {
            let rows = self.next_part()?;
            // Conditions and late values are judged here as they would have been before the step.
            if self.values(at, step)?.is_none() {
                event::skipped(&self.request_id, step);
                results::skip(step, &mut self.frame);
                continue;
            }
            if let Some(turn) = self.look(served, at, 0, &rows)? {
                return Ok(turn);
            }
            self.take_part(at, step, rows)?;
        }
        self.conclude()
    }

    /// Takes the rows of a part that was asked about, and goes on behind it.
    pub(super) fn accept_part(&mut self, served: &Served, at: usize, rows: RowSet) -> Result<Turn, Fault> {
        self.take_part(at, step_at(served, at)?, rows)?;
        self.judge_from(served, at + 1)
    }

    fn take_part(&mut self, at: usize, step: &Step, rows: RowSet) -> Result<(), Fault> {
        let result = results::take(step, rows, self.email.as_deref(), &mut self.frame)?;
        self.consider(at, step, result);
        Ok(())
    }

    fn next_part(&mut self) -> Result<RowSet, Fault> {
        let next = self.parts.as_mut().and_then(VecDeque::pop_front);
        next.ok_or_else(|| Fault::internal("a fused statement with too few parts"))
    }
}

/// The values of a fused statement; `None` if some step is skipped, so that the statement would do too much.
fn values(
    fused: &Fused,
    guard: &[Datum],
    (steps, prepared): (&[Step], &[Prepared]),
    email: Option<&Arc<str>>,
) -> Option<Vec<Datum>> {
    if prepared.iter().any(|one| matches!(one, Prepared::Skipped)) {
        return None;
    }
    let value = |value: &FusedValue| match value {
        FusedValue::Guard(at) => guard.get(*at).cloned(),
        FusedValue::Email => Some(email.map_or(Datum::Null, |email| Datum::Text(Arc::clone(email)))),
        FusedValue::Step { step, bind } => match (steps.get(*step), prepared.get(*step)) {
            (Some(step), Some(Prepared::Ready(bounds))) => step_value(step, bounds, *bind),
            _ => None,
        },
    };
    fused.values.iter().map(value).collect()
}

fn step_value(step: &Step, bounds: &[Option<Bound>], bind: usize) -> Option<Datum> {
    if let Some(given) = binds::flag(step, bounds, bind) {
        return Some(Datum::Bool(given));
    }
    bounds.get(bind)?.as_ref().map(|bound| bound.datum.clone())
}

/// The rows of each part, in order.
fn split(fused: &Fused, found: RowSet) -> Result<Vec<RowSet>, Fault> {
    let mut parts = vec![RowSet::default(); fused.parts.len()];
    for (number, mut row) in found.rows.into_iter().enumerate() {
        for (at, (layout, rows)) in fused.parts.iter().zip(&mut parts).enumerate() {
            let is_main = at == fused.main;
            // Beside many rows of the main part the row of another repeats.
            if row.cells.get(layout.present) == Some(&Datum::Bool(true)) && (is_main || number == 0) {
                let json = if is_main {
                    Ok(std::mem::take(&mut row.json))
                } else {
                    json(layout, &row)
                };
                rows.rows.push(Row {
                    json: json?,
                    cells: cells(layout, &row)?,
                });
            }
        }
    }
    Ok(parts)
}

fn json(layout: &PartLayout, row: &Row) -> Result<String, Fault> {
    match layout.json.map(|at| row.cells.get(at)) {
        None => Ok(String::new()),
        Some(Some(Datum::Text(json))) => Ok(json.to_string()),
        Some(_) => Err(Fault::internal("a part of a statement gave no JSON")),
    }
}

fn cells(layout: &PartLayout, row: &Row) -> Result<Vec<Datum>, Fault> {
    let own = row.cells.get(layout.first..layout.first + layout.cells);
    own.map(<[Datum]>::to_vec)
        .ok_or_else(|| Fault::internal("a part of a statement gave too few cells"))
}
