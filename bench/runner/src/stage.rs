//! Everything that must stand before anything is measured.
//!
//! Role: the folder, the databases with their data, the servers.
//! Invariant: all of it ends with us, servers before databases before the folder.
//! Not here: measuring.

use crate::args::Args;
use crate::books::Books;
use crate::cluster::Cluster;
use crate::data::{User, period};
use crate::fill;
use crate::http::Connection;
use crate::meter::Memory;
use crate::people::People;
use crate::pgbench::Pgbench;
use crate::routes::greet;
use crate::sides::{Kind, Setting, Side};
use crate::turns::{Schedule, Stand};
use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The stage; dropped from the top.
pub(crate) struct Stage {
    pub(crate) stands: Vec<Stand>,
    pub(crate) people: Rc<People>,
    cluster: Option<Cluster>,
    version: Option<String>,
    _folder: TempDir,
}

impl Stage {
    /// Builds it.
    pub(crate) async fn build(args: &Args) -> Result<Self> {
        let now = Utc::now();
        let folder = tempfile::Builder::new().prefix("bench-").tempdir()?;
        let people = Rc::new(People::new(now.timestamp())?);
        let sides = args.sides();
        let mut stage = Self {
            stands: Vec::new(),
            people,
            cluster: None,
            version: None,
            _folder: folder,
        };
        stage.databases(&sides, &args.backflow, now).await?;
        for side in sides {
            let stand = stage.stand(side, args).await?;
            stage.stands.push(stand);
        }
        Ok(stage)
    }

    fn folder(&self) -> &Path {
        self._folder.path()
    }

    /// The databases that these servers need.
    async fn databases(&mut self, sides: &[Side], program: &Path, now: DateTime<Utc>) -> Result<()> {
        let begun = Instant::now();
        if sides.iter().any(|side| side.kind() == Kind::Postgres) {
            let cluster = Cluster::start(self.folder()).await?;
            let url = cluster.url(false);
            fill::postgres(program, &url, now)
                .await
                .context("PostgreSQL cannot be filled")?;
            let client = crate::cluster::connect(&url).await?;
            let version: String = client.query_one("SHOW server_version", &[]).await?.try_get(0)?;
            if sides.contains(&Side::Postgrest) {
                client.batch_execute(crate::postgrest::SETUP).await?;
            }
            // Without the distribution's own number.
            self.version = version.split_whitespace().next().map(str::to_owned);
            self.cluster = Some(cluster);
            println!("PostgreSQL filled in {:.1?}", begun.elapsed());
        }
        if sides.iter().any(|side| side.kind() == Kind::Sqlite) {
            let begun = Instant::now();
            let file = self.folder().join("data.db");
            fill::sqlite(program, &file, now).context("the SQLite file cannot be filled")?;
            println!("SQLite filled in {:.1?}", begun.elapsed());
        }
        Ok(())
    }

    /// Starts a server; on SQLite each has its own copy of the file.
    async fn stand(&self, side: Side, args: &Args) -> Result<Stand> {
        let (database, books, family) = match (side.kind(), &self.cluster) {
            (Kind::Postgres, Some(cluster)) => {
                let books = Books::postgres(&cluster.url(false)).await?;
                (cluster.url(args.socket), books, Some(cluster.pid()))
            }
            _ => {
                let file = self.folder().join(format!("{}.db", side.name()));
                std::fs::copy(self.folder().join("data.db"), &file)?;
                (file.display().to_string(), Books::Sqlite(file), None)
            }
        };
        let mut probe = Vec::new();
        greet(&self.people, side, 0, &mut probe);
        let setting = Setting {
            database: &database,
            program: &args.backflow,
            pool: args.pool,
            probe: &probe,
            logs: self.folder(),
        };
        let running = side.start(&setting).await?;
        Ok(Stand {
            running,
            books: Rc::new(books),
            database: family,
            most: Memory::default(),
        })
    }

    /// The yardstick of the hot row, if there is a PostgreSQL.
    pub(crate) fn pgbench(&self) -> Result<Option<Pgbench>> {
        let Some(cluster) = &self.cluster else {
            return Ok(None);
        };
        let period = period(DateTime::from_timestamp(self.people.issued, 0).unwrap_or_default());
        Pgbench::new(self.folder(), cluster.url(false), &period).map(Some)
    }

    /// Says how to reach everything, and waits.
    pub(crate) async fn hold(&self) -> Result<()> {
        if let Some(cluster) = &self.cluster {
            println!("PostgreSQL, process {}: {}", cluster.pid(), cluster.url(false));
        }
        for stand in &self.stands {
            let (address, pid) = (stand.running.address, stand.running.pid());
            Connection::open(address).await?;
            println!("{}, process {pid}: http://{address}", stand.side().name());
        }
        let user = User(0);
        println!(
            "TENANT={}\nTOKEN={}",
            user.organization().id(),
            self.people.token(&user)
        );
        println!("files: {}\nCtrl-C ends all of it", self.folder().display());
        std::future::pending().await
    }

    /// Where and how it was measured.
    pub(crate) fn note(&self, schedule: &Schedule, took: Duration) -> Result<String> {
        let cores = std::thread::available_parallelism()?;
        let postgres = self
            .version
            .as_deref()
            .map_or(String::new(), |version| format!(", PostgreSQL {version}"));
        Ok(format!(
            "{}, {cores} cores shared by load, servers and database{postgres}; {} turns of {:.2} s for each; {:.0} s in all",
            Utc::now().format("%Y-%m-%d"),
            schedule.rounds,
            schedule.turn.as_secs_f64(),
            took.as_secs_f64(),
        ))
    }
}
