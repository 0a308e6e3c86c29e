//! Reader of migrations in PostgreSQL's dialect.
//!
//! Role: `lexer` → `statement` and its parts → [`DdlStatement`]s → [`Definition`] → [`crate::Catalog`].
//! Input: files in name order. Output: [`Schema`] and diagnostics.
//! Invariant: whatever the text, a schema of all that could be read is returned.
//! Not here: SQL text for a database; the SQL crate translates what is read here.

mod allowed;
mod alter;
mod apply;
mod ast;
mod bounds;
mod change;
mod constraint;
mod create_table;
mod cursor;
mod defaults;
mod definition;
mod expr;
mod expr_parser;
mod index;
mod insert;
mod keys;
mod lexer;
mod lower;
mod migration;
mod names;
mod operand;
mod piece;
mod snippet;
mod split;
mod statement;
mod strings;
mod types;
mod unmodelled;
mod words;

#[cfg(test)]
mod tests;

pub use ast::{
    Action, ColumnChange, ColumnDef, Constraint, ConstraintKind, CreateIndex, CreateTable, Ddl, DdlStatement,
    Generated, IndexPart, Insert, Name, Reference, TypeName,
};
pub use defaults::{constant_value, is_now, is_uuid_function};
pub use definition::{Definition, TableDef};
pub use expr::{BinaryOp, ExprKind, Literal, MAX_DEPTH, MAX_NODES, SqlExpr, SqlText, UnaryOp};
pub use expr_parser::number;
pub use migration::{Migration, Schema, read};
pub use piece::Piece;
pub use snippet::{printed_bounds, printed_choices, printed_default};
pub use types::BUILT_IN;
pub use unmodelled::{Reach, Unmodelled};
