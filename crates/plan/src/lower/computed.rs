//! Computed members of a select: `(limit - used) as remaining`.
//!
//! Invariant: both sides of an operator get one type, the one that PostgreSQL would choose.
//! Not here: parsing; expressions of the request.

use super::scalar::{arithmetic, cast, not_a_number, zero};
use super::value::literal_of;
use crate::project::Project;
use backflow_catalog::{ColumnType, TableId};
use backflow_diag::{Diagnostic, Diagnostics, Span, Spanned, codes};
use backflow_sql::ScalarAst;
use backflow_sql::ir::{ArithmeticOp, Cond, Datum, Scalar};

/// A computed member of a select: over the columns of one row, no holes.
pub(crate) fn computed(
    project: &Project<'_>,
    table: TableId,
    ast: &ScalarAst,
    out: &mut Diagnostics,
) -> Option<(Scalar, ColumnType)> {
    match ast {
        ScalarAst::Column(name) => {
            let column = crate::draft::column(&project.catalog, table, name, out)?;
            Some((Scalar::Column(column), project.column(table, column).ty.clone()))
        }
        ScalarAst::Number(digits) => number_literal(digits),
        ScalarAst::Text(text) => Some((
            Scalar::Literal(Datum::Text(text.value.as_str().into()), ColumnType::Text),
            ColumnType::Text,
        )),
        ScalarAst::Bool(yes) => Some((
            Scalar::Literal(Datum::Bool(yes.value), ColumnType::Bool),
            ColumnType::Bool,
        )),
        ScalarAst::Null(_) => Some((Scalar::Literal(Datum::Null, ColumnType::Text), ColumnType::Text)),
        ScalarAst::Neg { value, span } => {
            let (value, ty) = numeric(computed(project, table, value, out)?, *span, out)?;
            Some((
                arithmetic(
                    ArithmeticOp::Sub,
                    Scalar::Literal(zero(&ty), ty.clone()),
                    value,
                    ty.clone(),
                ),
                ty,
            ))
        }
        ScalarAst::Binary { op, left, right } => {
            let a = computed(project, table, left, out).and_then(|v| numeric(v, left.span(), out));
            let b = computed(project, table, right, out).and_then(|v| numeric(v, right.span(), out));
            let (a, b) = (a?, b?);
            let ty = wider(&a.1, &b.1);
            let (a, b) = (cast(a.0, &a.1, &ty), cast(b.0, &b.1, &ty));
            Some((arithmetic(op.value, a, b, ty.clone()), ty))
        }
        ScalarAst::Compare { op, left, right } => {
            let (a, b) = (
                computed(project, table, left, out),
                computed(project, table, right, out),
            );
            let (a, b) = common(a?, b?, ast.span(), out)?;
            let test = Cond::Compare {
                left: a,
                op: op.value,
                right: b,
            };
            Some((Scalar::Test(Box::new(test)), ColumnType::Bool))
        }
        ScalarAst::Coalesce { args, span } => coalesce(project, table, (args, *span), out),
        ScalarAst::Hole(_) | ScalarAst::Now(_) | ScalarAst::Duration(_) => {
            out.push(
                Diagnostic::new(
                    codes::SELECT_SYNTAX,
                    "a computed member reads only the row's own columns",
                )
                .at(ast.span(), "not a column"),
            );
            None
        }
    }
}

fn coalesce(
    project: &Project<'_>,
    table: TableId,
    (args, span): (&[ScalarAst], Span),
    out: &mut Diagnostics,
) -> Option<(Scalar, ColumnType)> {
    let all: Vec<_> = args
        .iter()
        .map(|arg| computed(project, table, arg, out))
        .collect();
    let all: Vec<_> = all.into_iter().collect::<Option<_>>()?;
    let mut ty = all.first()?.1.clone();
    for (scalar, other) in &all {
        if literal_of(scalar) == Some(&Datum::Null) || *other == ty {
            continue;
        }
        if !(other.is_number() && ty.is_number()) {
            out.push(mixed(span));
            return None;
        }
        ty = wider(&ty, other);
    }
    let parts = all
        .into_iter()
        .map(|(scalar, from)| cast(scalar, &from, &ty))
        .collect();
    Some((Scalar::Coalesce(parts), ty))
}

fn number_literal(digits: &Spanned<String>) -> Option<(Scalar, ColumnType)> {
    let number = backflow_expr::Number::parse(&digits.value)?;
    let (datum, ty) = match number.as_i64() {
        Some(n) if i32::try_from(n).is_ok() && !digits.value.contains('.') => {
            (Datum::Int(n), ColumnType::Int4)
        }
        Some(n) if !digits.value.contains('.') => (Datum::Int(n), ColumnType::Int8),
        _ => (
            Datum::Text(digits.value.as_str().into()),
            ColumnType::Numeric(None),
        ),
    };
    Some((Scalar::Literal(datum, ty.clone()), ty))
}

fn numeric(value: (Scalar, ColumnType), span: Span, out: &mut Diagnostics) -> Option<(Scalar, ColumnType)> {
    if value.1.is_number() {
        return Some(value);
    }
    out.push(not_a_number("this", span));
    None
}

/// Two values made comparable.
fn common(
    (a, a_ty): (Scalar, ColumnType),
    (b, b_ty): (Scalar, ColumnType),
    span: Span,
    out: &mut Diagnostics,
) -> Option<(Scalar, Scalar)> {
    if a_ty == b_ty || (a_ty.is_text() && b_ty.is_text()) {
        return Some((a, b));
    }
    if a_ty.is_number() && b_ty.is_number() {
        let ty = wider(&a_ty, &b_ty);
        return Some((cast(a, &a_ty, &ty), cast(b, &b_ty, &ty)));
    }
    out.push(mixed(span));
    None
}

fn mixed(span: Span) -> Diagnostic {
    Diagnostic::new(codes::TYPE_MISMATCH, "these are of different types")
        .at(span, "cannot be compared or mixed")
}

/// The type that holds both, as PostgreSQL chooses it.
fn wider(a: &ColumnType, b: &ColumnType) -> ColumnType {
    let rank = |ty: &ColumnType| match ty {
        ColumnType::Int2 => 0,
        ColumnType::Int4 => 1,
        ColumnType::Int8 => 2,
        ColumnType::Numeric(_) => 3,
        ColumnType::Float4 => 4,
        _ => 5,
    };
    let wide = if rank(a) >= rank(b) { a } else { b };
    match wide {
        // A limited numeric does not limit what is computed from it; mixed floats are double.
        ColumnType::Numeric(_) => ColumnType::Numeric(None),
        ColumnType::Float4 if a != b => ColumnType::Float8,
        other => other.clone(),
    }
}
