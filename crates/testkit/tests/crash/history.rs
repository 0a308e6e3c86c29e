//! What happened in a scenario, in order.
//!
//! Invariant: a line is written before what it tells of has further effects.
//! Not here: what may happen.

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Lines with the milliseconds since the beginning.
pub(crate) struct History {
    begun: Instant,
    lines: Mutex<Vec<String>>,
}

impl History {
    pub(crate) fn new() -> Self {
        Self {
            begun: Instant::now(),
            lines: Mutex::default(),
        }
    }

    pub(crate) fn note(&self, text: &str) {
        let at = self.begun.elapsed().as_millis();
        self.lines
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(format!("{at:>7} ms  {text}"));
    }

    pub(crate) fn text(&self) -> String {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.join("\n")
    }
}
