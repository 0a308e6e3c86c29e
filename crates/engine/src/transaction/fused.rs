//! Guard and steps as one statement.
//!
//! Role: gives a fused statement its values, and takes its rows apart into those of each part.
//! Invariant: the rows of a part are what its statement would have given by itself, in the same order.
//! Not here: judging them; the run does, as if they had come one after another.

use crate::binds::{self, Bound};
use crate::fault::Fault;
use crate::prepare::Prepared;
use crate::store::{Row, RowSet};
use backflow_plan::model::{Fused, FusedValue, Step};
use backflow_sql::ir::{Datum, PartLayout};
use std::sync::Arc;

/// The values of a fused statement; `None` if some step is skipped, so that the statement would do too much.
pub(super) fn values(
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
pub(super) fn split(fused: &Fused, found: RowSet) -> Result<Vec<RowSet>, Fault> {
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
