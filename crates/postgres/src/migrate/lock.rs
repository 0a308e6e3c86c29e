//! One process migrates at a time.
//!
//! Role: an advisory lock, held by a transaction or by a session; both exclude each other.
//! Invariant: whoever waits holds no snapshot and no transaction between tries: `CREATE INDEX CONCURRENTLY` waits
//! for every transaction that is older, so a process asleep inside `pg_advisory_lock` would stop the one that
//! works.
//! Not here: what is done under the lock.

use super::record::broken;
use backflow_engine::migrations::MigrateError;
use std::time::{Duration, Instant};
use tokio_postgres::{Client, SimpleQueryMessage};

/// The same in every process: `backflow`, read as a number.
const KEY: i64 = 0x6261_636b_666c_6f77;

/// The shortest and the longest pause between two tries.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(500));
/// After so long it is said that we wait.
const PATIENCE: Duration = Duration::from_secs(5);

/// Begins a transaction that holds the lock.
pub(super) async fn transaction(client: &Client) -> Result<(), MigrateError> {
    let ask = format!("BEGIN; SELECT pg_catalog.pg_try_advisory_xact_lock({KEY})");
    wait(client, &ask, "ROLLBACK").await
}

/// Takes the lock for the session.
pub(super) async fn session(client: &Client) -> Result<(), MigrateError> {
    let ask = format!("SELECT pg_catalog.pg_try_advisory_lock({KEY})");
    wait(client, &ask, "").await
}

/// Gives the session's lock back; a connection that is gone has given it back already.
pub(super) async fn release(client: &Client) {
    let give = format!("SELECT pg_catalog.pg_advisory_unlock({KEY})");
    drop(client.batch_execute(&give).await);
}

async fn wait(client: &Client, ask: &str, after: &str) -> Result<(), MigrateError> {
    let (mut pause, most) = PAUSES;
    let begun = Instant::now();
    let mut said = begun;
    loop {
        let answers = client.simple_query(ask).await.map_err(|error| broken(&error))?;
        let is_ours = answers.iter().any(|answer| match answer {
            SimpleQueryMessage::Row(row) => row.get(0) == Some("t"),
            _ => false,
        });
        if is_ours {
            return Ok(());
        }
        client
            .batch_execute(after)
            .await
            .map_err(|error| broken(&error))?;
        if said.elapsed() >= PATIENCE {
            said = Instant::now();
            tracing::info!(
                seconds = begun.elapsed().as_secs(),
                "another process migrates; waiting for it"
            );
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(most);
    }
}
