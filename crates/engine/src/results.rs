//! The rows of a step.
//!
//! Role: judges how many rows there are, makes their JSON, and tells the frame of them.
//! Invariant: JSON passes through as the database made it; it is read only where an expression reads it.
//! Not here: which result becomes the answer (`transaction`).

use crate::fault::{Code, Fault};
use crate::store::{Row, RowSet};
use backflow_expr::{Slot, Value, json};
use backflow_plan::convert::restore;
use backflow_plan::model::{Capability, Operation, Rows, Step};
use backflow_sql::ir::Datum;
use bytes::Bytes;
use std::cmp::Ordering;

/// Deepest JSON that a database may give.
const DEPTH: usize = 512;

/// The result of a step.
#[derive(Debug)]
pub(crate) struct StepResult {
    pub(crate) json: Bytes,
    /// Whether it stands for one row and there is none.
    pub(crate) is_empty: bool,
    /// How many rows there are.
    pub(crate) rows: usize,
}

/// Takes the rows of a step.
pub(crate) fn take(
    step: &Step,
    mut found: RowSet,
    email: Option<&str>,
    frame: &mut [Value],
) -> Result<StepResult, Fault> {
    judge_count(step, found.rows.len())?;
    if let (Some(capability), Some(row)) = (&step.capability, found.rows.first()) {
        judge_email(capability, row, email)?;
    }
    sort(&mut found.rows, step.sort_cells);
    let row = if step.rows == Rows::One {
        found.rows.first()
    } else {
        None
    };
    fill_cells(step, row, frame);
    let is_empty = step.rows == Rows::One && row.is_none();
    let count = found.rows.len();
    let exists = count > 0;
    let json = match step.rows {
        Rows::One => found
            .rows
            .into_iter()
            .next()
            .map_or(Bytes::from_static(b"null"), |row| Bytes::from(row.json)),
        Rows::Many => list(&found.rows),
    };
    fill_json(step, &json, exists, frame)?;
    Ok(StepResult {
        json,
        is_empty,
        rows: count,
    })
}

/// A step that was skipped has the result null.
pub(crate) fn skip(step: &Step, frame: &mut [Value]) {
    set(frame, step.results.whole, Value::Null);
    set(frame, step.results.exists, Value::Null);
}

fn judge_count(step: &Step, count: usize) -> Result<(), Fault> {
    if step.rows == Rows::One && count > 1 {
        return Err(Fault::of(Code::MultipleRows));
    }
    if count >= step.least_rows() {
        return Ok(());
    }
    Err(Fault::of(match (step.check, step.operation) {
        (false, Operation::Upsert { .. }) => Code::Conflict,
        _ => Code::MissingParent,
    }))
}

fn judge_email(capability: &Capability, row: &Row, email: Option<&str>) -> Result<(), Fault> {
    let Some(cell) = capability.email_cell else {
        return Ok(());
    };
    let same = match (row.cells.get(cell), email) {
        // Only ASCII: other letters that fold together (the Kelvin sign and k) are another mailbox.
        (Some(Datum::Text(wanted)), Some(email)) => wanted.eq_ignore_ascii_case(email),
        _ => false,
    };
    if same {
        Ok(())
    } else {
        Err(Fault::of(Code::WrongEmail))
    }
}

/// Orders rows by their trailing cells, and drops these.
fn sort(rows: &mut [Row], sort_cells: usize) {
    if sort_cells == 0 {
        return;
    }
    let key = |row: &Row| row.cells.len().saturating_sub(sort_cells);
    rows.sort_by(|a, b| {
        let pairs = a.cells.iter().skip(key(a)).zip(b.cells.iter().skip(key(b)));
        pairs
            .map(|(a, b)| compare(a, b))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
    for row in rows {
        row.cells.truncate(key(row));
    }
}

/// Nulls last; text by code point.
fn compare(a: &Datum, b: &Datum) -> Ordering {
    match (a, b) {
        (Datum::Null, Datum::Null) => Ordering::Equal,
        (Datum::Null, _) => Ordering::Greater,
        (_, Datum::Null) => Ordering::Less,
        (Datum::Bool(a), Datum::Bool(b)) => a.cmp(b),
        (Datum::Int(a), Datum::Int(b)) => a.cmp(b),
        (Datum::Float(a), Datum::Float(b)) => a.total_cmp(b),
        (Datum::Text(a), Datum::Text(b)) => a.cmp(b),
        _ => Ordering::Equal,
    }
}

fn list(rows: &[Row]) -> Bytes {
    let length: usize = rows.iter().map(|row| row.json.len() + 1).sum();
    let mut out = Vec::with_capacity(length + 2);
    out.push(b'[');
    for (at, row) in rows.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        out.extend_from_slice(row.json.as_bytes());
    }
    out.push(b']');
    Bytes::from(out)
}

fn fill_cells(step: &Step, row: Option<&Row>, frame: &mut [Value]) {
    for (at, ty, slot) in &step.results.cells {
        let cell = row.and_then(|row| row.cells.get(*at));
        set(
            frame,
            Some(*slot),
            cell.map_or(Value::Undefined, |cell| restore(cell, ty)),
        );
    }
}

fn fill_json(step: &Step, bytes: &Bytes, exists: bool, frame: &mut [Value]) -> Result<(), Fault> {
    let results = &step.results;
    set(
        frame,
        results.exists,
        if exists { Value::Bool(true) } else { Value::Null },
    );
    if results.whole.is_none() && results.paths.is_empty() {
        return Ok(());
    }
    let whole = json::parse(bytes, DEPTH)
        .map_err(|error| Fault::internal(format!("{}: the database gave {error}", step.label)))?;
    for (keys, slot) in &results.paths {
        set(frame, Some(*slot), whole.at_path(keys));
    }
    set(frame, results.whole, whole);
    Ok(())
}

fn set(frame: &mut [Value], slot: Option<Slot>, value: Value) {
    if let Some(place) = slot.and_then(|slot| frame.get_mut(slot.0 as usize)) {
        *place = value;
    }
}
