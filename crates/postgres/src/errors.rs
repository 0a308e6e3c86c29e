//! The server's errors in the engine's words.
//!
//! Role: tells a constraint from a fault of the machine, and what may be tried again from what may not.
//! Invariant: no text of the database is in what callers can see; [`StatementError::Other`] and the like are
//! for the log. When it is not certain that nothing was committed, that is what is said.
//! Not here: answers to callers (engine), the columns of a key (keys).
//!
//! **What a lost connection means.** A server that ends a session on purpose says so with an error in place of the
//! answer, and only at points where it looks for such wishes; a transaction that is being committed has none. So
//! a FATAL `57P01` (shutdown, `pg_terminate_backend`), `25P03` and `57P05` (idle for too long) that stand *in
//! place of an answer* say that the statement was not executed, or was undone. Two look alike and are not:
//! an immediate shutdown and a crash (`57P02`) end sessions anywhere and send at most a warning, and the wait for
//! a synchronous standby, when it is broken off, sends a warning after the commit; in both cases the socket closes
//! without an answer. Hence everything but those three codes, a closed socket first of all, is
//! [`Loss::Unknown`]: harmless for reads, and for transactions whose COMMIT was not sent yet.
//!
//! A COMMIT that is answered by an error was not done: what can refuse it (deferred constraints, serialization)
//! comes before the commit record, and the server's word that it is complete comes after; see `Link::commit`.
//! In autocommit the order is the other way round, the answer comes first and the commit at the end of the
//! message; there the driver reads on to the end, and an error at any point means that nothing was committed.

use crate::connect::chain;
use crate::link::Trouble;
use backflow_engine::store::{StatementError, StoreError};
use tokio_postgres::Error;
use tokio_postgres::error::{DbError, Severity};

/// How long a refused caller should wait before the next try, in seconds.
pub(crate) const RETRY_AFTER: u32 = 1;

/// Why a statement did not run to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Something that the transaction has to answer.
    Statement(StatementError),
    /// A unique key is taken; its columns are to be looked up.
    Key(Key),
    /// The machine: the transaction cannot go on, and the session is as good as before.
    Store(StoreError),
    /// Somebody else kept a lock for too long: the session is as good as before.
    Locked,
    /// Nothing is wrong with it: the transaction may run again.
    Again(&'static str),
    /// What was prepared is not what it was, or is `unknown` to the server.
    Stale { unknown: bool },
    /// The connection is gone, or of no use any more.
    Lost(Loss, String),
    /// There was no answer in time, not even to the request to stop.
    Silent,
}

/// What is known of a statement whose connection is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// It was not executed, or undone.
    Undone,
    /// Nobody knows.
    Unknown,
}

/// The name of a constraint or index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key {
    pub(crate) schema: String,
    pub(crate) table: String,
    pub(crate) name: String,
}

/// What went wrong with a statement.
pub(crate) fn failure(trouble: &Trouble) -> Failure {
    match trouble {
        Trouble::Answer(text) => Failure::Statement(StatementError::Other(text.clone())),
        Trouble::Silent => Failure::Silent,
        Trouble::Driver(error) => driver(error),
    }
}

/// What went wrong with a statement or command.
pub(crate) fn driver(error: &Error) -> Failure {
    match error.as_db_error() {
        Some(said) => server(said, error),
        None if is_ours(error) => Failure::Statement(StatementError::Other(chain(error))),
        None => Failure::Lost(Loss::Unknown, chain(error)),
    }
}

/// What the answer to a COMMIT means for the caller; `None`: run it again.
pub(crate) fn commit(error: &Error) -> Option<StoreError> {
    match driver(error) {
        Failure::Again(_) => None,
        Failure::Lost(Loss::Unknown, why) => Some(StoreError::OutcomeUnknown(why)),
        Failure::Lost(Loss::Undone, _) => Some(StoreError::Unavailable(RETRY_AFTER)),
        Failure::Store(error) => Some(error),
        Failure::Locked => Some(StoreError::Unavailable(RETRY_AFTER)),
        Failure::Statement(StatementError::TimedOut) => Some(StoreError::TimedOut),
        // A constraint that was deferred to the end.
        Failure::Statement(_) | Failure::Key(_) | Failure::Stale { .. } => Some(StoreError::Failed(format!(
            "COMMIT was refused: {}",
            chain(error)
        ))),
        Failure::Silent => Some(StoreError::OutcomeUnknown("no answer to COMMIT".to_owned())),
    }
}

