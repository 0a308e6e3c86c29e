//! Who may wait for a lock that somebody keeps.
//!
//! Role: remembers which transactions ran out of time behind a lock; lets few of their kind try at a time.
//! Invariant: however many want what is locked, most connections stay free for everybody else; while nobody runs
//! out of time behind a lock, nothing is looked at but one flag.
//! Not here: how long one waits for a lock (options, drive), connections (exclusive).
//!
//! Which row a statement waits for is not known here, and is guessed: what those who ran out of time have in common
//! is their statement and some of its values, the key of the row among them. Who comes with the same statement and
//! the same values there is of their kind. A wrong guess costs a wait for one's turn, never an answer.

use crate::errors::RETRY_AFTER;
use backflow_engine::store::{Call, StoreError};
use backflow_sql::ir::{Datum, Statement};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long one of the kind waits for its turn.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long a jam is remembered beyond the time in which those who try would run out of theirs.
const MEMORY: Duration = Duration::from_secs(1);

/// Kinds that are remembered at once; statements are as many as the plan has.
const KEPT: usize = 64;

/// A turn of one of the kind.
pub(crate) type Turn = OwnedSemaphorePermit;

/// The jams of a store.
pub(crate) struct Jams {
    /// Whether there are any: the only thing that is looked at otherwise.
    any: AtomicBool,
    /// By the address of the statement, which each keeps.
    jams: Mutex<HashMap<usize, Jam>>,
    /// How many of a kind may try at a time.
    width: usize,
    /// How long a jam is remembered after somebody ran out of time.
    memory: Duration,
}

struct Jam {
    /// Keeps the address from being another's.
    _statement: Arc<Statement>,
    /// The values that all who ran out of time have in common; `None` where they differ.
    common: Vec<Option<Datum>>,
    until: Instant,
    line: Arc<Semaphore>,
}

impl Jams {
    /// Of a store with so many connections, where one waits so long for a lock.
    pub(crate) fn new(connections: usize, lock_timeout: Duration) -> Self {
        Jams {
            any: AtomicBool::new(false),
            jams: Mutex::default(),
            width: (connections / 4).max(1),
            memory: lock_timeout.saturating_add(MEMORY),
        }
    }

    /// Whether a call is of a kind that waits its turn, and is to be lent a connection only then.
    pub(crate) fn holds(&self, call: &Call) -> bool {
        self.line(call).is_some()
    }

    /// The turn of a call; at once and `None`, if it is of no kind that waits.
    pub(crate) async fn turn(&self, call: &Call) -> Result<Option<Turn>, StoreError> {
        let Some(line) = self.line(call) else {
            return Ok(None);
        };
        match tokio::time::timeout(PATIENCE, line.acquire_owned()).await {
            Ok(Ok(turn)) => Ok(Some(turn)),
            // Nobody closes a line.
            Ok(Err(_)) => Ok(None),
            Err(_elapsed) => Err(StoreError::Unavailable(RETRY_AFTER)),
        }
    }

    /// A transaction that begins with this call ran out of time behind a lock.
    pub(crate) fn note(&self, call: &Call) {
        let now = Instant::now();
        let mut jams = self.locked();
        jams.retain(|_, jam| now < jam.until);
        if jams.len() >= KEPT {
            return;
        }
        let jam = jams.entry(address(call)).or_insert_with(|| Jam {
            _statement: Arc::clone(&call.statement),
            common: call.values.iter().cloned().map(Some).collect(),
            until: now,
            line: Arc::new(Semaphore::new(self.width)),
        });
        for (common, value) in jam.common.iter_mut().zip(&call.values) {
            if common.as_ref() != Some(value) {
                *common = None;
            }
        }
        jam.until = now + self.memory;
        self.any.store(true, Relaxed);
    }

    fn line(&self, call: &Call) -> Option<Arc<Semaphore>> {
        if !self.any.load(Relaxed) {
            return None;
        }
        let mut jams = self.locked();
        let jam = jams.get(&address(call))?;
        if jam.until <= Instant::now() {
            jams.remove(&address(call));
            self.any.store(!jams.is_empty(), Relaxed);
            return None;
        }
        jam.is_like(call).then(|| Arc::clone(&jam.line))
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<usize, Jam>> {
        self.jams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Jam {
    fn is_like(&self, call: &Call) -> bool {
        let mut pairs = self.common.iter().zip(&call.values);
        pairs.all(|(common, value)| common.as_ref().is_none_or(|common| common == value))
    }
}

fn address(call: &Call) -> usize {
    Arc::as_ptr(&call.statement).addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{statement, text};

    fn calls(statement: &Arc<Statement>, values: &[[&str; 2]]) -> Vec<Call> {
        let one = |values: &[&str; 2]| Call {
            statement: Arc::clone(statement),
            values: values.map(text).to_vec(),
            alone: true,
            shares: None,
        };
        values.iter().map(one).collect()
    }

    #[tokio::test]
    async fn only_what_those_in_the_jam_have_in_common_waits() {
        let jams = Jams::new(16, Duration::from_secs(1));
        let update = statement("UPDATE", false, 0);
        let all = calls(
            &update,
            &[["hot", "1"], ["hot", "2"], ["hot", "3"], ["cold", "4"]],
        );
        assert!(all.iter().all(|call| !jams.holds(call)));
        jams.note(&all[0]);
        // One alone does not tell which of its values matters.
        assert!(jams.holds(&all[0]) && !jams.holds(&all[2]));
        jams.note(&all[1]);
        assert!(jams.holds(&all[2]) && !jams.holds(&all[3]));
        let other = calls(&statement("UPDATE", false, 0), &[["hot", "1"]]);
        assert!(!jams.holds(&other[0]));

        let mut turns = Vec::new();
        for _ in 0..4 {
            turns.push(jams.turn(&all[2]).await.expect("a turn").expect("waits"));
        }
        let refused = jams.turn(&all[2]).await.err();
        assert_eq!(refused, Some(StoreError::Unavailable(RETRY_AFTER)));
        assert!(jams.turn(&all[3]).await.expect("no jam").is_none());
        drop(turns);
        assert!(jams.turn(&all[2]).await.is_ok());
    }

    #[tokio::test]
    async fn a_jam_is_forgotten() {
        let mut jams = Jams::new(1, Duration::ZERO);
        jams.memory = Duration::from_millis(20);
        let all = calls(&statement("UPDATE", false, 0), &[["hot", "1"]]);
        jams.note(&all[0]);
        assert!(jams.holds(&all[0]));
        tokio::time::sleep(Duration::from_millis(30)).await;
        assert!(!jams.holds(&all[0]));
        assert!(!jams.any.load(Relaxed));
    }
}
