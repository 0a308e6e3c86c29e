//! SQLite's errors in the engine's words.
//!
//! Role: tells a constraint from a fault of the machine.
//! Invariant: no text of the database is in what callers can see; [`StatementError::Other`] and the like are
//! for the log.
//! Not here: answers to callers (engine).

use crate::job::RETRY_AFTER;
use backflow_engine::store::{StatementError, StoreError};
use rusqlite::{Connection, Error, ErrorCode, ffi};

/// Why a statement did not run to its end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Something that the transaction has to answer.
    Statement(StatementError),
    /// The machine: the transaction cannot go on.
    Store(StoreError),
}

/// What an error means. The connection is asked for the columns of an index.
pub(crate) fn failure(connection: &Connection, error: &Error) -> Failure {
    let (Error::SqliteFailure(code, _) | Error::SqlInputError { error: code, .. }) = error else {
        return Failure::Statement(StatementError::Other(error.to_string()));
    };
    match code.code {
        ErrorCode::OperationInterrupted => Failure::Statement(StatementError::TimedOut),
        ErrorCode::ConstraintViolation => {
            Failure::Statement(constraint(connection, code.extended_code, &message(error)))
        }
        ErrorCode::TypeMismatch => Failure::Statement(StatementError::Check(None)),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::ReadOnly => {
            Failure::Store(StoreError::Failed(error.to_string()))
        }
        _ if unavailable(code.code) => Failure::Store(refusal(error)),
        _ => Failure::Statement(other(&message(error))),
    }
}

/// Why nothing could begin, or all had to be undone: nothing is committed.
pub(crate) fn refusal(error: &Error) -> StoreError {
    if error.sqlite_error_code().is_some_and(unavailable) {
        tracing::warn!(%error, "the database is unavailable");
        return StoreError::Unavailable(RETRY_AFTER);
    }
    StoreError::Failed(error.to_string())
}

/// Why a COMMIT failed. A full disk or a lock stops it before its last page is written; a constraint or a hook
/// before its first. After anything else the last page may have reached the disk.
pub(crate) fn commit_failure(error: &Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => refusal(error),
        Some(ErrorCode::ConstraintViolation) => StoreError::Failed(error.to_string()),
        _ => StoreError::OutcomeUnknown(error.to_string()),
    }
}

/// A statement's error as the end of its transaction, which is gone.
pub(crate) fn lost(error: &StatementError) -> StoreError {
    match error {
        StatementError::TimedOut => StoreError::TimedOut,
        error => StoreError::Failed(format!("the transaction was undone: {error:?}")),
    }
}

fn unavailable(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::CannotOpen
            | ErrorCode::FileLockingProtocolFailed
    )
}

fn message(error: &Error) -> String {
    match error {
        Error::SqliteFailure(_, Some(text)) => text.clone(),
        Error::SqlInputError { msg, .. } => msg.clone(),
        other => other.to_string(),
    }
}

fn constraint(connection: &Connection, extended: i32, message: &str) -> StatementError {
    let detail = message
        .split_once("constraint failed: ")
        .map(|(_, detail)| detail);
    match extended {
        ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY | ffi::SQLITE_CONSTRAINT_ROWID => {
            StatementError::Unique(unique_columns(connection, detail.unwrap_or_default()))
        }
        ffi::SQLITE_CONSTRAINT_FOREIGNKEY => StatementError::ForeignKey,
        // `ON DELETE RESTRICT` is a trigger inside; migrations make no other.
        ffi::SQLITE_CONSTRAINT_TRIGGER => StatementError::ForeignKey,
        ffi::SQLITE_CONSTRAINT_NOTNULL => {
            StatementError::NotNull(detail.map(column_of).unwrap_or_default().to_owned())
        }
        ffi::SQLITE_CONSTRAINT_CHECK => StatementError::Check(detail.map(checked)),
        // "cannot store TEXT value in INTEGER column t.a"
        ffi::SQLITE_CONSTRAINT_DATATYPE => {
            StatementError::Check(message.rsplit(' ').next().map(|name| column_of(name).to_owned()))
        }
        _ => other(message),
    }
}

/// Errors known by their text alone: our functions' and those of SQLite's arithmetic.
fn other(message: &str) -> StatementError {
    if message.ends_with("out of range") || message == "integer overflow" {
        StatementError::OutOfRange
    } else if message == "invalid text for type" {
        StatementError::Check(None)
    } else {
        StatementError::Other(message.to_owned())
    }
}

/// The column of `table.column`.
fn column_of(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, column)| column)
}

/// Constraints that stand for a type are named `table.column.type`: the column; else the name.
fn checked(name: &str) -> String {
    name.strip_suffix(".type").map_or(name, column_of).to_owned()
}

/// The columns of `t.a, t.b` or of `index 'name'`, which SQLite writes for keys over expressions.
fn unique_columns(connection: &Connection, detail: &str) -> Vec<String> {
    match detail
        .strip_prefix("index '")
        .and_then(|rest| rest.strip_suffix('\''))
    {
        Some(index) => index_columns(connection, index).unwrap_or_default(),
        None => detail
            .split(", ")
            .filter(|name| !name.is_empty())
            .map(|name| column_of(name).to_owned())
            .collect(),
    }
}

