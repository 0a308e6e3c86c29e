//! Triggers that log changes.
//!
//! Role: makes those that are missing, takes away those that log something else than is wanted; sets them aside while a
//! migration runs.
//! Invariant: where all is as it should be, nothing is asked of the server but a look, and no table is locked; others never
//! see a moment without the triggers; what was not watched for a while is logged as changed, and what is not watched any more
//! as ended.
//! Not here: what a trigger does; the plan brings it.

use super::{LOCK_TIMEOUT, PAUSE, TRIES, lock, record::broken, statement};
use backflow_catalog::Piece;
use backflow_engine::migrations::MigrateError;
use backflow_sql::changes::{TRIGGERS, Watch, entry};
use statement::Failure;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error};

/// Whose statements these are, where one fails.
const OURSELVES: &str = "of Backflow itself";

/// A trigger of ours that is there.
pub(super) struct There {
    name: String,
    /// As it is written in statements.
    table: String,
    /// The table's bare name.
    plain: String,
    make: String,
}

/// Brings the triggers up to date, one table after the other, none of which is kept from others for long.
pub(super) async fn watch(client: &Client, watches: &[Watch]) -> Result<(), MigrateError> {
    let (mut tries, mut pause) = (0, PAUSE);
    loop {
        let Some(work) = work(client, watches).await? else {
            return Ok(());
        };
        lock::transaction(client).await?;
        let made = make(client, &work).await;
        let end = if made.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = client.batch_execute(end).await.map_err(|error| broken(&error));
        match made.and(ended) {
            Ok(()) => tries = 0,
            Err(error) if tries + 1 == TRIES => return Err(error),
            Err(_) => {
                tries += 1;
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
    }
}

/// What has to be done to one table.
struct Work {
    /// What says that it was done.
    entry: String,
    old: Vec<There>,
    missing: Vec<String>,
}

async fn make(client: &Client, work: &Work) -> Result<(), MigrateError> {
    run(
        client,
        format!("SET LOCAL lock_timeout = {}", LOCK_TIMEOUT.as_millis()),
    )
    .await?;
    for trigger in &work.old {
        run(client, dropping(trigger)).await?;
        // Of no use any more; where it belongs to another role it stays.
        attempt(client, &format!("DROP FUNCTION IF EXISTS \"{}\"()", trigger.name)).await?;
    }
    for sql in &work.missing {
        run(client, sql.clone()).await?;
    }
    run(client, work.entry.clone()).await
}

/// The next table for which something is left to be done.
async fn work(client: &Client, watches: &[Watch]) -> Result<Option<Work>, MigrateError> {
    let there = triggers(client).await?;
    for watch in watches {
        let (own, wanted) = (|one: &There| one.plain == watch.table, &watch.triggers);
        let is_there = |name: &str| there.iter().any(|one| own(one) && one.name == name);
        let missing = wanted.iter().filter(|trigger| !is_there(&trigger.name));
        let missing: Vec<String> = missing.map(|trigger| trigger.make.clone()).collect();
        let is_old = |one: &There| own(one) && wanted.iter().all(|trigger| trigger.name != one.name);
        if !missing.is_empty() || there.iter().any(is_old) {
            return Ok(Some(Work {
                entry: entry(&watch.table, false),
                missing,
                old: there
                    .into_iter()
                    .filter(|one| {
                        one.plain == watch.table && wanted.iter().all(|trigger| trigger.name != one.name)
                    })
                    .collect(),
            }));
        }
    }
    let ended = there
        .iter()
        .find(|one| watches.iter().all(|watch| watch.table != one.plain));
    let Some(ended) = ended.map(|one| one.plain.clone()) else {
        return Ok(None);
    };
    Ok(Some(Work {
        entry: entry(&ended, true),
        missing: Vec::new(),
        old: there.into_iter().filter(|one| one.plain == ended).collect(),
    }))
}

/// Takes all of them away, in the transaction of a migration.
pub(super) async fn aside(client: &Client) -> Result<Vec<There>, Failure> {
    let there = triggers(client).await?;
    for trigger in &there {
        statement::run(client, OURSELVES, &piece(dropping(trigger))).await?;
    }
    Ok(there)
}

/// Puts them back, as far as their tables and columns are still there.
pub(super) async fn back(client: &Client, there: &[There]) -> Result<(), MigrateError> {
    for trigger in there {
        let always = format!(
            "ALTER TABLE {} ENABLE ALWAYS TRIGGER \"{}\"",
            trigger.table, trigger.name
        );
        attempt(client, &format!("{}; {always}", trigger.make)).await?;
        run(client, entry(&trigger.plain, false)).await?;
    }
    Ok(())
}

fn dropping(trigger: &There) -> String {
    format!("DROP TRIGGER \"{}\" ON {}", trigger.name, trigger.table)
}

/// Does something that may as well be left undone.
async fn attempt(client: &Client, sql: &str) -> Result<(), MigrateError> {
    let text = format!("SAVEPOINT attempt; {sql}; RELEASE SAVEPOINT attempt");
    if client.batch_execute(&text).await.is_err() {
        let undo = "ROLLBACK TO SAVEPOINT attempt; RELEASE SAVEPOINT attempt";
        client.batch_execute(undo).await.map_err(|error| broken(&error))?;
    }
    Ok(())
}

fn piece(sql: String) -> Piece {
    Piece { sql, line: 1 }
}

async fn run(client: &Client, sql: String) -> Result<(), MigrateError> {
    let ran = statement::run(client, OURSELVES, &piece(sql)).await;
    ran.map_err(Failure::into_error)
}

/// Our triggers; those of partitions come and go with that of their table.
async fn triggers(client: &Client) -> Result<Vec<There>, MigrateError> {
    let ask = "SELECT t.tgname::text, t.tgrelid::pg_catalog.regclass::text, c.relname::text,
            pg_catalog.pg_get_triggerdef(t.oid)
        FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
        WHERE pg_catalog.starts_with(t.tgname::text, $1) AND t.tgparentid = 0
            AND pg_catalog.pg_table_is_visible(c.oid)
        ORDER BY c.relname, t.tgname";
    let rows = client.query_typed(ask, &[(&TRIGGERS, Type::TEXT)]).await;
    let rows = rows.map_err(|error| broken(&error))?;
    let read = |row: &tokio_postgres::Row| -> Result<There, Error> {
        Ok(There {
            name: row.try_get(0)?,
            table: row.try_get(1)?,
            plain: row.try_get(2)?,
            make: row.try_get(3)?,
        })
    };
    rows.iter()
        .map(|row| read(row).map_err(|error| broken(&error)))
        .collect()
}
