//! Applies migrations and keeps the record of them.
//!
//! Role: brings the schema to what the files say, each file once, in one transaction.
//! Input and output: translated files in, a [`Report`] or a [`MigrateError`] out.
//! Invariant: a file and its record commit together; processes that start at once apply a file once, because
//! each looks at the record again under the write lock.
//! Not here: reading files, translating SQL, checksums.

mod record;
#[cfg(test)]
mod tests;
mod watch;

use backflow_engine::migrations::{File, MigrateError, Report, Status, compare, is_applied};
use rusqlite::{Connection, Transaction, TransactionBehavior};
pub(crate) use watch::watch;

/// A migration file in SQLite's dialect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Translated {
    /// The file's name, `0001_start.sql`; the order of files.
    pub name: String,
    /// SHA-256 of the file's original text, in hexadecimal digits.
    pub checksum: String,
    /// The statements.
    pub statements: Vec<String>,
    /// The file did not opt out of being one transaction. It is one here in either case: no statement of the
    /// translation needs to run outside, and some (foreign keys deferred while a table is made anew) must not.
    pub transactional: bool,
}

impl Translated {
    fn file(&self) -> File<'_> {
        File {
            name: &self.name,
            checksum: &self.checksum,
        }
    }
}

/// An error of the record itself.
fn broken(error: rusqlite::Error) -> MigrateError {
    MigrateError::Database(error.to_string())
}

/// Applies what is pending.
pub(crate) fn migrate(
    connection: &Connection,
    migrations: &[Translated],
    setup: &[String],
) -> Result<Report, MigrateError> {
    prepare(connection, setup)?;
    status(connection, migrations)?;
    let mut sorted: Vec<&Translated> = migrations.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    let mut report = Report::default();
    for migration in sorted {
        if apply(connection, migration)? {
            report.applied.push(migration.name.clone());
        }
    }
    Ok(report)
}

/// Where the database stands; fails if files differ from what was applied.
pub(crate) fn status(connection: &Connection, migrations: &[Translated]) -> Result<Status, MigrateError> {
    let records = record::read(connection).map_err(broken)?;
    compare(migrations.iter().map(Translated::file), records)
}

/// Our own tables. The statements repeat at every start, so they say IF NOT EXISTS.
fn prepare(connection: &Connection, setup: &[String]) -> Result<(), MigrateError> {
    let transaction = begin(connection).map_err(broken)?;
    transaction.execute_batch(record::TABLE).map_err(broken)?;
    for statement in setup {
        run(&transaction, "of Backflow itself", statement)?;
    }
    transaction.commit().map_err(broken)
}

/// Applies a file unless that has happened; whether it did.
fn apply(connection: &Connection, migration: &Translated) -> Result<bool, MigrateError> {
    let transaction = begin(connection).map_err(broken)?;
    if is_applied(migration.file(), &record::read(&transaction).map_err(broken)?)? {
        return Ok(false);
    }
    let aside = watch::aside(&transaction)?;
    let before = record::reserved(&transaction).map_err(broken)?;
    for statement in &migration.statements {
        run(&transaction, &migration.name, statement)?;
    }
    let after = record::reserved(&transaction).map_err(broken)?;
    let changed = after.iter().find(|one| !before.contains(one));
    if let Some((name, _)) = changed.or_else(|| before.iter().find(|one| !after.contains(one))) {
        return Err(MigrateError::Reserved {
            file: migration.name.clone(),
            name: name.clone(),
        });
    }
    watch::back(&transaction, &aside)?;
    record::write(&transaction, &migration.name, &migration.checksum).map_err(broken)?;
    transaction
        .commit()
        .map_err(|error| failed(&migration.name, "COMMIT", &error))?;
    Ok(true)
}

/// Takes the write lock at once. Dropped without a commit, it rolls back.
fn begin(connection: &Connection) -> rusqlite::Result<Transaction<'_>> {
    Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
}

fn run(connection: &Connection, file: &str, statement: &str) -> Result<(), MigrateError> {
    connection
        .execute_batch(statement)
        .map_err(|error| failed(file, statement, &error))
}

fn failed(file: &str, statement: &str, error: &rusqlite::Error) -> MigrateError {
    let reason = match error {
        rusqlite::Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    };
    MigrateError::Statement {
        file: file.to_owned(),
        // What fails is the translation, which has no line in the file.
        line: None,
        statement: statement.trim().to_owned(),
        reason,
    }
}
