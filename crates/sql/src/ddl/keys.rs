//! Keys over values that are written in several ways.
//!
//! Role: refuses unique keys that SQLite, which compares text, would judge otherwise than PostgreSQL; and foreign keys
//! whose actions gainsay each other.
//! Invariant: what a key holds apart or together is the same on both databases, or said here.
//! Not here: making keys; see `table`.

use super::fault::{instead, unsupported};
use super::quote::ident;
use super::script::{Change, Out};
use backflow_catalog::ColumnType;
use backflow_catalog::ddl::{Action, ConstraintKind, Definition, TableDef};
use backflow_diag::Span;

/// A column of a unique key whose equal values may be different texts: where the key is, and the column.
type Loose = (Span, String, ColumnType);

/// Looks at the unique keys that a statement makes, or whose columns it changes.
pub(super) fn of_many_spellings(change: &Change<'_>, out: &mut Out<'_>) {
    for table in &change.after.tables {
        let before = change.before.table(&table.name.value);
        if before == Some(table) {
            continue;
        }
        let known = before.map_or_else(Vec::new, |before| loose(change.before, before));
        for column in loose(change.after, table) {
            if !known.contains(&column) {
                report(&column, out);
            }
        }
    }
}

/// Looks at pairs of keys to one table of which one holds its rows, and the other takes those that refer to them along.
pub(super) fn at_odds(change: &Change<'_>, out: &mut Out<'_>) {
    for table in &change.after.tables {
        let before = change.before.table(&table.name.value);
        if before == Some(table) {
            continue;
        }
        let known = before.map_or_else(Vec::new, torn);
        for (span, target) in torn(table).into_iter().filter(|found| !known.contains(found)) {
            let why = "PostgreSQL goes by the order in which the keys were made, SQLite holds the rows first";
            let what = format!(
                "`ON DELETE RESTRICT` beside another key to {} that cascades",
                ident(&target)
            );
            let fault = unsupported(span, what, why);
            out.take::<()>(Err(instead(
                fault,
                "let both cascade, or neither; or say `SET NULL`",
            )));
        }
    }
}

/// Where a key restricts beside one that cascades, and the table that both lead to.
fn torn(table: &TableDef) -> Vec<(Span, String)> {
    let to = |action: Action| {
        table.constraints.iter().filter_map(move |one| match &one.kind {
            ConstraintKind::ForeignKey(key) if key.on_delete == action => {
                Some((one.span, key.table.value.clone()))
            }
            _ => None,
        })
    };
    let cascades: Vec<String> = to(Action::Cascade).map(|(_, target)| target).collect();
    to(Action::Restrict)
        .filter(|(_, target)| cascades.contains(target))
        .collect()
}

fn loose(definition: &Definition, table: &TableDef) -> Vec<Loose> {
    let constraints = table.constraints.iter().filter_map(|one| {
        let is_key = matches!(
            one.kind,
            ConstraintKind::PrimaryKey(_) | ConstraintKind::Unique { .. }
        );
        is_key.then(|| (one.span, one.kind.columns()))
    });
    let indexes = table.indexes.iter().filter(|index| index.unique).map(|index| {
        let columns = index.parts.iter().filter_map(|part| part.column()).collect();
        (index.table.span, columns)
    });
    let mut found = Vec::new();
    for (span, columns) in constraints.chain(indexes) {
        for name in columns {
            let Some(column) = table.column(name) else {
                continue;
            };
            let ty = definition.column_type(&column.ty);
            if other_text(&ty).is_some() {
                found.push((span, name.to_owned(), ty));
            }
        }
    }
    found
}

/// Two texts of one value of a type, for people.
fn other_text(ty: &ColumnType) -> Option<&'static str> {
    match ty {
        ColumnType::Numeric(None) => Some("`1.0` and `1.00` are one number"),
        ColumnType::Jsonb => Some("`{\"a\": 1.0}` and `{\"a\": 1.00}` are one value"),
        ColumnType::Array(item) => other_text(item),
        _ => None,
    }
}

fn report((span, name, ty): &Loose, out: &mut Out<'_>) {
    let why = format!(
        "{}, of which the key takes one; SQLite compares texts, and would take both",
        other_text(ty).unwrap_or_default()
    );
    let what = format!("a unique key over {}, which is {ty},", ident(name));
    let otherwise = match ty {
        ColumnType::Numeric(_) => "say how many digits there are behind the point, as in `numeric(12, 2)`",
        _ => "make the key over a column of its own",
    };
    out.take::<()>(Err(instead(unsupported(*span, what, why), otherwise)));
}
