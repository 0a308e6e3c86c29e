//! The table of the directory of users, which no migration makes.
//!
//! Invariant: running it again changes nothing.
//! Not here: what is written into it; the planner makes that statement.

use crate::ir::Dialect;
use backflow_catalog::{ColumnType, Table};

/// The statements that make the directory's table if it is not there.
///
/// Its columns are uuids, texts and instants; on SQLite all three are kept as canonical text.
#[must_use]
pub fn directory(table: &Table, dialect: Dialect) -> Vec<String> {
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let mut parts: Vec<String> = Vec::new();
    for column in &table.columns {
        let not_null = if column.not_null { " NOT NULL" } else { "" };
        let ty = type_name(&column.ty, dialect);
        parts.push(format!("{} {ty}{not_null}", quoted(&column.name)));
    }
    let key: Vec<String> = table
        .primary_key
        .iter()
        .filter_map(|column| table.columns.get(usize::from(column.0)))
        .map(|column| quoted(&column.name))
        .collect();
    parts.push(format!("PRIMARY KEY ({})", key.join(", ")));
    let options = match dialect {
        Dialect::Sqlite => " STRICT, WITHOUT ROWID",
        Dialect::Postgres => "",
    };
    let name = quoted(&table.name);
    vec![format!(
        "CREATE TABLE IF NOT EXISTS {name} ({}){options}",
        parts.join(", ")
    )]
}

fn type_name(ty: &ColumnType, dialect: Dialect) -> &'static str {
    match (dialect, ty) {
        (Dialect::Sqlite, _) => "TEXT",
        (Dialect::Postgres, ColumnType::Uuid) => "uuid",
        (Dialect::Postgres, ColumnType::TimestampTz) => "timestamptz",
        (Dialect::Postgres, _) => "text",
    }
}
