//! Plain SQL on a world's database, beside what it serves.
//!
//! Role: prepares rows and looks at them, on each database in the same way.
//! Invariant: rows that mean the same read the same: booleans as 0 and 1, instants in RFC 3339 with microseconds and
//! in UTC, whatever the server's settings say; values as the database stores them otherwise.
//! Not here: anything that the engine does.

use crate::blocking;
use rusqlite::types::ValueRef;
use std::sync::Arc;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// A row: texts, or nothing for NULL.
pub type Row = Vec<Option<String>>;

/// A connection of a test's own.
pub struct Probe(Database);

enum Database {
    Sqlite(rusqlite::Connection),
    Postgres(Arc<Client>),
}

impl Probe {
    pub(crate) fn sqlite(path: &std::path::Path) -> Self {
        let connection = rusqlite::Connection::open(path).expect("a connection");
        connection
            .pragma_update(None, "foreign_keys", true)
            .expect("a pragma");
        connection
            .busy_timeout(std::time::Duration::from_secs(5))
            .expect("a timeout");
        Probe(Database::Sqlite(connection))
    }

    /// Connects to a PostgreSQL, past any pooler.
    ///
    /// # Panics
    /// When it cannot be reached.
    #[must_use]
    pub fn postgres(url: &str) -> Self {
        let url = url.to_owned();
        let client = blocking::wait(async move {
            let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
            tokio::spawn(connection);
            client
                .batch_execute("SET timezone = 'UTC'; SET datestyle = 'ISO'; SET bytea_output = 'hex'; SET extra_float_digits = 1")
                .await?;
            Ok::<_, tokio_postgres::Error>(client)
        });
        Probe(Database::Postgres(Arc::new(client.expect("a connection"))))
    }

    /// Whether the rows are PostgreSQL's.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        matches!(self.0, Database::Postgres(_))
    }

    /// Runs statements, all or none.
    ///
    /// # Panics
    /// When one fails.
    pub fn execute(&self, sql: &str) {
        if let Err(fault) = self.try_execute(sql) {
            panic!("{fault}, running {sql}");
        }
    }

    /// Runs statements, all or none.
    ///
    /// # Errors
    /// What the database says.
    pub fn try_execute(&self, sql: &str) -> Result<(), String> {
        match &self.0 {
            Database::Sqlite(connection) => {
                let script = format!("SAVEPOINT probe; {sql}\n; RELEASE probe");
                connection.execute_batch(&script).map_err(|error| {
                    drop(connection.execute_batch("ROLLBACK TO probe; RELEASE probe"));
                    error.to_string()
                })
            }
            Database::Postgres(client) => {
                let (client, sql) = (Arc::clone(client), sql.to_owned());
                blocking::wait(async move { client.batch_execute(&sql).await }).map_err(|error| told(&error))
            }
        }
    }

    /// Runs statements in one transaction, without looking at foreign keys, deferred or not.
    ///
    /// # Panics
    /// When one fails.
    pub fn execute_unchecked(&self, sql: &str) {
        let (before, after) = match &self.0 {
            Database::Sqlite(_) => (
                "PRAGMA foreign_keys=OFF; BEGIN IMMEDIATE;",
                "; COMMIT; PRAGMA foreign_keys=ON;",
            ),
            // Replicas do not check, and do not cascade.
            Database::Postgres(_) => ("BEGIN; SET LOCAL session_replication_role = replica;", "; COMMIT"),
        };
        let script = format!("{before}{sql}{after}");
        let outcome = match &self.0 {
            Database::Sqlite(connection) => connection
                .execute_batch(&script)
                .map_err(|error| error.to_string()),
            Database::Postgres(_) => self.try_execute(&script),
        };
        if let Err(fault) = outcome {
            panic!("{fault}, running {sql}");
        }
    }

    /// The rows of a query.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn rows(&self, query: &str) -> Vec<Row> {
        match &self.0 {
            Database::Sqlite(connection) => sqlite_rows(connection, query),
            Database::Postgres(client) => {
                let (client, sql) = (Arc::clone(client), query.to_owned());
                blocking::wait(async move { postgres_rows(&client, &sql).await })
            }
            .map_err(|error| told(&error)),
        }
        .unwrap_or_else(|fault| panic!("{fault}, running {query}"))
    }

    /// The rows of a query, one line each.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn table(&self, query: &str) -> String {
        let mut text = String::new();
        for row in self.rows(query) {
            let cells: Vec<&str> = row.iter().map(|cell| cell.as_deref().unwrap_or("null")).collect();
            text.push_str(&cells.join(" | "));
            text.push('\n');
        }
        text
    }

    /// The number that a query finds.
    ///
    /// # Panics
    /// When it fails or finds something else.
    #[must_use]
    pub fn number(&self, query: &str) -> i64 {
        let rows = self.rows(query);
        let cell = rows.first().and_then(|row| row.first()?.as_deref()?.parse().ok());
        cell.unwrap_or_else(|| panic!("no number: {rows:?}, running {query}"))
    }

    /// The columns of a table.
    ///
    /// # Panics
    /// When the database does not answer.
    #[must_use]
    pub fn columns(&self, table: &str) -> Vec<String> {
        let query = match &self.0 {
            Database::Sqlite(_) => format!("SELECT name FROM pragma_table_info('{table}') ORDER BY cid"),
            Database::Postgres(_) => format!(
                "SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0
                 AND NOT attisdropped ORDER BY attnum"
            ),
        };
        self.rows(&query).into_iter().flatten().flatten().collect()
    }

    /// The column that says where a row lies: another one after the row was replaced or changed.
    #[must_use]
    pub fn place(&self) -> &'static str {
        match &self.0 {
            Database::Sqlite(_) => "rowid",
            Database::Postgres(_) => "ctid",
        }
    }
}

