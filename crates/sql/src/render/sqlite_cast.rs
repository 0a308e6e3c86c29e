//! Casts on SQLite, with PostgreSQL's rounding.
//!
//! Role: a value of one type as another. Invariant: [`castable`] names, for SQLite, exactly the pairs that [`cast`]
//! knows; other pairs leave the value as it is.
//! Not here: conversion of request values, which happens before binding.

use super::dialect::Typed;
use crate::ir::Dialect;
use backflow_catalog::ColumnType;

/// The kinds of types that cast alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Bool,
    Int,
    Float,
    Numeric,
    Text,
    Uuid,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Json,
    Other,
}

fn class(ty: &ColumnType) -> Class {
    match ty {
        ColumnType::Bool => Class::Bool,
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => Class::Int,
        ColumnType::Float4 | ColumnType::Float8 => Class::Float,
        ColumnType::Numeric(_) => Class::Numeric,
        ColumnType::Text | ColumnType::Varchar(_) | ColumnType::Char(_) => Class::Text,
        ColumnType::Uuid => Class::Uuid,
        ColumnType::Date => Class::Date,
        ColumnType::Time => Class::Time,
        ColumnType::Timestamp => Class::Timestamp,
        ColumnType::TimestampTz => Class::TimestampTz,
        ColumnType::Json | ColumnType::Jsonb => Class::Json,
        ColumnType::Interval
        | ColumnType::Bytea
        | ColumnType::Enum(_)
        | ColumnType::Array(_)
        | ColumnType::Other(_) => Class::Other,
    }
}

/// Whether a value of `from` can be cast to `to`: on SQLite with the result PostgreSQL would give, on PostgreSQL
/// with a result that depends on no setting.
///
/// Casts of instants and JSON to text give the canonical form in which the engine prints them.
#[must_use]
pub fn castable(from: &ColumnType, to: &ColumnType, dialect: Dialect) -> bool {
    use Class as C;
    // What the author of the type made it castable to.
    let native = matches!(from, ColumnType::Other(_));
    (native && dialect == Dialect::Postgres)
        || from == to
        || match (class(from), class(to)) {
            (_, C::Text) => true,
            (C::Int | C::Float | C::Numeric | C::Text, C::Int | C::Float | C::Numeric) => true,
            (C::Bool, C::Int) => *to == ColumnType::Int4,
            (C::Int, C::Bool) => *from == ColumnType::Int4,
            (C::Text | C::Bool, C::Bool) => true,
            (C::Date, C::Timestamp | C::TimestampTz) => true,
            (C::Timestamp, C::Date | C::Time | C::TimestampTz) => true,
            (C::TimestampTz, C::Date | C::Time | C::Timestamp) => true,
            (C::Json, C::Json) => *to == ColumnType::Json,
            _ => false,
        }
}

pub(super) fn cast(value: &Typed, to: &ColumnType) -> String {
    let sql = value.sql.as_str();
    let Some(from) = value.ty.as_ref().filter(|from| *from != to) else {
        return sql.to_owned();
    };
    match class(to) {
        Class::Text => to_text(sql, from, to),
        Class::Int => to_int(sql, from, to),
        Class::Float => to_float(sql, from, to),
        Class::Numeric => to_numeric(sql, from, to),
        Class::Bool => to_bool(sql, from),
        _ => to_temporal(sql, from, to),
    }
}

fn to_text(sql: &str, from: &ColumnType, to: &ColumnType) -> String {
    let text = match from {
        ColumnType::Bool => format!("CASE {sql} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"),
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => format!("CAST({sql} AS TEXT)"),
        ColumnType::Float4 => format!("bf_real({sql})"),
        ColumnType::Float8 => format!("bf_float({sql})"),
        _ => sql.to_owned(),
    };
    match to {
        ColumnType::Varchar(length) => format!("substr({text},1,{length})"),
        ColumnType::Char(length) => format!("rtrim(substr({text},1,{length}),' ')"),
        _ => text,
    }
}

fn to_int(sql: &str, from: &ColumnType, to: &ColumnType) -> String {
    let whole = match class(from) {
        Class::Numeric => format!("bf_dec_int({sql})"),
        Class::Float => format!("bf_float_int({sql})"),
        Class::Text => {
            let most = match to {
                ColumnType::Int2 => i64::from(i16::MAX),
                ColumnType::Int4 => i64::from(i32::MAX),
                _ => i64::MAX,
            };
            format!("bf_text_int({sql},{most})")
        }
        _ => sql.to_owned(),
    };
    match to {
        ColumnType::Int2 => format!("bf_int2({whole})"),
        ColumnType::Int4 if *from != ColumnType::Int2 => format!("bf_int4({whole})"),
        _ => whole,
    }
}

fn to_float(sql: &str, from: &ColumnType, to: &ColumnType) -> String {
    let float = match class(from) {
        Class::Int | Class::Numeric => format!("CAST({sql} AS REAL)"),
        Class::Text => format!("bf_text_float({sql})"),
        _ => sql.to_owned(),
    };
    let check = if *to == ColumnType::Float4 {
        "bf_float4"
    } else {
        "bf_float8"
    };
    match class(from) {
        // Every single is a double, and every text was checked.
        Class::Float | Class::Text | Class::Int if *to == ColumnType::Float8 => float,
        _ => format!("{check}({float})"),
    }
}

fn to_numeric(sql: &str, from: &ColumnType, to: &ColumnType) -> String {
    let numeric = match class(from) {
        Class::Int | Class::Float | Class::Text => format!("bf_dec({sql})"),
        _ => sql.to_owned(),
    };
    match to {
        ColumnType::Numeric(Some((precision, scale))) => {
            format!("bf_dec_round({numeric},{precision},{scale})")
        }
        _ => numeric,
    }
}

fn to_bool(sql: &str, from: &ColumnType) -> String {
    match class(from) {
        Class::Int => format!("({sql} <> 0)"),
        Class::Text => format!("bf_text_bool({sql})"),
        _ => sql.to_owned(),
    }
}

/// Between the canonical forms `2026-11-23`, `18:10:15[.123456]` and `2026-11-23T18:10:15.123456[+00:00]`.
fn to_temporal(sql: &str, from: &ColumnType, to: &ColumnType) -> String {
    match (class(from), class(to)) {
        (Class::Date, Class::Timestamp) => format!("({sql}||'T00:00:00.000000')"),
        (Class::Date, Class::TimestampTz) => format!("({sql}||'T00:00:00.000000+00:00')"),
        (Class::Timestamp, Class::TimestampTz) => format!("({sql}||'+00:00')"),
        (Class::TimestampTz, Class::Timestamp) => format!("substr({sql},1,26)"),
        (Class::Timestamp | Class::TimestampTz, Class::Date) => format!("substr({sql},1,10)"),
        (Class::Timestamp | Class::TimestampTz, Class::Time) => {
            format!("rtrim(rtrim(substr({sql},12,15),'0'),'.')")
        }
        _ => sql.to_owned(),
    }
}
