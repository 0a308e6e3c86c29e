//! The embedded store: one writer thread with group commit, a pool of readers, migrations.
//!
//! Role: runs the engine's transactions against one SQLite file, in this process.
//! Input and output: [`backflow_engine`]'s transactions in, the same transactions with their outcome back.
//! Invariant: no answer, refusals included, leaves before the commit that it rests on is durable.
//! Not here: SQL text (finished in the plan), the meaning of rows and errors (the engine's), HTTP.

mod connection;
mod deadline;
mod errors;
mod functions;
mod job;
mod migrate;
mod options;
mod readers;
mod session;
mod statements;
mod store;
mod threads;
mod writer;

#[cfg(test)]
mod testing;

pub use migrate::Translated;
pub use options::{OpenError, Options};
pub use store::{Sqlite, Stats};
