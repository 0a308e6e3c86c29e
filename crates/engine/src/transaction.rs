//! A route's statements as a conversation, without IO.
//!
//! Role: says which statement comes next, takes its rows, ends in an outcome. Stores drive it.
//! Invariant: after `rewind` it behaves as if new, with the same ids and the same instant.
//! Not here: waiting, connections, SQL.

use crate::store::{RowSet, StatementError, Turn};

/// One route's work in one transaction.
#[derive(Debug)]
pub struct Transaction {}

impl Transaction {
    /// Starts again: everything learnt from the database is forgotten.
    pub fn rewind(&mut self) {}

    /// What to do next; `last` is the result of the statement that was asked for last.
    pub fn next(&mut self, last: Option<Result<RowSet, StatementError>>) -> Turn {
        let _ = last;
        Turn::Commit
    }

    /// Whether it only reads: it may be served by a reader from one snapshot.
    pub fn reads_only(&self) -> bool {
        true
    }
}
