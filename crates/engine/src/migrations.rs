//! Files of migrations and the record of those that were applied.
//!
//! Role: what both stores say of migrations, and the comparison of the files with the record.
//! Input: names and checksums of files, rows of the record. Output: a [`Status`] or why nothing may be applied.
//! Invariant: on a record that differs from the files nothing is applied.
//! Not here: reading files, translating SQL, running it; a store does that.

use std::fmt;

/// Names that begin so are ours, whatever their case.
pub const RESERVED: &str = "_backflow_";

/// A file, as far as the record is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct File<'a> {
    /// Its name, `0001_start.sql`; the order of files.
    pub name: &'a str,
    /// SHA-256 of its text, in hexadecimal digits.
    pub checksum: &'a str,
}

/// A row of the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The file's name.
    pub name: String,
    /// The checksum of what was applied.
    pub checksum: String,
    /// When, as an RFC 3339 instant in UTC.
    pub at: String,
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
    /// A statement failed; nothing of its file is applied, unless the file opted out of being one transaction.
    Statement {
        /// The file.
        file: String,
        /// The line of the file where it went wrong, from 1, if it is known.
        line: Option<u32>,
        /// The statement.
        statement: String,
        /// What the database says, perhaps with what to do.
        reason: String,
    },
    /// A file makes, changes or drops something whose name is ours.
    Reserved {
        /// The file.
        file: String,
        /// The table or index.
        name: String,
    },
    /// A file that is not one transaction needs a connection that a pooler does not give.
    NeedsSession {
        /// The file.
        file: String,
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
                line,
                statement,
                reason,
            } => {
                let line = line.map_or(String::new(), |line| format!(":{line}"));
                write!(
                    f,
                    "the migration {file}{line} failed: {reason}\n  in: {}",
                    excerpt(statement)
                )
            }
            MigrateError::Reserved { file, name } => {
                write!(
                    f,
                    "the migration {file} touches `{name}`; names that begin with `{RESERVED}` are reserved"
                )
            }
            MigrateError::NeedsSession { file } => {
                write!(
                    f,
                    "the migration {file} does not run in one transaction, which a pooler in transaction mode does \
                     not allow\n  run `backflow migrate` with the direct connection string in DATABASE_URL, then \
                     start again"
                )
            }
            MigrateError::Database(reason) => write!(f, "the record of migrations cannot be used: {reason}"),
        }
    }
}

impl std::error::Error for MigrateError {}

/// The beginning of a statement: a message is no place for a page of text.
fn excerpt(statement: &str) -> String {
    const LINES: usize = 8;
    let mut lines = statement.trim().lines();
    let shown: Vec<&str> = lines.by_ref().take(LINES).collect();
    let more = if lines.next().is_some() { "\n…" } else { "" };
    format!("{}{more}", shown.join("\n"))
}

/// Where the database stands; fails with every difference between the files and the record.
pub fn compare<'a>(
    files: impl Iterator<Item = File<'a>>,
    records: Vec<Record>,
) -> Result<Status, MigrateError> {
    let mut files: Vec<File<'a>> = files.collect();
    files.sort_by_key(|file| file.name);
    let mut differences = Vec::new();
    for record in &records {
        match files.iter().find(|file| file.name == record.name) {
            None => differences.push(Difference::Missing(record.name.clone())),
            Some(file) if file.checksum != record.checksum => {
                differences.push(Difference::Edited(record.name.clone()));
            }
            Some(_) => {}
        }
    }
    if !differences.is_empty() {
        return Err(MigrateError::Changed(differences));
    }
    let pending = files
        .iter()
        .filter(|file| records.iter().all(|record| record.name != file.name));
    let pending = pending.map(|file| file.name.to_owned()).collect();
    let applied = records.into_iter().map(|record| Applied {
        name: record.name,
        at: record.at,
    });
    Ok(Status {
        pending,
        applied: applied.collect(),
    })
}

/// Whether a file is recorded, perhaps by another process since the start.
///
/// # Errors
/// When it is recorded with another checksum.
pub fn is_applied(file: File<'_>, records: &[Record]) -> Result<bool, MigrateError> {
    match records.iter().find(|record| record.name == file.name) {
        None => Ok(false),
        Some(record) if record.checksum == file.checksum => Ok(true),
        Some(_) => Err(MigrateError::Changed(vec![Difference::Edited(
            file.name.to_owned(),
        )])),
    }
}
