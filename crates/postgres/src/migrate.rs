//! Applies migrations and keeps the record of them.
//!
//! Role: brings the schema to what the files say, each file once.
//! Input and output: files for PostgreSQL in, a [`Report`] or a [`MigrateError`] out.
//! Invariant: a file that is one transaction commits together with its record; however many processes start at
//! once, a file is applied once, because each looks at the record again under the lock.
//! Not here: reading files, checksums, what the database holds (`introspect`).
//!
//! A statement that waits for a table is a danger to those who use the table: whoever comes later queues up behind
//! it. So a statement of a file that is one transaction gives up after [`LOCK_TIMEOUT`], less than requests
//! wait, the file is undone, and tried again a little later, [`TRIES`] times in all. The author's own
//! `SET lock_timeout` wins. Files that are not one transaction wait as long as it takes.

mod lock;
mod prepare;
mod record;
mod statement;
mod watch;

use crate::connect::Connected;
use crate::store::Postgres;
use backflow_catalog::Piece;
use backflow_engine::migrations::{File, MigrateError, Report, Status, compare, is_applied};
use backflow_sql::changes::Watch;
use record::{Home, broken};
use statement::Failure;
use std::time::Duration;
use tokio_postgres::Client;

/// How long a statement of a file that is one transaction waits for a lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// How often such a file is tried.
const TRIES: u32 = 5;
/// The pause after the first try; it doubles.
const PAUSE: Duration = Duration::from_secs(1);

/// A file may have changed role and settings, `search_path` above all; the next user of this connection, perhaps
/// one behind the same pooler, shall see nothing of it.
const RESTORE: &str = "RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL";

/// What a file may rely on: its texts mean the same on every server, and it takes as long as it takes.
fn settings(set: &str) -> String {
    let settings = [
        "TimeZone = 'UTC'",
        "DateStyle = 'ISO, MDY'",
        "standard_conforming_strings = on",
        "statement_timeout = 0",
    ];
    settings.map(|setting| format!("{set} {setting}")).join("; ")
}

/// A migration file as PostgreSQL gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// The file's name, `0001_start.sql`; the order of files.
    pub name: String,
    /// SHA-256 of the file's text, in hexadecimal digits.
    pub checksum: String,
    /// The statements.
    pub statements: Vec<Piece>,
    /// The file did not opt out of being one transaction.
    pub transactional: bool,
}

impl Script {
    fn file(&self) -> File<'_> {
        File {
            name: &self.name,
            checksum: &self.checksum,
        }
    }
}

impl Postgres {
    /// Applies what is pending, then makes our own tables, each of which `setup` makes by one statement
    /// `CREATE TABLE IF NOT EXISTS`.
    ///
    /// # Errors
    /// See [`MigrateError`]. Files before the one that failed stay applied.
    pub async fn migrate(&self, scripts: &[Script], setup: &[String]) -> Result<Report, MigrateError> {
        let client = self.work().await?.client;
        let report = apply_pending(&client, self.pooled(), scripts).await?;
        prepare::prepare(&client, setup).await?;
        Ok(report)
    }

    /// Makes our own tables where they are missing.
    ///
    /// # Errors
    /// See [`MigrateError`].
    pub async fn prepare(&self, setup: &[String]) -> Result<(), MigrateError> {
        let session = self.work().await?;
        prepare::prepare(&session.client, setup).await?;
        self.keep(session);
        Ok(())
    }

    /// Makes the triggers that log changes of tables, where they are missing. That is the last thing done at a start.
    ///
    /// # Errors
    /// See [`MigrateError`].
    pub async fn watch(&self, watches: &[Watch]) -> Result<(), MigrateError> {
        let session = self.work().await?;
        watch::watch(&session.client, watches).await?;
        self.tools().aside.adopt(session).await;
        Ok(())
    }

    /// Where the database stands; nothing is changed.
    ///
    /// # Errors
    /// When files differ from what was applied.
    pub async fn status(&self, scripts: &[Script]) -> Result<Status, MigrateError> {
        let session = self.work().await?;
        let status = status(&session.client, scripts).await?;
        self.keep(session);
        Ok(status)
    }

    async fn work(&self) -> Result<Connected, MigrateError> {
        let session = self.session().await;
        session.map_err(|error| MigrateError::Database(error.to_string()))
    }
}

async fn status(client: &Client, scripts: &[Script]) -> Result<Status, MigrateError> {
    let records = Home::find(client).await?.records(client).await?;
    compare(scripts.iter().map(Script::file), records)
}

