//! The record of applied migrations.
//!
//! Role: the table, its rows, and what bears a reserved name.
//! Invariant: reading never changes the database; a database without the table has no records.
//! Not here: deciding what to apply.

use backflow_engine::migrations::Record;
use rusqlite::{Connection, OptionalExtension, Result};

/// The table.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS \"_backflow_migrations\" (
    \"name\" TEXT PRIMARY KEY NOT NULL,
    \"checksum\" TEXT NOT NULL,
    \"applied_at\" TEXT NOT NULL
) STRICT, WITHOUT ROWID";

/// All rows, by name.
pub(super) fn read(connection: &Connection) -> Result<Vec<Record>> {
    let exists = connection
        .query_row(
            "SELECT 1 FROM sqlite_schema WHERE name = '_backflow_migrations'",
            [],
            |_row| Ok(()),
        )
        .optional()?;
    if exists.is_none() {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare(
        "SELECT \"name\", \"checksum\", \"applied_at\" FROM \"_backflow_migrations\" ORDER BY \"name\"",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Record {
            name: row.get(0)?,
            checksum: row.get(1)?,
            at: row.get(2)?,
        })
    })?;
    rows.collect()
}

/// Records a file as applied now.
pub(super) fn write(connection: &Connection, name: &str, checksum: &str) -> Result<()> {
    connection
        .execute(
            "INSERT INTO \"_backflow_migrations\"
             VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now'))",
            [name, checksum],
        )
        .map(drop)
}

/// Everything with a reserved name, and how it was made.
pub(super) fn reserved(connection: &Connection) -> Result<Vec<(String, Option<String>)>> {
    let mut statement = connection.prepare(
        "SELECT name, sql FROM sqlite_schema WHERE substr(lower(name), 1, 10) = '_backflow_' ORDER BY name",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
