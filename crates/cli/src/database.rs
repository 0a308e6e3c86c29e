//! The database of a project, open.
//!
//! Role: opens it, applies migrations, tells where it stands.
//! Invariant: connections live on the runtime that is kept beside them.
//! Not here: which database it is (`address`), what migrations say.

use crate::address::Address;
use crate::compiled::{Compiled, Migrations};
use crate::refusal;
use anyhow::{Error, Result, bail};
use backflow_engine::CorrectedClock;
use backflow_engine::migrations::{MigrateError, Report, Status};
use backflow_engine::store::Store;
use backflow_postgres::{Live, Postgres};
use backflow_sqlite::{Options, Sqlite};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::time::timeout;

/// How long the database may take to close.
const CLOSING: Duration = Duration::from_secs(10);

/// How often the clocks are compared.
const CLOCK: Duration = Duration::from_secs(60);

/// An open database.
pub(crate) struct Database {
    pub(crate) runtime: Runtime,
    store: Opened,
}

enum Opened {
    Sqlite(Arc<Sqlite>),
    Postgres(Arc<Postgres>),
}

impl Database {
    /// Opens the database; a file and its folder are made if they are missing.
    pub(crate) fn open(compiled: &Compiled) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let store = match compiled.address()? {
            Address::File(path) => Opened::Sqlite(Arc::new(Sqlite::open(&path, Options::default())?)),
            Address::Server(options) => {
                let whom = options.to_string();
                let opened = runtime.block_on(Postgres::open(*options));
                Opened::Postgres(Arc::new(opened.map_err(|error| refusal::explain(&error, &whom))?))
            }
        };
        Ok(Self { runtime, store })
    }

    /// What the engine runs transactions on.
    pub(crate) fn store(&self) -> Arc<dyn Store> {
        match &self.store {
            Opened::Sqlite(store) => Arc::<Sqlite>::clone(store),
            Opened::Postgres(store) => Arc::<Postgres>::clone(store),
        }
    }

    /// A clock that agrees with the database's, and goes on to.
    pub(crate) fn clock(&self) -> Arc<CorrectedClock> {
        let clock = Arc::<CorrectedClock>::default();
        if let Opened::Postgres(store) = &self.store {
            self.runtime.block_on(correct(Arc::clone(store), &clock));
            let (store, clock) = (Arc::downgrade(store), Arc::clone(&clock));
            self.runtime.spawn(async move {
                while let Some(store) = store.upgrade() {
                    correct(store, &clock).await;
                    tokio::time::sleep(CLOCK).await;
                }
            });
        }
        clock
    }

    /// Applies what is pending, then makes our own tables.
    pub(crate) fn migrate(&self, compiled: &Compiled) -> Result<Report> {
        let report = match (&self.store, &compiled.migrations) {
            (Opened::Sqlite(store), Migrations::Sqlite(files)) => store.migrate(files, &compiled.setup())?,
            (Opened::Postgres(store), Migrations::Postgres(files)) => {
                self.runtime.block_on(store.migrate(files, &compiled.setup()))?
            }
            _ => bail!("the migrations are for another database"),
        };
        self.watch(compiled)?;
        Ok(report)
    }

    /// Sees to it that changes are logged of what is kept.
    fn watch(&self, compiled: &Compiled) -> Result<(), MigrateError> {
        let watches = compiled.watches();
        match &self.store {
            Opened::Sqlite(store) => store.watch(watches),
            Opened::Postgres(store) => self.runtime.block_on(store.watch(watches)),
        }
    }

    /// Makes our own tables where they are missing.
    pub(crate) fn prepare(&self, compiled: &Compiled) -> Result<()> {
        match &self.store {
            // It makes them whenever it migrates.
            Opened::Sqlite(_) => self.migrate(compiled).map(drop),
            Opened::Postgres(store) => {
                self.runtime.block_on(store.prepare(&compiled.setup()))?;
                Ok(self.watch(compiled)?)
            }
        }
    }

    /// Where the database stands.
    pub(crate) fn status(&self, compiled: &Compiled) -> Result<Status, MigrateError> {
        match (&self.store, &compiled.migrations) {
            (Opened::Sqlite(store), Migrations::Sqlite(files)) => store.status(files),
            (Opened::Postgres(store), Migrations::Postgres(files)) => {
                self.runtime.block_on(store.status(files))
            }
            _ => Err(MigrateError::Database(
                "the migrations are for another database".to_owned(),
            )),
        }
    }

    /// What lives in the database, where it may hold more than the files say.
    pub(crate) fn live(&self) -> Result<Option<Live>> {
        match &self.store {
            Opened::Sqlite(_) => Ok(None),
            Opened::Postgres(store) => Ok(Some(self.runtime.block_on(store.introspect())?)),
        }
    }

    /// Where the database stands, and what lives in it; on a server both are asked at once.
    pub(crate) fn look(&self, compiled: &Compiled) -> (Result<Status, MigrateError>, Result<Option<Live>>) {
        let (Opened::Postgres(store), Migrations::Postgres(files)) = (&self.store, &compiled.migrations)
        else {
            return (self.status(compiled), self.live());
        };
        let both = async { tokio::join!(store.status(files), store.introspect()) };
        let (status, live) = self.runtime.block_on(both);
        (status, live.map(Some).map_err(Error::from))
    }

    /// Requests will come: what they need is made beside the rest of the start.
    pub(crate) fn expect_requests(&self) {
        if let Opened::Postgres(store) = &self.store {
            let _inside = self.runtime.enter();
            store.expect_requests();
        }
    }

    /// Finishes what runs and closes.
    pub(crate) fn close(&self) {
        let closing = async {
            match &self.store {
                Opened::Sqlite(store) => store.close().await,
                Opened::Postgres(store) => store.close().await,
            }
        };
        if self
            .runtime
            .block_on(async { timeout(CLOSING, closing).await })
            .is_err()
        {
            tracing::warn!("the database did not close in time");
        }
    }
}

async fn correct(store: Arc<Postgres>, clock: &CorrectedClock) {
    if let Some(ahead) = store.clock_ahead().await {
        clock.set(ahead);
    }
}

/// Where the database stands; a file that does not exist yet is not made.
pub(crate) fn status(compiled: &Compiled) -> Result<Status> {
    if let Address::File(path) = compiled.address()?
        && !path.exists()
    {
        return Ok(Status {
            applied: Vec::new(),
            pending: compiled.migrations.names(),
        });
    }
    Ok(Database::open(compiled)?.status(compiled)?)
}

/// What a look into a database shows.
pub(crate) struct Seen {
    pub(crate) live: Live,
    /// Files that are not applied to it.
    pub(crate) pending: Vec<String>,
}

/// Looks into a database that may hold more than the files say, and changes nothing.
pub(crate) fn look(compiled: &Compiled) -> Result<Option<Seen>> {
    if let Address::File(_) = compiled.address()? {
        return Ok(None);
    }
    let database = Database::open(compiled)?;
    let (status, live) = database.look(compiled);
    database.close();
    let pending = status?.pending;
    Ok(live?.map(|live| Seen { live, pending }))
}
