//! What a default means.
//!
//! Input: a column's declaration. Output: [`DefaultValue`].
//! Invariant: `Literal` only for what PostgreSQL would read as a value of the column's type.
//! Not here: reading the text as a value of that type.

use super::ast::{ColumnDef, Generated};
use super::expr::{ExprKind, Literal, SqlExpr, SqlText};
use super::expr_parser::number;
use crate::model::{ColumnType, DefaultValue};

/// What an insert that leaves the column out stores; `None` for NULL.
pub(crate) fn default_value(column: &ColumnDef, ty: &ColumnType) -> Option<DefaultValue> {
    match &column.generated {
        Some(Generated::Serial | Generated::Identity { .. }) => return Some(DefaultValue::Sequence),
        Some(Generated::Stored(_)) => return None,
        None => {}
    }
    constant_value(column.default.as_ref()?, ty)
}

/// What an expression without columns stores in a column of a type; `None` for NULL.
#[must_use]
pub fn constant_value(default: &SqlText, ty: &ColumnType) -> Option<DefaultValue> {
    let expr = default.expr.uncast();
    if is_now(expr, ty) {
        return Some(DefaultValue::Now);
    }
    let literal = match &expr.kind {
        ExprKind::Literal(Literal::Null) => return None,
        ExprKind::Literal(Literal::Bool(value)) => Some(value.to_string()),
        ExprKind::Literal(Literal::Text(text)) => Some(text.clone()),
        ExprKind::Call { name, args } if args.is_empty() && is_uuid_function(name) => {
            return Some(DefaultValue::RandomUuid);
        }
        ExprKind::Array(items) => array_text(items),
        _ => number(expr).filter(|digits| fits(digits, ty)),
    };
    Some(literal.map_or_else(
        || DefaultValue::Expression(default.text.clone()),
        DefaultValue::Literal,
    ))
}

/// A number is a value of the column's type as it stands unless it must be rounded first.
fn fits(digits: &str, ty: &ColumnType) -> bool {
    !ty.is_integer() || digits.trim_start_matches('-').bytes().all(|b| b.is_ascii_digit())
}

/// Whether a function gives a random UUID.
#[must_use]
pub fn is_uuid_function(name: &str) -> bool {
    matches!(name, "gen_random_uuid" | "uuid_generate_v4")
}

/// Whether an expression is the current instant, as a column of this type keeps it (UTC).
#[must_use]
pub fn is_now(expr: &SqlExpr, ty: &ColumnType) -> bool {
    let ExprKind::Call { name, args } = &expr.uncast().kind else {
        return false;
    };
    match (name.as_str(), args.as_slice()) {
        (
            "now" | "current_timestamp" | "transaction_timestamp" | "statement_timestamp" | "clock_timestamp",
            [],
        ) => ty.is_temporal(),
        ("localtimestamp", []) => matches!(
            ty,
            ColumnType::Timestamp | ColumnType::TimestampTz | ColumnType::Date
        ),
        ("current_date", []) => matches!(ty, ColumnType::Date),
        ("current_time" | "localtime", []) => matches!(ty, ColumnType::Time),
        ("timezone", [zone, inner]) => is_utc(zone) && is_now(inner, ty),
        _ => false,
    }
}

fn is_utc(zone: &SqlExpr) -> bool {
    let utc = |text: &String| {
        ["utc", "gmt", "etc/utc", "z"]
            .iter()
            .any(|name| text.eq_ignore_ascii_case(name))
    };
    matches!(&zone.uncast().kind, ExprKind::Literal(Literal::Text(text)) if utc(text))
}

/// An array of constants in PostgreSQL's `{…}` form.
fn array_text(items: &[SqlExpr]) -> Option<String> {
    let items = items.iter().map(|item| {
        let item = item.uncast();
        match &item.kind {
            ExprKind::Literal(Literal::Text(text)) => {
                Some(format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"")))
            }
            ExprKind::Literal(Literal::Bool(value)) => Some(value.to_string()),
            ExprKind::Literal(Literal::Null) => Some("NULL".to_owned()),
            _ => number(item),
        }
    });
    Some(format!("{{{}}}", items.collect::<Option<Vec<_>>>()?.join(",")))
}
