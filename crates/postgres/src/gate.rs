//! When to try to connect again.
//!
//! Role: counts failures in a row and says how long nobody should try; shared by all lanes of a store.
//! Invariant: a pause is at most a second, so that a database that is back is found within that.
//! Not here: connecting.

use crate::connect::ConnectError;
use crate::event;
use backflow_engine::pause::{doubled, jittered};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const SHORTEST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// The state of the way to the database.
#[derive(Debug, Default)]
pub(crate) struct Gate(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Rounds of failures in a row.
    failures: u32,
    until: Option<Instant>,
}

/// What somebody who wants to connect may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Connect.
    Free,
    /// The last tries failed: one may try now.
    Try,
    /// Nobody may try now.
    Closed,
}

impl Gate {
    pub(crate) fn way(&self) -> Way {
        let state = self.locked();
        match state.until {
            None => Way::Free,
            Some(until) if Instant::now() < until => Way::Closed,
            Some(_) => Way::Try,
        }
    }

    /// A connection was made.
    pub(crate) fn succeeded(&self) {
        let failures = {
            let mut state = self.locked();
            state.until = None;
            std::mem::take(&mut state.failures)
        };
        if failures > 0 {
            event::back(failures);
        }
    }

    /// A connection could not be made. Failures of tries that began together count once.
    pub(crate) fn failed(&self, error: &ConnectError) {
        let now = Instant::now();
        let wait = {
            let mut state = self.locked();
            if state.until.is_some_and(|until| now < until) {
                return;
            }
            let wait = jittered(doubled(SHORTEST, state.failures, LONGEST));
            state.failures = state.failures.saturating_add(1);
            state.until = Some(now + wait);
            wait
        };
        event::connect_failed(error, wait);
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::connect::Reason;

    fn failure() -> ConnectError {
        ConnectError {
            kind: Reason::Away,
            text: "away".to_owned(),
        }
    }

    #[test]
    fn failures_of_one_moment_count_once() {
        let gate = Gate::default();
        assert_eq!(gate.way(), Way::Free);
        for _ in 0..20 {
            gate.failed(&failure());
        }
        assert_eq!(gate.locked().failures, 1);
        assert_eq!(gate.way(), Way::Closed);
        std::thread::sleep(SHORTEST + Duration::from_millis(5));
        assert_eq!(gate.way(), Way::Try);
        gate.succeeded();
        assert_eq!(gate.way(), Way::Free);
    }
}
