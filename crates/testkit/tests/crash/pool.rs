//! Scenarios beside each other: most of their time is waiting for leases.
//!
//! Invariant: every scenario is played, and all that failed are told.
//! Not here: scenarios.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

/// How many are played at once.
const AT_ONCE: usize = 6;

/// Plays all; the sum of what they give.
///
/// # Panics
/// When one does; the message holds those of all.
pub(crate) fn play<S, F>(scenarios: Vec<S>, play: impl Fn(S) -> F + Sync) -> F
where
    S: Send + std::fmt::Debug,
    F: Default + Send + std::ops::AddAssign,
{
    let queue = Mutex::new(VecDeque::from(scenarios));
    let ended = Mutex::new((F::default(), Vec::new()));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(scenario) = next() {
                    let name = format!("{scenario:?}");
                    let outcome = catch_unwind(AssertUnwindSafe(|| play(scenario)));
                    let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
                    match outcome {
                        Ok(figures) => ended.0 += figures,
                        Err(fault) => ended.1.push(format!("##### {name}\n{}", said(&*fault))),
                    }
                }
            });
        }
    });
    let (figures, faults) = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!(
        faults.is_empty(),
        "{} scenarios failed\n{}",
        faults.len(),
        faults.join("\n\n")
    );
    figures
}

fn said(fault: &(dyn Any + Send)) -> &str {
    let text = fault.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| fault.downcast_ref::<&str>().copied())
        .unwrap_or("it panicked")
}
