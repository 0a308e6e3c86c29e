//! `INSERT … VALUES` in SQLite's dialect.
//!
//! Output: one statement.
//! Invariant: every constant is in the canonical form of its column.
//! Not here: `INSERT … SELECT`, which only PostgreSQL runs.

use super::default::{constant, default};
use super::expr::Scope;
use super::fault::{Sql, instead, unsupported};
use super::quote::{ident, idents};
use super::script::Out;
use super::types::supported;
use backflow_catalog::ddl::{ColumnDef, Definition, ExprKind, Insert, SqlText};

/// Inserts constant rows.
pub(super) fn insert(definition: &Definition, insert: &Insert, out: &mut Out<'_>) {
    let Some(table) = definition.table(&insert.table.value) else {
        return;
    };
    let scope = Scope::new(definition, table);
    let columns: Vec<&ColumnDef> = if insert.columns.is_empty() {
        let widest = insert.rows.iter().map(Vec::len).max().unwrap_or(0);
        table.columns.iter().take(widest).collect()
    } else {
        insert
            .columns
            .iter()
            .filter_map(|name| table.column(&name.value))
            .collect()
    };
    let mut rows = Vec::new();
    for row in &insert.rows {
        if row.len() != columns.len() {
            let why = "the row has another number of values than the columns";
            let fault = unsupported(insert.table.span, "this row", why);
            out.take::<()>(Err(instead(fault, "list the columns")));
            continue;
        }
        let cells = row
            .iter()
            .zip(&columns)
            .filter_map(|(cell, column)| out.take(cell_sql(&scope, cell.as_ref(), column)));
        rows.push(format!("({})", cells.collect::<Vec<_>>().join(", ")));
    }
    let names = idents(columns.iter().map(|column| column.name.value.as_str()));
    let mut sql = format!(
        "INSERT INTO {} ({names}) VALUES {}",
        ident(&insert.table.value),
        rows.join(", ")
    );
    if let Some(target) = &insert.ignore_conflicts {
        let target = idents(target.iter().map(|name| name.value.as_str()));
        let target = if target.is_empty() {
            target
        } else {
            format!(" ({target})")
        };
        sql.push_str(&format!(" ON CONFLICT{target} DO NOTHING"));
    }
    out.push(sql);
}

fn cell_sql(scope: &Scope<'_>, cell: Option<&SqlText>, column: &ColumnDef) -> Sql {
    let ty = supported(scope.definition, &column.ty)?;
    let Some(cell) = cell else {
        let default = default(scope, column, &ty)?;
        return Ok(default.map_or_else(|| "NULL".to_owned(), |default| default.sql));
    };
    if matches!(cell.expr.kind, ExprKind::Raw) || !cell.expr.columns().is_empty() {
        let why = "only constants, `now()` and `gen_random_uuid()` are translated";
        return Err(instead(
            unsupported(cell.expr.span, "this value", why),
            "write the value out",
        ));
    }
    Ok(constant(scope, cell, &ty)?.map_or_else(|| "NULL".to_owned(), |value| value.sql))
}
