//! Values in statements.
//!
//! Role: columns, parameters, constants and what is computed from them.
//! Invariant: a literal is a constant of the author or of the schema; what a request sends is a parameter.
//! Not here: their text; see `render::scalar`.

use super::{Cond, Link, ParamId, PartCell, Read};
use backflow_catalog::{ColumnId, ColumnType, TableId};

/// A value as the database takes and gives it, already of its column's type.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// NULL
    Null,
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A binary floating point number.
    Float(f64),
    /// Anything else, in canonical text: uuid in lower case, instants as
    /// `2026-11-23T18:10:15.123456+00:00`, numeric in plain digits, jsonb canonical, arrays as JSON.
    Text(std::sync::Arc<str>),
}

/// A step into a JSON value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonStep {
    /// Member name or array position.
    pub key: JsonKey,
    /// `->>` instead of `->`: the result is text.
    pub as_text: bool,
}

/// Where a [`JsonStep`] goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonKey {
    /// A member.
    Name(String),
    /// A position, from 0, or from the end, where the last is -1. No list is longer than 31 bits tell, and the
    /// lowest number is not among them.
    Index(i32),
}

/// A value in a statement. Arithmetic is typed, so that both databases fail on the same overflow.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A column of the row in scope.
    Column(ColumnId),
    /// A path into a JSON column of the row in scope.
    Json(ColumnId, Vec<JsonStep>),
    /// In an upsert: the column of the row that was offered.
    Excluded(ColumnId),
    /// A bind parameter of this type.
    Param(ParamId, ColumnType),
    /// A constant of this type.
    Literal(Datum, ColumnType),
    /// Of the list for the row being made (`Insert::each`): the value at this position, of this type.
    Item(u16, ColumnType),
    /// Arithmetic; both sides and the result have this type. Integer division truncates; by zero is NULL.
    Arithmetic {
        /// The operator.
        op: ArithmeticOp,
        /// Left side.
        left: Box<Scalar>,
        /// Right side.
        right: Box<Scalar>,
        /// Type of the result.
        ty: ColumnType,
    },
    /// The value in another type (numeric widening, explicit casts).
    Cast(Box<Scalar>, ColumnType),
    /// `coalesce(…)`
    Coalesce(Vec<Scalar>),
    /// This value if the flag parameter is true, else the other.
    IfGiven {
        /// A boolean parameter.
        flag: ParamId,
        /// The value.
        value: Box<Scalar>,
        /// What stands in its place.
        otherwise: Box<Scalar>,
    },
    /// A condition as a boolean value.
    Test(Box<Cond>),
    /// The column's default as an expression.
    DefaultOf(ColumnId),
    /// `(SELECT column FROM table WHERE key = value)`, where `key` is unique.
    Lookup {
        /// The table.
        table: TableId,
        /// What to take.
        column: ColumnId,
        /// A unique column.
        key: ColumnId,
        /// Its value.
        value: Box<Scalar>,
    },
    /// A value of an earlier part's row in a chain; NULL where that has none.
    Earlier {
        /// The part.
        part: usize,
        /// Which value.
        cell: PartCell,
        /// Its type.
        ty: ColumnType,
    },
    /// A text with ASCII letters in lower case.
    Lower(Box<Scalar>),
    /// A value of the one row that is related to the row in scope; NULL if there is none.
    Related {
        /// How the row is found.
        link: Box<Link>,
        /// Its table, filter and order; it answers nothing itself.
        read: Box<Read>,
        /// The value; columns are the related row's.
        value: Box<Scalar>,
    },
    /// The instant plus a duration in microseconds (date/time columns; the instant is a parameter).
    Shift(Box<Scalar>, i64),
}

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArithmeticOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
}
