//! How long statements take.
//!
//! Role: remembers of each statement that reads how long the server works on it, so that only quick ones share a
//! connection, and not more of them than are served within a moment.
//! Invariant: a statement that was never measured does not share: behind it others would wait for nobody knows
//! how long.
//! Not here: which connection it gets (run).

use backflow_sql::ir::Statement;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Statements that are remembered.
const KEPT: usize = 8192;

/// What takes longer never shares.
const QUICK: Duration = Duration::from_millis(20);

/// How much of the mean the last measure is: one in so many.
const WEIGHT: u64 = 8;

/// How slowly what is quickest of late forgets: one in so many of a measure that took longer.
const MEMORY: u64 = 64;

/// So much of the mean may be a busy machine's, not more.
const NOISE: u32 = 16;

/// All statements.
#[derive(Default)]
pub(crate) struct Paces(RwLock<HashMap<usize, Arc<Pace>>>);

/// One statement.
pub(crate) struct Pace {
    /// So that no other statement can get its address.
    _statement: Arc<Statement>,
    /// In microseconds; 0 before the first measure.
    mean: AtomicU64,
    /// The quickest journey of late with nobody ahead, in microseconds; 0 before the first.
    least: AtomicU64,
}

impl Paces {
    /// Of a statement.
    pub(crate) fn of(&self, statement: &Arc<Statement>) -> Arc<Pace> {
        let address = Arc::as_ptr(statement).addr();
        let known = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&address)
            .cloned();
        if let Some(pace) = known {
            return pace;
        }
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= KEPT {
            all.clear();
        }
        let new = || {
            Arc::new(Pace {
                _statement: Arc::clone(statement),
                mean: AtomicU64::new(0),
                least: AtomicU64::new(0),
            })
        };
        Arc::clone(all.entry(address).or_insert_with(new))
    }
}

impl Pace {
    /// It took so long.
    pub(crate) fn took(&self, span: Duration) {
        let span = micros(span);
        let mean = match self.mean.load(Relaxed) {
            0 => span,
            mean => (mean.saturating_mul(WEIGHT - 1).saturating_add(span)) / WEIGHT,
        };
        self.mean.store(mean.max(1), Relaxed);
    }

    /// It took so long on a connection of its own, where a busy machine counts as well: that says something only
    /// of statements that do not share.
    pub(crate) fn took_alone(&self, span: Duration) {
        self.took_first(span);
        if self.quick().is_none() {
            self.took(span);
        }
    }

    /// The whole journey of one that had nobody ahead took so long.
    pub(crate) fn took_first(&self, span: Duration) {
        let span = micros(span);
        let least = match self.least.load(Relaxed) {
            0 => span,
            least if span <= least => span,
            least => least + (span.min(least.saturating_mul(2)) - least).div_ceil(MEMORY),
        };
        self.least.store(least, Relaxed);
    }

    /// How long one more waits with so many ahead, if they may share a connection at all.
    ///
    /// On a busy machine the mean tells how long the machine is waited for, on whatever connection: more
    /// connections would only add work. So the quickest journey counts, and of the mean a part, for those whose
    /// rows differ from call to call.
    pub(crate) fn behind(&self, ahead: usize) -> Option<Duration> {
        let mean = self.quick()?;
        let least = Duration::from_micros(match self.least.load(Relaxed) {
            0 => u64::MAX,
            least => least,
        });
        let each = least.min(mean).max(mean / NOISE);
        Some(each.saturating_mul(u32::try_from(ahead).unwrap_or(u32::MAX)))
    }

    /// The mean, if it is short enough to share a connection.
    fn quick(&self) -> Option<Duration> {
        let mean = Duration::from_micros(self.mean.load(Relaxed));
        (!mean.is_zero() && mean <= QUICK).then_some(mean)
    }
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros())
        .unwrap_or(u64::MAX / WEIGHT)
        .max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_measured_and_is_quick_shares() {
        let paces = Paces::default();
        let statement = Arc::new(Statement::default());
        let pace = paces.of(&statement);
        assert_eq!(pace.quick(), None);
        pace.took(Duration::from_micros(40));
        assert_eq!(pace.quick(), Some(Duration::from_micros(40)));
        for _ in 0..40 {
            pace.took(Duration::from_secs(1));
        }
        assert_eq!(pace.quick(), None);
        for _ in 0..40 {
            pace.took(Duration::from_millis(1));
        }
        assert!(pace.quick().is_some_and(|mean| mean < Duration::from_millis(10)));
        assert!(Arc::ptr_eq(&pace, &paces.of(&statement)));
        assert!(!Arc::ptr_eq(&pace, &paces.of(&Arc::new(Statement::default()))));
    }

    #[test]
    fn a_busy_machine_is_no_reason_to_use_more_connections() {
        let paces = Paces::default();
        let pace = paces.of(&Arc::new(Statement::default()));
        assert_eq!(pace.behind(1), None);
        pace.took_alone(Duration::from_micros(100));
        assert_eq!(pace.behind(10), Some(Duration::from_millis(1)));
        for _ in 0..40 {
            pace.took(Duration::from_millis(1));
        }
        for _ in 0..8 {
            pace.took_first(Duration::from_millis(2));
            pace.took_first(Duration::from_micros(100));
        }
        assert_eq!(pace.behind(10), Some(Duration::from_millis(1)));
        // Rows that differ much: now and then it is slow, and who is behind waits for that.
        for _ in 0..60 {
            pace.took(Duration::from_millis(16));
        }
        assert!(
            pace.behind(10)
                .is_some_and(|wait| wait > Duration::from_millis(9))
        );
        // It became slower for good.
        for _ in 0..400 {
            pace.took_first(Duration::from_millis(9));
        }
        assert!(
            pace.behind(10)
                .is_some_and(|wait| wait > Duration::from_millis(60))
        );
    }

    #[test]
    fn statements_stay_bounded() {
        let paces = Paces::default();
        for _ in 0..KEPT * 2 {
            paces
                .of(&Arc::new(Statement::default()))
                .took(Duration::from_secs(1));
        }
        assert!(paces.0.read().expect("lock").len() <= KEPT);
    }
}
