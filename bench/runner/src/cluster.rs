//! A private PostgreSQL.
//!
//! Role: makes a cluster in a folder of its own, starts it, stops it.
//! Invariant: default settings (fsync on) but for more connections, as pgbench takes one for each of the load's beside
//! the servers'; never runs as root; listens on loopback and in its folder only.
//! Not here: tables and rows.

use crate::process::{Guard, run, wrapped};
use crate::sides::free_port;
use anyhow::{Context, Result, bail};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use tokio_postgres::{Client, NoTls};

/// Who runs it if we are root.
const USER: &str = "postgres";
const NAME: &str = "bench";
const PATIENCE: Duration = Duration::from_secs(30);

/// A running cluster.
pub(crate) struct Cluster {
    guard: Guard,
    folder: PathBuf,
    port: u16,
}

impl Cluster {
    /// Makes and starts one below a folder.
    pub(crate) async fn start(below: &Path) -> Result<Self> {
        let folder = below.join("postgres");
        std::fs::create_dir(&folder)?;
        let tools = tools()?;
        let owner = Owner::of(&folder)?;
        let data = folder.join("data");
        run(&mut owner.command(
            Command::new(tools.join("initdb"))
                .args(["-U", NAME, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-D"])
                .arg(&data)
                .current_dir(&folder),
        ))?;
        let port = free_port()?;
        let server = owner.command(
            Command::new(tools.join("postgres"))
                .arg("-D")
                .arg(&data)
                .arg("-k")
                .arg(&folder)
                .args(["-h", "127.0.0.1", "-p", &port.to_string()])
                .args(["-c", "max_connections=200"])
                .current_dir(&folder),
        );
        let guard = Guard::start(&server, "INT", &below.join("postgres.log"))?;
        let mut cluster = Self { guard, folder, port };
        cluster.wait().await?;
        Ok(cluster)
    }

    /// Waits until it answers, and makes the database.
    async fn wait(&mut self) -> Result<()> {
        let begun = Instant::now();
        loop {
            match connect(&self.url_of("postgres", false)).await {
                Ok(client) => {
                    client.batch_execute(&format!("CREATE DATABASE {NAME}")).await?;
                    return Ok(());
                }
                Err(error) if begun.elapsed() > PATIENCE || !self.guard.is_running() => {
                    return Err(error.context("PostgreSQL does not start; see its log"));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Where the database is.
    pub(crate) fn url(&self, over_socket: bool) -> String {
        self.url_of(NAME, over_socket)
    }

    fn url_of(&self, database: &str, over_socket: bool) -> String {
        if over_socket {
            let host = self.folder.display().to_string().replace('/', "%2F");
            format!("postgres://{NAME}@{host}:{}/{database}", self.port)
        } else {
            format!("postgres://{NAME}@127.0.0.1:{}/{database}", self.port)
        }
    }

    /// The process whose children do the work.
    pub(crate) fn pid(&self) -> u32 {
        self.guard.pid()
    }
}

/// Connects; the connection ends with its client.
pub(crate) async fn connect(url: &str) -> Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            eprintln!("connection of the bench: {error}");
        }
    });
    Ok(client)
}

/// The folder of `initdb`: PostgreSQL's own, else Debian's newest.
pub(crate) fn tools() -> Result<PathBuf> {
    let told = run(Command::new("pg_config").arg("--bindir")).map(|text| PathBuf::from(text.trim()));
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut debian: Vec<PathBuf> = versions
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")))
        .collect();
    debian.sort();
    told.into_iter()
        .chain(debian.into_iter().rev())
        .find(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file())
        .context("PostgreSQL is not installed; on Debian: apt-get install postgresql")
}

/// Who owns the files and runs the server: the caller, or `postgres` if that is root.
struct Owner {
    is_other: bool,
}

impl Owner {
    fn of(folder: &Path) -> Result<Self> {
        let number = |flag: &str, user: &str| -> Result<u32> {
            Ok(run(Command::new("id").args([flag, user]))?.trim().parse()?)
        };
        let is_other = run(Command::new("id").arg("-u"))?.trim() == "0";
        if is_other {
            let (user, group) = (number("-u", USER)?, number("-g", USER)?);
            if user == 0 {
                bail!("the user {USER} is root");
            }
            chown(folder, Some(user), Some(group))?;
            let parent = folder.parent().context("no parent")?;
            std::fs::set_permissions(parent, std::fs::Permissions::from_mode(0o755))?;
        }
        Ok(Self { is_other })
    }

    fn command(&self, command: &Command) -> Command {
        let arguments: &[&str] = if self.is_other {
            &["--reuid", USER, "--regid", USER, "--clear-groups"]
        } else {
            &["--no-new-privs"]
        };
        wrapped("setpriv", arguments, command)
    }
}
