//! Cells as values of expressions.
//!
//! Invariant: converting a restored value to the same type gives the cell again.
//! Not here: the JSON of whole rows.

use backflow_catalog::ColumnType;
use backflow_expr::{Number, Value, json, parse_timestamp};
use backflow_sql::ir::Datum;

/// Deepest JSON that is read from a cell; nothing deeper was ever accepted.
const DEPTH: usize = 512;

/// The value of a cell. A cell that is not of its type, which only a database changed by other hands has, is
/// given as the text or number that it is.
#[must_use]
pub fn restore(datum: &Datum, ty: &ColumnType) -> Value {
    match datum {
        Datum::Null => Value::Null,
        Datum::Bool(truth) => Value::Bool(*truth),
        Datum::Int(whole) if *ty == ColumnType::Bool => Value::Bool(*whole != 0),
        Datum::Int(whole) => Value::int(*whole),
        Datum::Float(float) => Number::from_f64(*float).map_or(Value::Null, Value::Number),
        Datum::Text(text) => of_text(text, ty).unwrap_or_else(|| Value::Text(std::sync::Arc::clone(text))),
    }
}

fn of_text(text: &str, ty: &ColumnType) -> Option<Value> {
    match ty {
        ColumnType::TimestampTz => parse_timestamp(text).map(Value::Time),
        ColumnType::Json | ColumnType::Jsonb | ColumnType::Array(_) => {
            json::parse(text.as_bytes(), DEPTH).ok()
        }
        _ if ty.is_number() => Number::parse(text).map(Value::Number),
        _ => None,
    }
}
