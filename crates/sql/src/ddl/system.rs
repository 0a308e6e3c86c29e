//! Tables of our own, which no migration makes: the directory of users, the journal of runs.
//!
//! Invariant: running the statements again changes nothing.
//! Not here: what is written into them; the planner makes those statements.

use crate::ir::Dialect;
use backflow_catalog::{ColumnId, ColumnType, Table};

/// How long rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// They lie in the tree of their key.
    Short,
    /// A kilobyte or more: in a tree of a key they would hardly share a page. They lie in the order in which they came,
    /// and PostgreSQL neither compresses them nor takes them apart as long as they fit a page. On SQLite their key is an index
    /// made apart, so that a table that was made with another key has it, too.
    Long,
}

/// The text that makes a table, its keys and its indexes if they are not there.
///
/// Columns are uuids, texts, instants and whole numbers; on SQLite all but numbers are kept as canonical text. An index
/// that is partial has no entry for rows in which its last column is NULL.
#[must_use]
pub fn system(table: &Table, rows: Rows, dialect: Dialect) -> String {
    let mut parts: Vec<String> = Vec::new();
    for column in &table.columns {
        let not_null = if column.not_null { " NOT NULL" } else { "" };
        let ty = type_name(&column.ty, dialect);
        parts.push(format!("{} {ty}{not_null}", quoted(&column.name)));
    }
    let key = names(table, &table.primary_key);
    let is_apart = (dialect, rows) == (Dialect::Sqlite, Rows::Long);
    if !is_apart {
        parts.push(format!("PRIMARY KEY ({key})"));
    }
    for unique in &table.uniques {
        parts.push(format!("UNIQUE ({})", names(table, &unique.columns)));
    }
    let options = match (dialect, rows) {
        (Dialect::Sqlite, Rows::Short) => " STRICT, WITHOUT ROWID",
        (Dialect::Sqlite, Rows::Long) => " STRICT",
        (Dialect::Postgres, Rows::Short) => "",
        (Dialect::Postgres, Rows::Long) => " WITH (toast_tuple_target = 8160)",
    };
    let name = quoted(&table.name);
    let mut text = format!(
        "CREATE TABLE IF NOT EXISTS {name} ({}){options}",
        parts.join(", ")
    );
    if is_apart {
        let index = quoted(&format!("{}_key", table.name));
        text.push_str(&format!(
            "; CREATE UNIQUE INDEX IF NOT EXISTS {index} ON {name} ({key})"
        ));
    }
    for index in &table.indexes {
        let filter = match index.columns.last() {
            Some(last) if index.partial => format!(" WHERE {} IS NOT NULL", names(table, &[*last])),
            _ => String::new(),
        };
        let (index, columns) = (quoted(&index.name), names(table, &index.columns));
        text.push_str(&format!(
            "; CREATE INDEX IF NOT EXISTS {index} ON {name} ({columns}){filter}"
        ));
    }
    text
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn names(table: &Table, columns: &[ColumnId]) -> String {
    let columns = columns
        .iter()
        .filter_map(|column| table.columns.get(usize::from(column.0)))
        .map(|column| quoted(&column.name));
    columns.collect::<Vec<_>>().join(", ")
}

fn type_name(ty: &ColumnType, dialect: Dialect) -> &'static str {
    match (dialect, ty) {
        (Dialect::Sqlite, ty) if ty.is_integer() => "INTEGER",
        (Dialect::Sqlite, _) => "TEXT",
        (Dialect::Postgres, ColumnType::Uuid) => "uuid",
        (Dialect::Postgres, ColumnType::TimestampTz) => "timestamptz",
        (Dialect::Postgres, ty) if ty.is_integer() => "bigint",
        (Dialect::Postgres, _) => "text",
    }
}
