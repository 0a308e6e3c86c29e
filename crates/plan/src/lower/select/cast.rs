//! Types that a select casts to.
//!
//! Invariant: a cast that the databases would do differently is a fault.
//! Not here: doing it; see the sql crate.

use crate::lower::value::{Cx, type_name};
use backflow_catalog::ColumnType;
use backflow_diag::{Diagnostic, Span, Spanned, codes};
use backflow_sql::castable;
use backflow_sql::ir::JsonStep;

/// The type of a cast from `from`; `at` is where the value stands.
pub(super) fn cast(
    cx: &mut Cx<'_, '_>,
    from: &ColumnType,
    to: &Spanned<String>,
    at: Span,
) -> Option<ColumnType> {
    let to = named(cx, to)?;
    if castable(from, &to, cx.project.dialect) {
        return Some(to);
    }
    let fault = no_cast(cx, at, from, &to);
    cx.out.push(fault);
    None
}

/// The type of a cast of a column, or of what a path leads to in it.
///
/// Numbers and booleans come out of JSON as text does, whichever arrow leads there.
pub(super) fn out_of(
    cx: &mut Cx<'_, '_>,
    (column, path): (&ColumnType, &mut [JsonStep]),
    to: &Spanned<String>,
    at: Span,
) -> Option<ColumnType> {
    let Some(last) = path.last_mut() else {
        return cast(cx, column, to, at);
    };
    if last.as_text {
        return cast(cx, &ColumnType::Text, to, at);
    }
    let (target, dialect) = (named(cx, to)?, cx.project.dialect);
    if !castable(&ColumnType::Jsonb, &target, dialect) && castable(&ColumnType::Text, &target, dialect) {
        last.as_text = true;
        return Some(target);
    }
    cast(cx, &ColumnType::Jsonb, to, at)
}

fn no_cast(cx: &Cx<'_, '_>, at: Span, from: &ColumnType, to: &ColumnType) -> Diagnostic {
    let (from, to) = (type_name(cx.project, from), type_name(cx.project, to));
    Diagnostic::new(codes::SELECT_UNSUPPORTED, format!("no cast from {from} to {to}"))
        .at(at, format!("is of type {from}"))
        .note("a cast that only one database knows, or that they do differently, is refused")
        .help("leave the cast out, or take the value as text: `::text`, and `->>` out of JSON")
}

fn named(cx: &mut Cx<'_, '_>, name: &Spanned<String>) -> Option<ColumnType> {
    let ty = match name.value.to_ascii_lowercase().as_str() {
        "text" | "varchar" | "character varying" => ColumnType::Text,
        "int" | "int4" | "integer" => ColumnType::Int4,
        "int2" | "smallint" => ColumnType::Int2,
        "int8" | "bigint" => ColumnType::Int8,
        "numeric" | "decimal" => ColumnType::Numeric(None),
        "float8" | "double precision" | "float" => ColumnType::Float8,
        "bool" | "boolean" => ColumnType::Bool,
        "uuid" => ColumnType::Uuid,
        "date" => ColumnType::Date,
        "timestamptz" | "timestamp with time zone" => ColumnType::TimestampTz,
        "jsonb" => ColumnType::Jsonb,
        _ => {
            cx.out.push(
                Diagnostic::new(codes::SELECT_UNSUPPORTED, format!("no cast to `{}`", name.value))
                    .at(name.span, "not available")
                    .help("casts lead to text, integer, bigint, numeric, float8, boolean, uuid, date, timestamptz"),
            );
            return None;
        }
    };
    Some(ty)
}
