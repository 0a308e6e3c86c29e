//! Triggers that log changes.
//!
//! Role: makes those that are missing, takes away those that log something else than is wanted; sets them aside while a
//! migration runs.
//! Invariant: a migration may change any table, and others never see a moment without the triggers; what was not watched for
//! a while is logged as changed, and what is not watched any more as ended.
//! Not here: what a trigger does; the plan brings it.

use super::{begin, broken, run};
use backflow_engine::migrations::MigrateError;
use backflow_sql::changes::{TRIGGERS, Watch, entry};
use rusqlite::Connection;

/// A trigger of ours that is there.
pub(super) struct There {
    name: String,
    table: String,
    make: String,
}

/// Brings the triggers up to date.
pub(crate) fn watch(connection: &Connection, watches: &[Watch]) -> Result<(), MigrateError> {
    let transaction = begin(connection).map_err(broken)?;
    let there = triggers(&transaction).map_err(broken)?;
    for old in &there {
        let watch = watches
            .iter()
            .find(|watch| watch.table.eq_ignore_ascii_case(&old.table));
        let is_wanted = watch.is_some_and(|watch| watch.triggers.iter().any(|one| one.name == old.name));
        if !is_wanted {
            drop_trigger(&transaction, &old.name)?;
            transaction
                .execute_batch(&entry(&old.table, watch.is_none()))
                .map_err(broken)?;
        }
    }
    for watch in watches {
        let is_there = |name: &str| there.iter().any(|old| old.name == name);
        let mut missing = watch
            .triggers
            .iter()
            .filter(|one| !is_there(&one.name))
            .peekable();
        if missing.peek().is_some() {
            transaction
                .execute_batch(&entry(&watch.table, false))
                .map_err(broken)?;
        }
        for trigger in missing {
            run(&transaction, "of Backflow itself", &trigger.make)?;
        }
    }
    transaction.commit().map_err(broken)
}

/// Takes all of them away.
pub(super) fn aside(connection: &Connection) -> Result<Vec<There>, MigrateError> {
    let there = triggers(connection).map_err(broken)?;
    for trigger in &there {
        drop_trigger(connection, &trigger.name)?;
    }
    Ok(there)
}

/// Puts them back, as far as their tables and columns are still there.
pub(super) fn back(connection: &Connection, there: &[There]) -> Result<(), MigrateError> {
    for trigger in there {
        connection
            .execute_batch(&entry(&trigger.table, false))
            .map_err(broken)?;
        if connection.execute_batch(&trigger.make).is_err() {
            continue;
        }
        // What a trigger names is only looked for when a change of its table is prepared.
        let table = trigger.table.replace('"', "\"\"");
        let changes = [
            format!("INSERT INTO \"{table}\" DEFAULT VALUES"),
            format!("DELETE FROM \"{table}\""),
        ];
        let is_good = changes.iter().all(|change| connection.prepare(change).is_ok());
        if !is_good {
            drop_trigger(connection, &trigger.name)?;
        }
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

/// Our triggers.
fn triggers(connection: &Connection) -> rusqlite::Result<Vec<There>> {
    let mut statement = connection.prepare(
        "SELECT name, tbl_name, sql FROM sqlite_schema WHERE type = 'trigger' AND substr(name, 1, length(?1)) = ?1
         ORDER BY name",
    )?;
    let rows = statement.query_map([TRIGGERS], |row| {
        Ok(There {
            name: row.get(0)?,
            table: row.get(1)?,
            make: row.get(2)?,
        })
    })?;
    rows.collect()
}