/// The columns that an index names; for expressions, those of the table's columns that its text mentions.
fn index_columns(connection: &Connection, index: &str) -> rusqlite::Result<Vec<String>> {
    let mut plain = connection.prepare("SELECT name FROM pragma_index_info(?1) WHERE name IS NOT NULL")?;
    let mut columns: Vec<String> = plain
        .query_map([index], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let text: String =
        connection.query_row("SELECT sql FROM sqlite_schema WHERE name = ?1", [index], |row| {
            row.get(0)
        })?;
    let body = text.split_once('(').map_or("", |(_, body)| body);
    let words: Vec<&str> = body.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let mut of_table = connection.prepare(
        "SELECT c.name FROM sqlite_schema i, pragma_table_info(i.tbl_name) c WHERE i.name = ?1 ORDER BY c.cid",
    )?;
    for column in of_table.query_map([index], |row| row.get::<_, String>(0))? {
        let column = column?;
        if words.contains(&column.as_str()) && !columns.contains(&column) {
            columns.push(column);
        }
    }
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fails(setup: &str, sql: &str) -> Failure {
        let connection = Connection::open_in_memory().expect("open");
        crate::functions::register(&connection).expect("functions");
        connection
            .execute_batch("PRAGMA foreign_keys = ON")
            .expect("pragma");
        connection.execute_batch(setup).expect(setup);
        let error = connection.execute_batch(sql).expect_err(sql);
        failure(&connection, &error)
    }

    fn statement(setup: &str, sql: &str) -> StatementError {
        match fails(setup, sql) {
            Failure::Statement(error) => error,
            Failure::Store(error) => panic!("{error:?}"),
        }
    }

    fn unique(columns: &[&str]) -> StatementError {
        StatementError::Unique(columns.iter().map(|&column| column.to_owned()).collect())
    }

    #[test]
    fn unique_keys_name_their_columns() {
        let keys = "CREATE TABLE \"t x\" (id TEXT PRIMARY KEY, a TEXT, b INT, UNIQUE (a, b)) STRICT;
                    INSERT INTO \"t x\" VALUES ('1', 'a', 1)";
        assert_eq!(
            statement(keys, "INSERT INTO \"t x\" VALUES ('1', 'b', 1)"),
            unique(&["id"])
        );
        assert_eq!(
            statement(keys, "INSERT INTO \"t x\" VALUES ('2', 'a', 1)"),
            unique(&["a", "b"])
        );
        let rowid = "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1)";
        assert_eq!(statement(rowid, "INSERT INTO t VALUES (1)"), unique(&["id"]));
    }

    #[test]
    fn keys_over_expressions_name_the_columns_they_mention() {
        let keys = "CREATE TABLE t (tenant TEXT, email TEXT, name TEXT) STRICT;
                    CREATE UNIQUE INDEX k ON t (tenant, lower(\"email\"));
                    INSERT INTO t VALUES ('x', 'A', 'n')";
        assert_eq!(
            statement(keys, "INSERT INTO t VALUES ('x', 'a', 'm')"),
            unique(&["tenant", "email"])
        );
    }

    #[test]
    fn other_constraints() {
        let table = "CREATE TABLE p (id INT PRIMARY KEY) STRICT;
                     CREATE TABLE t (a INT NOT NULL, b INT CONSTRAINT \"t.b.type\" CHECK (b < 10),
                                     c INT CONSTRAINT positive CHECK (c > 0), p INT REFERENCES p) STRICT;
                     INSERT INTO p VALUES (1); INSERT INTO t VALUES (1, 1, 1, 1)";
        let check = |name: &str| StatementError::Check(Some(name.to_owned()));
        assert_eq!(
            statement(table, "INSERT INTO t (a) VALUES (NULL)"),
            StatementError::NotNull("a".into())
        );
        assert_eq!(
            statement(table, "INSERT INTO t (a, b) VALUES (1, 10)"),
            check("b")
        );
        assert_eq!(
            statement(table, "INSERT INTO t (a, c) VALUES (1, 0)"),
            check("positive")
        );
        assert_eq!(statement(table, "INSERT INTO t (a) VALUES ('x')"), check("a"));
        assert_eq!(
            statement(table, "INSERT INTO t (a, p) VALUES (1, 2)"),
            StatementError::ForeignKey
        );
        assert_eq!(statement(table, "DELETE FROM p"), StatementError::ForeignKey);
        let restricted = "CREATE TABLE p (id INT PRIMARY KEY) STRICT; INSERT INTO p VALUES (1);
                          CREATE TABLE t (p INT REFERENCES p ON DELETE RESTRICT) STRICT; INSERT INTO t VALUES (1)";
        assert_eq!(statement(restricted, "DELETE FROM p"), StatementError::ForeignKey);
    }

    #[test]
    fn ranges() {
        let table = "CREATE TABLE t (a INT) STRICT; INSERT INTO t VALUES (9223372036854775807), (1)";
        assert_eq!(
            statement(table, "SELECT sum(a) FROM t"),
            StatementError::OutOfRange
        );
        assert_eq!(
            statement(table, "UPDATE t SET a = bf_int8(a + 1)"),
            StatementError::OutOfRange
        );
        assert_eq!(
            statement(table, "INSERT INTO t VALUES (bf_int4(3000000000))"),
            StatementError::OutOfRange
        );
        assert!(matches!(
            statement(table, "SELECT nothing FROM t"),
            StatementError::Other(_)
        ));
    }

    #[test]
    fn the_machine() {
        let full = Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None);
        let sync = Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_IOERR_FSYNC), None);
        let connection = Connection::open_in_memory().expect("open");
        assert_eq!(
            failure(&connection, &full),
            Failure::Store(StoreError::Unavailable(1))
        );
        assert_eq!(
            failure(&connection, &sync),
            Failure::Store(StoreError::Unavailable(1))
        );
        assert_eq!(commit_failure(&full), StoreError::Unavailable(1));
        assert!(matches!(commit_failure(&sync), StoreError::OutcomeUnknown(_)));
    }
}
