//! A limit that a write holds to by itself.
//!
//! Role: what the engine asks when such a write touched no row, to tell a limit from a row that is not there.
//! Invariant: the write itself never goes past the limit; what is here only explains a refusal.
//! Not here: the condition, which is a part of the write's statement.

use backflow_catalog::ColumnType;
use backflow_sql::ir::Statement;
use std::sync::Arc;

/// What a write holds to (`require`).
#[derive(Debug, Clone)]
pub struct Limit {
    /// As its author wrote it, for the log.
    pub text: String,
    /// The limit is the least that must be left, not the most that may be reached.
    pub floor: bool,
    /// The type of the numbers that a look gives.
    pub ty: ColumnType,
    /// Asked in this order until one gives a row, which is the refusal. None of them: the write was not refused
    /// by its limit.
    pub looks: Vec<Look>,
}

/// A statement whose row has three cells: the limit, the counter as it is, and what the write would make of it.
#[derive(Debug, Clone)]
pub struct Look {
    /// The text.
    pub statement: Arc<Statement>,
    /// The positions of its values among those of the write.
    pub takes: Vec<usize>,
}
