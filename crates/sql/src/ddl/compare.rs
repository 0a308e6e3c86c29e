//! Which values SQLite compares as PostgreSQL does.
//!
//! Role: the class of a type; two operands are compared only within one class.
//! Invariant: within a class the order of the stored forms is the order of the values.
//! Not here: the SQL text of operands; see `expr`.

use super::expr::{Typed, refused};
use super::fault::{Sql, instead, unsupported};
use backflow_catalog::ddl::{SqlExpr, TableDef, number};
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
        ty if ty.is_text() => Class::Text,
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

/// The class of a value whose type is known.
pub(super) fn class_of(value: &Typed) -> Option<Class> {
    value.ty.as_ref().map(class)
}

/// A `real` is kept as the double of its digits: beside other numbers it is another one than on PostgreSQL, unless
/// these are constants that a `real` holds exactly.
pub(super) fn singles(a: (&Typed, &SqlExpr), b: (&Typed, &SqlExpr), span: Span) -> Sql<()> {
    let single = |side: &Typed| side.ty == Some(ColumnType::Float4);
    let exact = |expr: &SqlExpr| {
        let value = number(expr).and_then(|digits| digits.parse::<f64>().ok());
        value.is_some_and(|value| f64::from(value as f32) == value)
    };
    for ((one, _), (other, written)) in [(a, b), (b, a)] {
        if single(one) && other.ty.is_some() && !single(other) && !exact(written) {
            let why = "SQLite keeps a `real` as its digits say, PostgreSQL as the nearest binary fraction";
            return Err(instead(
                unsupported(span, "comparing a `real` with this", why),
                "make the column `double precision`, or put the number in quotes",
            ));
        }
    }
    Ok(())
}

/// Which text comes first depends on PostgreSQL's database, unless it is said.
pub(super) fn by_code_point(table: &TableDef, sides: &[&SqlExpr], span: Span) -> Sql<()> {
    let column = |name: &str| {
        let collate = table.column(name).and_then(|column| column.collate.as_ref());
        collate.is_some_and(|name| matches!(name.value.as_str(), "C" | "POSIX" | "ucs_basic"))
    };
    let said =
        |side: &&SqlExpr| side.is_by_code_point() || side.columns().iter().any(|(name, _)| column(name));
    if sides.iter().any(said) {
        return Ok(());
    }
    let why = "PostgreSQL orders text here by the collation of its database, SQLite by code point";
    Err(instead(
        unsupported(span, "this order of text", why),
        "write `COLLATE \"C\"` behind the text: `name COLLATE \"C\" < 'n'`",
    ))
}

/// The type of a value that must be a number.
pub(super) fn number_type(value: &Typed, span: Span) -> Sql<ColumnType> {
    match &value.ty {
        Some(ty) if ty.is_number() => Ok(ty.clone()),
        _ => Err(refused(span, "only numbers can be computed with")),
    }
}
