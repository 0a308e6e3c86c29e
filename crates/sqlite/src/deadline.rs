//! Stops statements that run too long.
//!
//! Role: a moment shared between a connection's thread and its progress handler.
//! Invariant: only a statement that is armed can be stopped; COMMIT and migrations never are.
//! Not here: waiting for locks (the busy timeout).

use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Virtual machine instructions between two looks at the clock; well under a millisecond of work.
const INSTRUCTIONS: i32 = 4_000;

const NEVER: u64 = u64::MAX;

/// When the running statement has to stop.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    epoch: Instant,
    limit: Duration,
    /// Microseconds after `epoch`.
    at: Arc<AtomicU64>,
}

impl Deadline {
    /// Watches a connection.
    pub(crate) fn watch(connection: &mut Connection, limit: Duration) -> rusqlite::Result<Self> {
        let deadline = Deadline {
            epoch: Instant::now(),
            limit,
            at: Arc::new(AtomicU64::new(NEVER)),
        };
        let watched = deadline.clone();
        connection.progress_handler(INSTRUCTIONS, Some(move || watched.passed()))?;
        Ok(deadline)
    }

    /// A statement begins.
    pub(crate) fn arm(&self) {
        self.at.store(
            micros(self.epoch.elapsed().saturating_add(self.limit)),
            Ordering::Relaxed,
        );
    }

    /// No statement of a transaction is running.
    pub(crate) fn disarm(&self) {
        self.at.store(NEVER, Ordering::Relaxed);
    }

    fn passed(&self) -> bool {
        let at = self.at.load(Ordering::Relaxed);
        at != NEVER && micros(self.epoch.elapsed()) >= at
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(NEVER - 1)
}
