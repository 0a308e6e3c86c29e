//! Arithmetic in SQLite's dialect.
//!
//! Role: `+ - * / %` and signs of whole numbers and floats, in CHECKs, generated columns and indexes.
//! Invariant: what leaves the range of the type that PostgreSQL computes in fails here, too, and does not go on as a
//! wider number; only functions built into SQLite.
//! Not here: numeric values, which SQLite would compute in floats; they are refused.

use super::compare::number_type;
use super::expr::{Scope, Typed, refused};
use super::fault::Sql;
use backflow_catalog::ColumnType;
use backflow_catalog::ddl::{BinaryOp, SqlExpr, UnaryOp, number};
use backflow_diag::Span;

/// What fails with an overflow when it is reached.
const FAILS: &str = "abs(-9223372036854775807 - 1)";

/// The text of a computation names its operands twice; what would grow beyond this is refused.
const LONGEST: usize = 8 * 1024;

/// `-x`, `+x`
pub(super) fn signed(scope: &Scope<'_>, op: UnaryOp, arg: &SqlExpr, span: Span) -> Sql<Typed> {
    let value = scope.typed(arg, None)?;
    let ty = number_type(&value, span)?;
    let sign = if op == UnaryOp::Minus { "-" } else { "+" };
    let sql = format!("({sign}{})", value.sql);
    let sql = match number(arg) {
        None if op == UnaryOp::Minus && ty.is_integer() => within(&sql, &ty, span)?,
        _ => sql,
    };
    Ok(Typed::new(sql, ty))
}

/// An operator between two numbers.
pub(super) fn binary(
    scope: &Scope<'_>,
    op: BinaryOp,
    (left, right): (&SqlExpr, &SqlExpr),
    span: Span,
) -> Sql<Typed> {
    let (a, b) = (scope.typed(left, None)?, scope.typed(right, None)?);
    let (ta, tb) = (number_type(&a, span)?, number_type(&b, span)?);
    let ty = result((&ta, &tb), op, span)?;
    let sign = match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        _ => "%",
    };
    let sql = format!("({} {sign} {})", a.sql, b.sql);
    let divides = matches!(op, BinaryOp::Div | BinaryOp::Rem);
    let mut fails = Vec::new();
    // NULL on SQLite.
    if divides && is_zero(right) != Some(false) {
        fails.push(format!("{} = 0", b.sql));
    }
    if ty == ColumnType::Float8 {
        fails.push(format!("abs({sql}) > 1.7976931348623157e308"));
        match op {
            BinaryOp::Mul => fails.push(format!("{sql} = 0 AND {} <> 0 AND {} <> 0", a.sql, b.sql)),
            BinaryOp::Div => fails.push(format!("{sql} = 0 AND {} <> 0", a.sql)),
            _ => {}
        }
    } else if op != BinaryOp::Rem {
        fails.push(leaves(&sql, &ty));
    }
    Ok(Typed::new(unless(&fails, &sql, span)?, ty))
}

/// The type that PostgreSQL computes in.
fn result((a, b): (&ColumnType, &ColumnType), op: BinaryOp, span: Span) -> Sql<ColumnType> {
    let float = |ty: &ColumnType| matches!(ty, ColumnType::Float4 | ColumnType::Float8);
    if *a == ColumnType::Float4 || *b == ColumnType::Float4 {
        let why = "SQLite keeps a `real` as its digits say, and would compute with another number";
        return Err(refused(span, why));
    }
    if float(a) || float(b) {
        return match op {
            BinaryOp::Rem => Err(refused(span, "`%` is for whole numbers")),
            _ => Ok(ColumnType::Float8),
        };
    }
    if matches!(a, ColumnType::Numeric(_)) || matches!(b, ColumnType::Numeric(_)) {
        return Err(refused(
            span,
            "SQLite would compute numeric values in floating point",
        ));
    }
    let widest = [ColumnType::Int8, ColumnType::Int4]
        .into_iter()
        .find(|ty| a == ty || b == ty);
    Ok(widest.unwrap_or(ColumnType::Int2))
}

/// A whole number, or a failure where it leaves the range of its type.
pub(super) fn within(sql: &str, ty: &ColumnType, span: Span) -> Sql {
    unless(&[leaves(sql, ty)], sql, span)
}

/// Whether a whole number is none of its type.
fn leaves(sql: &str, ty: &ColumnType) -> String {
    match ty {
        ColumnType::Int2 => format!("{sql} NOT BETWEEN {} AND {}", i16::MIN, i16::MAX),
        ColumnType::Int4 => format!("{sql} NOT BETWEEN {} AND {}", i32::MIN, i32::MAX),
        // A sum that has no room becomes a float.
        _ => format!("typeof({sql}) = 'real'"),
    }
}

fn unless(fails: &[String], sql: &str, span: Span) -> Sql {
    if fails.is_empty() {
        return Ok(sql.to_owned());
    }
    let guarded = format!("(CASE WHEN {} THEN {FAILS} ELSE {sql} END)", fails.join(" OR "));
    match guarded.len() > LONGEST {
        true => Err(refused(span, "it is computed in too many steps")),
        false => Ok(guarded),
    }
}

/// Whether a constant is zero.
fn is_zero(expr: &SqlExpr) -> Option<bool> {
    let digits = number(expr)?;
    Some(digits.parse::<f64>().is_ok_and(|number| number == 0.0))
}
