//! The PostgreSQL store: connections, pipelined reads, transactions, migrations, introspection.
//!
//! Role: runs the engine's transactions on a PostgreSQL 15 or later, directly or through a pooler.
//! Input and output: [`backflow_engine`]'s transactions in, the same transactions with their outcome back.
//! Invariant: a connection is handed on only when it is outside any transaction.
//! Not here: SQL text (finished in the plan), the meaning of rows and errors (the engine's), HTTP.

mod aside;
mod at_once;
mod batch;
mod batches;
mod breadth;
mod clock;
mod connect;
mod drift;
mod drive;
mod errors;
mod event;
mod exclusive;
mod gate;
mod gathered;
mod guarded;
mod introspect;
mod jam;
mod job;
mod keys;
mod limit;
mod line;
mod link;
mod migrate;
mod options;
mod pace;
mod pooler;
mod run;
mod session;
mod shared;
mod statements;
mod store;
mod tls;
mod values;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use drift::{drift, hidden_rows};
pub use introspect::{IntrospectError, Live};
pub use migrate::Script;
pub use options::{OpenError, Options};
pub use store::{Postgres, Stats};

/// The comment on tables that we made ourselves.
const OURS: &str = "kept by Backflow";
