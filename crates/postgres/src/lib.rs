//! The PostgreSQL store: connections, pipelined reads, transactions, migrations, introspection.
//!
//! Role: runs the engine's transactions on a PostgreSQL 15 or later, directly or through a pooler.
//! Input and output: [`backflow_engine`]'s transactions in, the same transactions with their outcome back.
//! Invariant: a connection is handed on only when it is outside any transaction.
//! Not here: SQL text (finished in the plan), the meaning of rows and errors (the engine's), HTTP.

mod connect;
mod options;
mod pooler;
mod store;
mod tls;
mod values;

pub use options::{OpenError, Options};
pub use store::{Postgres, Stats};
