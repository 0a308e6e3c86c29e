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
use backflow_engine::store::Store;
use backflow_sql::ir::Dialect;
use backflow_sqlite::{Options, Sqlite};
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
            return vec![Backend::Sqlite];
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
    pub(crate) fn open(&self, compiled: &Compiled, setup: &[String]) -> Arc<dyn Store> {
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
                Arc::new(store)
            }
            Home::Postgres(database) => postgres(&database.url(), &database.url(), compiled, setup),
            Home::Pooled(database, bouncer) => {
                postgres(&bouncer.url(database.name()), &database.url(), compiled, setup)
            }
        }
    }
}

fn file(folder: &tempfile::TempDir) -> PathBuf {
    folder.path().join("app.db")
}

/// A store at an address, after the tables were made past any pooler.
fn postgres(url: &str, direct: &str, compiled: &Compiled, setup: &[String]) -> Arc<dyn Store> {
    let probe = Probe::postgres(direct);
    // Once in the life of a database, whoever comes first.
    if probe
        .try_execute("CREATE TABLE _backflow_migrations (name TEXT)")
        .is_ok()
    {
        for statement in setup.iter().chain(&compiled.statements) {
            probe.execute(statement);
        }
    }
    let options = backflow_postgres::Options::parse(url).expect("a connection string");
    let store = blocking::wait(async move { backflow_postgres::Postgres::open(options).await });
    Arc::new(store.expect("a database"))
}
