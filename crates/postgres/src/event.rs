//! What the store tells the log.
//!
//! Role: the one place that emits events, with names that do not change.
//! Invariant: no value of a request, no statement's text, no secret is ever in an event.
//! Not here: where events go; the binary decides.

use crate::connect::{ConnectError, Reason};
use std::time::Duration;

/// The store is open.
pub(crate) fn opened(server: &str, pooled: bool) {
    tracing::info!(server, pooled, "database found");
}

/// A connection is there again after failures.
pub(crate) fn back(failures: u32) {
    tracing::info!(failures, "database is back");
}

/// A connection could not be made; the next try waits so long.
pub(crate) fn connect_failed(error: &ConnectError, wait: Duration) {
    let (reason, why) = (error.kind.word(), error.text.as_str());
    let wait_ms = millis(wait);
    match error.kind {
        Reason::Refused | Reason::Settings | Reason::Version => {
            tracing::error!(reason, why, wait_ms, "database connection failed");
        }
        Reason::Away | Reason::Full => tracing::warn!(reason, why, wait_ms, "database connection failed"),
    }
}

/// A connection is gone.
pub(crate) fn ended(why: &str) {
    tracing::info!(why, "database connection ended");
}

/// A transaction starts again.
pub(crate) fn run_again(why: &str, tries: u32) {
    tracing::info!(why, tries, "transaction is run again");
}

/// A transaction was tried as often as it may be.
pub(crate) fn given_up(why: &str, tries: u32) {
    tracing::warn!(why, tries, "transaction is given up");
}

/// A transaction lost its connection before anything was committed.
pub(crate) fn lost(why: &str) {
    tracing::warn!(why, "transaction lost its connection");
}

/// A batch was undone; its calls run one by one.
pub(crate) fn batch_undone(why: &str, calls: usize) {
    tracing::warn!(why, calls, "a batch was undone; its calls run one by one");
}

/// One statement for a batch was undone; each of its calls runs by its own.
pub(crate) fn at_once_undone(why: &str, calls: usize) {
    tracing::warn!(
        why,
        calls,
        "a statement for many was undone; each runs by its own"
    );
}

/// Nobody knows whether a transaction was committed.
pub(crate) fn outcome_unknown(why: &str) {
    tracing::error!(why, "outcome of a transaction is unknown");
}

/// A statement is asked to stop.
pub(crate) fn cancelled(why: &'static str, after: Duration) {
    tracing::warn!(why, after_ms = millis(after), "statement is cancelled");
}

/// A connection does not answer at all and is closed.
pub(crate) fn silent(after: Duration) {
    tracing::warn!(
        after_ms = millis(after),
        "database does not answer; the connection is closed"
    );
}

/// Nobody could have a connection in time.
pub(crate) fn crowded(waiting: usize) {
    tracing::warn!(waiting, "no database connection is free");
}

/// A transaction waited too long for a lock.
pub(crate) fn locked() {
    tracing::warn!("a lock is kept for too long: who waits for it is told to come again");
}

/// The columns of a key could not be looked up.
pub(crate) fn key_unknown(why: &str) {
    tracing::warn!(why, "columns of a unique key are unknown");
}

/// An author's trigger or domain refused a row.
pub(crate) fn raised(message: &str) {
    tracing::info!(why = message, "database refused a value");
}

/// A transaction panicked.
pub(crate) fn panicked(text: &str) {
    tracing::error!(panic = text, "a transaction panicked and is rolled back");
}

/// Reads were answered sooner over another number of connections, or as soon over fewer.
pub(crate) fn breadth(from: usize, to: usize) {
    tracing::debug!(from, to, "reads go over another number of connections");
}

/// A pooler shows itself late.
pub(crate) fn pooler_found() {
    tracing::warn!("a pooler stands between: statements are no longer prepared");
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
