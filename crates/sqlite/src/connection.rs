//! Opens connections the way this store needs them.
//!
//! Role: pragmas, limits and functions of a connection.
//! Invariant: every connection enforces foreign keys, waits for locks, syncs every commit, keeps its memory
//! bounded and never takes a misspelt identifier for a string.
//! Not here: what runs on a connection.
//!
//! Several processes may open one file: SQLite's own locks keep them apart, and each waits for the other up
//! to the busy timeout before it refuses with "unavailable".

use crate::deadline::Deadline;
use crate::functions;
use crate::options::{OpenError, Options};
use crate::statements::MOST_BYTES;
use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Bytes of a page in a file that is made here; one that is there keeps its own. Rows of two kilobytes and more, such as
/// events, fill pages of 8 KiB better than those of 4, and a commit of many writes fewer.
const PAGE: u32 = 8192;

/// Page cache of the writer and of a reader, in KiB.
const WRITER_CACHE_KIB: i32 = 4_000;
const READER_CACHE_KIB: i32 = 2_000;

/// So many pages of the log are written into the file together: a page that many transactions changed meanwhile is written
/// once. Reading goes through a longer log as fast: it has an index.
const CHECKPOINT: u32 = 4000;

/// The log is cut back to this many bytes once a checkpoint has emptied it.
const LOG_LIMIT: i32 = 64 * 1024 * 1024;

/// Where the data is.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    /// In a file.
    File(PathBuf),
    /// In the writer's connection alone; gone when it closes. For tests.
    Memory,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Writer,
    Reader,
}

/// A connection and what stops its statements.
pub(crate) struct Opened {
    pub(crate) connection: Connection,
    pub(crate) deadline: Deadline,
}

/// Makes the folder that the file is to lie in.
pub(crate) fn make_folder(path: &Path) -> Result<(), OpenError> {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => {
            std::fs::create_dir_all(folder).map_err(|error| OpenError::Folder(folder.to_owned(), error))
        }
        _ => Ok(()),
    }
}

/// Opens a connection.
pub(crate) fn open(place: &Place, role: Role, options: &Options) -> Result<Opened, OpenError> {
    let path = match place {
        Place::File(path) => path.clone(),
        Place::Memory => PathBuf::from(":memory:"),
    };
    let failed = |error: rusqlite::Error| OpenError::File(path.clone(), reason(&error));
    let mut connection = connect(place).map_err(failed)?;
    connection.busy_timeout(options.busy_timeout).map_err(failed)?;
    if let (Place::File(_), Role::Writer) = (place, role) {
        let mode = use_log(&connection, options.busy_timeout).map_err(failed)?;
        if !mode.eq_ignore_ascii_case("wal") {
            return Err(OpenError::NoWal(path, mode));
        }
    }
    set_up(&connection, role).map_err(failed)?;
    functions::register(&connection).map_err(failed)?;
    let deadline = Deadline::watch(&mut connection, options.statement_timeout).map_err(failed)?;
    #[cfg(test)]
    if let Some(prepare) = &options.prepare {
        prepare(&mut connection);
    }
    Ok(Opened { connection, deadline })
}

/// A path is taken as a path, never as an URI with options in it.
fn connect(place: &Place) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    match place {
        Place::File(path) => Connection::open_with_flags(path, flags),
        Place::Memory => Connection::open_in_memory_with_flags(flags),
    }
}

/// Switches to the write-ahead log. Two processes that do so at once may collide without the busy timeout
/// being asked, hence the loop.
fn use_log(connection: &Connection, patience: Duration) -> rusqlite::Result<String> {
    let begun = Instant::now();
    // Only before the first page is written; the log's mode writes it.
    connection.pragma_update(None, "page_size", PAGE)?;
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0)) {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && begun.elapsed() < patience =>
            {
                std::thread::sleep(Duration::from_millis(5));
            }
            other => return other,
        }
    }
}

