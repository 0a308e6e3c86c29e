//! A private PostgreSQL in a temporary folder.
//!
//! Role: [`Cluster::shared`] is the one of this process, started when it is first asked for and gone with the process,
//! however that ends; [`Cluster::start`] is one of a test's own, to be stopped and killed. [`Cluster::create`] makes
//! databases.
//! Input: binaries of PostgreSQL 15 or later, found in `PG_BIN`, by `pg_config`, in Debian's places, in the PATH.
//! Invariant: settings on which bytes could depend are unusual, so that what depends on them differs and is seen.
//! Not here: what is in the databases.

mod account;
mod binaries;
mod folder;
mod server;

pub(crate) use account::Account;
pub(crate) use folder::Folder;

use crate::blocking;
use server::Server;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio_postgres::NoTls;

/// What differs between clusters.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether commits survive a crash of the machine; costs time.
    pub durable: bool,
    /// Further settings, which win over the cluster's own.
    pub settings: Vec<(String, String)>,
}

impl Options {
    /// Sets one of PostgreSQL's settings.
    #[must_use]
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }
}

/// How a server ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Transactions are rolled back, then it shuts down in order.
    Fast,
    /// All its processes stop at once; the next start recovers from the log.
    Crash,
}

/// A running PostgreSQL.
#[derive(Debug)]
pub struct Cluster {
    server: Mutex<Server>,
    port: u16,
    /// Goes after the server.
    folder: Folder,
    made: AtomicU64,
}

/// A database of a cluster, dropped with the value.
#[derive(Debug)]
pub struct Database {
    cluster: Arc<Cluster>,
    name: String,
}

impl Cluster {
    /// The cluster of this process.
    ///
    /// # Panics
    /// When no PostgreSQL can be started; the message says what to install.
    #[must_use]
    pub fn shared() -> Arc<Cluster> {
        static SHARED: OnceLock<Arc<Cluster>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(|| Cluster::start(&Options::default())))
    }

    /// Starts a cluster of the caller's own.
    ///
    /// # Panics
    /// When no PostgreSQL can be started; the message says what to install.
    #[must_use]
    pub fn start(options: &Options) -> Arc<Cluster> {
        let folder = Folder::new("backflow-pg-");
        let port = free_port();
        let server = Server::start(&folder, port, options);
        Arc::new(Cluster {
            server: Mutex::new(server),
            port,
            folder,
            made: AtomicU64::new(0),
        })
    }

    /// Makes an empty database.
    ///
    /// # Panics
    /// When the server does not let us.
    #[must_use]
    pub fn create(self: &Arc<Self>) -> Database {
        self.create_from("template0")
    }

    /// Makes a database like another one, to which nobody may be connected.
    ///
    /// # Panics
    /// When the server does not let us.
    #[must_use]
    pub fn create_from(self: &Arc<Self>, template: &str) -> Database {
        let name = format!("test_{}", self.made.fetch_add(1, Ordering::Relaxed) + 1);
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
        let url = self.url("postgres");
        blocking::wait(async move { execute(&url, &sql).await })
            .unwrap_or_else(|error| panic!("a database cannot be made: {error}"));
        Database {
            cluster: Arc::clone(self),
            name,
        }
    }

    /// How to connect to a database, over TCP, as the superuser.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// The port on 127.0.0.1; the same after each start.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder in which the server's unix socket is.
    #[must_use]
    pub fn socket(&self) -> &Path {
        self.folder.path()
    }

    /// Stops the server.
    ///
    /// # Panics
    /// When it does not end.
    pub fn stop(&self, end: End) {
        self.locked(|server| server.stop(end));
    }

    /// Starts the server again.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn resume(&self) {
        self.locked(Server::resume);
    }

    /// Stops the server and starts it again.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn restart(&self, end: End) {
        self.locked(|server| {
            server.stop(end);
            server.resume();
        });
    }

    /// What the server has logged.
    #[must_use]
    pub fn log(&self) -> String {
        self.locked(|server| server.log())
    }

    fn locked<T>(&self, work: impl FnOnce(&mut Server) -> T) -> T {
        work(&mut self.server.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Database {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How to connect to it, over TCP, as the superuser.
    #[must_use]
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// Its cluster.
    #[must_use]
    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }
}

impl Drop for Database {
    /// Nobody waits for it: what is left goes with the cluster.
    fn drop(&mut self) {
        let (url, name) = (self.cluster.url("postgres"), self.name.clone());
        let cluster = Arc::clone(&self.cluster);
        blocking::runtime().spawn(async move {
            drop(execute(&url, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await);
            // A cluster ends by waiting for its server, which is nothing for a thread of the runtime.
            tokio::task::spawn_blocking(move || drop(cluster));
        });
    }
}

/// Runs statements on a connection of their own.
pub(crate) async fn execute(url: &str, sql: &str) -> Result<(), tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    let connection = tokio::spawn(connection);
    let outcome = client.batch_execute(sql).await;
    drop(client);
    drop(connection.await);
    outcome
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("its address").port()
}
