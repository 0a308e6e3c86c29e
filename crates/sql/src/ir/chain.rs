//! Several queries as one statement.
//!
//! Role: what the planner builds where it can prove that one statement does the same as several.
//! Invariant: every part but one gives at most one row; a part refers only to parts before it.
//! Not here: the proof (the planner's), the text (`render::chain`).

use super::{Query, Statement};

/// Several queries as one statement.
#[derive(Debug, Clone, PartialEq)]
pub struct Chain {
    /// The queries, in order.
    pub parts: Vec<Query>,
    /// The part that may give many rows, and whose JSON is the statement's.
    pub main: usize,
    /// Without a row of the first part the statement gives no row at all (a guard).
    pub guarded: bool,
}

/// A value of an earlier part's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartCell {
    /// Whether there is a row.
    Present,
    /// One of its cells, by position.
    Cell(usize),
}

/// A finished chain.
#[derive(Debug, Clone, PartialEq)]
pub struct Chained {
    /// The text. Its rows begin with the JSON of the main part, if that makes any; everything else is cells.
    pub statement: Statement,
    /// Where each part's values stand among the cells.
    pub parts: Vec<PartLayout>,
}

/// Where the values of a part stand among a chain's cells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PartLayout {
    /// The cell that is true where the part has a row.
    pub present: usize,
    /// The cell with the row's JSON, if it makes JSON and is not the main part.
    pub json: Option<usize>,
    /// The first of its own cells.
    pub first: usize,
    /// How many cells it has.
    pub cells: usize,
}