/// What a database says, with what it adds.
fn told(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(fault) => format!("{}: {}", fault.code().code(), fault.message()),
        None => error.to_string(),
    }
}

fn sqlite_rows(connection: &rusqlite::Connection, query: &str) -> Result<Vec<Row>, String> {
    let read = || -> rusqlite::Result<Vec<Row>> {
        let mut statement = connection.prepare_cached(query)?;
        let width = statement.column_count();
        let mut found = statement.query([])?;
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let cells = (0..width).map(|at| {
                Ok(match row.get_ref(at)? {
                    ValueRef::Null => None,
                    ValueRef::Integer(n) => Some(n.to_string()),
                    ValueRef::Real(x) => Some(x.to_string()),
                    ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                        Some(String::from_utf8_lossy(bytes).into_owned())
                    }
                })
            });
            rows.push(cells.collect::<rusqlite::Result<Row>>()?);
        }
        Ok(rows)
    };
    read().map_err(|error| error.to_string())
}

/// Texts as the server writes them, with the columns' types beside them.
async fn postgres_rows(client: &Client, query: &str) -> Result<Vec<Row>, tokio_postgres::Error> {
    let statement = client.prepare(query).await?;
    let types: Vec<Type> = statement
        .columns()
        .iter()
        .map(|column| column.type_().clone())
        .collect();
    let mut rows = Vec::new();
    for message in client.simple_query(query).await? {
        if let SimpleQueryMessage::Row(row) = message {
            let cells = types
                .iter()
                .enumerate()
                .map(|(at, kind)| row.get(at).map(|text| uniform(kind, text)));
            rows.push(cells.collect());
        }
    }
    Ok(rows)
}

/// A value as SQLite's side stores it.
fn uniform(kind: &Type, text: &str) -> String {
    match *kind {
        Type::BOOL => i32::from(text == "t").to_string(),
        Type::TIMESTAMPTZ => text
            .strip_suffix("+00")
            .map_or_else(|| text.to_owned(), |local| format!("{}+00:00", instant(local))),
        Type::TIMESTAMP => instant(text),
        Type::FLOAT4 | Type::FLOAT8 => text
            .parse::<f64>()
            .map_or_else(|_| text.to_owned(), |x| x.to_string()),
        _ => text.to_owned(),
    }
}

/// `2026-11-23 18:10:15.12` as `2026-11-23T18:10:15.120000`.
fn instant(text: &str) -> String {
    let (whole, micros) = text.split_once('.').unwrap_or((text, ""));
    if !whole.contains(' ') {
        return text.to_owned(); // infinity
    }
    format!("{}.{micros:0<6}", whole.replacen(' ', "T", 1))
}
