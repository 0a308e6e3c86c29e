//! The inbox of webhooks: its statements.
//!
//! Role: what the engine needs to keep events in the project's own database, beside the rows that they change.
//! Invariant: an event of a webhook is one row, however often it arrives; whoever works on an object's events names
//! the token that it holds, and whatever it writes is followed in its transaction by a statement that does.
//! Not here: how the statements are made (`journal`), when they run (the engine).

use backflow_sql::ir::Statement;
use std::sync::Arc;

/// An event's cells, wherever rows of events are read, in this order: id, hook, event, kind, object, created,
/// received, headers, body, state, tenant, actions, tries, since, due, error, ended.
pub const EVENT_CELLS: usize = 17;

/// Statements about events. The comment of each names its parameters, by position, and its cells.
#[derive(Debug, Clone)]
pub struct Inbox {
    /// A new event; one that is in quarantine is due again: (id, hook, event, kind, object, created, received,
    /// headers, body, state, since, due, ended) → state.
    pub accept: Arc<Statement>,
    /// An event: (id, hook, event) → an event.
    pub read: Arc<Statement>,
    /// What the event of an id is called: (id) → hook, event.
    pub own: Arc<Statement>,
    /// Events of one name of their provider's: (event) → events.
    pub named: Arc<Statement>,
    /// The events that are next of an object: (object, due until, how many) → events.
    pub next: Arc<Statement>,
    /// The same: (object, due until, how many) → their ids.
    pub waiting: Arc<Statement>,
    /// Events that are due, in order: (due until, due from, after id, how many) → object, due, id.
    pub due: Arc<Statement>,
    /// What became of an event: (id, state, tenant, actions, tries, since, due, error,
    /// ended, hook, event) → id.
    pub settle: Arc<Statement>,
    /// Events newest first: (state or empty, hook or empty, received before, how many) → events.
    pub list: Arc<Statement>,
    /// Events of a time in the order in which they were made: (hook or empty, received from, received until;
    /// created, received, id of the one behind which they begin; how many) → events.
    pub since: Arc<Statement>,
    /// Events that arrived first, in order: (received before; received, id of the one behind which they begin; how many)
    /// → id, hook, received, ended, event.
    pub old: Arc<Statement>,
    /// Erases events of a webhook that are over: (their ids and what they are called, as lists, hook, ended before).
    pub erase: Arc<Statement>,
    /// Takes an object, if nobody holds it: (object, token, lease, now) → marks.
    pub take: Arc<Statement>,
    /// What is marked of an object: (object) → marks.
    pub marks: Arc<Statement>,
    /// We still hold an object: (object, token, lease, marks, now) → object.
    pub hold: Arc<Statement>,
    /// Lengthens leases that are not over: (their tokens as a list, lease, now) → token.
    pub beat: Arc<Statement>,
    /// Gives up an object that has marks: (object, token, now).
    pub release: Arc<Statement>,
    /// Forgets an object that has none: (object, token).
    pub drop: Arc<Statement>,
    /// Forgets objects that nothing was heard of: (before).
    pub forget: Arc<Statement>,
    /// What a call of ours put on an object of a provider: (key, metadata, tenant, at).
    pub learn: Arc<Statement>,
    /// What is known of an object of a provider: (key) → metadata, tenant, at.
    pub known: Arc<Statement>,
    /// It is still needed: (key, at).
    pub touch: Arc<Statement>,
    /// Forgets objects of providers that nobody needed: (before).
    pub unlearn: Arc<Statement>,
}
