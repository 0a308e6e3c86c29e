//! The functions that rendered SQLite statements call, as pure code.
//!
//! Role: arithmetic that fails and rounds as PostgreSQL's does, floats as text, steps into JSON. The store
//! registers everything in [`SCALARS`] (as deterministic) and [`AGGREGATES`] on every connection.
//! Input: [`Arg`]s; output: an [`Answer`] or a [`FunctionError`], whose text SQLite passes on.
//! Invariant: NULL in, NULL out; no input makes one panic.
//! Not here: registering; that needs the database's library.

mod calendar;
mod contain;
pub mod decimal;
mod float;
mod json;
mod json_key;
mod numeric;
mod shortest;
#[cfg(test)]
mod tests;
mod whole;

pub use decimal::Decimal;
pub use float::{double_text, single_text};
pub use numeric::{AGGREGATES, DecimalFold, Fold};

use std::fmt;

/// A value that a function is called with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Arg<'a> {
    /// NULL
    Null,
    /// An INTEGER.
    Int(i64),
    /// A REAL.
    Float(f64),
    /// A TEXT.
    Text(&'a str),
}

/// What a function gives.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// NULL
    Null,
    /// An INTEGER.
    Int(i64),
    /// A REAL.
    Float(f64),
    /// A TEXT.
    Text(String),
}

/// Why a function fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunctionError {
    /// A whole number leaves the range of its type.
    IntegerOutOfRange,
    /// A numeric has too many digits.
    NumericOutOfRange,
    /// A floating point number leaves the range of its type.
    FloatOutOfRange,
    /// An instant leaves the calendar.
    TimeOutOfRange,
    /// A text is no value of the wanted type.
    InvalidText,
    /// The function does not take such a value; the statement was not made by the renderer.
    WrongArgument,
}

impl fmt::Display for FunctionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IntegerOutOfRange => "integer out of range",
            Self::NumericOutOfRange => "numeric out of range",
            Self::FloatOutOfRange => "float out of range",
            Self::TimeOutOfRange => "time out of range",
            Self::InvalidText => "invalid text for type",
            Self::WrongArgument => "wrong argument",
        })
    }
}

impl std::error::Error for FunctionError {}

/// What a call comes to.
pub type Called = Result<Answer, FunctionError>;

/// A function under its name in SQL.
#[derive(Debug, Clone, Copy)]
pub struct Scalar {
    /// Its name.
    pub name: &'static str,
    /// How many arguments it takes.
    pub arity: i32,
    /// What it does.
    pub call: fn(&[Arg<'_>]) -> Called,
}

const fn scalar(name: &'static str, arity: i32, call: fn(&[Arg<'_>]) -> Called) -> Scalar {
    Scalar { name, arity, call }
}

/// All functions of single rows. Every one depends on its arguments alone.
pub static SCALARS: &[Scalar] = &[
    scalar("bf_int2", 1, whole::int2),
    scalar("bf_int4", 1, whole::int4),
    scalar("bf_int8", 1, whole::int8),
    scalar("bf_dec_int", 1, whole::from_decimal),
    scalar("bf_float_int", 1, whole::from_float),
    scalar("bf_text_int", 2, whole::from_text),
    scalar("bf_text_bool", 1, whole::bool_from_text),
    scalar("bf_double", 1, float::double),
    scalar("bf_float4", 1, float::float4),
    scalar("bf_float8", 1, float::float8),
    scalar("bf_real_add", 2, float::add4),
    scalar("bf_real_sub", 2, float::sub4),
    scalar("bf_real_mul", 2, float::mul4),
    scalar("bf_real_div", 2, float::div4),
    scalar("bf_float_mul", 2, float::mul),
    scalar("bf_float_div", 2, float::div),
    scalar("bf_float_rem", 2, float::rem),
    scalar("bf_text_float", 1, float::from_text),
    scalar("bf_float", 1, float::text8),
    scalar("bf_real", 1, float::text4),
    scalar("bf_dec", 1, numeric::canonical),
    scalar("bf_dec_add", 2, numeric::add),
    scalar("bf_dec_sub", 2, numeric::sub),
    scalar("bf_dec_mul", 2, numeric::mul),
    scalar("bf_dec_div", 2, numeric::div),
    scalar("bf_dec_rem", 2, numeric::rem),
    scalar("bf_dec_round", 3, numeric::round),
    scalar("bf_dec_key", 1, numeric::key),
    scalar("bf_shift", 2, calendar::shift),
    scalar("bf_json_get", 2, json::member),
    scalar("bf_json_text", 2, json::member_text),
    scalar("bf_jsonb_at", 2, json::element),
    scalar("bf_jsonb_text_at", 2, json::element_text),
    scalar("bf_json_key", 1, json_key::key),
    scalar("bf_contains", 2, contain::contains),
    scalar("bf_array_contains", 2, contain::array_contains),
    scalar("bf_overlaps", 2, contain::overlaps),
    scalar("bf_array_key", 1, contain::array_key),
];

/// Calls `apply` unless the argument is NULL.
fn unary<'a>(args: &[Arg<'a>], apply: impl FnOnce(Arg<'a>) -> Called) -> Called {
    match args {
        [Arg::Null] => Ok(Answer::Null),
        [arg] => apply(*arg),
        _ => Err(FunctionError::WrongArgument),
    }
}

/// Calls `apply` unless an argument is NULL.
fn binary<'a>(args: &[Arg<'a>], apply: impl FnOnce(Arg<'a>, Arg<'a>) -> Called) -> Called {
    match args {
        [Arg::Null, _] | [_, Arg::Null] => Ok(Answer::Null),
        [left, right] => apply(*left, *right),
        _ => Err(FunctionError::WrongArgument),
    }
}
