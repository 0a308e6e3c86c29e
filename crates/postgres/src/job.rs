//! What is run.
//!
//! Role: a transaction as the lanes know it; tests script their own.
//! Invariant: a job that panics has said how it ends: rolled back, and nothing else of the store is hurt.
//! Not here: connections.

use crate::event;
use backflow_engine::store::{RowSet, StatementError, StoreError, Turn};
use backflow_engine::transaction::Transaction;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What the lanes know of a transaction.
pub(crate) trait Job: Send + 'static {
    /// Starts again.
    fn rewind(&mut self);
    /// What to do next.
    fn next(&mut self, last: Option<Result<RowSet, StatementError>>) -> Turn;
    /// Whether it only reads.
    fn reads_only(&self) -> bool;
}

impl Job for Transaction {
    fn rewind(&mut self) {
        Transaction::rewind(self);
    }

    fn next(&mut self, last: Option<Result<RowSet, StatementError>>) -> Turn {
        Transaction::next(self, last)
    }

    fn reads_only(&self) -> bool {
        Transaction::reads_only(self)
    }
}

/// The next turn of a job.
pub(crate) fn turn<J: Job>(
    job: &mut J,
    last: Option<Result<RowSet, StatementError>>,
) -> Result<Turn, StoreError> {
    catch_unwind(AssertUnwindSafe(|| job.next(last))).map_err(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "no text".to_owned());
        event::panicked(&text);
        StoreError::Failed(format!("panic: {text}"))
    })
}
