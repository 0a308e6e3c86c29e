//! Casts and comparisons between types on PostgreSQL.
//!
//! Role: a value of one type as another. Invariant: a cast that SQLite has, too, has the same result there.
//! Not here: conversion of request values, which happens before binding.

use super::dialect::Typed;
use super::postgres::Postgres;
use super::postgres_text;
use backflow_catalog::ColumnType;

pub(super) fn cast(syntax: &Postgres<'_>, value: &Typed, to: &ColumnType) -> String {
    let sql = value.sql.as_str();
    let Some(from) = value.ty.as_ref().filter(|from| *from != to) else {
        return sql.to_owned();
    };
    let name = syntax.type_name(to);
    match (from, to) {
        (_, ColumnType::Text) => postgres_text::text(sql, from),
        (_, ColumnType::Varchar(length)) => {
            format!("left({},{length})", postgres_text::text(sql, from))
        }
        (_, ColumnType::Char(length)) => {
            format!("left({},{length})::bpchar", postgres_text::text(sql, from))
        }
        // The digits that are seen, not those of the binary fraction.
        (ColumnType::Float4, ColumnType::Float8 | ColumnType::Numeric(None)) => {
            format!("{}::{name}", postgres_text::text(sql, from))
        }
        (ColumnType::Float4, to) if to.is_integer() => {
            format!("{}::float8::{name}", postgres_text::text(sql, from))
        }
        (from, ColumnType::Numeric(Some((precision, scale)))) => {
            let digits = match from {
                ColumnType::Float4 => postgres_text::text(sql, from),
                _ => sql.to_owned(),
            };
            format!("{digits}::numeric({precision},{scale})")
        }
        (ColumnType::Date, ColumnType::TimestampTz) => format!("({sql}::timestamp AT TIME ZONE 'UTC')"),
        (ColumnType::Timestamp, ColumnType::TimestampTz)
        | (ColumnType::TimestampTz, ColumnType::Timestamp) => {
            format!("({sql} AT TIME ZONE 'UTC')")
        }
        (ColumnType::TimestampTz, ColumnType::Date | ColumnType::Time) => {
            format!("({sql} AT TIME ZONE 'UTC')::{name}")
        }
        _ => format!("{sql}::{name}"),
    }
}

/// Both sides of an equality in types that can be compared.
pub(super) fn comparable(left: &Typed, right: &Typed) -> (String, String) {
    let text = |side: &Typed| match &side.ty {
        Some(ty) => postgres_text::text(&side.sql, ty),
        None => side.sql.clone(),
    };
    let json = |side: &Typed| side.is(|ty| *ty == ColumnType::Json);
    let jsonb = |side: &Typed| side.is(|ty| *ty == ColumnType::Jsonb);
    match (json(left), json(right)) {
        (true, false) if jsonb(right) => (format!("{}::jsonb", left.sql), right.sql.clone()),
        (false, true) if jsonb(left) => (left.sql.clone(), format!("{}::jsonb", right.sql)),
        (true, true) => (text(left), text(right)),
        _ if alike(left, right) => (left.sql.clone(), right.sql.clone()),
        _ => (text(left), text(right)),
    }
}

/// Whether PostgreSQL compares the two as they are.
fn alike(left: &Typed, right: &Typed) -> bool {
    let (Some(left), Some(right)) = (&left.ty, &right.ty) else {
        return true;
    };
    let instant = |ty: &ColumnType| {
        matches!(
            ty,
            ColumnType::Date | ColumnType::Timestamp | ColumnType::TimestampTz
        )
    };
    let text = |ty: &ColumnType| ty.is_text() || matches!(ty, ColumnType::Other(_));
    left == right
        || (left.is_number() && right.is_number())
        || (text(left) && text(right))
        || (instant(left) && instant(right))
}
