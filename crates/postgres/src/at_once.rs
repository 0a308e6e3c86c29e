//! One statement for several callers who count.
//!
//! Role: puts the values of calls into one call, and takes its rows apart again.
//! Input: calls of one statement, in the order in which they count. Output: a [`Call`] whose values are arrays.
//! Invariant: what was proved for values of a kind is only done with such values; each caller gets its own rows.
//! Not here: the statement and its proof (plan), sending it (batch).

use backflow_engine::store::{Call, RowSet, StatementError};
use backflow_sql::ir::{AtOnce, Datum, Shares};
use std::sync::Arc;

/// Fewer go each by its own statement, which costs less then.
const FEWEST: usize = 3;

/// The one call for all of them, if there is one.
pub(crate) fn call(calls: &[Call]) -> Option<Call> {
    let first = calls.first()?;
    let shares = first.shares.as_deref()?;
    let at_once = shares.at_once.as_ref()?;
    let fits = |call: &Call| fits(call, shares, at_once);
    if calls.len() < FEWEST || !calls.iter().all(fits) {
        return None;
    }
    let params = 0..first.values.len();
    Some(Call {
        statement: Arc::clone(&at_once.statement),
        values: params.map(|at| array(calls, at)).collect(),
        alone: false,
        shares: None,
    })
}

/// Whether a call's values are of the kind for which the proof holds.
fn fits(call: &Call, shares: &Shares, at_once: &AtOnce) -> bool {
    let value = |at: &usize| call.values.get(*at);
    let named = shares.row.iter().map(value);
    let added = at_once.adds.iter().map(value);
    let first = at_once.adds.first().and_then(value);
    matches!(first, Some(Datum::Int(0..)))
        && added.clone().all(|adds| adds == first)
        && named
            .clone()
            .all(|value| value.is_some_and(|value| *value != Datum::Null))
}

/// The values of all callers in one place, as PostgreSQL reads an array.
fn array(calls: &[Call], at: usize) -> Datum {
    let mut text = String::from("{");
    for (place, call) in calls.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        item(call.values.get(at).unwrap_or(&Datum::Null), &mut text);
    }
    text.push('}');
    Datum::Text(text.into())
}

/// A value as it is written by itself, in quotes: so nothing in it is a sign of the array's.
fn item(value: &Datum, out: &mut String) {
    let plain: &dyn std::fmt::Display = match value {
        Datum::Null => &"NULL",
        Datum::Bool(value) => value,
        Datum::Int(value) => value,
        Datum::Float(value) => value,
        Datum::Text(value) => {
            out.push('"');
            for c in value.chars() {
                if matches!(c, '"' | '\\') {
                    out.push('\\');
                }
                out.push(c);
            }
            out.push('"');
            return;
        }
    };
    out.push_str(&plain.to_string());
}

/// What each of so many callers is told.
pub(crate) fn apart(
    mut answers: Vec<Result<RowSet, StatementError>>,
    callers: usize,
) -> Vec<Result<RowSet, StatementError>> {
    let rows = match answers.pop() {
        Some(Ok(rows)) => rows,
        Some(Err(error)) => return vec![Err(error); callers],
        None => RowSet::default(),
    };
    let mut each = vec![Ok(RowSet::default()); callers];
    for mut row in rows.rows {
        let place = match row.cells.pop() {
            Some(Datum::Int(place)) => usize::try_from(place).ok().and_then(|place| place.checked_sub(1)),
            _ => None,
        };
        match place.and_then(|place| each.get_mut(place)) {
            Some(Ok(own)) => own.rows.push(row),
            // It is committed, and nobody knows whose it is.
            Some(Err(_)) | None => {
                let lost = StatementError::Other("a row without a caller".to_owned());
                return vec![Err(lost); callers];
            }
        }
    }
    each
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_items_and_nothing_else() {
        let texts = ["a", "", "NULL", "a,b", "{}", "a\"b\\", "  x ", "\u{1F600}"];
        let mut out = String::new();
        for text in texts {
            item(&Datum::Text(text.into()), &mut out);
        }
        assert_eq!(out, r#""a""""NULL""a,b""{}""a\"b\\""  x ""😀""#);
        out.clear();
        item(&Datum::Null, &mut out);
        item(&Datum::Int(-5), &mut out);
        item(&Datum::Bool(true), &mut out);
        assert_eq!(out, "NULL-5true");
    }
}
