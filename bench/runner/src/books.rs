//! What the database holds, to be compared with what was answered.
//!
//! Role: a number that grows by a known amount for every answer of a route that writes.
//! Invariant: read over a connection of our own, never through a server.
//! Not here: the comparison (`turns`).

use crate::cluster::connect;
use crate::routes::Route;
use anyhow::Result;
use rusqlite::OpenFlags;
use std::path::PathBuf;
use tokio_postgres::Client;

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
const EVENTS: &str = "SELECT count(*) FROM _backflow_events";
const USED: &str = "SELECT sum(used) FROM usage_records";

fn entries(route: Route) -> Option<(&'static str, u64)> {
    match route {
        Route::Check | Route::Organization => None,
        Route::Track | Route::Hot => Some((USED, 1)),
        Route::Create => Some((ROWS, 2)),
        Route::Accept => Some((ROWS, 1)),
        Route::Webhook | Route::Paid => Some((EVENTS, 1)),
    }
}
