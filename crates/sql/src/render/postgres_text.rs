//! How values print on PostgreSQL.
//!
//! Role: constants; values as JSON and as canonical text.
//! Invariant: the text of a value is that of [`crate::ir::Datum`], whatever the session's zone, styles and
//! output formats are.
//! Not here: which column is printed.

use super::dialect::Typed;
use backflow_catalog::ColumnType;

/// A text constant, read alike whatever `standard_conforming_strings` is. NUL becomes U+FFFD.
pub(super) fn constant(value: &str) -> String {
    let quoted = value.replace('\'', "''").replace('\0', "\u{fffd}");
    if quoted.contains('\\') {
        format!("E'{}'", quoted.replace('\\', "\\\\"))
    } else {
        format!("'{quoted}'")
    }
}

/// A value as JSON text; NULL gives `null`.
pub(super) fn json(value: &str, ty: &ColumnType) -> String {
    let text = match ty {
        ColumnType::Bool
        | ColumnType::Int2
        | ColumnType::Int4
        | ColumnType::Int8
        | ColumnType::Json
        | ColumnType::Jsonb => format!("{value}::text"),
        // Quotes around what is no number.
        ColumnType::Float4 | ColumnType::Float8 | ColumnType::Numeric(_) | ColumnType::Date => {
            format!("to_json({value})::text")
        }
        ColumnType::Array(_) => text(value, ty),
        ColumnType::Uuid | ColumnType::Time | ColumnType::Timestamp | ColumnType::TimestampTz => {
            format!("'\"'||{}||'\"'", text(value, ty))
        }
        _ => format!("to_json({})::text", text(value, ty)),
    };
    format!("coalesce({text},'null')")
}

/// A value as stores take it: booleans, integers, floats, and canonical text for all else.
pub(super) fn cell(value: &Typed) -> String {
    match &value.ty {
        None => format!("{}::text", value.sql),
        Some(
            ColumnType::Bool
            | ColumnType::Int2
            | ColumnType::Int4
            | ColumnType::Int8
            | ColumnType::Float4
            | ColumnType::Float8
            | ColumnType::Text,
        ) => value.sql.clone(),
        Some(ty) => text(&value.sql, ty),
    }
}

/// A value in canonical text; NULL stays NULL.
pub(super) fn text(value: &str, ty: &ColumnType) -> String {
    match ty {
        ColumnType::Text => value.to_owned(),
        ColumnType::Date => format!("(to_json({value})#>>'{{}}')"),
        ColumnType::Timestamp => format!("to_char({value},'YYYY-MM-DD\"T\"HH24:MI:SS.US')"),
        ColumnType::TimestampTz => {
            format!("to_char({value} AT TIME ZONE 'UTC','YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')")
        }
        ColumnType::Bytea => format!("(E'\\\\x'||encode({value},'hex'))"),
        ColumnType::Array(item) => array(value, item),
        _ => format!("{value}::text"),
    }
}

/// An array as JSON.
fn array(value: &str, item: &ColumnType) -> String {
    match item {
        ColumnType::Date
        | ColumnType::Timestamp
        | ColumnType::TimestampTz
        | ColumnType::Interval
        | ColumnType::Bytea
        | ColumnType::Other(_) => {
            let item = json("e", item);
            let items = format!(
                "SELECT '['||coalesce(string_agg({item},',' ORDER BY o),'')||']' \
                 FROM unnest({value}) WITH ORDINALITY AS u(e,o)"
            );
            format!("CASE WHEN {value} IS NOT NULL THEN ({items}) END")
        }
        _ => format!("array_to_json({value})::text"),
    }
}
