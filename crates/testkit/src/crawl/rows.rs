//! The rows of all tenants, as text.

use super::{Fixture, Marks};
use crate::probe::Probe;
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
pub fn reset(database: &Probe, fixture: &Fixture, marks: &[Marks]) {
    let mut script = String::new();
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
    database.execute_unchecked(&script);
}

/// A text that is another one after any row changed.
pub(super) fn fingerprint(database: &Probe, fixture: &Fixture) -> String {
    if !database.is_postgres() {
        return format!("{:?}", all(database, fixture).by_owner);
    }
    let table = |(table, _): &(&str, &str)| format!("SELECT '{table}' AS t, r::text AS x FROM {table} AS r");
    let tables: Vec<String> = fixture.tables.iter().map(table).collect();
    database.table(&format!(
        "SELECT t, x FROM ({}) AS one ORDER BY 1, 2",
        tables.join(" UNION ALL ")
    ))
}

/// Reads all rows.
pub(super) fn all(database: &Probe, fixture: &Fixture) -> Rows {
    let mut rows = Rows::default();
    for (table, owner) in fixture.tables {
        let query =
            format!("SELECT coalesce(CAST(({owner}) AS text), ''), r.* FROM {table} AS r ORDER BY 1, 2, 3");
        for row in database.rows(&query) {
            let mut cells = row
                .into_iter()
                .map(|cell| cell.unwrap_or_else(|| "null".to_owned()));
            let text = rows.by_owner.entry(cells.next().unwrap_or_default()).or_default();
            write!(text, "{table}").expect("text grows");
            for cell in cells {
                write!(text, " | {cell}").expect("text grows");
            }
            text.push('\n');
        }
    }
    for query in fixture.links {
        rows.crossing += database.number(query);
    }
    rows
}
