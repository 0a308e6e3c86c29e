//! Several callers' upserts of a counter as one statement.
//!
//! Role: what the planner builds where it can prove that one statement counts as the callers would have counted one
//! after another; and how a statement that counts in one row may be committed together with others.
//! Invariant: every caller's guard is judged, and every caller has a row of its own, as if it had come by itself.
//! Not here: the proof (the planner's), the text (`render::gather`), who goes with whom (the stores).

use super::{Cond, Insert, Read, Scalar, Statement};
use crate::changes::LogsItself;
use backflow_catalog::ColumnId;
use std::sync::Arc;

/// An upsert behind a guard, each of whose parameters is a list with a value for each caller.
#[derive(Debug, Clone, PartialEq)]
pub struct Gather {
    /// Who may; its row is called part 0.
    pub guard: Read,
    /// The upsert. What it does to a stored row is to add what the offered row has more than `base`; nothing of its
    /// conflict names a parameter or the guard.
    pub insert: Insert,
    /// The column that counts: a whole number.
    pub column: ColumnId,
    /// What a new row counts from.
    pub base: i64,
    /// How much a caller adds.
    pub adds: Scalar,
    /// What a row is only written for, beside the guards of its callers; [`Scalar::Excluded`] is the row that
    /// is offered for all of them, other values are the first caller's.
    pub limit: Cond,
    /// Whether a row for which that does not hold, or whose sum is too large, is left as it is.
    pub limited: bool,
    /// How the statement logs what it has changed, if it does.
    pub logged: Option<LogsItself>,
    /// How many parameters a caller has.
    pub params: usize,
}

/// How a statement that counts in one row may be committed together with other callers'.
#[derive(Debug, Clone, PartialEq)]
pub struct Shares {
    /// The parameters that name the row.
    pub row: Box<[usize]>,
    /// The same for many callers at once, where that was proved to do the same.
    pub at_once: Option<AtOnce>,
}

/// One statement for many callers. Each of its parameters is an array of texts, with an item for each caller; the last
/// cell of a row is the caller's place among them, from 1.
///
/// It does the same only if no value that names a row is NULL, and if everybody adds a whole number that is not
/// negative, the same in each of [`AtOnce::adds`].
#[derive(Debug, Clone, PartialEq)]
pub struct AtOnce {
    /// The statement.
    pub statement: Arc<Statement>,
    /// The parameters that say how much a caller adds; none where it is a constant.
    pub adds: Box<[usize]>,
    /// Where there is a limit: the cell that is true where a caller was counted. One who has a row without it may have been
    /// refused because of others, and nothing was written for it.
    pub counted: Option<usize>,
    /// What goes before it in its transaction.
    pub opening: Option<Arc<str>>,
}

impl Shares {
    /// Each by its own statement.
    #[must_use]
    pub fn of(row: impl Into<Box<[usize]>>) -> Self {
        Self {
            row: row.into(),
            at_once: None,
        }
    }
}
