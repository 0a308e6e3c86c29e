//! Drops, renames and changes of columns.
//!
//! Role: the rest of [`Definition::apply`].
//! Invariant: nothing is left that refers to a dropped thing or by an old name.
//! Not here: making things.

use super::apply::{index_position, twice};
use super::ast::{ColumnChange, ConstraintKind, Ddl, Generated, Name};
use super::definition::{Definition, TableDef, is_named};
use super::keys;
use backflow_diag::{Diagnostic, Diagnostics, codes, nearest};

/// Applies the statements that change or remove what exists.
pub(crate) fn apply(definition: &mut Definition, ddl: &Ddl, diagnostics: &mut Diagnostics) {
    match ddl {
        Ddl::DropTable {
            table,
            if_exists: true,
            ..
        } if definition.table(&table.value).is_none() => {}
        Ddl::DropTable {
            table,
            cascade,
            together,
            ..
        } if definition.known(table, diagnostics) => {
            drop_table(definition, table, (*cascade, together), diagnostics);
        }
        Ddl::DropIndex { index, if_exists } => drop_index(definition, index, *if_exists, diagnostics),
        Ddl::RenameIndex { index, to, if_exists } => {
            if let Some(name) = find_index(definition, index, *if_exists, diagnostics) {
                *name = to.clone();
            }
        }
        Ddl::DropColumn {
            table,
            column,
            if_exists,
            cascade,
        } if definition.known(table, diagnostics) => {
            drop_column(
                definition,
                &table.value,
                column,
                (*if_exists, *cascade),
                diagnostics,
            );
        }
        Ddl::DropConstraint {
            table,
            constraint,
            if_exists,
        } if definition.known(table, diagnostics) => {
            drop_constraint(definition, &table.value, constraint, *if_exists, diagnostics);
        }
        Ddl::RenameTable { table, to } if definition.known(table, diagnostics) => {
            rename_table(definition, &table.value, to, diagnostics);
        }
        Ddl::RenameColumn { table, column, to } if definition.known(table, diagnostics) => {
            rename_column(definition, &table.value, column, to, diagnostics);
        }
        Ddl::RenameConstraint {
            table,
            constraint,
            to,
        } if definition.known(table, diagnostics) => {
            if let Some(table) = definition.table_mut(&table.value) {
                rename_constraint(table, constraint, to, diagnostics);
            }
        }
        Ddl::AlterColumn {
            table,
            column,
            change,
        } if definition.known(table, diagnostics) => {
            if let Some(table) = definition.table_mut(&table.value) {
                alter_column(table, column, change, diagnostics);
            }
        }
        _ => {}
    }
}

fn in_use(what: &str, name: &Name, by: &str) -> Diagnostic {
    Diagnostic::new(
        codes::UNKNOWN_REFERENCE,
        format!("{what} `{}` is still referred to by `{by}`", name.value),
    )
    .at(name.span, format!("`{by}` refers to it"))
    .help("drop what refers to it first, or add `CASCADE`")
}

fn missing(what: &str, name: &Name, known: Vec<&str>) -> Diagnostic {
    Diagnostic::new(
        codes::UNKNOWN_REFERENCE,
        format!("there is no {what} `{}`", name.value),
    )
    .at(name.span, "does not exist")
    .did_you_mean(nearest(&name.value, known))
}

fn drop_table(
    definition: &mut Definition,
    table: &Name,
    (cascade, together): (bool, &[String]),
    diagnostics: &mut Diagnostics,
) {
    let user = definition
        .referrers(&table.value)
        .map(|(by, _)| by)
        .find(|by| !together.iter().any(|t| t == by));
    if let Some(by) = user.filter(|_| !cascade) {
        diagnostics.push(in_use("the table", table, by));
        return;
    }
    definition.tables.retain(|known| known.name.value != table.value);
    drop_keys_to(definition, &table.value, |_| true);
}

/// Removes foreign keys to a table that list a column for which `hit` holds.
fn drop_keys_to(definition: &mut Definition, target: &str, hit: impl Fn(&str) -> bool) {
    for table in &mut definition.tables {
        table.constraints.retain(|constraint| match &constraint.kind {
            ConstraintKind::ForeignKey(key) if key.schema.is_none() && key.table.value == target => {
                !key.references.iter().any(|column| hit(&column.value))
            }
            _ => true,
        });
    }
}

