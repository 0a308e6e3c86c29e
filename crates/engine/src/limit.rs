//! Limits that writes hold to by themselves.
//!
//! Role: a write with a limit that touched no row is asked about: its looks say whether it was the limit, and with
//! which numbers.
//! Invariant: a look runs in the transaction of the write, and only behind one that touched no row.
//! Not here: the limit itself, which is a part of the write's statement.

use crate::fault::{Code, Fault, Figures};
use crate::store::{Call, RowSet};
use backflow_expr::{Number, Value};
use backflow_plan::convert::restore;
use backflow_plan::model::{Limit, Step};
use backflow_sql::ir::Datum;
use std::sync::Arc;

/// What a write with a limit was given, for the case that it touches no row.
pub(crate) fn given(step: &Step, values: &[Datum]) -> Vec<Datum> {
    match step.limit {
        Some(_) => values.to_vec(),
        None => Vec::new(),
    }
}

/// The look of this number behind a write that touched no row; `None`: nothing is left to be asked.
pub(crate) fn look(step: &Step, number: usize, given: &[Datum]) -> Result<Option<Call>, Fault> {
    let Some(look) = step.limit.as_ref().and_then(|limit| limit.looks.get(number)) else {
        return Ok(None);
    };
    let values: Option<Vec<Datum>> = look.takes.iter().map(|at| given.get(*at).cloned()).collect();
    Ok(Some(Call {
        statement: Arc::clone(&look.statement),
        values: values.ok_or_else(|| Fault::internal("a look without its values"))?,
        alone: false,
        shares: None,
    }))
}

/// Judges what a look found: a row is the refusal.
pub(crate) fn judge(step: &Step, rows: &RowSet) -> Result<(), Fault> {
    let (Some(limit), Some(row)) = (&step.limit, rows.rows.first()) else {
        return Ok(());
    };
    let [most, used, new] = row.cells.as_slice() else {
        return Err(Fault::internal("a look with other cells than its own"));
    };
    let number = |cell: &Datum| match restore(cell, &limit.ty) {
        Value::Number(number) => Some(number),
        _ => None,
    };
    let figures = figures(limit, number(most), number(used), number(new));
    let why = format!("{}: {}", step.label, limit.text);
    Err(Fault::of(Code::LimitExceeded).figures(figures).private(why))
}

fn figures(limit: &Limit, most: Option<Number>, used: Option<Number>, new: Option<Number>) -> Figures {
    let less = |a: &Option<Number>, b: &Option<Number>| a.as_ref()?.sub(b.as_ref()?).ok();
    let (requested, left) = match limit.floor {
        false => (less(&new, &used), less(&most, &used)),
        true => (less(&used, &new), less(&used, &most)),
    };
    let zero = Number::from(0);
    let remaining = left.map(|left| match left.compare(&zero).is_lt() {
        true => zero,
        false => left,
    });
    Figures {
        limit: most,
        used,
        requested,
        remaining,
    }
}
