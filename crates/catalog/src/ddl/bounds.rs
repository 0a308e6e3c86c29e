//! Whether CHECKs do no more than bound a column.
//!
//! Role: tells `n >= 0 AND n <= 100` from `n % 2 = 0`: what constants bound on both sides may take every value between two
//! that it may take, and who adds up several steps into one passes over nothing that would have been refused.
//! Output: from which value on all lower bounds hold.
//! Invariant: whatever is not recognised here is more than a bound. So is a bound that is no constant: rows that an upsert
//! only offers are judged, too, and they have other columns than the stored one.
//! Not here: which texts a CHECK allows (`allowed`).

use super::ast::ConstraintKind;
use super::definition::TableDef;
use super::expr::{BinaryOp, ExprKind, Literal, SqlExpr, UnaryOp};

/// Nothing bounds it below.
pub(crate) const ANY: i64 = i64::MIN;

/// The least value of a column that the table's checks allow, if they only bound it.
pub(crate) fn bounded(table: &TableDef, column: &str) -> Option<i64> {
    let mut least = ANY;
    for constraint in &table.constraints {
        least = least.max(match &constraint.kind {
            // A row that is there need not obey it.
            ConstraintKind::Check(check) if constraint.not_valid => apart(&check.expr, column)?,
            ConstraintKind::Check(check) => bound(&check.expr, column)?,
            _ => ANY,
        });
    }
    Some(least)
}

/// The same by some checks.
pub(crate) fn bounded_by<'a>(mut checks: impl Iterator<Item = &'a SqlExpr>, column: &str) -> Option<i64> {
    checks.try_fold(ANY, |least, check| Some(least.max(bound(check, column)?)))
}

fn bound(expr: &SqlExpr, column: &str) -> Option<i64> {
    let is_it = |expr: &SqlExpr| matches!(&expr.kind, ExprKind::Column(name) if name == column);
    match &expr.kind {
        ExprKind::Binary(BinaryOp::And, left, right) => Some(bound(left, column)?.max(bound(right, column)?)),
        ExprKind::Binary(op, left, right) if is_it(left) => compared(*op, number(right)?),
        ExprKind::Binary(op, left, right) if is_it(right) => compared(turned(*op)?, number(left)?),
        ExprKind::Between {
            arg,
            low,
            high,
            negated: false,
        } if is_it(arg) => number(high).and(number(low)),
        _ => apart(expr, column),
    }
}

/// The least value behind which a comparison with a number holds.
fn compared(op: BinaryOp, with: i64) -> Option<i64> {
    match op {
        BinaryOp::Ge => Some(with),
        BinaryOp::Gt => with.checked_add(1),
        BinaryOp::Lt | BinaryOp::Le => Some(ANY),
        _ => None,
    }
}

/// A comparison with its sides changed over.
fn turned(op: BinaryOp) -> Option<BinaryOp> {
    match op {
        BinaryOp::Lt => Some(BinaryOp::Gt),
        BinaryOp::Le => Some(BinaryOp::Ge),
        BinaryOp::Gt => Some(BinaryOp::Lt),
        BinaryOp::Ge => Some(BinaryOp::Le),
        _ => None,
    }
}

fn number(expr: &SqlExpr) -> Option<i64> {
    match &expr.uncast().kind {
        ExprKind::Literal(Literal::Number(digits) | Literal::Text(digits)) => digits.parse().ok(),
        ExprKind::Unary(UnaryOp::Minus, inner) => number(inner)?.checked_neg(),
        _ => None,
    }
}

/// No bound, if an expression is understood and says nothing of a column.
fn apart(expr: &SqlExpr, column: &str) -> Option<i64> {
    let mut is_apart = true;
    expr.walk(&mut |node| {
        is_apart &= match &node.kind {
            ExprKind::Column(name) => name != column,
            ExprKind::Raw => false,
            _ => true,
        };
    });
    is_apart.then_some(ANY)
}
