//! Our own tables.
//!
//! Role: makes those that are missing, and marks them as ours.
//! Invariant: where nothing is missing, nothing is asked of the server but a look: a role without the right to make
//! tables can serve.
//! Not here: the statements; the plan brings them.

use super::{lock, record::broken, statement};
use crate::OURS;
use backflow_catalog::Piece;
use backflow_engine::migrations::MigrateError;
use tokio_postgres::Client;
use tokio_postgres::types::Type;

const MAKE: &str = "CREATE TABLE IF NOT EXISTS ";

/// Makes what is missing.
pub(super) async fn prepare(client: &Client, setup: &[String]) -> Result<(), MigrateError> {
    if missing(client, setup).await?.is_empty() {
        return Ok(());
    }
    lock::transaction(client).await?;
    let made = make(client, setup).await;
    let end = if made.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = client.batch_execute(end).await.map_err(|error| broken(&error));
    made.and(ended)
}

async fn make(client: &Client, setup: &[String]) -> Result<(), MigrateError> {
    for sql in missing(client, setup).await? {
        let mut text = sql.clone();
        if let Some(table) = table(sql) {
            text.push_str(&format!("; COMMENT ON TABLE {table} IS '{OURS}'"));
        }
        let piece = Piece { sql: text, line: 1 };
        let ran = statement::run(client, "of Backflow itself", &piece).await;
        ran.map_err(statement::Failure::into_error)?;
    }
    Ok(())
}

/// The statements whose tables are not there; one question for all.
async fn missing<'s>(client: &Client, setup: &'s [String]) -> Result<Vec<&'s String>, MigrateError> {
    if setup.is_empty() {
        return Ok(Vec::new());
    }
    let tables: Vec<Option<&str>> = setup.iter().map(|sql| table(sql)).collect();
    let ask = "SELECT pg_catalog.to_regclass(one.name) IS NULL
        FROM pg_catalog.unnest($1) WITH ORDINALITY AS one (name, at) ORDER BY one.at";
    let rows = client.query_typed(ask, &[(&tables, Type::TEXT_ARRAY)]).await;
    let rows = rows.map_err(|error| broken(&error))?;
    let mut missing = Vec::new();
    for (sql, row) in setup.iter().zip(&rows) {
        if row.try_get(0).map_err(|error| broken(&error))? {
            missing.push(sql);
        }
    }
    Ok(missing)
}

/// The table that a statement makes, as it is written there.
fn table(sql: &str) -> Option<&str> {
    let rest = sql.strip_prefix(MAKE)?;
    let end = rest.find(" (")?;
    rest.get(..end)
}
