//! Triggers that log changes.
//!
//! Role: makes those that are missing, takes away those that log something else than is wanted.
//! Invariant: where all is as it should be, nothing is asked of the server but a look, and no table is locked; a table
//! that was not watched for a while is logged as changed.
//! Not here: what a trigger does; the plan brings it.

use super::{lock, record::broken, statement};
use backflow_catalog::Piece;
use backflow_engine::migrations::MigrateError;
use backflow_sql::changes::{TRIGGERS, Watch};
use tokio_postgres::Client;
use tokio_postgres::types::Type;

/// What has to be done to a table.
struct Work<'w> {
    watch: &'w Watch,
    /// Triggers that log something else.
    old: Vec<String>,
    /// What makes the missing ones.
    missing: Vec<&'w str>,
}

/// Brings the triggers of watched tables up to date.
pub(super) async fn watch(client: &Client, watches: &[Watch]) -> Result<(), MigrateError> {
    if work(client, watches).await?.is_empty() {
        return Ok(());
    }
    lock::transaction(client).await?;
    let made = make(client, watches).await;
    let end = if made.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = client.batch_execute(end).await.map_err(|error| broken(&error));
    made.and(ended)
}

async fn make(client: &Client, watches: &[Watch]) -> Result<(), MigrateError> {
    for Work { watch, old, missing } in work(client, watches).await? {
        let table = quoted(&watch.table);
        for name in old {
            run(client, format!("DROP TRIGGER {} ON {table}", quoted(&name))).await?;
        }
        for sql in missing {
            run(client, sql.to_owned()).await?;
        }
        let name = watch.table.replace('\'', "''");
        run(
            client,
            format!("INSERT INTO \"_backflow_changes\" (\"name\") VALUES ('{name}')"),
        )
        .await?;
    }
    Ok(())
}

async fn run(client: &Client, sql: String) -> Result<(), MigrateError> {
    let ran = statement::run(client, "of Backflow itself", &Piece { sql, line: 1 }).await;
    ran.map_err(statement::Failure::into_error)
}

/// What is left to be done.
async fn work<'w>(client: &Client, watches: &'w [Watch]) -> Result<Vec<Work<'w>>, MigrateError> {
    let mut all = Vec::new();
    for watch in watches {
        let there = triggers(client, &watch.table).await?;
        let missing = watch
            .triggers
            .iter()
            .filter(|trigger| !there.contains(&trigger.name));
        let missing: Vec<&str> = missing.map(|trigger| trigger.make.as_str()).collect();
        let is_old = |name: &String| watch.triggers.iter().all(|trigger| trigger.name != *name);
        let old: Vec<String> = there.iter().filter(|name| is_old(name)).cloned().collect();
        if !old.is_empty() || !missing.is_empty() {
            all.push(Work { watch, old, missing });
        }
    }
    Ok(all)
}

/// Our triggers of a table.
async fn triggers(client: &Client, table: &str) -> Result<Vec<String>, MigrateError> {
    let ask = "SELECT t.tgname::text FROM pg_catalog.pg_trigger t
        WHERE t.tgrelid = pg_catalog.to_regclass($1) AND pg_catalog.starts_with(t.tgname::text, $2)";
    let table = quoted(table);
    let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
        [(&table, Type::TEXT), (&TRIGGERS, Type::TEXT)];
    let rows = client
        .query_typed(ask, &values)
        .await
        .map_err(|error| broken(&error))?;
    rows.iter()
        .map(|row| row.try_get(0).map_err(|error| broken(&error)))
        .collect()
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