fn find_index<'a>(
    definition: &'a mut Definition,
    index: &Name,
    if_exists: bool,
    diagnostics: &mut Diagnostics,
) -> Option<&'a mut Name> {
    if definition.table_of_index(&index.value).is_none() {
        if !if_exists && !definition.opaque {
            let all = definition.tables.iter().flat_map(|table| &table.indexes);
            let known = all
                .filter_map(|index| index.name.as_ref())
                .map(|name| name.value.as_str())
                .collect();
            diagnostics.push(missing("index", index, known));
        }
        return None;
    }
    let all = definition.tables.iter_mut().flat_map(|table| &mut table.indexes);
    all.filter_map(|known| known.name.as_mut())
        .find(|name| name.value == index.value)
}

fn drop_index(definition: &mut Definition, index: &Name, if_exists: bool, diagnostics: &mut Diagnostics) {
    if find_index(definition, index, if_exists, diagnostics).is_none() {
        return;
    }
    for table in &mut definition.tables {
        if let Some(at) = index_position(table, &index.value) {
            table.indexes.remove(at);
        }
    }
}

/// The column's position; reports it if there is none.
fn find_column(table: &TableDef, column: &Name, diagnostics: &mut Diagnostics) -> Option<usize> {
    let at = table
        .columns
        .iter()
        .position(|known| known.name.value == column.value);
    if at.is_none() && !table.incomplete {
        diagnostics.push(keys::unknown_column(table, &column.value, column.span));
    }
    at
}

fn drop_column(
    definition: &mut Definition,
    table: &str,
    column: &Name,
    (if_exists, cascade): (bool, bool),
    diagnostics: &mut Diagnostics,
) {
    let Some(found) = definition.table(table) else {
        return;
    };
    if if_exists && found.column(&column.value).is_none() {
        return;
    }
    let Some(at) = find_column(found, column, diagnostics) else {
        return;
    };
    let name = column.value.as_str();
    let outside = definition
        .referrers(table)
        .find(|(_, key)| key.references.iter().any(|reference| reference.value == name))
        .map(|(by, _)| by);
    let inside = found
        .columns
        .iter()
        .find(|other| computes_from(other.generated.as_ref(), name));
    if let Some(by) = outside
        .filter(|_| !cascade)
        .or(inside.map(|other| other.name.value.as_str()))
    {
        diagnostics.push(in_use("the column", column, by));
        return;
    }
    drop_keys_to(definition, table, |reference| reference == name);
    let Some(found) = definition.table_mut(table) else {
        return;
    };
    found.columns.remove(at);
    found
        .constraints
        .retain(|constraint| !constraint.kind.columns().contains(&name));
    found.indexes.retain(|index| {
        let mut exprs = index.parts.iter().map(|part| &part.value).chain(&index.predicate);
        !exprs.any(|text| text.expr.columns().iter().any(|(used, _)| *used == name))
    });
}

fn computes_from(generated: Option<&Generated>, column: &str) -> bool {
    match generated {
        Some(Generated::Stored(value)) => value.expr.columns().iter().any(|(used, _)| *used == column),
        _ => false,
    }
}

fn drop_constraint(
    definition: &mut Definition,
    table: &str,
    constraint: &Name,
    if_exists: bool,
    diagnostics: &mut Diagnostics,
) {
    let Some(found) = definition.table(table) else {
        return;
    };
    let at = found
        .constraints
        .iter()
        .position(|known| is_named(known.name.as_ref(), &constraint.value));
    let Some(at) = at else {
        if !if_exists && !found.incomplete && !definition.opaque {
            diagnostics.push(missing("constraint", constraint, constraint_names(found)));
        }
        return;
    };
    let mut without = found.clone();
    without.constraints.remove(at);
    let user = definition
        .referrers(table)
        .find(|(_, key)| found.is_unique(&key.references) && !without.is_unique(&key.references));
    if let Some((by, _)) = user {
        diagnostics.push(in_use("the key", constraint, by));
        return;
    }
    if let Some(found) = definition.table_mut(table) {
        *found = without;
    }
}