fn set_up(connection: &Connection, role: Role) -> rusqlite::Result<()> {
    // One text, such as the JSON of nested embeds, grows no larger than an answer may.
    connection.set_limit(
        Limit::SQLITE_LIMIT_LENGTH,
        i32::try_from(MOST_BYTES).unwrap_or(i32::MAX),
    )?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // After ANALYZE a statement would be planned again for every new value of a parameter.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    let (cache, query_only) = match role {
        Role::Writer => (WRITER_CACHE_KIB, "OFF"),
        Role::Reader => (READER_CACHE_KIB, "ON"),
    };
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA foreign_keys = ON;
         PRAGMA case_sensitive_like = ON;
         PRAGMA temp_store = MEMORY;
         PRAGMA mmap_size = 0;
         PRAGMA journal_size_limit = {LOG_LIMIT};
         PRAGMA wal_autocheckpoint = {CHECKPOINT};
         PRAGMA cache_size = -{cache};
         PRAGMA query_only = {query_only};"
    ))
}

/// SQLite's text, with the usual causes put into words.
fn reason(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => "the file is not a SQLite database".to_owned(),
        Some(ErrorCode::CannotOpen) => format!("{error} (is it a folder, or are permissions missing?)"),
        Some(ErrorCode::ReadOnly) => "it is read-only".to_owned(),
        Some(ErrorCode::DatabaseBusy) => "another process keeps it locked".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Folder;

    fn text(connection: &Connection, sql: &str) -> String {
        connection
            .query_row(sql, [], |row| row.get::<_, rusqlite::types::Value>(0))
            .map(|value| format!("{value:?}"))
            .expect(sql)
    }

    #[test]
    fn a_file_that_is_made_has_larger_pages_and_one_that_is_there_keeps_its_own() {
        let folder = Folder::new();
        let (new, old) = (folder.path().join("new.db"), folder.path().join("old.db"));
        Connection::open(&old)
            .expect("a file")
            .execute_batch("PRAGMA page_size = 4096; CREATE TABLE t (a INT) STRICT")
            .expect("a table");
        for (path, size) in [(new, PAGE), (old, 4096)] {
            for _ in 0..2 {
                let opened = open(&Place::File(path.clone()), Role::Writer, &Options::default());
                let connection = opened.expect("opened").connection;
                assert_eq!(text(&connection, "PRAGMA page_size"), format!("Integer({size})"));
                connection
                    .execute_batch("CREATE TABLE IF NOT EXISTS u (a INT) STRICT")
                    .expect("written");
            }
        }
    }

    #[test]
    fn pragmas_hold() {
        let folder = Folder::new();
        let place = Place::File(folder.path().join("deep/er/app.db"));
        make_folder(&folder.path().join("deep/er/app.db")).expect("folder");
        let writer = open(&place, Role::Writer, &Options::default())
            .expect("writer")
            .connection;
        let reader = open(&place, Role::Reader, &Options::default())
            .expect("reader")
            .connection;
        for connection in [&writer, &reader] {
            assert_eq!(text(connection, "PRAGMA journal_mode"), "Text(\"wal\")");
            assert_eq!(text(connection, "PRAGMA synchronous"), "Integer(2)");
            assert_eq!(text(connection, "PRAGMA foreign_keys"), "Integer(1)");
            assert_eq!(text(connection, "PRAGMA trusted_schema"), "Integer(0)");
            assert_eq!(text(connection, "PRAGMA mmap_size"), "Integer(0)");
            assert_eq!(text(connection, "PRAGMA busy_timeout"), "Integer(5000)");
            assert_eq!(text(connection, "SELECT 'a' LIKE 'A'"), "Integer(0)");
        }
        assert!(writer.execute_batch("CREATE TABLE t (a INT) STRICT").is_ok());
        assert!(reader.execute_batch("INSERT INTO t VALUES (1)").is_err());
        assert!(
            writer.execute_batch("SELECT \"nonsense\" FROM t").is_err(),
            "no identifier is a string"
        );
    }

    #[test]
    fn a_file_of_something_else_is_refused() {
        let folder = Folder::new();
        let path = folder.path().join("app.db");
        std::fs::write(
            &path,
            "this is certainly not a database, whatever one may think of it",
        )
        .expect("file");
        let error = open(&Place::File(path), Role::Writer, &Options::default())
            .err()
            .expect("refused");
        assert!(error.to_string().contains("not a SQLite database"), "{error}");
    }
}