/// Whether the driver itself refused a value or a row: then the connection is as good as before. The kinds of its
/// errors are known by their texts only; one that is not recognized counts as a lost connection.
fn is_ours(error: &Error) -> bool {
    const OURS: &[&str] = &[
        "error encoding message",
        "error serializing parameter",
        "error deserializing column",
        "expected ",
    ];
    let text = error.to_string();
    OURS.iter().any(|known| text.starts_with(known))
}

fn server(said: &DbError, error: &Error) -> Failure {
    let code = said.code().code();
    let lost = |loss| Failure::Lost(loss, chain(error));
    match code {
        "57P01" | "25P03" | "57P05" | "57P03" => return lost(Loss::Undone),
        "57P02" => return lost(Loss::Unknown),
        _ if code.starts_with("08") => return lost(pooler_loss(said.message())),
        _ if is_fatal(said) => return lost(Loss::Unknown),
        _ => {}
    }
    match code {
        "40001" => Failure::Again("serialization failure"),
        "40P01" => Failure::Again("deadlock"),
        "40003" => lost(Loss::Unknown),
        "26000" | "42P05" => Failure::Stale { unknown: true },
        "0A000" if said.routine() == Some("RevalidateCachedQuery") => Failure::Stale { unknown: false },
        "0A000" if said.message().contains("cached plan must not change") => {
            Failure::Stale { unknown: false }
        }
        // Another server has been promoted: this one is of no use any more.
        "25006" => lost(Loss::Undone),
        "55P03" => Failure::Locked,
        "23505" | "23P01" => key(said),
        _ => statement(code, said, error),
    }
}

fn statement(code: &str, said: &DbError, error: &Error) -> Failure {
    Failure::Statement(match code {
        "23503" | "23001" => StatementError::ForeignKey,
        "23502" => match said.column() {
            Some(column) => StatementError::NotNull(column.to_owned()),
            // A domain's: the column is not told.
            None => StatementError::Check(None),
        },
        "23514" => StatementError::Check(said.constraint().map(str::to_owned)),
        "44000" => StatementError::Check(None),
        "22003" | "22008" | "22012" | "22015" => StatementError::OutOfRange,
        // A regular expression, the bounds of a range.
        "2201B" | "22000" => StatementError::Invalid,
        "42601" if said.message().contains("tsquery") => StatementError::Invalid,
        "57014" => StatementError::TimedOut,
        // The author's own triggers and functions.
        "P0001" => {
            crate::event::raised(said.message());
            StatementError::Check(None)
        }
        // Values that are not of their type: what was not converted before.
        _ if code.starts_with("22") => StatementError::Check(None),
        // No memory, no space on disk, no connections left for a worker, an error of the disk.
        _ if code.starts_with("53") || code == "58030" => {
            return Failure::Store(StoreError::Unavailable(RETRY_AFTER));
        }
        _ if code.starts_with("XX") => return Failure::Store(StoreError::Failed(chain(error))),
        _ => StatementError::Other(chain(error)),
    })
}

fn key(said: &DbError) -> Failure {
    match (said.schema(), said.table(), said.constraint()) {
        (Some(schema), Some(table), Some(name)) => Failure::Key(Key {
            schema: schema.to_owned(),
            table: table.to_owned(),
            name: name.to_owned(),
        }),
        _ => Failure::Statement(StatementError::Unique(Vec::new())),
    }
}

fn is_fatal(said: &DbError) -> bool {
    match said.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        None => matches!(said.severity(), "FATAL" | "PANIC"),
    }
}

/// PgBouncer speaks of itself with `08P01`. What it says before it has a server for the statement is known; all
/// else may have come after.
fn pooler_loss(message: &str) -> Loss {
    const BEFORE: &[&str] = &[
        "query_wait_timeout",
        "server login has been failing",
        "server login failed",
        "no more connections allowed",
        "client_idle_timeout",
        "idle transaction timeout",
        "pgbouncer cannot connect to server",
    ];
    match BEFORE.iter().any(|known| message.starts_with(known)) {
        true => Loss::Undone,
        false => Loss::Unknown,
    }
}
