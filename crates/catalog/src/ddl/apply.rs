//! Statements change a definition.
//!
//! Role: [`Definition::apply`]; names are looked up, doubles and unknown names are reported.
//! Input: a statement. Output: the changed definition.
//! Invariant: a statement with a fault changes nothing, or only what is sound about it.
//! Not here: keys and checks (`keys`), renames and drops (`change`).

use super::ast::{ColumnDef, CreateIndex, CreateTable, Ddl, DdlStatement, Insert, Name};
use super::change;
use super::definition::{Definition, TableDef, is_named};
use super::keys::{self, unknown_columns};
use super::names::{choose, middle, part_names};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, codes, nearest};

impl Definition {
    /// Lets a statement take effect.
    pub fn apply(&mut self, statement: &DdlStatement, diagnostics: &mut Diagnostics) {
        match &statement.ddl {
            Ddl::CreateTable(create) => create_table(self, create, diagnostics),
            Ddl::CreateIndex(index) => create_index(self, index, diagnostics),
            Ddl::AddColumn {
                table,
                column,
                if_not_exists,
            } => {
                add_column(self, table, column, *if_not_exists, diagnostics);
            }
            Ddl::AddConstraint { table, constraint } => {
                if self.known(table, diagnostics) {
                    keys::add(self, &table.value, constraint, diagnostics);
                }
            }
            Ddl::CreateEnum { name, labels } => create_enum(self, name, labels, diagnostics),
            Ddl::AddEnumLabel {
                name,
                label,
                if_not_exists,
                neighbour,
            } => {
                let place = neighbour.as_ref().map(|(before, label)| (*before, label));
                add_label(self, name, (label, *if_not_exists), place, diagnostics);
            }
            Ddl::Insert(insert) => check_insert(self, insert, diagnostics),
            // What it may have done is noted when it is read; see `unmodelled`.
            Ddl::Other { .. } | Ddl::Comment | Ddl::Nothing | Ddl::Transaction => {}
            ddl => change::apply(self, ddl, diagnostics),
        }
    }

    /// Whether a table exists; reports it if not.
    pub(crate) fn known(&self, table: &Name, diagnostics: &mut Diagnostics) -> bool {
        let known = self.table(&table.value).is_some();
        if !known && !self.opaque {
            let tables = self.tables.iter().map(|table| table.name.value.as_str());
            diagnostics.push(
                Diagnostic::new(codes::UNKNOWN_TABLE, format!("unknown table `{}`", table.value))
                    .at(table.span, "no statement before this one makes it")
                    .did_you_mean(nearest(&table.value, tables))
                    .help("make it with `CREATE TABLE` in this file or an earlier one"),
            );
        }
        known
    }
}

/// A fault about something that exists already.
pub(crate) fn twice(what: &str, name: &Name, first: &Name) -> Diagnostic {
    let mut fault = Diagnostic::new(
        codes::DUPLICATE_TABLE,
        format!("{what} `{}` is made twice", name.value),
    )
    .at(name.span, "made again here");
    if first.span != name.span {
        fault = fault.at(first.span, "made first here");
    }
    fault.help("give one of them another name, or remove one")
}

fn create_table(definition: &mut Definition, create: &CreateTable, diagnostics: &mut Diagnostics) {
    if let Some(first) = definition.table(&create.table.value) {
        if !create.if_not_exists {
            diagnostics.push(twice("the table", &create.table, &first.name));
        }
        return;
    }
    let mut table = TableDef {
        name: create.table.clone(),
        columns: Vec::new(),
        constraints: Vec::new(),
        indexes: Vec::new(),
        incomplete: create.incomplete,
        triggers: false,
        touched: false,
    };
    for column in &create.columns {
        match table.column(&column.name.value) {
            Some(first) => diagnostics.push(twice("the column", &column.name, &first.name)),
            None => table.columns.push(column.clone()),
        }
    }
    definition.tables.push(table);
    // Foreign keys last: one may point at a key of this very table.
    let (foreign, own): (Vec<_>, Vec<_>) = create.constraints.iter().partition(|c| keys::is_foreign(c));
    for constraint in own.into_iter().chain(foreign) {
        keys::add(definition, &create.table.value, constraint, diagnostics);
    }
    for column in &create.columns {
        keys::check_generated(definition, &create.table.value, column, diagnostics);
    }
}

fn add_column(
    definition: &mut Definition,
    table: &Name,
    column: &ColumnDef,
    if_not_exists: bool,
    diagnostics: &mut Diagnostics,
) {
    if !definition.known(table, diagnostics) {
        return;
    }
    let Some(found) = definition.table_mut(&table.value) else {
        return;
    };
    if let Some(first) = found.column(&column.name.value) {
        if !if_not_exists {
            diagnostics.push(twice("the column", &column.name, &first.name));
        }
        return;
    }
    let mut plain = column.clone();
    let constraints = std::mem::take(&mut plain.constraints);
    found.columns.push(plain);
    for constraint in &constraints {
        keys::add(definition, &table.value, constraint, diagnostics);
    }
    keys::check_generated(definition, &table.value, column, diagnostics);
}

