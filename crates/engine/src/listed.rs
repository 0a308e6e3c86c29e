//! The rows of a list: one parameter of a statement that makes many.
//!
//! Role: computes the values of each item and writes them as JSON, an array for each row.
//! Invariant: every value has its column's type before anything runs; of an upsert's rows no two have one key.
//! Not here: which values a row has; that is the plan's.

use crate::binds::{self, Bound, Reading};
use crate::fault::{Code, Fault};
use crate::offered;
use backflow_expr::Value;
use backflow_plan::model::{Bind, BindValue, ListedRows, Operation, Step};
use backflow_sql::ir::Datum;
use std::collections::HashMap;

/// The value of a list of rows.
pub(crate) fn rows(bind: &Bind, rows: &ListedRows, reading: &mut Reading<'_>) -> Result<Bound, Fault> {
    let list = binds::run(bind, &rows.list, reading)?;
    let Value::List(items) = binds::defined(bind, list)? else {
        return Err(binds::invalid(&bind.label, "must be a list"));
    };
    let mut frame = reading.frame.to_vec();
    let mut keys = HashMap::new();
    let mut all = Vec::with_capacity(items.len());
    for (at, item) in items.iter().enumerate() {
        for (path, slot) in &rows.item {
            if let Some(place) = frame.get_mut(slot.0 as usize) {
                *place = item.at_path(path);
            }
        }
        let mut reading = Reading {
            frame: &frame,
            host: &mut *reading.host,
            subject: reading.subject,
        };
        let row: Result<Vec<Datum>, Fault> = rows
            .values
            .iter()
            .map(|bind| value(bind, at, &mut reading))
            .collect();
        let row = row?;
        let key = rows.key.as_deref().and_then(|key| key_of(rows, &row, key));
        if let Some(first) = key.and_then(|key| keys.insert(key, at)) {
            return Err(offered::repeated(first, at));
        }
        all.push(Value::list(row.iter().map(written)));
    }
    let text = Value::list(all).to_json();
    Ok(Bound {
        rows: items.len(),
        ..Bound::of(Datum::Text(text.into()))
    })
}

/// How many rows a step's list has, if all of them must be made.
pub(crate) fn expected(step: &Step, bounds: &[Option<Bound>]) -> usize {
    let pairs = step.binds.iter().zip(bounds);
    let lists = pairs.filter_map(|(bind, bound)| match (&bind.value, bound) {
        (BindValue::Rows(rows), Some(bound)) if rows.all => Some(bound.rows),
        _ => None,
    });
    lists.sum()
}

/// Refuses a step that made fewer rows than that.
pub(crate) fn judge(step: &Step, expected: usize, made: usize) -> Result<(), Fault> {
    if made >= expected {
        return Ok(());
    }
    Err(Fault::of(match step.operation {
        Operation::Upsert { .. } => Code::Conflict,
        _ => Code::MissingParent,
    }))
}

/// A value of an item. A refusal says which item it is.
fn value(bind: &Bind, item: usize, reading: &mut Reading<'_>) -> Result<Datum, Fault> {
    let bound = binds::value(bind, reading).or_else(|_| {
        let column = bind.label.strip_prefix("data.").unwrap_or(&bind.label);
        let label = format!("data[{item}].{column}");
        binds::value(
            &Bind {
                label,
                ..bind.clone()
            },
            reading,
        )
    });
    match bound? {
        Some(bound) => Ok(bound.datum),
        None => Err(Fault::internal(format!("{} is no value of an item", bind.label))),
    }
}

/// What tells a row apart; NULL is no other's key.
fn key_of(rows: &ListedRows, row: &[Datum], key: &[usize]) -> Option<String> {
    let mut text = String::new();
    for at in key {
        let datum = row.get(*at).filter(|datum| **datum != Datum::Null)?;
        let ty = &rows.values.get(*at)?.ty;
        text.push_str(&format!("{:?};", offered::plain(datum, ty)));
    }
    Some(text)
}

/// A value in the JSON that the statement takes apart: whole numbers and booleans as numbers, else as text.
fn written(datum: &Datum) -> Value {
    match datum {
        Datum::Null => Value::Null,
        Datum::Bool(yes) => Value::int(i64::from(*yes)),
        Datum::Int(number) => Value::int(*number),
        Datum::Float(number) => Value::text(format!("{number:?}")),
        Datum::Text(text) => Value::Text(text.clone()),
    }
}
