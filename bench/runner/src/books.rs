//! What the database holds, to be compared with what was answered.
//!
//! Role: a number that grows by a known amount for every answer of a route that writes.
//! Invariant: read over a connection of our own, never through a server.
//! Not here: the comparison (`turns`).

use crate::cluster::connect;
use crate::routes::Route;
use anyhow::{Result, bail};
use rusqlite::OpenFlags;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio_postgres::Client;

/// How long events may wait after a turn, and how often that is looked at.
const SETTLED_WITHIN: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(10);

/// A database as an accountant sees it.
pub(crate) enum Books {
    Postgres(Box<Client>),
    Sqlite(PathBuf),
}

impl Books {
    pub(crate) async fn postgres(url: &str) -> Result<Self> {
        Ok(Self::Postgres(Box::new(connect(url).await?)))
    }

    /// What the answers of a route have added up to; nothing for a route that reads.
    pub(crate) async fn total(&self, route: Route) -> Result<Option<u64>> {
        match entries(route) {
            Some((query, _)) => self.number(query).await.map(Some),
            None => Ok(None),
        }
    }

    /// Waits until no event of a webhook is to be run any more.
    pub(crate) async fn settled(&self) -> Result<()> {
        let begun = Instant::now();
        while self.number(IS_DUE).await? > 0 {
            if begun.elapsed() > SETTLED_WITHIN {
                let why = self.text(WHY_DUE).await?;
                bail!("events are still to be run after {SETTLED_WITHIN:?}; one is {why}");
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    async fn text(&self, query: &str) -> Result<String> {
        Ok(match self {
            Self::Postgres(client) => client.query_one(query, &[]).await?.try_get(0)?,
            Self::Sqlite(file) => {
                let connection =
                    rusqlite::Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
                connection.query_row(query, [], |row| row.get(0))?
            }
        })
    }

    async fn number(&self, query: &str) -> Result<u64> {
        let number: i64 = match self {
            Self::Postgres(client) => client.query_one(query, &[]).await?.try_get(0)?,
            Self::Sqlite(file) => rusqlite::Connection::open_with_flags(
                file,
                OpenFlags::SQLITE_OPEN_READ_ONLY,
            )?
            .query_row(query, [], |row| row.get(0))?,
        };
        Ok(u64::try_from(number)?)
    }
}

/// How much one answer adds.
pub(crate) fn worth(route: Route) -> u64 {
    entries(route).map_or(0, |(_, worth)| worth)
}

const ROWS: &str =
    "SELECT (SELECT count(*) FROM organizations) + (SELECT count(*) FROM organization_members)";
const IGNORED: &str = "SELECT count(*) FROM _backflow_events WHERE state = 'ignored'";
const DONE: &str = "SELECT count(*) FROM _backflow_events WHERE state = 'done'";
const IS_DUE: &str =
    "SELECT count(*) FROM (SELECT 1 FROM _backflow_events WHERE due IS NOT NULL LIMIT 1) AS one";
const WHY_DUE: &str =
    "SELECT state || coalesce(': ' || error, '') FROM _backflow_events WHERE due IS NOT NULL LIMIT 1";
const USED: &str = "SELECT sum(used) FROM usage_records";

fn entries(route: Route) -> Option<(&'static str, u64)> {
    match route {
        Route::Check | Route::Organization | Route::Subscription => None,
        Route::Track | Route::Hot => Some((USED, 1)),
        Route::Create => Some((ROWS, 2)),
        Route::Accept => Some((ROWS, 1)),
        Route::WebhookKept => Some((IGNORED, 1)),
        Route::WebhookRun => Some((DONE, 1)),
    }
}
