//! The rows of all tenants, as text.

use super::{Fixture, Marks};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use std::collections::BTreeMap;
use std::fmt::Write;

/// All rows of a database.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// By the key of the tenant they belong to; without one, under "".
    pub(super) by_owner: BTreeMap<String, String>,
    /// How many rows point at a row of another tenant.
    pub(super) crossing: i64,
}

/// Puts the fixture's rows in place of all that is there.
///
/// # Panics
/// When the rows do not fit the project's tables.
pub fn reset(database: &Connection, fixture: &Fixture, marks: &[Marks]) {
    let mut script = String::from("PRAGMA foreign_keys=OFF; BEGIN IMMEDIATE;");
    for (table, _) in fixture.tables {
        write!(script, "DELETE FROM {table};").expect("text grows");
    }
    script.push_str(fixture.common);
    for mark in marks {
        script.push_str(&(fixture.rows)(*mark));
        let before = mark.tenant.checked_sub(1).unwrap_or(marks.len() - 1);
        script.push_str(&(fixture.members)(*mark, Marks::new(before)));
        let next = Marks::new((mark.tenant + 1) % marks.len());
        script.push_str(&(fixture.crossing)(*mark, next));
    }
    script.push_str("COMMIT; PRAGMA foreign_keys=ON;");
    database.execute_batch(&script).expect("the fixture's rows fit");
}

/// Reads all rows.
pub(super) fn all(database: &Connection, fixture: &Fixture) -> Rows {
    let mut rows = Rows::default();
    for (table, owner) in fixture.tables {
        let query = format!("SELECT coalesce(({owner}), ''), r.* FROM {table} AS r ORDER BY 1, 2, 3");
        let mut statement = database.prepare(&query).expect("the fixture's tables are there");
        let width = statement.column_count();
        let mut found = statement.query([]).expect("the rows are readable");
        while let Some(row) = found.next().expect("a row") {
            let owner: String = row.get(0).expect("an owner");
            let text = rows.by_owner.entry(owner).or_default();
            write!(text, "{table}").expect("text grows");
            for column in 1..width {
                match row.get_ref(column).expect("a cell") {
                    ValueRef::Null => text.push_str(" | null"),
                    ValueRef::Integer(n) => write!(text, " | {n}").expect("text grows"),
                    ValueRef::Real(x) => write!(text, " | {x}").expect("text grows"),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                        write!(text, " | {}", String::from_utf8_lossy(bytes)).expect("text grows");
                    }
                }
            }
            text.push('\n');
        }
    }
    for query in fixture.links {
        rows.crossing += database
            .query_row(query, [], |row| row.get::<_, i64>(0))
            .expect("a count");
    }
    rows
}
