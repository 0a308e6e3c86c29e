//! The database's clock beside ours.
//!
//! Role: measures by how much the server's clock is ahead.
//! Invariant: what the way there and back takes is not taken for a difference, as far as can be told: half of it is
//! subtracted, and nothing under [`FINEST`] counts.
//! Not here: who corrects what by it (the engine's clock).

use crate::drive::Tools;
use crate::store::Postgres;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Differences below that are noise of the network.
const FINEST: Duration = Duration::from_millis(2);

const QUESTION: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint::text";

impl Postgres {
    /// By how many microseconds the server's clock is ahead of this machine's; `None` if it cannot be asked now.
    pub async fn clock_ahead(&self) -> Option<i64> {
        measure(self.tools()).await
    }
}

#[allow(
    clippy::disallowed_methods,
    reason = "the engine's clock is set by this one: it must be the machine's own that is compared"
)]
async fn measure(tools: &Tools) -> Option<i64> {
    let (begun, ours) = (Instant::now(), micros(SystemTime::now())?);
    let answer = tools.aside.texts(QUESTION, &[]).await.ok()?;
    let theirs: i64 = answer.first()?.parse().ok()?;
    let half_way = i64::try_from(begun.elapsed().as_micros() / 2).ok()?;
    let ahead = theirs.checked_sub(ours)?.checked_sub(half_way)?;
    let is_noise = u128::from(ahead.unsigned_abs()) < FINEST.as_micros();
    Some(if is_noise { 0 } else { ahead })
}

fn micros(time: SystemTime) -> Option<i64> {
    i64::try_from(time.duration_since(UNIX_EPOCH).ok()?.as_micros()).ok()
}
