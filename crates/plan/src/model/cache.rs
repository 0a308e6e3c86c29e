//! How answers are kept, and how it is learnt that they are old.
//!
//! Invariant: what a [`Cache`] names is all that an answer of its route depends on, beside what the route's
//! statements are given.
//! Not here: what can be kept, and what a route reads; see `lower::cache`.

use backflow_catalog::TableId;
use backflow_expr::{Program, Slot};
use backflow_sql::changes::Watch;
use backflow_sql::ir::Statement;
use std::sync::Arc;

/// How the answers of a route are kept.
///
/// An answer is found by its route and tenant, by the values that its statements are given before the first of them
/// runs, by [`Cache::late`], and by [`Cache::key`].
#[derive(Debug, Clone)]
pub struct Cache {
    /// For how long at most, in seconds.
    pub ttl: u32,
    /// What the author adds to that by which an answer is found.
    pub key: Option<Program>,
    /// What is read.
    pub reads: Vec<CacheRead>,
    /// What expressions read that run once results are known, the results aside.
    pub late: Vec<Slot>,
    /// Whether an answer is for one caller alone, whatever its statements are given.
    pub by_caller: bool,
    /// For answers that are as new as the database itself: what also says, in its last cell, whether what is read was
    /// changed since a token, its last parameter. The guard where the route has one.
    pub coherent: Option<Arc<Statement>>,
}

/// A table that a route reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheRead {
    /// The table.
    pub table: TableId,
    /// Its name.
    pub name: String,
    /// Only rows of the route's tenant are read.
    pub scoped: bool,
}

/// The log of changes, for those whose answers are kept.
#[derive(Debug, Clone)]
pub struct Changes {
    /// Makes the log.
    pub setup: String,
    /// What must be there so that changes are logged.
    pub watches: Vec<Watch>,
    /// The names of all tables, by id.
    pub tables: Vec<String>,
    /// See [`backflow_sql::changes::since`].
    pub since: Arc<Statement>,
    /// See [`backflow_sql::changes::forget`].
    pub forget: Arc<Statement>,
}

/// How much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Bytes of answers and of what they are found by.
    pub bytes: u64,
    /// How many answers; `None`: as many as the bytes allow.
    pub answers: Option<u32>,
}

impl Default for Capacity {
    /// 64 MiB
    fn default() -> Self {
        Capacity {
            bytes: 64 * 1024 * 1024,
            answers: None,
        }
    }
}
