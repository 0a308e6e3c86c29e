//! The journal of durable runs: its tables and statements.
//!
//! Role: what the engine needs to keep runs in the project's own database, beside the rows that they write.
//! Invariant: no route can name these tables; what a worker writes of a run names the fence that it holds, or is
//! followed in its transaction by a statement that does. Only ending one by hand and erasing old data do not.
//! Not here: how the statements are made (`journal`), when they run (the engine).

use super::Inbox;
use backflow_catalog::ColumnType;
use backflow_sql::ir::Statement;
use std::sync::Arc;

/// Tables and statements. The comment of each names its parameters, by position, and its cells.
#[derive(Debug, Clone)]
pub struct Journal {
    /// Statements that make the tables, in the dialect of the plan.
    pub setup: Vec<String>,
    /// Statements about runs.
    pub runs: RunStatements,
    /// Statements about their steps.
    pub steps: StepStatements,
    /// Statements about locks.
    pub locks: LockStatements,
    /// Statements about requests that callers named by a key.
    pub keys: KeyStatements,
    /// Statements about events of webhooks.
    pub inbox: Inbox,
    /// Whether a caller is a member of a tenant. `None`: there are no tenants.
    pub membership: Option<Membership>,
}

/// A caller's membership in a tenant known by its key.
#[derive(Debug, Clone)]
pub struct Membership {
    /// (tenant, user) → tenant.
    pub statement: Arc<Statement>,
    /// Type of the tenant's key.
    pub tenant: ColumnType,
    /// Type of the members' user column.
    pub user: ColumnType,
}

/// A run's cells, wherever rows of runs are read, in this order: id, name, version, tenant, caller, intent, state,
/// status, answer, request, worker, fence, lease, started, ended, error.
pub const RUN_CELLS: usize = 16;

/// A step's cells, in this order: step, position, state, epoch, params, request, outcome, sent.
pub const STEP_CELLS: usize = 8;

/// What is done with runs.
#[derive(Debug, Clone)]
pub struct RunStatements {
    /// A new run, unless its intent is taken: (id, name, version, tenant, caller, intent, request, worker, lease,
    /// started) → id.
    pub open: Arc<Statement>,
    /// The run of an intent: (intent) → a run.
    pub of_intent: Arc<Statement>,
    /// Takes the intent from a run that is over: (id, ended before) → id.
    pub release: Arc<Statement>,
    /// The run of an id: (id) → a run.
    pub read: Arc<Statement>,
    /// Runs newest first: (state or empty, started before, how many) → runs.
    pub list: Arc<Statement>,
    /// The worker still holds the run: (id, fence, lease) → id.
    pub hold: Arc<Statement>,
    /// The end: (id, fence, state, status, answer, error, ended) → id.
    pub end: Arc<Statement>,
    /// Running runs of a worker are alive: (worker, lease, their ids as a list) → id, fence.
    pub beat: Arc<Statement>,
    /// Runs whose worker is gone: (now, how many) → id.
    pub lost: Arc<Statement>,
    /// Takes a run whose lease is over: (id, worker, lease, now) → a run.
    pub claim: Arc<Statement>,
    /// Takes a failed run up again: (id, fence, worker, lease) → a run.
    pub resume: Arc<Statement>,
    /// Ends a run from outside, whoever holds it: (id, state, error, ended) → id.
    pub stop: Arc<Statement>,
    /// Erases what ended runs were asked and answered: (ended before).
    pub erase: Arc<Statement>,
    /// Keeps the files that a version stands for: (version, files, at).
    pub keep_version: Arc<Statement>,
    /// The files of a version: (version) → files.
    pub version: Arc<Statement>,
}

/// What is done with steps.
#[derive(Debug, Clone)]
pub struct StepStatements {
    /// A step's row, new or changed: (run, step, position, state, epoch, params, request, outcome, sent).
    pub write: Arc<Statement>,
    /// What became of a step: (run, step, state, outcome).
    pub outcome: Arc<Statement>,
    /// A run's steps in order: (run) → steps.
    pub of_run: Arc<Statement>,
    /// Erases the data of steps of ended runs: (ended before).
    pub erase: Arc<Statement>,
}

/// What is done with locks.
#[derive(Debug, Clone)]
pub struct LockStatements {
    /// Takes a lock: (value, run) → value.
    pub take: Arc<Statement>,
    /// Whose it is: (value) → run.
    pub holder: Arc<Statement>,
    /// Takes it from runs that are over for good: (value, failed runs that ended before).
    pub free: Arc<Statement>,
    /// Gives up all locks of a run: (run).
    pub release: Arc<Statement>,
}

/// What is done with callers' keys.
#[derive(Debug, Clone)]
pub struct KeyStatements {
    /// Takes a key: (key, body, at) → key.
    pub take: Arc<Statement>,
    /// What is known of a key: (key) → body, status, answer.
    pub read: Arc<Statement>,
    /// Its answer: (key, body, status, answer, at).
    pub answer: Arc<Statement>,
    /// Forgets old ones: (before).
    pub forget: Arc<Statement>,
}
