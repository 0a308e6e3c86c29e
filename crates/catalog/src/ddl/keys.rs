//! Keys and checks join a definition.
//!
//! Role: looks up what they refer to, names them as PostgreSQL would, and draws what follows from them.
//! Invariant: a constraint that was added has a name, and a foreign key lists the columns it points at.
//! Not here: dropping them; see `change`.

use super::apply::twice;
use super::ast::{ColumnDef, Constraint, ConstraintKind, Generated, Name, Reference};
use super::constraint::PRIMARY_KEY_USING_INDEX;
use super::definition::{Definition, TableDef};
use super::expr::SqlExpr;
use super::names::{choose, middle};
use backflow_diag::{Diagnostic, Diagnostics, Span, Spanned, codes, nearest};

/// Whether it is a foreign key.
pub(crate) fn is_foreign(constraint: &Constraint) -> bool {
    matches!(constraint.kind, ConstraintKind::ForeignKey(_))
}

/// Adds a constraint to a table that exists, unless it refers to what does not.
pub(crate) fn add(
    definition: &mut Definition,
    table: &str,
    constraint: &Constraint,
    diagnostics: &mut Diagnostics,
) {
    let Some(found) = definition.table(table) else {
        return;
    };
    let mut constraint = constraint.clone();
    let sound = match &mut constraint.kind {
        ConstraintKind::PrimaryKey(columns) => {
            let first = found
                .constraints
                .iter()
                .find(|c| matches!(c.kind, ConstraintKind::PrimaryKey(_)));
            if let Some(first) = first {
                diagnostics.push(second_key(table, constraint.span, first.span));
                return;
            }
            key_columns(found, columns, diagnostics)
        }
        ConstraintKind::Unique { columns, .. } => key_columns(found, columns, diagnostics),
        ConstraintKind::ForeignKey(key) => {
            key_columns(found, &key.columns, diagnostics)
                && point(definition, found, key, constraint.span, diagnostics)
        }
        ConstraintKind::Check(check) => unknown_columns(found, &check.expr, diagnostics),
        ConstraintKind::Other(_) => true,
    };
    if !sound {
        return;
    }
    if let Some(name) = &constraint.name {
        if let Some(first) = found.constraint(&name.value) {
            diagnostics.push(twice("the constraint", name, first.name.as_ref().unwrap_or(name)));
            return;
        }
    } else {
        let name = made_up(definition, table, &constraint.kind);
        constraint.name = Some(Spanned::new(name, constraint.span));
    }
    let Some(found) = definition.table_mut(table) else {
        return;
    };
    // Which columns it makes the key is left to the database.
    found.touched |= constraint.kind == ConstraintKind::Other(PRIMARY_KEY_USING_INDEX.to_owned());
    if let ConstraintKind::PrimaryKey(columns) = &constraint.kind {
        for name in columns {
            if let Some(column) = found.column_mut(&name.value) {
                column.not_null = true;
            }
        }
    }
    found.constraints.push(constraint);
}

fn made_up(definition: &Definition, table: &str, kind: &ConstraintKind) -> String {
    let columns = kind.columns();
    let (middle, label) = match kind {
        ConstraintKind::PrimaryKey(_) => (String::new(), "pkey"),
        ConstraintKind::Unique { .. } => (middle(columns), "key"),
        ConstraintKind::ForeignKey(_) => (middle(columns), "fkey"),
        // A check of several columns carries none of their names.
        ConstraintKind::Check(_) => (
            if columns.len() == 1 {
                middle(columns)
            } else {
                String::new()
            },
            "check",
        ),
        ConstraintKind::Other(_) => (String::new(), "excl"),
    };
    choose(table, &middle, label, |name| definition.is_taken(name))
}

fn second_key(table: &str, span: Span, first: Span) -> Diagnostic {
    Diagnostic::new(
        codes::DUPLICATE_TABLE,
        format!("`{table}` gets a second primary key"),
    )
    .at(span, "the second one")
    .at(first, "the first one")
    .help("make one of them `UNIQUE`, or one primary key of all the columns")
}

/// Whether the columns of a key exist, each once; reports those that do not.
fn key_columns(table: &TableDef, columns: &[Name], diagnostics: &mut Diagnostics) -> bool {
    let mut sound = true;
    for (index, name) in columns.iter().enumerate() {
        if columns
            .iter()
            .take(index)
            .any(|earlier| earlier.value == name.value)
        {
            diagnostics.push(
                Diagnostic::new(
                    codes::DUPLICATE_TABLE,
                    format!("the key lists `{}` twice", name.value),
                )
                .at(name.span, "listed before")
                .help("remove it here"),
            );
            sound = false;
        } else if table.column(&name.value).is_none() {
            sound = false;
            report_missing(table, name, diagnostics);
        }
    }
    sound
}

