//! What a sandbox is started with.
//!
//! Role: [`Options`] and [`Target`].
//! Invariant: the default needs nothing: a free port of the loopback, the machine's clock, no file.
//! Not here: what the options do.

use backflow_engine::{Clock, Ids, SystemClock, SystemIds};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// The version that is meant where none is named.
pub const DEFAULT_VERSION: &str = "2025-02-24.acacia";

/// What a sandbox is started with.
#[derive(Clone)]
pub struct Options {
    /// Where it listens; must be a loopback address. Port 0 takes a free one.
    pub address: SocketAddr,
    /// The clock that the sandbox's own clock starts from.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub ids: Arc<dyn Ids>,
    /// The file that keeps the state; it is made if there is none. `None`: the state ends with the value.
    pub store: Option<PathBuf>,
    /// Who gets Stripe's events.
    pub webhooks: Vec<Target>,
    /// What goes wrong.
    pub faults: Vec<super::Fault>,
    /// Prices there are. None, and none created either: every `price_…` is known, at 20.00 USD a month.
    pub prices: Vec<SeedPrice>,
    /// The version of the pretended account: where a request names none, and for events read through the API.
    pub api_version: String,
    /// Pauses before an event that was not taken is delivered again; after the last it is given up.
    pub retries: Vec<Duration>,
}

impl Default for Options {
    fn default() -> Self {
        const RETRIES: [u64; 12] = [1, 5, 30, 300, 1800, 3600, 7200, 18000, 36000, 43200, 43200, 86400];
        Self {
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            clock: Arc::new(SystemClock),
            ids: Arc::new(SystemIds),
            store: None,
            webhooks: Vec::new(),
            faults: Vec::new(),
            prices: Vec::new(),
            api_version: DEFAULT_VERSION.to_owned(),
            retries: RETRIES.iter().copied().map(Duration::from_secs).collect(),
        }
    }
}

/// Who gets Stripe's events.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    /// An `http://` address of this machine.
    pub url: String,
    /// What its deliveries are signed with, `whsec_…`.
    pub secret: String,
    /// The version in which its events are written; `None`: the account's.
    pub api_version: Option<String>,
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("url", &self.url)
            .field("api_version", &self.api_version)
            .finish_non_exhaustive()
    }
}

/// A price that is there from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeedPrice {
    /// `price_…`
    pub id: String,
    /// In the smallest unit of the currency.
    pub unit_amount: u64,
    /// `usd`
    pub currency: String,
    /// `month`, `year`, …; `None`: paid once.
    pub interval: Option<String>,
}
