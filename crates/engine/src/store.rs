//! What the engine needs of a database.
//!
//! Role: the trait that stores implement, the rows and errors they give back.
//! Invariant: a store runs a [`Transaction`] from start to end or not at all, and answers only after the
//! commit or rollback is certain.
//! Not here: SQL text (finished in the plan), drivers.

use crate::permit::Permit;
use crate::transaction::Transaction;
use backflow_sql::ir::{Datum, Shares, Statement};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A future that a store gives.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A database.
pub trait Store: Send + Sync + 'static {
    /// Runs a transaction: drives [`Transaction::next`] with the result of each call until it says how to
    /// end, then commits or rolls back. Before it is run again (lost batch, serialization failure, deadlock)
    /// it is rewound.
    ///
    /// The permit is the evidence that the request was identified and judged.
    fn run<'a>(
        &'a self,
        permit: Permit,
        transaction: Transaction,
    ) -> BoxFuture<'a, Result<Transaction, StoreError>>;

    /// Whether the database answers.
    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>>;
}

/// What a [`Transaction`] wants next.
#[derive(Debug)]
pub enum Turn {
    /// Run a statement and come back with its rows.
    Run(Call),
    /// Do this with a mark inside the transaction, and come back with no rows. Never the first turn.
    Mark(Mark),
    /// Keep everything.
    Commit,
    /// Keep nothing.
    RollBack,
}

/// A mark inside a transaction: what is done behind it can be undone alone. There is one at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Set it.
    Set,
    /// Take it away and keep what was done.
    Keep,
    /// Undo what was done since, also after a statement failed, and take it away.
    Undo,
}

/// A statement with its values.
#[derive(Debug, Clone)]
pub struct Call {
    /// The statement; the address is stable, so that stores may key prepared statements by it.
    pub statement: Arc<Statement>,
    /// The values, by parameter position.
    pub values: Vec<Datum>,
    /// It is the transaction's only statement, and whatever is made of its rows, nothing of it will have to
    /// be undone: a store may commit it at once, without a transaction around it.
    pub alone: bool,
    /// How it may be committed together with others who count in the same row; `None`: it does not count, or may not be shared. It is
    /// the transaction's first statement, seldom fails, and may be committed together with other callers' calls of the
    /// same statement: nothing of it will have to be undone, and if more is asked for after its rows, it has written
    /// nothing.
    pub shares: Option<Arc<Shares>>,
}

/// The rows of a statement.
#[derive(Debug, Default, Clone)]
pub struct RowSet {
    /// The rows.
    pub rows: Vec<Row>,
}

/// A row of a statement.
#[derive(Debug, Default, Clone)]
pub struct Row {
    /// The JSON of the row, if the statement makes one; empty where it is NULL.
    pub json: String,
    /// The typed columns beside it, as the database gave them; the plan knows their types.
    pub cells: Vec<Datum>,
}

/// Why a statement failed. Nothing of the database's own text reaches callers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatementError {
    /// A unique key is taken; its columns.
    Unique(Vec<String>),
    /// A row that must exist does not, or one that is referenced cannot go.
    ForeignKey,
    /// A required column would be NULL.
    NotNull(String),
    /// A CHECK or a type's range does not hold; the column or constraint, if known.
    Check(Option<String>),
    /// A number is out of its type's range.
    OutOfRange,
    /// A value is none of its kind, as only the database can tell: a regular expression, a full text query.
    Invalid,
    /// It took too long and was stopped.
    TimedOut,
    /// Anything else; the text is for the log only.
    Other(String),
}

/// Why a transaction has no outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The database cannot be reached or is overloaded; nothing was committed. Try again after so many
    /// seconds.
    Unavailable(u32),
    /// It may or may not have been committed.
    OutcomeUnknown(String),
    /// It took too long; nothing was committed.
    TimedOut,
    /// Anything else; nothing was committed. The text is for the log only.
    Failed(String),
}
