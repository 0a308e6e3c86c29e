//! Where the database differs from the files.
//!
//! Role: compares what the files say with what lives, as far as the statements of a plan use it.
//! Input: the schema of the files, the live catalog, the texts of all statements. Output: diagnostics.
//! Invariant: what no statement names is not compared; nor is a table that statements which are not modelled
//! may have changed, since what lives is taken for it.
//! Not here: applying migrations; triggers, functions and defaults, which are the author's business.

mod said;
mod used;

#[cfg(test)]
mod tests;

use crate::introspect::Live;
use backflow_catalog::{Catalog, Column, ColumnId, ColumnType, Schema, Table, TableId, TableKind};
use backflow_diag::Diagnostics;
use said::{Difference, Side};
use used::Used;

/// Reports every difference. `statements` are texts of finished statements, whose names are all quoted.
pub fn drift<'s>(
    schema: &Schema,
    live: &Catalog,
    statements: impl IntoIterator<Item = &'s str>,
    out: &mut Diagnostics,
) {
    let used = Used::of(&schema.catalog, statements);
    let changes_types = schema.changes_types();
    for id in schema.catalog.table_ids() {
        if !used.table(id) || schema.touched.contains(&id) {
            continue;
        }
        let files = Side {
            catalog: &schema.catalog,
            table: schema.catalog.table(id),
        };
        let Some(found) = live.find(&files.table.name) else {
            out.push(Difference::Table.told(&files));
            continue;
        };
        let live = Side {
            catalog: live,
            table: live.table(found),
        };
        columns(&files, &live, &used.columns(id), changes_types, out);
        if live.table.kind != TableKind::View {
            keys(&files, &live, (&used, id), out);
        }
    }
}

/// Warns about tables whose rows a policy hides from us, if a statement uses them.
pub fn hidden_rows<'s>(
    catalog: &Catalog,
    live: &Live,
    statements: impl IntoIterator<Item = &'s str>,
    out: &mut Diagnostics,
) {
    let used = Used::of(catalog, statements);
    for id in catalog.table_ids().filter(|id| used.table(*id)) {
        let table = catalog.table(id);
        if live.veiled.contains(&table.name) {
            out.push(said::veiled(table));
        }
    }
}

fn columns(files: &Side<'_>, live: &Side<'_>, used: &[ColumnId], changes_types: bool, out: &mut Diagnostics) {
    for id in used {
        let declared = files.column(*id);
        let Some(found) = live.table.column(&declared.name).map(|id| live.column(id)) else {
            out.push(Difference::Column(declared).told(files));
            continue;
        };
        if !same_type((&declared.ty, files), (&found.ty, live), changes_types) {
            out.push(Difference::Type(declared, live.type_name(&found.ty)).told(files));
        }
        // A view does not say what may be NULL.
        if declared.not_null != found.not_null && live.table.kind != TableKind::View {
            out.push(Difference::Null(declared).told(files));
        }
    }
}

/// Whether a value of one type is one of the other. What only the database knows is as the database says.
fn same_type(
    declared: (&ColumnType, &Side<'_>),
    found: (&ColumnType, &Side<'_>),
    changes_types: bool,
) -> bool {
    match (declared.0, found.0) {
        (ColumnType::Other(_), _) => true,
        (ColumnType::Enum(_), _) if changes_types => true,
        (ColumnType::Array(one), ColumnType::Array(other)) => {
            same_type((one, declared.1), (other, found.1), changes_types)
        }
        (ColumnType::Enum(one), ColumnType::Enum(other)) => {
            let (one, other) = (declared.1.enum_type(*one), found.1.enum_type(*other));
            let labels = |(one, other): (&backflow_catalog::EnumType, &backflow_catalog::EnumType)| {
                one.name == other.name && one.labels.iter().all(|label| other.labels.contains(label))
            };
            one.zip(other).is_some_and(labels)
        }
        (one, other) => one == other,
    }
}

fn keys(files: &Side<'_>, live: &Side<'_>, (used, id): (&Used, TableId), out: &mut Diagnostics) {
    let columns = used.columns(id);
    let is_used = |key: &[ColumnId]| !key.is_empty() && key.iter().all(|column| columns.contains(column));
    let primary = files.table.primary_key.as_slice();
    if is_used(primary) && !has_key(live.table, &files.names(primary)) {
        out.push(Difference::Key(primary, "PRIMARY KEY").told(files));
    }
    for key in &files.table.uniques {
        if is_used(&key.columns) && !has_key(live.table, &files.names(&key.columns)) {
            out.push(Difference::Key(&key.columns, "UNIQUE").told(files));
        }
    }
    for key in &files.table.foreign_keys {
        let names = files.names(&key.columns);
        let target = Side {
            catalog: files.catalog,
            table: files.catalog.table(key.table),
        };
        let references = target.names(&key.references);
        let known = live.table.foreign_keys.iter().any(|found| {
            let there = Side {
                catalog: live.catalog,
                table: live.catalog.table(found.table),
            };
            there.table.name == target.table.name
                && same_pairs(
                    (&names, &references),
                    (&live.names(&found.columns), &there.names(&found.references)),
                )
        });
        if !known && used.table(key.table) && is_used(&key.columns) {
            out.push(Difference::Reference(key).told(files));
        }
    }
}

fn has_key(table: &Table, names: &[&str]) -> bool {
    let ids: Option<Vec<ColumnId>> = names.iter().map(|name| table.column(name)).collect();
    // Columns that are missing have been told.
    ids.is_none_or(|ids| table.is_unique(&ids))
}

/// Whether two keys pair the same columns, in whatever order.
fn same_pairs(one: (&[&str], &[&str]), other: (&[&str], &[&str])) -> bool {
    let pairs = |(columns, references): (&[&str], &[&str])| {
        let mut pairs: Vec<(String, String)> = columns
            .iter()
            .zip(references)
            .map(|(column, reference)| ((*column).to_owned(), (*reference).to_owned()))
            .collect();
        pairs.sort();
        pairs
    };
    pairs(one) == pairs(other)
}

impl<'a> Side<'a> {
    fn column(&self, id: ColumnId) -> &'a Column {
        self.table
            .columns
            .get(usize::from(id.0))
            .expect("invariant: a ColumnId comes from its table")
    }

    fn names(&self, ids: &[ColumnId]) -> Vec<&'a str> {
        ids.iter().map(|id| self.column(*id).name.as_str()).collect()
    }
}
