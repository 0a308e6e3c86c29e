//! A connection beside the requests'.
//!
//! Role: answers pings and small questions of our own, one at a time, each within a second.
//! Invariant: never waits for a request: long statements of others must not look like a dead database, and a
//! request that asks here while it holds its own connection cannot wait for itself.
//! Not here: requests, migrations.

use crate::connect::{Connected, Connector, Purpose};
use crate::gate::{Gate, Way};
use crate::link::Link;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Error, Row};

/// How long a question may take, connecting included.
const PATIENCE: Duration = Duration::from_secs(1);

/// The values of a question.
type Values<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

/// The connection; made when it is first needed.
pub(crate) struct Aside {
    link: Mutex<Option<Link>>,
    connector: Arc<Connector>,
    gate: Arc<Gate>,
}

impl Aside {
    pub(crate) fn new(connector: Arc<Connector>, gate: Arc<Gate>) -> Self {
        Aside {
            link: Mutex::default(),
            connector,
            gate,
        }
    }

    /// Takes a session that needs no more time than others from now on, unless there is a connection already.
    pub(crate) async fn adopt(&self, session: Connected) {
        let limits = self.connector.options.limits("SET", "; ");
        if !self.connector.pooled() && session.client.batch_execute(&limits).await.is_err() {
            return;
        }
        let mut link = self.link.lock().await;
        link.get_or_insert(Link::new(session, &self.connector));
    }

    /// Whether the database answers.
    pub(crate) async fn ping(&self) -> Result<(), String> {
        self.ask("SELECT 1", &[]).await.map(drop)
    }

    /// The first column of a statement's rows.
    pub(crate) async fn texts(&self, statement: &str, values: Values<'_>) -> Result<Vec<String>, String> {
        let rows = self.ask(statement, values).await?;
        rows.iter()
            .map(|row| row.try_get(0).map_err(|error: Error| error.to_string()))
            .collect()
    }

    /// Asks; on a connection that turns out to be dead, once more on a new one.
    async fn ask(&self, statement: &str, values: Values<'_>) -> Result<Vec<Row>, String> {
        within(async {
            let mut link = self.link.lock().await;
            if let Some(old) = link.take().filter(Link::usable) {
                // What is given up in the middle leaves no connection behind.
                if let Ok(answer) = old.client().query_typed(statement, values).await {
                    *link = Some(old);
                    return Ok(answer);
                }
            }
            let new = self.connect().await?;
            let answer = new.client().query_typed(statement, values).await;
            let answer = answer.map_err(|error| crate::connect::chain(&error))?;
            *link = Some(new);
            Ok(answer)
        })
        .await
    }

    async fn connect(&self) -> Result<Link, String> {
        if self.gate.way() == Way::Closed {
            return Err("the last tries to connect failed".to_owned());
        }
        match self.connector.connect(Purpose::Requests).await {
            Ok(connected) => {
                self.gate.succeeded();
                Ok(Link::new(connected, &self.connector))
            }
            Err(error) => {
                self.gate.failed(&error);
                Err(error.text)
            }
        }
    }

    /// Closes it.
    pub(crate) async fn close(&self) {
        let link = self.link.lock().await.take();
        if let Some(link) = link {
            link.close().await;
        }
    }
}

async fn within<T>(future: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    tokio::time::timeout(PATIENCE, future)
        .await
        .unwrap_or_else(|_| Err("no answer within a second".to_owned()))
}
