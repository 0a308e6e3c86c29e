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
        // So that it is heard to its end.
        shares: first.shares.clone(),
    })
}

/// Whether a call's values are of the kind for which the proof holds.
fn fits(call: &Call, shares: &Shares, at_once: &AtOnce) -> bool {
    let value = |at: &usize| call.values.get(*at);
    let mut named = shares.row.iter().map(value);
    let mut added = at_once.adds.iter().map(value);
    let first = at_once.adds.first().and_then(value);
    named.all(|value| value.is_some_and(|value| *value != Datum::Null))
        && added.all(|adds| matches!(adds, Some(Datum::Int(0..))) && adds == first)
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

/// What a caller hears.
#[derive(Debug)]
pub(crate) enum Heard {
    /// What its own statement would have answered.
    Answer(Result<RowSet, StatementError>),
    /// Nothing was written for it, perhaps because of others: it has to try again.
    Again,
}

/// What each of the callers hears whose statements were one.
pub(crate) fn apart(calls: &[Call], answer: Result<RowSet, StatementError>) -> Vec<Heard> {
    let rows = match answer.and_then(|rows| each(rows, calls.len())) {
        Ok(rows) => rows,
        Err(error) => return calls.iter().map(|_| Heard::Answer(Err(error.clone()))).collect(),
    };
    let counted = calls
        .first()
        .and_then(|call| call.shares.as_ref()?.at_once.as_ref()?.counted);
    let heard = |rows: RowSet| match counted {
        Some(cell)
            if rows
                .rows
                .iter()
                .any(|row| row.cells.get(cell) != Some(&Datum::Bool(true))) =>
        {
            Heard::Again
        }
        _ => Heard::Answer(Ok(rows)),
    };
    rows.into_iter().map(heard).collect()
}

/// The rows of each of so many callers.
fn each(rows: RowSet, callers: usize) -> Result<Vec<RowSet>, StatementError> {
    let mut each = vec![RowSet::default(); callers];
    for mut row in rows.rows {
        let place = match row.cells.pop() {
            Some(Datum::Int(place)) => usize::try_from(place).ok().and_then(|place| place.checked_sub(1)),
            _ => None,
        };
        let own = place.and_then(|place| each.get_mut(place));
        // It is committed, and nobody knows whose it is.
        let lost = || StatementError::Other("a row without a caller".to_owned());
        own.ok_or_else(lost)?.rows.push(row);
    }
    Ok(each)
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

    fn counting(values: Vec<Datum>, adds: &[usize], counted: Option<usize>) -> Call {
        let statement = Arc::new(backflow_sql::ir::Statement::default());
        Call {
            statement: Arc::clone(&statement),
            values,
            alone: true,
            shares: Some(Arc::new(Shares {
                at_once: Some(AtOnce {
                    statement,
                    adds: adds.into(),
                    counted,
                    opening: None,
                }),
                ..Shares::of([0])
            })),
        }
    }

    #[test]
    fn only_values_of_the_kind_go_together() {
        let is_one = |row: Datum, adds: &[Datum]| {
            let positions: Vec<usize> = (1..=adds.len()).collect();
            let values = [&[row][..], adds].concat();
            call(&vec![counting(values, &positions, None); FEWEST]).is_some()
        };
        let row = || Datum::Text("a".into());
        assert!(is_one(row(), &[]), "what is added is a constant");
        assert!(is_one(row(), &[Datum::Int(0), Datum::Int(0)]));
        assert!(!is_one(row(), &[Datum::Int(1), Datum::Int(2)]));
        assert!(!is_one(row(), &[Datum::Int(-1), Datum::Int(-1)]));
        assert!(!is_one(row(), &[Datum::Null]));
        assert!(!is_one(Datum::Null, &[Datum::Int(1)]));
        assert!(call(&vec![counting(vec![row()], &[], None); FEWEST - 1]).is_none());
    }

    #[test]
    fn everybody_hears_of_their_own_row() {
        let calls = vec![counting(vec![Datum::Int(1)], &[], Some(0)); 3];
        let row = |counted: Datum, place: i64| backflow_engine::store::Row {
            json: String::new(),
            cells: vec![counted, Datum::Int(place)],
        };
        let rows = vec![row(Datum::Null, 3), row(Datum::Bool(true), 1)];
        let heard = apart(&calls, Ok(RowSet { rows }));
        assert!(matches!(&heard[0], Heard::Answer(Ok(rows)) if rows.rows[0].cells == [Datum::Bool(true)]));
        assert!(matches!(&heard[1], Heard::Answer(Ok(rows)) if rows.rows.is_empty()));
        assert!(matches!(&heard[2], Heard::Again));
        for place in [0, 4, -1] {
            let rows = vec![row(Datum::Bool(true), place)];
            let heard = apart(&calls, Ok(RowSet { rows }));
            assert!(
                heard.iter().all(|heard| matches!(heard, Heard::Answer(Err(_)))),
                "{place}"
            );
        }
    }
}
