//! The table of the directory of users, which no migration makes.
//!
//! Invariant: running it again changes nothing.
//! Not here: what is written into it; the planner makes that statement.

use crate::ir::Dialect;
use backflow_catalog::Table;

/// The statements that make the directory's table if it is not there.
///
/// Its columns are uuids, texts and instants; on SQLite all three are kept as canonical text.
#[must_use]
pub fn directory(table: &Table, dialect: Dialect) -> Vec<String> {
    let Dialect::Sqlite = dialect;
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let mut parts: Vec<String> = Vec::new();
    for column in &table.columns {
        let not_null = if column.not_null { " NOT NULL" } else { "" };
        parts.push(format!("{} TEXT{not_null}", quoted(&column.name)));
    }
    let key: Vec<String> = table
        .primary_key
        .iter()
        .filter_map(|column| table.columns.get(usize::from(column.0)))
        .map(|column| quoted(&column.name))
        .collect();
    parts.push(format!("PRIMARY KEY ({})", key.join(", ")));
    let name = quoted(&table.name);
    vec![format!(
        "CREATE TABLE IF NOT EXISTS {name} ({}) STRICT, WITHOUT ROWID",
        parts.join(", ")
    )]
}
