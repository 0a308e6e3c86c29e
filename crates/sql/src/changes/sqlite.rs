//! The log of changes on SQLite.
//!
//! Invariant: numbers of entries are never used twice, so a token stays good after entries were forgotten.
//! Not here: PostgreSQL.

use super::{Change, Trigger, literal, named, quoted};

pub(super) const LOG: &str = "CREATE TABLE IF NOT EXISTS \"_backflow_changes\" (\"id\" INTEGER PRIMARY KEY \
    AUTOINCREMENT, \"name\" TEXT NOT NULL, \"tenant\" TEXT) STRICT";

pub(super) const SINCE: &str = "SELECT n.\"next\", l.\"name\", l.\"tenant\" FROM (SELECT CAST(coalesce((SELECT seq \
    FROM sqlite_sequence WHERE name = '_backflow_changes'), 0) AS TEXT) AS \"next\") AS n LEFT JOIN (SELECT DISTINCT \
    \"name\", \"tenant\" FROM \"_backflow_changes\" WHERE \"id\" > CAST(?1 AS INTEGER)) AS l ON true";

pub(super) const FORGET: &str = "DELETE FROM \"_backflow_changes\" WHERE \"id\" IN (SELECT \"id\" FROM \
    \"_backflow_changes\" WHERE \"id\" <= CAST(?1 AS INTEGER) ORDER BY \"id\" LIMIT 1000) RETURNING \"id\"";

/// Entries that a token does not hold.
pub(super) fn unseen(param: usize) -> String {
    format!("l.\"id\" > CAST(?{param} AS INTEGER)")
}

/// A trigger for each row.
pub(super) fn trigger(table: &str, tenant: Option<&str>, change: Change) -> Option<Trigger> {
    let log = |row: &str| {
        let tenant = tenant.map_or("NULL".to_owned(), |column| {
            format!("CAST({row}.{} AS TEXT)", quoted(column))
        });
        format!(
            "INSERT INTO \"_backflow_changes\" (\"name\", \"tenant\") SELECT {}, {tenant}",
            literal(table)
        )
    };
    let body = match (change, tenant) {
        (Change::Truncate, _) => return None,
        (Change::Insert, _) => log("NEW"),
        (Change::Delete, _) => log("OLD"),
        (Change::Update, None) => log("NEW"),
        (Change::Update, Some(column)) => {
            let column = quoted(column);
            format!(
                "{}; {} WHERE OLD.{column} IS NOT NEW.{column}",
                log("NEW"),
                log("OLD")
            )
        }
    };
    let name = named(change, &body);
    let make = format!(
        "CREATE TRIGGER IF NOT EXISTS {} AFTER {} ON {} BEGIN {body}; END",
        quoted(&name),
        change.word(),
        quoted(table)
    );
    Some(Trigger { name, make })
}