fn report_missing(table: &TableDef, name: &Name, diagnostics: &mut Diagnostics) {
    if table.incomplete {
        return;
    }
    let columns = table.columns.iter().map(|column| column.name.value.as_str());
    diagnostics.push(
        Diagnostic::new(
            codes::UNKNOWN_REFERENCE,
            format!(
                "the key names `{}`, which `{}` does not have",
                name.value, table.name.value
            ),
        )
        .at(name.span, "no such column")
        .did_you_mean(nearest(&name.value, columns)),
    );
}

/// Completes what a foreign key points at; false when it points at nothing.
fn point(
    definition: &Definition,
    own: &TableDef,
    key: &mut Reference,
    span: Span,
    diagnostics: &mut Diagnostics,
) -> bool {
    if key.schema.is_some() {
        return true;
    }
    let Some(target) = definition.table(&key.table.value) else {
        if !definition.opaque {
            diagnostics.push(missing_table(definition, key));
        }
        return false;
    };
    if key.references.is_empty() {
        key.references = target.primary_key().to_vec();
        if key.references.is_empty() {
            if !target.incomplete {
                diagnostics.push(no_key(target, key.table.span, "has no primary key"));
            }
            return false;
        }
    } else if !key_columns(target, &key.references, diagnostics) {
        return false;
    }
    if key.references.len() != key.columns.len() {
        let counts = format!(
            "{} column(s) point at {}",
            key.columns.len(),
            key.references.len()
        );
        diagnostics.push(
            Diagnostic::new(
                codes::UNKNOWN_REFERENCE,
                format!("the foreign key does not fit: {counts}"),
            )
            .at(span, counts)
            .help(format!(
                "list as many columns of `{}` as of `{}`",
                target.name.value, own.name.value
            )),
        );
        return false;
    }
    if !target.is_unique(&key.references) && !target.incomplete {
        diagnostics.push(no_key(
            target,
            key.table.span,
            "has no unique key of exactly these columns",
        ));
        return false;
    }
    true
}

fn missing_table(definition: &Definition, key: &Reference) -> Diagnostic {
    let name = &key.table.value;
    let tables = definition.tables.iter().map(|table| table.name.value.as_str());
    Diagnostic::new(
        codes::UNKNOWN_REFERENCE,
        format!("the foreign key points at `{name}`, which does not exist"),
    )
    .at(key.table.span, "no statement before this one makes it")
    .note("a table must be made before others can refer to it")
    .did_you_mean(nearest(name, tables))
    .help(format!("move `CREATE TABLE {name}` before this statement"))
}

fn no_key(target: &TableDef, span: Span, why: &str) -> Diagnostic {
    let table = &target.name.value;
    Diagnostic::new(
        codes::UNKNOWN_REFERENCE,
        format!("the foreign key points at `{table}`, which {why}"),
    )
    .at(span, why)
    .note("a foreign key must point at exactly one row")
    .help(format!(
        "point at the primary key of `{table}`, or add `UNIQUE` there"
    ))
}

/// Whether every column that an expression reads exists; reports those that do not.
pub(crate) fn unknown_columns(table: &TableDef, expr: &SqlExpr, diagnostics: &mut Diagnostics) -> bool {
    let mut sound = true;
    for (name, span) in expr.columns() {
        if table.column(name).is_none() {
            sound = false;
            if !table.incomplete {
                diagnostics.push(unknown_column(table, name, span));
            }
        }
    }
    sound
}

/// A fault about a column that a table does not have.
pub(crate) fn unknown_column(table: &TableDef, name: &str, span: Span) -> Diagnostic {
    let columns: Vec<&str> = table
        .columns
        .iter()
        .map(|column| column.name.value.as_str())
        .collect();
    Diagnostic::new(
        codes::UNKNOWN_COLUMN,
        format!("`{}` has no column `{name}`", table.name.value),
    )
    .at(span, "no such column")
    .note(format!("its columns are {}", columns.join(", ")))
    .did_you_mean(nearest(name, columns.iter().copied()))
}

/// Reports unknown columns in `GENERATED ALWAYS AS (…)`.
pub(crate) fn check_generated(
    definition: &Definition,
    table: &str,
    column: &ColumnDef,
    diagnostics: &mut Diagnostics,
) {
    if let (Some(Generated::Stored(value)), Some(table)) = (&column.generated, definition.table(table)) {
        unknown_columns(table, &value.expr, diagnostics);
    }
}