fn constraint_names(table: &TableDef) -> Vec<&str> {
    table
        .constraints
        .iter()
        .filter_map(|known| known.name.as_ref())
        .map(|name| name.value.as_str())
        .collect()
}

fn rename_constraint(table: &mut TableDef, constraint: &Name, to: &Name, diagnostics: &mut Diagnostics) {
    if table.constraint(&constraint.value).is_none() {
        if !table.incomplete {
            diagnostics.push(missing("constraint", constraint, constraint_names(table)));
        }
        return;
    }
    for known in &mut table.constraints {
        if is_named(known.name.as_ref(), &constraint.value) {
            known.name = Some(to.clone());
        }
    }
}

fn rename_table(definition: &mut Definition, table: &str, to: &Name, diagnostics: &mut Diagnostics) {
    if let Some(first) = definition.table(&to.value) {
        diagnostics.push(twice("the table", to, &first.name));
        return;
    }
    for other in &mut definition.tables {
        if other.name.value == table {
            other.name = to.clone();
            for index in &mut other.indexes {
                index.table.value.clone_from(&to.value);
            }
        }
        for constraint in &mut other.constraints {
            if let ConstraintKind::ForeignKey(key) = &mut constraint.kind
                && key.schema.is_none()
                && key.table.value == table
            {
                key.table.value.clone_from(&to.value);
            }
        }
    }
}

fn rename_column(
    definition: &mut Definition,
    table: &str,
    column: &Name,
    to: &Name,
    diagnostics: &mut Diagnostics,
) {
    let Some(found) = definition.table_mut(table) else {
        return;
    };
    let Some(at) = find_column(found, column, diagnostics) else {
        return;
    };
    if let Some(first) = found.column(&to.value) {
        diagnostics.push(twice("the column", to, &first.name));
        return;
    }
    let (from, new) = (column.value.as_str(), to.value.as_str());
    if let Some(column) = found.columns.get_mut(at) {
        column.name = to.clone();
    }
    for column in &mut found.columns {
        if let Some(Generated::Stored(value)) = &mut column.generated {
            value.expr.rename(from, new);
        }
    }
    for index in &mut found.indexes {
        for text in index
            .parts
            .iter_mut()
            .map(|part| &mut part.value)
            .chain(&mut index.predicate)
        {
            text.expr.rename(from, new);
        }
    }
    for other in &mut definition.tables {
        let own = other.name.value == table;
        for constraint in &mut other.constraints {
            rename_in(&mut constraint.kind, own, table, (from, new));
        }
    }
}

/// Renames a column of `table` in a constraint of this table (`own`) or another.
fn rename_in(kind: &mut ConstraintKind, own: bool, table: &str, (from, to): (&str, &str)) {
    let rename = |names: &mut Vec<Name>| {
        for name in names.iter_mut().filter(|name| name.value == from) {
            to.clone_into(&mut name.value);
        }
    };
    match kind {
        ConstraintKind::PrimaryKey(columns) | ConstraintKind::Unique { columns, .. } if own => {
            rename(columns)
        }
        ConstraintKind::Check(check) if own => check.expr.rename(from, to),
        ConstraintKind::ForeignKey(key) => {
            if own {
                rename(&mut key.columns);
            }
            if key.schema.is_none() && key.table.value == table {
                rename(&mut key.references);
            }
        }
        _ => {}
    }
}

fn alter_column(table: &mut TableDef, column: &Name, change: &ColumnChange, diagnostics: &mut Diagnostics) {
    let Some(at) = find_column(table, column, diagnostics) else {
        return;
    };
    let Some(found) = table.columns.get_mut(at) else {
        return;
    };
    match change {
        ColumnChange::SetDefault(value) => found.default = Some(value.clone()),
        ColumnChange::DropDefault => found.default = None,
        ColumnChange::SetNotNull => found.not_null = true,
        ColumnChange::DropNotNull => found.not_null = false,
        ColumnChange::SetType { ty, .. } => found.ty = ty.clone(),
        ColumnChange::Generated(generated) => {
            found.not_null |= matches!(generated, Some(Generated::Identity { .. }));
            found.generated.clone_from(generated);
        }
    }
}
