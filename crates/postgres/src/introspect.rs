//! What lives in the database.
//!
//! Role: reads tables, views, columns, types, keys and indexes into a [`Catalog`].
//! Input: a connection. Output: [`Live`].
//! Invariant: one snapshot and one flight for all of it; a table is what its name means on `search_path`;
//! nothing of the system's, of an extension or of ours is in it.
//! Not here: comparing it with files (`drift`).

mod build;
mod queries;
mod rows;
mod types;

use crate::connect::chain;
use crate::store::Postgres;
use backflow_catalog::Catalog;
use rows::Found;
use std::fmt;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Error, Row};

/// What lives in a database.
#[derive(Debug, Clone, Default)]
pub struct Live {
    /// Tables and views.
    pub catalog: Catalog,
    /// Tables of which our role sees only some rows, or none: row security is on and does apply to it.
    pub veiled: Vec<String>,
}

/// Why the database could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntrospectError(pub(crate) String);

impl fmt::Display for IntrospectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the tables of the database cannot be read: {}", self.0)
    }
}

impl std::error::Error for IntrospectError {}

impl From<Error> for IntrospectError {
    fn from(error: Error) -> Self {
        IntrospectError(chain(&error))
    }
}

impl Postgres {
    /// Reads what lives in the database.
    ///
    /// # Errors
    /// When it cannot be reached or read.
    pub async fn introspect(&self) -> Result<Live, IntrospectError> {
        // At the start nobody needs the first connection yet.
        if let Some(mut lease) = self.lanes().writers.spare() {
            lease.soil();
            let live = introspect(lease.client()).await?;
            lease.rest();
            return Ok(live);
        }
        let session = self.session().await;
        let session = session.map_err(|error| IntrospectError(error.to_string()))?;
        introspect(&session.client).await
    }
}

async fn introspect(client: &Client) -> Result<Live, IntrospectError> {
    let ask = async |sql: String| {
        client
            .query_typed(&sql, &[] as &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)])
            .await
    };
    // All of them are sent before the first answer comes.
    let begin = queries::begin();
    let (begun, relations, columns, types, constraints, indexes, ended) = tokio::join!(
        biased;
        client.batch_execute(&begin),
        ask(queries::relations()),
        ask(queries::columns()),
        ask(queries::types()),
        ask(queries::constraints()),
        ask(queries::indexes()),
        client.batch_execute("COMMIT"),
    );
    begun?;
    ended?;
    let found = Found {
        relations: read(&relations?, rows::Relation::read)?,
        columns: read(&columns?, rows::Column::read)?,
        types: read(&types?, rows::Type::read)?,
        constraints: read(&constraints?, rows::Constraint::read)?,
        indexes: read(&indexes?, rows::Index::read)?,
    };
    Ok(build::live(&found))
}

fn read<T>(rows: &[Row], one: impl Fn(&Row) -> Result<T, Error>) -> Result<Vec<T>, Error> {
    rows.iter().map(one).collect()
}
