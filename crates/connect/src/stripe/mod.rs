//! Stripe.
//!
//! Role: its manifest, and the connector that speaks with it as its official client for Node does.
//! Input: `credentials.stripe`. Output: [`Stripe`].
//! Invariant: the version of the interface is pinned in every request; the key is added when it is sent and is in
//! no error.
//! Not here: webhooks, and when a call is made again.

mod actions;
mod freeze;
mod manifest;
mod members;
mod outcome;
#[cfg(test)]
mod tests;
mod trace;

pub use manifest::VERSION;

use crate::client::{Line, Sent};
use crate::judge;
use backflow_engine::Secret;
use backflow_engine::connector::{Asked, Connector, Found, Frozen, Misfit, Outcome};
use backflow_engine::store::BoxFuture;
use backflow_plan::manifest::Manifest;
use std::time::Duration;

/// Its name in `integration` and `credentials`.
pub const NAME: &str = "stripe";

/// Where Stripe is.
pub const BASE: &str = "https://api.stripe.com";

/// Stripe forgets an idempotency key after a day, at the earliest.
const REMEMBERED: Duration = Duration::from_hours(24);

/// A question about an earlier request may take this long.
const READING: Duration = Duration::from_secs(20);

/// What Stripe offers.
#[must_use]
pub fn manifest() -> Manifest {
    manifest::manifest()
}

/// Stripe, as an account.
#[derive(Debug)]
pub struct Stripe {
    line: Line,
    key: Secret,
    version: String,
    reading: Duration,
}

impl Stripe {
    /// Calls Stripe by this line, with this secret key, in this version of its interface.
    #[must_use]
    pub fn new(line: Line, key: Secret, version: Option<String>) -> Self {
        Self {
            line,
            key,
            version: version.unwrap_or_else(|| VERSION.to_owned()),
            reading: READING,
        }
    }

    /// The request with its credentials.
    fn signed(&self, frozen: &Frozen) -> crate::client::Exchange {
        let mut exchange = judge::exchange(frozen);
        let bearer = Secret::new(format!("Bearer {}", self.key.expose()));
        exchange
            .headers
            .push(("Authorization".to_owned(), Sent::Hidden(bearer)));
        if let Some(key) = &frozen.key {
            let header = ("Idempotency-Key".to_owned(), Sent::Plain(key.clone()));
            exchange.headers.push(header);
        }
        exchange
    }

    async fn sent(&self, frozen: &Frozen, within: Duration) -> Outcome {
        let heard = match self.line.call(&self.signed(frozen), within).await {
            Ok(heard) => heard,
            Err(broken) => return judge::broken(broken),
        };
        // The same deletion once more ends as the first did.
        if outcome::is_missing(&heard)
            && let Ok(Some(object)) = tokio::time::timeout(within, self.gone(frozen)).await
        {
            return Outcome::Done(object);
        }
        outcome::outcome(&heard, frozen.key.is_some(), &self.key)
    }
}

impl Connector for Stripe {
    fn freeze(&self, asked: &Asked<'_>) -> Result<Frozen, Misfit> {
        freeze::freeze(asked, &self.version)
    }

    fn send<'a>(&'a self, frozen: &'a Frozen, within: Duration) -> BoxFuture<'a, Outcome> {
        Box::pin(self.sent(frozen, within))
    }

    fn look_up<'a>(
        &'a self,
        frozen: &'a Frozen,
        since: jiff::Timestamp,
        within: Duration,
    ) -> BoxFuture<'a, Found> {
        Box::pin(async move {
            let found = tokio::time::timeout(within, self.trace(frozen, since)).await;
            found.unwrap_or_else(|_| Found::Unknown(judge::silent("no answer in time", true)))
        })
    }

    fn remembers(&self) -> Option<Duration> {
        Some(REMEMBERED)
    }
}
