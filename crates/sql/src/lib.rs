//! Select grammar, queries and DDL turned into SQL text for a dialect.
//!
//! Role: the only place where SQL text is made. Input: the author's selects and expressions (parsed here,
//! resolved by the planner) and resolved queries ([`ir`]); output: trees, and statements with parameters.
//! Invariant: no value of a request is ever part of a statement's text.
//! Not here: evaluating templates, running statements.

pub mod changes;
pub mod ddl;
mod duration;
pub mod filter;
pub mod functions;
pub mod ir;
mod lex;
mod render;
mod scalar;
mod select;
mod syntax;

pub use duration::{Duration, parse_duration};
pub use filter::{
    ColumnPath, FilterOp, Operator, OrderTerm, Quantifier, nearest_operator, parse_column_path,
    parse_operator, parse_order,
};
pub use render::{answers_may_fail, castable, render, render_chain, render_gathered, render_offered};
pub use scalar::{ScalarAst, parse_scalar, try_parse_scalar};
pub use select::{SelectItem, SelectList, parse_select};
