//! The record of applied migrations.
//!
//! Role: the table, its rows, and what bears a reserved name.
//! Invariant: the table is always named with its schema, so that a file that sets `search_path` does not matter;
//! looking never changes the database.
//! Not here: deciding what to apply.

use crate::connect::chain;
use backflow_engine::migrations::{File, MigrateError, RESERVED, Record};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

const FIND: &str =
    "SELECT home.name, pg_catalog.to_regclass(home.name || '._backflow_migrations') IS NOT NULL
    FROM (SELECT pg_catalog.quote_ident(pg_catalog.current_schema())) AS home (name)
    WHERE home.name IS NOT NULL";

/// The record's table, in the schema into which files make tables.
pub(super) struct Home {
    schema: String,
    exists: bool,
}

/// Something with a reserved name, and which state of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) name: String,
    state: String,
}

/// An error of the record itself.
pub(super) fn broken(error: &tokio_postgres::Error) -> MigrateError {
    MigrateError::Database(chain(error))
}

async fn rows(client: &Client, sql: &str) -> Result<Vec<SimpleQueryRow>, MigrateError> {
    // The simple protocol leaves nothing behind, neither in a session nor in a pooler.
    let answers = client.simple_query(sql).await.map_err(|error| broken(&error))?;
    let row = |answer| match answer {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    };
    Ok(answers.into_iter().filter_map(row).collect())
}

fn text(row: &SimpleQueryRow, at: usize) -> String {
    row.get(at).unwrap_or_default().to_owned()
}

impl Home {
    /// Where the record is, or would be.
    pub(super) async fn find(client: &Client) -> Result<Self, MigrateError> {
        let rows = rows(client, FIND).await?;
        let Some(row) = rows.first() else {
            return Err(MigrateError::Database(
                "no schema of `search_path` exists, so there is nowhere to make tables".to_owned(),
            ));
        };
        Ok(Home {
            schema: text(row, 0),
            exists: row.get(1) == Some("t"),
        })
    }

    /// Makes the table if it is not there. Under the lock: two who make one table at once collide, whatever
    /// `IF NOT EXISTS` says.
    pub(super) async fn make(client: &Client) -> Result<Self, MigrateError> {
        let mut home = Self::find(client).await?;
        if !home.exists {
            let make = format!(
                "CREATE TABLE {} (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL)",
                home.table()
            );
            client
                .batch_execute(&make)
                .await
                .map_err(|error| broken(&error))?;
            home.exists = true;
        }
        Ok(home)
    }

    fn table(&self) -> String {
        format!("{}.\"_backflow_migrations\"", self.schema)
    }

    /// All rows, by name; none where there is no table.
    pub(super) async fn records(&self, client: &Client) -> Result<Vec<Record>, MigrateError> {
        if !self.exists {
            return Ok(Vec::new());
        }
        let select = format!(
            "SELECT name, checksum, pg_catalog.to_char(applied_at AT TIME ZONE 'UTC', \
             'YYYY-MM-DD\"T\"HH24:MI:SS.US') || '+00:00' FROM {} ORDER BY name COLLATE \"C\"",
            self.table()
        );
        let record = |row: &SimpleQueryRow| Record {
            name: text(row, 0),
            checksum: text(row, 1),
            at: text(row, 2),
        };
        Ok(rows(client, &select).await?.iter().map(record).collect())
    }

    /// Records a file as applied now.
    pub(super) async fn write(&self, client: &Client, file: File<'_>) -> Result<(), MigrateError> {
        let insert = format!(
            "INSERT INTO {} VALUES ($1, $2, pg_catalog.clock_timestamp())",
            self.table()
        );
        let values: [(&(dyn tokio_postgres::types::ToSql + Sync), Type); 2] =
            [(&file.name, Type::TEXT), (&file.checksum, Type::TEXT)];
        client
            .execute_typed(&insert, &values)
            .await
            .map(drop)
            .map_err(|error| broken(&error))
    }
}

/// Tables, indexes and the like with a reserved name. A row of the catalog that changes gets another `xmin`.
pub(super) async fn reserved(client: &Client) -> Result<Vec<Object>, MigrateError> {
    let select = format!(
        "SELECT relname, oid::text || '.' || xmin::text FROM pg_catalog.pg_class \
         WHERE pg_catalog.starts_with(pg_catalog.lower(relname::text), '{RESERVED}') ORDER BY oid"
    );
    let object = |row: &SimpleQueryRow| Object {
        name: text(row, 0),
        state: text(row, 1),
    };
    Ok(rows(client, &select).await?.iter().map(object).collect())
}