async fn apply_pending(client: &Client, pooled: bool, scripts: &[Script]) -> Result<Report, MigrateError> {
    let pending = status(client, scripts).await?.pending;
    let mut sorted: Vec<&Script> = scripts
        .iter()
        .filter(|script| pending.contains(&script.name))
        .collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut report = Report::default();
    for script in sorted {
        let applied = match (script.transactional, pooled) {
            (true, _) => patiently(client, script).await?,
            (false, false) => alone(client, script).await?,
            (false, true) => {
                return Err(MigrateError::NeedsSession {
                    file: script.name.clone(),
                });
            }
        };
        if applied {
            report.applied.push(script.name.clone());
        }
    }
    Ok(report)
}

/// Applies a file that is one transaction, again where somebody was in the way.
async fn patiently(client: &Client, script: &Script) -> Result<bool, MigrateError> {
    let mut pause = PAUSE;
    for _ in 1..TRIES {
        match in_transaction(client, script).await {
            Ok(applied) => return Ok(applied),
            Err(Failure::Final(error)) => return Err(error),
            Err(Failure::InTheWay(error)) => {
                tracing::warn!(file = script.name, why = %error, "a migration is tried again");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
        }
    }
    in_transaction(client, script).await.map_err(Failure::into_error)
}

/// Applies a file in one transaction; whether it was still to be done.
async fn in_transaction(client: &Client, script: &Script) -> Result<bool, Failure> {
    lock::transaction(client).await?;
    let done = under_lock(client, script).await;
    if !matches!(done, Ok(true)) {
        // If the connection is gone, so is the transaction.
        drop(client.batch_execute("ROLLBACK").await);
    }
    done
}

async fn under_lock(client: &Client, script: &Script) -> Result<bool, Failure> {
    let home = Home::make(client).await?;
    if is_applied(script.file(), &home.records(client).await?)? {
        return Ok(false);
    }
    let settings = format!(
        "{}; SET LOCAL lock_timeout = {}",
        settings("SET LOCAL"),
        LOCK_TIMEOUT.as_millis()
    );
    client
        .batch_execute(&settings)
        .await
        .map_err(|error| broken(&error))?;
    let aside = watch::aside(client).await?;
    let before = record::reserved(client).await?;
    for piece in &script.statements {
        statement::forbid(&script.name, piece)?;
        statement::run(client, &script.name, piece).await?;
    }
    client
        .batch_execute(RESTORE)
        .await
        .map_err(|error| broken(&error))?;
    unless_reserved(&script.name, &before, &record::reserved(client).await?)?;
    watch::back(client, &aside).await?;
    home.write(client, script.file()).await?;
    client
        .batch_execute("COMMIT")
        .await
        .map_err(|error| statement::failed(&script.name, None, "COMMIT", &error))?;
    Ok(true)
}

/// Applies a file outside a transaction; whether it was still to be done.
async fn alone(client: &Client, script: &Script) -> Result<bool, MigrateError> {
    lock::session(client).await?;
    let done = statements(client, script).await.map_err(Failure::into_error);
    lock::release(client).await;
    done
}

async fn statements(client: &Client, script: &Script) -> Result<bool, Failure> {
    let home = Home::make(client).await?;
    if is_applied(script.file(), &home.records(client).await?)? {
        return Ok(false);
    }
    let before = record::reserved(client).await?;
    let settings = settings("SET");
    client
        .batch_execute(&settings)
        .await
        .map_err(|error| broken(&error))?;
    for (at, piece) in script.statements.iter().enumerate() {
        let ran = statement::run(client, &script.name, piece).await;
        ran.map_err(|failure| failure.halfway(at))?;
    }
    client
        .batch_execute(RESTORE)
        .await
        .map_err(|error| broken(&error))?;
    unless_reserved(&script.name, &before, &record::reserved(client).await?)?;
    home.write(client, script.file()).await?;
    Ok(true)
}

/// Refuses a file that touched what is ours.
fn unless_reserved(
    file: &str,
    before: &[record::Object],
    after: &[record::Object],
) -> Result<(), MigrateError> {
    let changed = after.iter().find(|one| !before.contains(one));
    match changed.or_else(|| before.iter().find(|one| !after.contains(one))) {
        None => Ok(()),
        Some(object) => Err(MigrateError::Reserved {
            file: file.to_owned(),
            name: object.name.clone(),
        }),
    }
}
