//! How many requests a route takes, and whose word about a caller's address counts.
//!
//! Invariant: a limit by tenant is only on a route with exactly one tenant.
//! Not here: counting.

pub use backflow_config::document::{CountBy, Network, Proxies};
use std::fmt;

/// How many requests of one caller a route takes in a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rate {
    /// Which routes it is counted for; those of one counter are counted together.
    pub counter: Counter,
    /// Whose requests are counted together.
    pub by: CountBy,
    /// How long a window is, in milliseconds.
    pub window_ms: u32,
    /// How many requests a window takes.
    pub max: u32,
    /// What a refusal says, if the author has words of their own.
    pub message: Option<String>,
    /// The status of a refusal, if it is not 429.
    pub status: Option<u16>,
    /// Which requests are not counted once their answer is known.
    pub skips: Skips,
}

/// What a limit is counted for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Counter {
    /// All routes of which nothing closer is said.
    Project,
    /// The routes with this path.
    Endpoint(String),
    /// One route, by its name.
    Route(String),
}

impl fmt::Display for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Counter::Project => f.write_str("the project"),
            Counter::Endpoint(path) => f.write_str(path),
            Counter::Route(name) => f.write_str(name),
        }
    }
}

/// Requests that are not counted once their answer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Skips {
    /// All are counted.
    #[default]
    None,
    /// Those whose answer is good.
    Successful,
    /// Those that are refused or fail.
    Failed,
}
