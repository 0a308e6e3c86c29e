//! Migrations in SQLite's dialect.
//!
//! Role: [`sqlite`] turns the statements of a migration into SQL for SQLite 3.40 and later.
//! Input: the schema as read, and one of its migrations. Output: SQL statements, in order.
//! Invariant: no table needs any of our functions, so it works from the plain `sqlite3` shell too; only what moves
//! rows from one type to another may.
//! Not here: running it; reading PostgreSQL's dialect (catalog).
//!
//! Text is kept as the engine writes it: uuid in lower case, instants as
//! `2026-11-23T18:10:15.123456+00:00`, numeric in plain digits, arrays as JSON, bytea as `\x` and hexadecimal
//! digits. CHECKs named `<table>.<column>.type` hold every writer to that.

mod alter;
mod arithmetic;
mod calls;
mod cast;
mod column;
mod compare;
mod default;
mod drop;
mod expr;
mod fault;
mod insert;
mod json;
mod keys;
mod literal;
mod moment;
mod pattern;
mod quote;
mod rebuild;
mod script;
mod system;
mod table;
mod types;

#[cfg(test)]
mod tests;

pub use literal::array_items;
pub(crate) use literal::constant;
pub use script::sqlite;
pub use system::{Rows, system};
