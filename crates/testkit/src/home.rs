//! The databases on which everything must be the same.
//!
//! Role: [`Backend`] names them, [`Home`] is one that a world lives in.
//! Invariant: a home is empty at first and nobody else's, and gone with its last world.
//! Not here: what is served.

use crate::blocking;
use crate::bouncer::Bouncer;
use crate::cluster::{Cluster, Database};
use crate::probe::Probe;
use crate::project::Compiled;
use backflow_catalog::Catalog;
use backflow_engine::store::Store;
use backflow_postgres::{Postgres, Script};
use backflow_sql::changes::Watch;
use backflow_sql::ir::Dialect;
use backflow_sqlite::{Options, Sqlite};
use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;

/// A kind of database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backend {
    /// SQLite, in a file.
    Sqlite,
    /// PostgreSQL, from a private cluster.
    Postgres,
    /// The same through PgBouncer in transaction mode.
    Pooled,
}

impl Backend {
    /// All of them; what is expected comes from the first.
    pub const ALL: [Backend; 3] = [Backend::Sqlite, Backend::Postgres, Backend::Pooled];

    /// Those that `DATABASE` chooses, a list of names: all without it.
    ///
    /// # Panics
    /// When it names something else.
    #[must_use]
    #[allow(
        clippy::disallowed_methods,
        reason = "a test's switches come from the environment"
    )]
    pub fn chosen() -> Vec<Backend> {
        let Ok(names) = std::env::var("DATABASE") else {
            return Backend::ALL.to_vec();
        };
        let known = |name: &str| Backend::ALL.into_iter().find(|backend| backend.name() == name);
        names
            .split(',')
            .map(|name| {
                known(name.trim()).unwrap_or_else(|| panic!("DATABASE={names}: sqlite, postgres or pooled"))
            })
            .collect()
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Backend::Sqlite => "sqlite",
            Backend::Postgres => "postgres",
            Backend::Pooled => "pooled",
        }
    }

    /// What its SQL looks like.
    #[must_use]
    pub fn dialect(self) -> Dialect {
        match self {
            Backend::Sqlite => Dialect::Sqlite,
            Backend::Postgres | Backend::Pooled => Dialect::Postgres,
        }
    }
}

/// A database of a world's own.
#[derive(Debug)]
pub enum Home {
    /// A file in a folder.
    Sqlite(tempfile::TempDir),
    /// A database of a cluster.
    Postgres(Database),
    /// A database of a cluster behind a pooler.
    Pooled(Database, Arc<Bouncer>),
}

impl Home {
    /// An empty one.
    ///
    /// # Panics
    /// When none can be made; the message says what to install.
    #[must_use]
    pub fn new(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Home::Sqlite(tempfile::tempdir().expect("a temporary folder")),
            Backend::Postgres => Home::Postgres(Cluster::shared().create()),
            Backend::Pooled => {
                let bouncer = Bouncer::shared();
                Home::Pooled(bouncer.create(), bouncer)
            }
        }
    }

    /// Which it is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match self {
            Home::Sqlite(_) => Backend::Sqlite,
            Home::Postgres(_) => Backend::Postgres,
            Home::Pooled(..) => Backend::Pooled,
        }
    }

    /// A connection past everything.
    #[must_use]
    pub fn probe(&self) -> Probe {
        match self {
            Home::Sqlite(folder) => Probe::sqlite(&file(folder)),
            Home::Postgres(database) | Home::Pooled(database, _) => Probe::postgres(&database.url()),
        }
    }

    /// Opens the store and brings the tables up to date.
    pub(crate) fn open(
        &self,
        compiled: &Compiled,
        (setup, watches): (&[String], &[Watch]),
    ) -> Arc<dyn Store> {
        assert!(
            compiled.dialect == self.backend().dialect(),
            "the project is compiled for another database"
        );
        match self {
            Home::Sqlite(folder) => {
                let store = Sqlite::open(&file(folder), Options::default()).expect("a database");
                store
                    .migrate(&compiled.migrations, setup)
                    .expect("migrations that apply");
                store.watch(watches).expect("triggers");
                Arc::new(store)
            }
            Home::Postgres(_) | Home::Pooled(..) => {
                let (scripts, setup, watches) = (compiled.scripts.clone(), setup.to_vec(), watches.to_vec());
                let opened = self.connect();
                let store = blocking::wait(async move {
                    let store = opened.await;
                    store.migrate(&scripts, &setup).await?;
                    store.watch(&watches).await.map(|()| store)
                });
                Arc::new(store.unwrap_or_else(|error| panic!("migrations that apply: {error}")))
            }
        }
    }

    /// Applies migrations, and reads what there is then.
    pub(crate) fn introspect(&self, scripts: &[Script]) -> Catalog {
        let (opened, scripts) = (self.connect(), scripts.to_vec());
        blocking::wait(async move {
            let store = opened.await;
            let migrated = store.migrate(&scripts, &[]).await;
            migrated.unwrap_or_else(|error| panic!("migrations that apply: {error}"));
            let live = store.introspect().await;
            store.close().await;
            live.unwrap_or_else(|error| panic!("{error}")).catalog
        })
    }

    /// Opens a PostgreSQL as a server would.
    fn connect(&self) -> impl Future<Output = Postgres> + Send + use<> {
        let url = match self {
            Home::Sqlite(_) => panic!("nobody connects to SQLite"),
            Home::Postgres(database) => database.url(),
            Home::Pooled(database, bouncer) => bouncer.url(database.name()),
        };
        async move {
            let options = backflow_postgres::Options::parse(&url).expect("a connection string");
            Postgres::open(options).await.expect("a database")
        }
    }
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("app.db")
}
