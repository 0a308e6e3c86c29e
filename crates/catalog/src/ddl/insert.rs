//! `INSERT … VALUES`.
//!
//! Output: [`Insert`]; other forms of `INSERT` are [`Ddl::Other`].
//! Invariant: `columns`, when given, is as long as every row; a row that differs is a fault.
//! Not here: the columns' types.

use super::ast::{Ddl, Insert};
use super::cursor::{Cursor, Parsed};
use super::expr::SqlText;
use super::expr_parser::{Place, expression};

/// Reads an `INSERT`.
pub(crate) fn insert(cursor: &mut Cursor<'_>) -> Parsed<Ddl> {
    cursor.bump();
    cursor.expect_word("into")?;
    let (schema, table) = cursor.qualified("a table")?;
    let columns = if cursor.is_symbol("(") && !cursor.is_word_at(1, "select") {
        cursor.names()?
    } else {
        Vec::new()
    };
    if schema.is_some() || !cursor.is_word("values") {
        return Ok(other(cursor, "INSERT … SELECT"));
    }
    cursor.bump();
    let mut rows = Vec::new();
    loop {
        let mark = cursor.mark();
        let row = row(cursor)?;
        if !columns.is_empty() && row.len() != columns.len() {
            let span = cursor.since(mark);
            cursor.rewind(mark);
            let what = format!("{} values, one for each column", columns.len());
            let fault = cursor.expected(&what).map(|mut fault| {
                fault.message = format!("this row has {} values for {} columns", row.len(), columns.len());
                if let Some(label) = fault.labels.first_mut() {
                    label.span = span;
                    label.text.clone_from(&what);
                }
                fault
            });
            return Err(fault);
        }
        rows.push(row);
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    let mut ignore_conflicts = None;
    if cursor.eat_words(&["on", "conflict"]) {
        let target = if cursor.is_symbol("(") {
            cursor.names()?
        } else {
            Vec::new()
        };
        if !cursor.eat_words(&["do", "nothing"]) {
            return Ok(other(cursor, "INSERT … ON CONFLICT DO UPDATE"));
        }
        ignore_conflicts = Some(target);
    }
    if !cursor.done() && cursor.is_word("returning") {
        return Ok(other(cursor, "INSERT … RETURNING"));
    }
    Ok(Ddl::Insert(Insert {
        table,
        columns,
        rows,
        ignore_conflicts,
    }))
}

fn other(cursor: &mut Cursor<'_>, keyword: &str) -> Ddl {
    cursor.skip_all();
    Ddl::Other {
        keyword: keyword.to_owned(),
    }
}

fn row(cursor: &mut Cursor<'_>) -> Parsed<Vec<Option<SqlText>>> {
    cursor.expect_symbol("(")?;
    let mut row = Vec::new();
    loop {
        row.push(if cursor.eat_word("default") {
            None
        } else {
            Some(expression(cursor, Place::Open)?)
        });
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    if !cursor.eat_symbol(")") {
        return Err(cursor.expected("`,` or `)`"));
    }
    Ok(row)
}
