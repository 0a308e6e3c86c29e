//! Triggers that log changes.
//!
//! Role: makes those that are missing, takes away those that log something else than is wanted.
//! Invariant: while a migration runs there are none, so that it may change any table; a table that was not watched for a
//! while is logged as changed.
//! Not here: what a trigger does; the plan brings it.

use super::{begin, broken, run};
use backflow_engine::migrations::MigrateError;
use backflow_sql::changes::{TRIGGERS, Watch};
use rusqlite::Connection;

/// Brings the triggers of watched tables up to date.
pub(crate) fn watch(connection: &Connection, watches: &[Watch]) -> Result<(), MigrateError> {
    let transaction = begin(connection).map_err(broken)?;
    for watch in watches {
        let there = triggers(&transaction, Some(&watch.table)).map_err(broken)?;
        let is_wanted = |name: &String| watch.triggers.iter().any(|trigger| trigger.name == *name);
        for name in there.iter().filter(|name| !is_wanted(name)) {
            drop_trigger(&transaction, name)?;
        }
        let mut missing = watch
            .triggers
            .iter()
            .filter(|trigger| !there.contains(&trigger.name))
            .peekable();
        if missing.peek().is_some() {
            let logged = "INSERT INTO \"_backflow_changes\" (\"name\", \"tenant\") VALUES (?1, NULL)";
            transaction.execute(logged, [&watch.table]).map_err(broken)?;
        }
        for trigger in missing {
            run(&transaction, "of Backflow itself", &trigger.make)?;
        }
    }
    transaction.commit().map_err(broken)
}

/// Takes all of them away.
pub(super) fn unwatch(connection: &Connection) -> Result<(), MigrateError> {
    for name in triggers(connection, None).map_err(broken)? {
        drop_trigger(connection, &name)?;
    }
    Ok(())
}

fn drop_trigger(connection: &Connection, name: &str) -> Result<(), MigrateError> {
    // Our own names hold no quotes.
    run(
        connection,
        "of Backflow itself",
        &format!("DROP TRIGGER \"{name}\""),
    )
}

/// Our triggers, of a table or of all.
fn triggers(connection: &Connection, table: Option<&str>) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(
        "SELECT name FROM sqlite_schema WHERE type = 'trigger' AND substr(name, 1, length(?1)) = ?1
         AND (?2 IS NULL OR tbl_name = ?2 COLLATE NOCASE) ORDER BY name",
    )?;
    let rows = statement.query_map((TRIGGERS, table), |row| row.get(0))?;
    rows.collect()
}
