//! Which values SQLite compares as PostgreSQL does.
//!
//! Role: the class of a type; two operands are compared only within one class.
//! Invariant: within a class the order of the stored forms is the order of the values.
//! Not here: the SQL text of operands; see `expr`.

use super::expr::{Typed, refused};
use super::fault::{Sql, instead, unsupported};
use backflow_catalog::{ColumnType, EnumId};
use backflow_diag::Span;

/// Types whose values can be compared with each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Bool,
    Number,
    Text,
    Uuid,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    /// Only equality: labels are ordered by their place in the type.
    Enum(EnumId),
    Bytea,
    /// Only equality.
    Document,
    /// Not even equality.
    Other,
}

/// The class of a type.
pub(super) fn class(ty: &ColumnType) -> Class {
    match ty {
        ColumnType::Bool => Class::Bool,
        ty if ty.is_number() => Class::Number,
        ColumnType::Text | ColumnType::Varchar(_) => Class::Text,
        ColumnType::Uuid => Class::Uuid,
        ColumnType::Date => Class::Date,
        ColumnType::Time => Class::Time,
        ColumnType::Timestamp => Class::Timestamp,
        ColumnType::TimestampTz => Class::TimestampTz,
        ColumnType::Enum(id) => Class::Enum(*id),
        ColumnType::Bytea => Class::Bytea,
        ColumnType::Jsonb | ColumnType::Array(_) => Class::Document,
        _ => Class::Other,
    }
}

/// Whether two types can stand on both sides; `None` is NULL or a constant that took the other's type.
pub(super) fn comparable(
    left: Option<&ColumnType>,
    right: Option<&ColumnType>,
    ordered: bool,
    span: Span,
) -> Sql<()> {
    let (Some(left), Some(right)) = (left, right) else {
        return Ok(());
    };
    let (a, b) = (class(left), class(right));
    if a != b || a == Class::Other {
        let why = "SQLite keeps these types in forms that do not compare as the values do";
        return Err(instead(
            unsupported(span, "comparing values of these types", why),
            "compare values of one type",
        ));
    }
    if ordered && matches!(a, Class::Enum(_) | Class::Document) {
        let why = "SQLite orders these values by their text";
        return Err(instead(unsupported(span, "this order", why), "test for equality"));
    }
    Ok(())
}

/// The type of a value that must be a number.
pub(super) fn number_type(value: &Typed, span: Span) -> Sql<ColumnType> {
    match &value.ty {
        Some(ty) if ty.is_number() => Ok(ty.clone()),
        _ => Err(refused(span, "only numbers can be computed with")),
    }
}
