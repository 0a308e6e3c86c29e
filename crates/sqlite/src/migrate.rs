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

use record::{Record, find};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::fmt;

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

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// The names of the files that were applied now, in order.
    pub applied: Vec<String>,
}

/// Where the database stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// What was applied before, in order.
    pub applied: Vec<Applied>,
    /// The names of files that are not applied yet, in order.
    pub pending: Vec<String>,
}

/// A recorded migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The file's name.
    pub name: String,
    /// When, as an RFC 3339 instant in UTC.
    pub at: String,
}

/// How a file and its record differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// The file was edited after it was applied.
    Edited(String),
    /// The file was applied and is gone.
    Missing(String),
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Difference::Edited(name) => {
                write!(
                    f,
                    "{name} was edited after it was applied; restore it and put the change in a new file"
                )
            }
            Difference::Missing(name) => {
                write!(f, "{name} was applied to this database, but the file is gone")
            }
        }
    }
}

/// Why migrations cannot go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MigrateError {
    /// Files differ from what was applied; all differences.
    Changed(Vec<Difference>),
    /// A statement failed; nothing of its file is applied.
    Statement {
        /// The file.
        file: String,
        /// The statement.
        statement: String,
        /// What SQLite says.
        reason: String,
    },
    /// A file makes, changes or drops a table whose name is ours.
    Reserved {
        /// The file.
        file: String,
        /// The table or index.
        name: String,
    },
    /// The record itself cannot be read or written.
    Database(String),
}

impl fmt::Display for MigrateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MigrateError::Changed(differences) => {
                f.write_str("the migrations differ from what was applied:")?;
                differences
                    .iter()
                    .try_for_each(|difference| write!(f, "\n  {difference}"))
            }
            MigrateError::Statement {
                file,
                statement,
                reason,
            } => {
                write!(f, "the migration {file} failed: {reason}\n  in: {statement}")
            }
            MigrateError::Reserved { file, name } => {
                write!(
                    f,
                    "the migration {file} touches `{name}`; names that begin with `_backflow_` are reserved"
                )
            }
            MigrateError::Database(reason) => write!(f, "the record of migrations cannot be used: {reason}"),
        }
    }
}

impl std::error::Error for MigrateError {}

impl From<rusqlite::Error> for MigrateError {
    fn from(error: rusqlite::Error) -> Self {
        MigrateError::Database(error.to_string())
    }
}

/// Applies what is pending.
pub(crate) fn migrate(
    connection: &Connection,
    migrations: &[Translated],
    setup: &[String],
) -> Result<Report, MigrateError> {
    prepare(connection, setup)?;
    compare(migrations, &record::read(connection)?)?;
    let mut report = Report::default();
    for migration in in_order(migrations) {
        if apply(connection, migration)? {
            report.applied.push(migration.name.clone());
        }
    }
    Ok(report)
}

/// Where the database stands; fails if files differ from what was applied.
pub(crate) fn status(connection: &Connection, migrations: &[Translated]) -> Result<Status, MigrateError> {
    let records = record::read(connection)?;
    compare(migrations, &records)?;
    let pending = in_order(migrations)
        .into_iter()
        .filter(|migration| find(&records, &migration.name).is_none());
    Ok(Status {
        pending: pending.map(|migration| migration.name.clone()).collect(),
        applied: records
            .into_iter()
            .map(|record| Applied {
                name: record.name,
                at: record.at,
            })
            .collect(),
    })
}

/// Our own tables. The statements repeat at every start, so they say IF NOT EXISTS.
fn prepare(connection: &Connection, setup: &[String]) -> Result<(), MigrateError> {
    let transaction = begin(connection)?;
    transaction.execute_batch(record::TABLE)?;
    for statement in setup {
        run(&transaction, "of Backflow itself", statement)?;
    }
    Ok(transaction.commit()?)
}

/// Applies a file unless that has happened; whether it did.
fn apply(connection: &Connection, migration: &Translated) -> Result<bool, MigrateError> {
    let transaction = begin(connection)?;
    if already(&transaction, migration)? {
        return Ok(false);
    }
    let before = record::reserved(&transaction)?;
    for statement in &migration.statements {
        run(&transaction, &migration.name, statement)?;
    }
    let after = record::reserved(&transaction)?;
    let changed = after.iter().find(|one| !before.contains(one));
    if let Some((name, _)) = changed.or_else(|| before.iter().find(|one| !after.contains(one))) {
        return Err(MigrateError::Reserved {
            file: migration.name.clone(),
            name: name.clone(),
        });
    }
    record::write(&transaction, &migration.name, &migration.checksum)?;
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
        statement: statement.trim().to_owned(),
        reason,
    }
}

/// Whether it is recorded, perhaps by another process since the start.
fn already(connection: &Connection, migration: &Translated) -> Result<bool, MigrateError> {
    match find(&record::read(connection)?, &migration.name) {
        None => Ok(false),
        Some(record) if record.checksum == migration.checksum => Ok(true),
        Some(_) => Err(MigrateError::Changed(vec![Difference::Edited(
            migration.name.clone(),
        )])),
    }
}

fn compare(migrations: &[Translated], records: &[Record]) -> Result<(), MigrateError> {
    let mut differences = Vec::new();
    for record in records {
        match migrations.iter().find(|migration| migration.name == record.name) {
            None => differences.push(Difference::Missing(record.name.clone())),
            Some(migration) if migration.checksum != record.checksum => {
                differences.push(Difference::Edited(record.name.clone()));
            }
            Some(_) => {}
        }
    }
    if differences.is_empty() {
        Ok(())
    } else {
        Err(MigrateError::Changed(differences))
    }
}

fn in_order(migrations: &[Translated]) -> Vec<&Translated> {
    let mut sorted: Vec<&Translated> = migrations.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    sorted
}
