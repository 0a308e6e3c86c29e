//! The store as the engine sees it.
//!
//! Role: opens, runs transactions, closes.
//! Invariant: no answer before its commit is certain.
//! Not here: connecting, statements.

use crate::connect::{Connector, Purpose, chain};
use crate::options::{OpenError, Options};
use crate::values::{self, Bound};
use backflow_engine::permit::Permit;
use backflow_engine::store::{BoxFuture, Call, RowSet, StatementError, Store, StoreError, Turn};
use backflow_engine::transaction::Transaction;
use tokio_postgres::Client;
use tokio_postgres::types::{ToSql, Type};

/// A PostgreSQL database.
pub struct Postgres {
    connector: Connector,
}

/// What the store has done since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Transactions that ran to their end.
    pub transactions: u64,
}

impl Postgres {
    /// Connects for the first time, and finds out whom it talks to.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let connector = Connector::new(options)?;
        connector.explore().await?;
        Ok(Postgres { connector })
    }

    /// Refuses new transactions, finishes those that run, closes the connections.
    pub async fn close(&self) {}

    /// What the store has done.
    #[must_use]
    pub fn stats(&self) -> Stats {
        Stats::default()
    }

    /// Whether a transaction-mode pooler stands between: no session outlives a transaction then.
    #[must_use]
    pub fn pooled(&self) -> bool {
        self.connector.pooled()
    }

    /// A connection of its own, without limits of time: for migrations and introspection.
    pub(crate) async fn session(&self) -> Result<Client, OpenError> {
        Ok(self.connector.connect(Purpose::Work).await?.client)
    }
}

async fn execute(client: &Client, call: &Call) -> Result<RowSet, StatementError> {
    let other = |error: tokio_postgres::Error| StatementError::Other(chain(&error));
    let bound: Vec<Bound<'_>> = call.values.iter().map(Bound).collect();
    let typed: Vec<(&(dyn ToSql + Sync), Type)> = bound
        .iter()
        .map(|value| (value as &(dyn ToSql + Sync), Type::UNKNOWN))
        .collect();
    let rows = client
        .query_typed(&call.statement.text, &typed)
        .await
        .map_err(other)?;
    let rows: Result<Vec<_>, String> = rows.iter().map(|row| values::row(row, &call.statement)).collect();
    Ok(RowSet {
        rows: rows.map_err(StatementError::Other)?,
    })
}

impl Store for Postgres {
    fn run<'a>(
        &'a self,
        permit: Permit,
        mut transaction: Transaction,
    ) -> BoxFuture<'a, Result<Transaction, StoreError>> {
        Box::pin(async move {
            let _judged = permit;
            let client = self.session().await.map_err(|_| StoreError::Unavailable(1))?;
            let failed = |error: tokio_postgres::Error| StoreError::Failed(chain(&error));
            client.batch_execute("BEGIN").await.map_err(failed)?;
            let mut last = None;
            loop {
                match transaction.next(last.take()) {
                    Turn::Run(call) => last = Some(execute(&client, &call).await),
                    Turn::Commit => {
                        client.batch_execute("COMMIT").await.map_err(failed)?;
                        return Ok(transaction);
                    }
                    Turn::RollBack => {
                        client.batch_execute("ROLLBACK").await.map_err(failed)?;
                        return Ok(transaction);
                    }
                }
            }
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let client = self.session().await.map_err(|_| StoreError::Unavailable(1))?;
            client
                .simple_query("SELECT 1")
                .await
                .map_err(|_| StoreError::Unavailable(1))?;
            Ok(())
        })
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres")
            .field("options", &self.connector.options)
            .finish_non_exhaustive()
    }
}
