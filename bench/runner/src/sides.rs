//! The servers that are compared.
//!
//! Role: how each is started on which database, and when it answers.
//! Invariant: all get the same secret, all listen on loopback; ours serves `examples/saas` as it stands.
//! Not here: load.

use crate::http::Connection;
use crate::meter::{Memory, memory};
use crate::process::Guard;
use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// What ours serves.
pub(crate) const PROJECT: &str = "examples/saas";
const PATIENCE: Duration = Duration::from_secs(20);

/// Which database a server uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Postgres,
    Sqlite,
}

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub(crate) enum Side {
    /// Ours on PostgreSQL
    Backflow,
    /// Written by hand: axum, tokio-postgres, deadpool
    Axum,
    /// Written by hand: Fastify, pg
    Fastify,
    /// Ours on SQLite
    BackflowSqlite,
    /// Written by hand: axum, rusqlite
    AxumSqlite,
    /// PostgREST, for reads only; only if it is asked for
    Postgrest,
    /// PostgreSQL's own tool, for the hot row only
    #[value(skip)]
    Pgbench,
}

impl Side {
    pub(crate) const ALL: [Self; 5] = [
        Self::Backflow,
        Self::Axum,
        Self::Fastify,
        Self::BackflowSqlite,
        Self::AxumSqlite,
    ];

    /// All that can be asked for.
    pub(crate) const EVERY: [Self; 6] = [
        Self::Backflow,
        Self::Axum,
        Self::Fastify,
        Self::Postgrest,
        Self::BackflowSqlite,
        Self::AxumSqlite,
    ];

    /// As arguments and tables write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Backflow => "backflow",
            Self::Axum => "axum",
            Self::Fastify => "fastify",
            Self::BackflowSqlite => "backflow-sqlite",
            Self::AxumSqlite => "axum-sqlite",
            Self::Postgrest => "postgrest",
            Self::Pgbench => "pgbench",
        }
    }

    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Backflow | Self::Axum | Self::Fastify | Self::Postgrest | Self::Pgbench => Kind::Postgres,
            Self::BackflowSqlite | Self::AxumSqlite => Kind::Sqlite,
        }
    }

    /// Starts it and waits for the first answer 200.
    pub(crate) async fn start(self, setting: &Setting<'_>) -> Result<Running> {
        let port = free_port()?;
        let command = self.command(setting, port)?;
        let log = setting.logs.join(format!("{}.log", self.name()));
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let begun = Instant::now();
        let mut guard = Guard::start(&command, "TERM", &log)?;
        loop {
            if first_answer(address, setting.probe).await.is_ok() {
                break;
            }
            if !guard.is_running() || begun.elapsed() > PATIENCE {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                bail!("{} does not start:\n{said}", self.name());
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        let started = begun.elapsed();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let idle = memory(guard.pid())?;
        Ok(Running {
            side: self,
            address,
            started,
            idle,
            guard,
        })
    }

    fn command(self, setting: &Setting<'_>, port: u16) -> Result<Command> {
        let mut command = match self {
            Self::Backflow | Self::BackflowSqlite => backflow(setting.program, "serve"),
            Self::Axum => Command::new("bench/target/release/bench-axum-postgres"),
            Self::AxumSqlite => Command::new("bench/target/release/bench-axum-sqlite"),
            Self::Fastify => {
                let mut node = Command::new("node");
                node.arg("bench/fastify/server.js").env("NODE_ENV", "production");
                node
            }
            Self::Postgrest => crate::postgrest::command(setting.database, setting.pool, port)?,
            Self::Pgbench => bail!("{} is no server", self.name()),
        };
        let (name, value) = match self {
            // A path: ours takes an URL or a file.
            Self::AxumSqlite => ("DATABASE_FILE", setting.database),
            _ => ("DATABASE_URL", setting.database),
        };
        command
            .env(name, value)
            .env("JWT_SECRET", crate::people::SECRET)
            .env("POOL", setting.pool.to_string())
            .env("PORT", port.to_string());
        Ok(command)
    }
}

/// A command of ours on the example. Requests are not logged, as the servers written by hand do not either.
pub(crate) fn backflow(program: &Path, verb: &str) -> Command {
    let mut command = Command::new(program);
    command
        .args([verb, PROJECT])
        .env("RUST_LOG", "warn")
        .env("JWT_SECRET", crate::people::SECRET)
        .env("APP_URL", "http://localhost:3000")
        .env("STRIPE_WEBHOOK_SECRET", crate::hooks::SECRET)
        // Nothing that is measured calls anybody.
        .env("STRIPE_SECRET_KEY", "sk_test_bench")
        .env("SENDGRID_API_KEY", "SG.bench")
        .env("MAIL_FROM", "bench@example.com");
    command
}

/// What a server is started with.
pub(crate) struct Setting<'a> {
    /// URL, or file.
    pub(crate) database: &'a str,
    /// Ours.
    pub(crate) program: &'a Path,
    /// Connections of a server written by hand.
    pub(crate) pool: usize,
    /// A request that is answered with 200.
    pub(crate) probe: &'a [u8],
    /// Folder of what they write.
    pub(crate) logs: &'a Path,
}

/// A server that answers.
pub(crate) struct Running {
    pub(crate) side: Side,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the first answer.
    pub(crate) started: Duration,
    pub(crate) idle: Memory,
    guard: Guard,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.guard.pid()
    }
}

async fn first_answer(address: SocketAddr, probe: &[u8]) -> Result<()> {
    let mut connection = Connection::open(address).await?;
    match connection.ask(probe).await? {
        200 => Ok(()),
        status => bail!("{status}"),
    }
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}
