//! PgBouncer in transaction mode in front of a cluster.
//!
//! Role: what stands between a server and its database at most hosts of PostgreSQL, Supabase included.
//! Input: the program, found in `PGBOUNCER`, in Debian's place, in the PATH.
//! Invariant: two transactions of one client hardly ever meet the same connection of the server, so that what a
//! session was assumed to keep is missed.
//! Not here: the databases; they are the cluster's.

use crate::blocking;
use crate::cluster::{Cluster, Database, Folder, free_port};
use std::fmt::Write;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use tokio_postgres::NoTls;

/// How long it may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// Connections to the server for each database; fewer than clients have.
const POOL: usize = 6;

/// Connections of the server that lie ready.
const READY: usize = 3;

/// What a client before us left in the session: drivers number their prepared statements, and so do we perhaps.
const LEFT_BEHIND: &str =
    "BEGIN; SET timezone = 'America/St_Johns'; SET datestyle = 'German'; SET lock_timeout = '7s';
    PREPARE s0 AS SELECT 'not yours'; PREPARE s1 AS SELECT 'not yours'; PREPARE s2 AS SELECT 'not yours'";

/// A running PgBouncer.
#[derive(Debug)]
pub struct Bouncer {
    process: Child,
    port: u16,
    folder: Folder,
    /// Goes after the bouncer.
    cluster: Arc<Cluster>,
}

impl Bouncer {
    /// The one in front of this process's cluster.
    ///
    /// # Panics
    /// When it cannot be started; the message says what to install.
    #[must_use]
    pub fn shared() -> Arc<Bouncer> {
        static SHARED: OnceLock<Arc<Bouncer>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(|| Arc::new(Bouncer::start(&Cluster::shared()))))
    }

    /// Starts one in front of a cluster.
    ///
    /// # Panics
    /// When it cannot be started; the message says what to install.
    #[must_use]
    pub fn start(cluster: &Arc<Cluster>) -> Self {
        let (folder, port) = (Folder::new("backflow-pool-"), free_port());
        folder.write("users", "\"postgres\" \"\"\n");
        let file = folder.write("pgbouncer.ini", &configuration(&folder, port, cluster.port()));
        let process = folder
            .account()
            .command(&binary())
            .arg(file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pgbouncer can be run");
        let mut bouncer = Bouncer {
            process,
            port,
            folder,
            cluster: Arc::clone(cluster),
        };
        bouncer.ready();
        bouncer
    }

    /// Waits until it takes connections.
    fn ready(&mut self) {
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.process.try_wait().is_ok_and(|ended| ended.is_some());
            assert!(
                !ended && begun.elapsed() < PATIENCE,
                "pgbouncer does not start:\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Makes an empty database of the cluster, to which several connections of the server lie ready, each with what
    /// some other client may have left in its session.
    ///
    /// # Panics
    /// When it cannot be reached.
    #[must_use]
    pub fn create(&self) -> Database {
        let database = self.cluster.create();
        let url = self.url(database.name());
        blocking::wait(async move {
            let mut clients = Vec::new();
            for _ in 0..READY {
                let (client, connection) = tokio_postgres::connect(&url, NoTls).await?;
                tokio::spawn(connection);
                // All transactions are open at once: no two can have one connection of the server.
                client.batch_execute(LEFT_BEHIND).await?;
                clients.push(client);
            }
            for client in &clients {
                client.batch_execute("COMMIT").await?;
            }
            Ok::<_, tokio_postgres::Error>(())
        })
        .unwrap_or_else(|error| panic!("a database behind the pooler cannot be reached: {error}"));
        database
    }

    /// How to connect to one of the cluster's databases through it.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Its cluster.
    #[must_use]
    pub fn cluster(&self) -> &Arc<Cluster> {
        &self.cluster
    }

    /// What it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn configuration(folder: &Folder, port: u16, server: u16) -> String {
    let path = folder.path().display();
    let mut text = format!("[databases]\n* = host=127.0.0.1 port={server}\n[pgbouncer]\n");
    for (name, value) in [
        ("listen_addr", "127.0.0.1"),
        ("auth_type", "trust"),
        ("pool_mode", "transaction"),
        ("server_round_robin", "1"),
        ("server_idle_timeout", "20"),
        ("max_client_conn", "1000"),
        ("unix_socket_dir", ""),
        ("log_connections", "0"),
        ("log_disconnections", "0"),
    ] {
        writeln!(text, "{name} = {value}").expect("text grows");
    }
    write!(
        text,
        "listen_port = {port}\ndefault_pool_size = {POOL}\nauth_file = {path}/users\nlogfile = {path}/log\n\
         pidfile = {path}/pgbouncer.pid\n"
    )
    .expect("text grows");
    text
}

/// The program.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where the program is"
)]
fn binary() -> PathBuf {
    let named = std::env::var("PGBOUNCER").map(PathBuf::from);
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).map(|folder| folder.join("pgbouncer"));
    named
        .into_iter()
        .chain([PathBuf::from("/usr/sbin/pgbouncer")])
        .chain(folders)
        .find(|program| program.is_file())
        .unwrap_or_else(|| {
            panic!(
                "no PgBouncer was found: set PGBOUNCER to the program, or install it (Debian: apt-get install \
                 pgbouncer; macOS: brew install pgbouncer)"
            )
        })
}
