//! A guard and the steps of a route as one statement.
//!
//! Invariant: the engine judges the rows of each part as if the parts had run one after another; whatever it
//! refuses then, the statement has not written, or it stands in a transaction that is rolled back.
//! Not here: the proof; see `lower::fuse`.

use backflow_sql::ir::{PartLayout, Statement};
use std::sync::Arc;

/// Several statements as one.
#[derive(Debug, Clone)]
pub struct Fused {
    /// The text.
    pub statement: Arc<Statement>,
    /// The values of its parameters, by position.
    pub values: Vec<FusedValue>,
    /// Where each part's values stand among the cells: the guard's, if the route has one, then each step's.
    pub parts: Vec<PartLayout>,
    /// The part whose JSON is the statement's, and which may have many rows.
    pub main: usize,
}

/// Where the value of a parameter comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FusedValue {
    /// A parameter of the guard, by position.
    Guard(usize),
    /// A bind of a step; undefined is NULL.
    Step {
        /// The step.
        step: usize,
        /// The bind's position.
        bind: usize,
    },
    /// The e-mail address of the caller's token; NULL if it has none.
    Email,
}
