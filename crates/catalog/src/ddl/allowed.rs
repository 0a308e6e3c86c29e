//! The texts that a CHECK allows in a column.
//!
//! Role: `status IN ('active', 'canceled')` and its other spellings, so that documents and validation know
//! the choices.
//! Output: the texts in the order written; empty when nothing limits the column to a list.
//! Invariant: a text left out here is refused by the CHECK.
//! Not here: enum types.

use super::ast::ConstraintKind;
use super::definition::TableDef;
use super::expr::{BinaryOp, ExprKind, Literal, SqlExpr};

/// What the table's checks leave of a column.
pub(crate) fn allowed(table: &TableDef, column: &str) -> Vec<String> {
    let checks = table
        .constraints
        .iter()
        .filter_map(|constraint| match &constraint.kind {
            ConstraintKind::Check(check) => Some(&check.expr),
            _ => None,
        });
    allowed_by(checks, column)
}

/// What some checks leave of a column.
pub(crate) fn allowed_by<'a>(checks: impl Iterator<Item = &'a SqlExpr>, column: &str) -> Vec<String> {
    let choices = checks.filter_map(|check| texts(check, column));
    choices.reduce(both).unwrap_or_default()
}

fn both(left: Vec<String>, right: Vec<String>) -> Vec<String> {
    left.into_iter().filter(|text| right.contains(text)).collect()
}

fn texts(expr: &SqlExpr, column: &str) -> Option<Vec<String>> {
    match &expr.uncast().kind {
        ExprKind::In {
            arg,
            list,
            negated: false,
        } if is_column(arg, column) => list.iter().map(text).collect(),
        ExprKind::Binary(BinaryOp::Eq, left, right) if is_column(left, column) => Some(vec![text(right)?]),
        ExprKind::Binary(BinaryOp::Eq, left, right) if is_column(right, column) => Some(vec![text(left)?]),
        ExprKind::Binary(BinaryOp::And, left, right) => match (texts(left, column), texts(right, column)) {
            (Some(left), Some(right)) => Some(both(left, right)),
            (left, right) => left.or(right),
        },
        ExprKind::Binary(BinaryOp::Or, left, right) if is_null(left, column) => texts(right, column),
        ExprKind::Binary(BinaryOp::Or, left, right) if is_null(right, column) => texts(left, column),
        ExprKind::Binary(BinaryOp::Or, left, right) => {
            let mut all = texts(left, column)?;
            all.extend(texts(right, column)?);
            Some(all)
        }
        _ => None,
    }
}

fn is_column(expr: &SqlExpr, column: &str) -> bool {
    matches!(&expr.uncast().kind, ExprKind::Column(name) if name == column)
}

fn is_null(expr: &SqlExpr, column: &str) -> bool {
    matches!(&expr.kind, ExprKind::Is { arg, value: None, negated: false } if is_column(arg, column))
}

fn text(expr: &SqlExpr) -> Option<String> {
    match &expr.uncast().kind {
        ExprKind::Literal(Literal::Text(text)) => Some(text.clone()),
        _ => None,
    }
}
