//! Arguments.
//!
//! Invariant: the usual run ends within fifteen minutes, a quick one within three; a soak takes what it is given.
//! Not here: what is done with them.

use crate::routes::Route;
use crate::sides::Side;
use crate::soak::Soak;
use clap::Parser;
use std::path::PathBuf;
use std::time::Duration;

/// Our server and servers written by hand, side by side on the same data
#[derive(Debug, Parser)]
#[command(
    name = "bench/run",
    after_help = "Examples:\n  bash bench/run\n  \
    bash bench/run --quick\n  bash bench/run --only create,accept --servers backflow,axum --connections 64\n  \
    bash bench/run --soak 600"
)]
pub(crate) struct Args {
    /// Shorter runs, without one connection
    #[arg(long)]
    pub(crate) quick: bool,
    /// Only these routes
    #[arg(long, value_delimiter = ',', value_enum)]
    pub(crate) only: Vec<Route>,
    /// Only these servers
    #[arg(long, value_delimiter = ',', value_enum)]
    pub(crate) servers: Vec<Side>,
    /// Connections of the load, one run for each
    #[arg(long, value_delimiter = ',')]
    pub(crate) connections: Vec<usize>,
    /// How often each server has its turn
    #[arg(long, default_value_t = 5)]
    pub(crate) rounds: usize,
    /// Seconds of one turn
    #[arg(long)]
    pub(crate) seconds: Option<f64>,
    /// Compare the answers and stop
    #[arg(long)]
    pub(crate) verify: bool,
    /// Start the servers, write how to reach them, and wait for Ctrl-C
    #[arg(long)]
    pub(crate) hold: bool,
    /// Seconds of mixed load on ours instead: whether memory, latency or errors grow
    #[arg(long, value_name = "SECONDS")]
    pub(crate) soak: Option<u32>,
    /// Talk to PostgreSQL over its Unix socket
    #[arg(long)]
    pub(crate) socket: bool,
    /// Connections that a hand-written server keeps to PostgreSQL
    #[arg(long, default_value_t = 16)]
    pub(crate) pool: usize,
    /// Our server: another build, to compare it or to profile it
    #[arg(long, value_name = "FILE", default_value = "target/release/backflow")]
    pub(crate) backflow: PathBuf,
    /// Folder of the results
    #[arg(long, default_value = "bench/results")]
    pub(crate) results: PathBuf,
}

impl Args {
    /// The servers that take part.
    pub(crate) fn sides(&self) -> Vec<Side> {
        match (self.soak, self.servers.is_empty()) {
            (Some(_), true) => vec![Side::Backflow],
            (None, true) => Side::ALL.to_vec(),
            _ => chosen(&self.servers, &Side::EVERY),
        }
    }

    /// The long load, if that is asked for.
    pub(crate) fn soak(&self) -> Option<Soak> {
        self.soak.map(|seconds| Soak {
            time: Duration::from_secs(u64::from(seconds.max(1))),
            connections: self.connections.first().copied().unwrap_or(64),
        })
    }

    /// The routes, reads first: writes make the tables that reads look at larger. Webhooks only if they are asked for.
    pub(crate) fn routes(&self) -> Vec<Route> {
        match self.only.is_empty() {
            true => Route::COMMON.to_vec(),
            false => chosen(&self.only, &Route::ALL),
        }
    }

    /// Connections of the load.
    pub(crate) fn widths(&self) -> Vec<usize> {
        match (self.connections.as_slice(), self.quick) {
            ([], true) => vec![16, 64],
            ([], false) => vec![1, 16, 64],
            (given, _) => given.to_vec(),
        }
    }

    /// How long one turn is measured.
    pub(crate) fn turn(&self) -> Duration {
        let usual = if self.quick { 0.28 } else { 1.3 };
        Duration::from_secs_f64(self.seconds.unwrap_or(usual))
    }
}

/// Those asked for, in their own order; all, if none is asked for.
fn chosen<T: Copy + PartialEq>(asked: &[T], all: &[T]) -> Vec<T> {
    let is_wanted = |one: &&T| asked.is_empty() || asked.contains(one);
    all.iter().filter(is_wanted).copied().collect()
}