fn create_index(definition: &mut Definition, index: &CreateIndex, diagnostics: &mut Diagnostics) {
    if !definition.known(&index.table, diagnostics) {
        return;
    }
    if let Some(name) = index
        .name
        .as_ref()
        .filter(|name| definition.is_taken(&name.value))
    {
        let first = definition.table_of_index(&name.value).and_then(|table| {
            table
                .indexes
                .iter()
                .filter_map(|known| known.name.as_ref())
                .find(|known| known.value == name.value)
        });
        if !index.if_not_exists {
            diagnostics.push(twice("the name", name, first.unwrap_or(name)));
        }
        return;
    }
    let Some(table) = definition.table(&index.table.value) else {
        return;
    };
    let exprs = index.parts.iter().map(|part| &part.value).chain(&index.predicate);
    let mut sound = true;
    for text in exprs {
        sound &= unknown_columns(table, &text.expr, diagnostics);
    }
    if !sound {
        return;
    }
    let mut index = index.clone();
    if index.name.is_none() {
        let parts = part_names(&index.parts);
        let middle = middle(parts.iter().map(String::as_str));
        let name = choose(&index.table.value, &middle, "idx", |name| {
            definition.is_taken(name)
        });
        index.name = Some(Spanned::new(name, index.table.span));
    }
    if let Some(table) = definition.table_mut(&index.table.value) {
        table.indexes.push(index);
    }
}

fn create_enum(
    definition: &mut Definition,
    name: &Name,
    labels: &[Spanned<String>],
    diagnostics: &mut Diagnostics,
) {
    if definition.enums.iter().any(|known| known.name == name.value) {
        diagnostics.push(twice("the type", name, name));
        return;
    }
    let mut kept: Vec<&Spanned<String>> = Vec::new();
    for label in labels {
        match kept.iter().find(|known| known.value == label.value) {
            Some(first) => diagnostics.push(twice("the label", label, first)),
            None => kept.push(label),
        }
    }
    let labels = kept.into_iter().map(|label| label.value.clone()).collect();
    definition.enums.push(crate::model::EnumType {
        name: name.value.clone(),
        labels,
    });
}

fn add_label(
    definition: &mut Definition,
    name: &Name,
    (label, if_not_exists): (&Spanned<String>, bool),
    place: Option<(bool, &Spanned<String>)>,
    diagnostics: &mut Diagnostics,
) {
    let opaque = definition.opaque;
    let Some(index) = definition.enums.iter().position(|known| known.name == name.value) else {
        if !opaque {
            let known = definition.enums.iter().map(|known| known.name.as_str());
            diagnostics.push(
                Diagnostic::new(codes::UNKNOWN_TYPE, format!("unknown type `{}`", name.value))
                    .at(name.span, "no `CREATE TYPE … AS ENUM` before this makes it")
                    .did_you_mean(nearest(&name.value, known)),
            );
        }
        return;
    };
    let Some(ty) = definition.enums.get_mut(index) else {
        return;
    };
    if ty.labels.contains(&label.value) {
        if !if_not_exists {
            diagnostics.push(twice("the label", label, label));
        }
        return;
    }
    let at = place.and_then(|(before, neighbour)| {
        let at = ty.labels.iter().position(|known| *known == neighbour.value)?;
        Some(at + usize::from(!before))
    });
    match (at, place) {
        (None, Some((_, neighbour))) => diagnostics.push(
            Diagnostic::new(
                codes::UNKNOWN_REFERENCE,
                format!("`{}` has no label `{}`", ty.name, neighbour.value),
            )
            .at(neighbour.span, "not a label of this type")
            .did_you_mean(nearest(&neighbour.value, ty.labels.iter().map(String::as_str))),
        ),
        (at, _) => ty
            .labels
            .insert(at.unwrap_or(ty.labels.len()), label.value.clone()),
    }
}

fn check_insert(definition: &Definition, insert: &Insert, diagnostics: &mut Diagnostics) {
    if !definition.known(&insert.table, diagnostics) {
        return;
    }
    let Some(table) = definition.table(&insert.table.value) else {
        return;
    };
    for name in insert
        .columns
        .iter()
        .chain(insert.ignore_conflicts.iter().flatten())
    {
        if table.column(&name.value).is_none() && !table.incomplete {
            diagnostics.push(keys::unknown_column(table, &name.value, name.span));
        }
    }
}

/// The index of this name in a table.
pub(crate) fn index_position(table: &TableDef, name: &str) -> Option<usize> {
    table
        .indexes
        .iter()
        .position(|index| is_named(index.name.as_ref(), name))
}
