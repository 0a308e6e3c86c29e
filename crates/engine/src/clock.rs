//! Time and ids, as the engine asks for them.
//!
//! Role: the traits through which tests can hold both still, and the real ones.
//! Invariant: nothing else in the engine reads a clock or makes randomness.
//! Not here: how an instant is written; see `backflow_expr`.

use std::sync::atomic::{AtomicI64, Ordering};

/// What time it is.
pub trait Clock: Send + Sync + 'static {
    /// This instant.
    fn now(&self) -> jiff::Timestamp;
}

/// Fresh ids.
pub trait Ids: Send + Sync + 'static {
    /// A random uuid (version 4) in lower case: the expression `uuid()`.
    fn uuid(&self) -> String;
    /// A uuid for the key of a new row; later ones sort behind earlier ones.
    fn key(&self) -> String;
    /// An id for a request; later ones sort behind earlier ones.
    fn request(&self) -> String;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}

/// The machine's clock, set by another: the database's, by which rows were stamped and are judged.
#[derive(Debug, Default)]
pub struct CorrectedClock {
    /// Microseconds by which the other clock is ahead.
    ahead: AtomicI64,
}

impl CorrectedClock {
    /// Takes a new measurement: so many microseconds the other clock is ahead.
    pub fn set(&self, ahead: i64) {
        self.ahead.store(ahead, Ordering::Relaxed);
    }
}

impl Clock for CorrectedClock {
    fn now(&self) -> jiff::Timestamp {
        let now = jiff::Timestamp::now();
        let ahead = jiff::SignedDuration::from_micros(self.ahead.load(Ordering::Relaxed));
        now.checked_add(ahead).unwrap_or(now)
    }
}

/// Ids from the machine's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemIds;

impl Ids for SystemIds {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is the place that all others are sent to"
    )]
    fn uuid(&self) -> String {
        uuid::Uuid::new_v4().to_string()
    }

    fn key(&self) -> String {
        self.request()
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "this is the place that all others are sent to"
    )]
    fn request(&self) -> String {
        uuid::Uuid::now_v7().to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corrected_clock_is_ahead_by_what_was_measured() {
        let clock = CorrectedClock::default();
        clock.set(3_600_000_000);
        let ahead = clock.now().duration_since(SystemClock.now());
        assert!((3590..=3600).contains(&ahead.as_secs()), "{ahead:?}");
        clock.set(i64::MAX);
        assert!(clock.now() >= SystemClock.now() - jiff::SignedDuration::from_secs(1));
    }
}
