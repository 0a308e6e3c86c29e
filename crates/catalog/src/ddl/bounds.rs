//! Whether CHECKs do no more than bound a column.
//!
//! Role: tells `n >= 0 AND n <= most` from `n % 2 = 0`: what is bounded on both sides may take every value between two
//! that it may take, and who adds up several steps into one passes over nothing that would have been refused.
//! Invariant: whatever is not recognised here is more than a bound.
//! Not here: which texts a CHECK allows (`allowed`).

use super::ast::ConstraintKind;
use super::definition::TableDef;
use super::expr::{BinaryOp, ExprKind, SqlExpr};

/// Whether the table's checks only bound a column.
pub(crate) fn bounded(table: &TableDef, column: &str) -> bool {
    table.constraints.iter().all(|constraint| match &constraint.kind {
        // A row that is there need not obey it.
        ConstraintKind::Check(check) if constraint.not_valid => is_apart(&check.expr, column),
        ConstraintKind::Check(check) => bounds(&check.expr, column),
        _ => true,
    })
}

/// Whether some checks only bound a column.
pub(crate) fn bounded_by<'a>(mut checks: impl Iterator<Item = &'a SqlExpr>, column: &str) -> bool {
    checks.all(|check| bounds(check, column))
}

fn bounds(expr: &SqlExpr, column: &str) -> bool {
    match &expr.kind {
        ExprKind::Binary(BinaryOp::And, left, right) => bounds(left, column) && bounds(right, column),
        ExprKind::Binary(BinaryOp::Lt | BinaryOp::Le | BinaryOp::Gt | BinaryOp::Ge, left, right) => {
            let sides = (is_column(left, column), is_column(right, column));
            match sides {
                (true, false) => is_apart(right, column),
                (false, true) => is_apart(left, column),
                _ => is_apart(left, column) && is_apart(right, column),
            }
        }
        ExprKind::Between {
            arg,
            low,
            high,
            negated: false,
        } => {
            (is_column(arg, column) || is_apart(arg, column))
                && is_apart(low, column)
                && is_apart(high, column)
        }
        _ => is_apart(expr, column),
    }
}

fn is_column(expr: &SqlExpr, column: &str) -> bool {
    matches!(&expr.kind, ExprKind::Column(name) if name == column)
}

/// Whether an expression is understood, and says nothing of a column.
fn is_apart(expr: &SqlExpr, column: &str) -> bool {
    !matches!(expr.kind, ExprKind::Raw)
        && !is_column(expr, column)
        && expr.children().into_iter().all(|child| is_apart(child, column))
}
