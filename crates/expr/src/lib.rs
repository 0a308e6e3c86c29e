//! The template and condition language: lex, parse, type, compile, run.
//!
//! Role: turns the author's templates and conditions into typed programs at check time, and runs them on
//! values at request time.
//! Input: [`backflow_diag::Text`] and a [`Resolver`] that knows the roots. Output: [`Program`], [`Value`].
//! Invariant: a program is total: no loops, no host access but [`Host`], bounded depth and output; a value is
//! data and never parsed as program text.
//! Not here: which roots exist where, what columns expect, what happens with an undefined value in a filter.

pub mod ast;
mod code;
mod compile;
mod digits;
mod display;
pub mod json;
mod lexer;
pub mod limits;
mod number;
mod template;
mod time;
mod types;
mod value;
mod write;

pub use ast::{Expr, Key, Path};
pub use code::{EvalError, Host, Program, Slot};
pub use compile::{Resolved, Resolver};
pub use json::{JsonError, JsonErrorKind};
pub use number::{Number, NumberError};
pub use template::{Part, Template, parse_condition};
pub use time::{parse_timestamp, timestamp_text};
pub use types::{Kind, Type};
pub use value::{Object, Value};
pub use write::write_json_text;
