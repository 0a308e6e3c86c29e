//! The author's row expressions: `used + {{body.quantity}}`, `now() + '7d'`, `(limit - used)`.
//!
//! Invariant: both sides of arithmetic have one type, so that every database overflows at the same value.
//! Not here: parsing them.

use super::value::{Cx, Lowered, Target, Usage};
use backflow_catalog::{ColumnId, ColumnType, DefaultValue};
use backflow_diag::{Diagnostic, Span, Spanned, codes, nearest};
use backflow_expr::ast::Node;
use backflow_expr::{Expr, Part, Template, Value};
use backflow_sql::ir::{ArithmeticOp, Datum, Scalar};
use backflow_sql::{Duration, ScalarAst};

/// A typed text of `data` or a filter.
pub(crate) fn typed(
    cx: &mut Cx<'_, '_>,
    ast: &ScalarAst,
    template: &Template,
    target: &Target<'_>,
) -> Option<Lowered> {
    if target.ty.is_temporal() {
        return moment(cx, ast, template, target);
    }
    let reading = if target.usage == Usage::Insert {
        "the columns' defaults, on insert"
    } else {
        "the stored row"
    };
    if let ScalarAst::Column(name) = ast
        && cx.project.table(cx.table).column(name).is_none()
    {
        cx.out.push(no_such_word(cx, name, target));
        return None;
    }
    cx.facts.push(format!(
        "{}: `{}` is arithmetic over {reading}",
        target.label,
        template.text.as_str()
    ));
    // Operands and what is between have all their digits; the result is rounded to those of the column.
    let ty = match target.ty {
        ColumnType::Numeric(Some(_)) => &ColumnType::Numeric(None),
        other => other,
    };
    let exact = Target {
        ty,
        label: target.label.clone(),
        usage: target.usage,
    };
    let mut given = None;
    let scalar = number(cx, ast, template, &exact, &mut given)?;
    let scalar = cast(scalar, ty, target.ty);
    Some(Lowered { scalar, given })
}

/// A single word where a number is due.
fn no_such_word(cx: &Cx<'_, '_>, name: &Spanned<String>, target: &Target<'_>) -> Diagnostic {
    let table = cx.project.table(cx.table);
    let numbers = table.columns.iter().filter(|column| column.ty.is_number());
    Diagnostic::new(
        codes::BAD_LITERAL,
        format!("this is no value for {}: it must be a number", target.label),
    )
    .at(
        name.span,
        format!("neither a number nor a column of `{}`", table.name),
    )
    .did_you_mean(nearest(name, numbers.map(|column| column.name.as_str())))
}

/// `now()`, `now() + '7d'`, `{{x}} - '1h'`: becomes an expression, computed by us.
fn moment(cx: &mut Cx<'_, '_>, ast: &ScalarAst, template: &Template, target: &Target<'_>) -> Option<Lowered> {
    let Some(expr) = moment_expr(ast, template) else {
        cx.out.push(
            Diagnostic::new(
                codes::BAD_LITERAL,
                format!("this is no date or time for {}", target.label),
            )
            .at(ast.span(), "not understood here")
            .help("write `now()`, `now() + '7d'`, a date such as `2026-01-31`, or an expression in `{{…}}`"),
        );
        return None;
    };
    cx.facts.push(format!(
        "{}: `{}` is an instant",
        target.label,
        template.text.as_str()
    ));
    let program = cx.frame.expr(&expr, cx.out)?;
    cx.programmed(program, template.text.span(), target)
}

fn moment_expr(ast: &ScalarAst, template: &Template) -> Option<Expr> {
    let call = |name: &str, arguments: Vec<Expr>, span: Span| Expr {
        node: Node::Call(Spanned::new(name.to_owned(), span), arguments),
        span,
    };
    match ast {
        ScalarAst::Now(span) => Some(call("now", Vec::new(), *span)),
        ScalarAst::Hole(index) => hole(template, index.value).cloned(),
        ScalarAst::Binary { op, left, right } => {
            let ScalarAst::Duration(duration) = right.as_ref() else {
                return None;
            };
            let name = match op.value {
                ArithmeticOp::Add => "dateAdd",
                ArithmeticOp::Sub => "dateSub",
                _ => return None,
            };
            let text = match duration.value {
                Duration::Micros(micros) => format!("{}s", micros / 1_000_000),
                Duration::Months(months) => format!("{months}mo"),
            };
            let length = Expr {
                node: Node::Literal(Value::text(text)),
                span: duration.span,
            };
            Some(call(name, vec![moment_expr(left, template)?, length], ast.span()))
        }
        _ => None,
    }
}

pub(super) fn hole(template: &Template, index: usize) -> Option<&Expr> {
    template
        .parts
        .iter()
        .filter_map(|part| match part {
            Part::Hole { expr, .. } => Some(expr),
            Part::Literal { .. } => None,
        })
        .nth(index)
}

/// Arithmetic in the type of the target column.
fn number(
    cx: &mut Cx<'_, '_>,
    ast: &ScalarAst,
    template: &Template,
    target: &Target<'_>,
    given: &mut Option<backflow_sql::ir::ParamId>,
) -> Option<Scalar> {
    let ty = target.ty.clone();
    match ast {
        ScalarAst::Column(name) => {
            let column = crate::draft::column(&cx.project.catalog, cx.table, name, cx.out)?;
            referenced(cx, column, name.span, target)
        }
        ScalarAst::Number(digits) => {
            let value = backflow_expr::Number::parse(&digits.value).map_or(Value::Null, Value::Number);
            cx.literal(&value, digits.span, target, false)
                .map(|lowered| lowered.scalar)
        }
        ScalarAst::Hole(index) => {
            let expr = hole(template, index.value)?.clone();
            let program = cx.frame.expr(&expr, cx.out)?;
            let lowered = cx.programmed(program, expr.span, target)?;
            if given.is_some() {
                // One flag per value: of several expressions, only the first may be missing.
                cx.binds.need(&lowered.scalar);
            }
            *given = given.or(lowered.given);
            Some(lowered.scalar)
        }
        ScalarAst::Neg { value, .. } => {
            let value = number(cx, value, template, target, given)?;
            let zero = Scalar::Literal(zero(&ty), ty.clone());
            Some(arithmetic(ArithmeticOp::Sub, zero, value, ty))
        }
        ScalarAst::Binary { op, left, right } => {
            let left = number(cx, left, template, target, given);
            let right = number(cx, right, template, target, given);
            Some(arithmetic(op.value, left?, right?, ty))
        }
        ScalarAst::Coalesce { args, .. } => {
            let args: Vec<_> = args
                .iter()
                .map(|arg| number(cx, arg, template, target, given))
                .collect();
            args.into_iter().collect::<Option<_>>().map(Scalar::Coalesce)
        }
        other => {
            cx.out.push(
                Diagnostic::new(
                    codes::BAD_LITERAL,
                    format!("this is no number for {}", target.label),
                )
                .at(other.span(), "cannot stand in arithmetic"),
            );
            None
        }
    }
}

/// A column inside arithmetic: `coalesce(stored, default, 0)`; of a new row its default.
fn referenced(cx: &mut Cx<'_, '_>, column: ColumnId, span: Span, target: &Target<'_>) -> Option<Scalar> {
    let declared = cx.project.column(cx.table, column);
    if !declared.ty.is_number() {
        cx.out.push(not_a_number(&declared.name, span));
        return None;
    }
    let ty = target.ty.clone();
    let zero = Scalar::Literal(zero(&ty), ty.clone());
    let default = matches!(declared.default, Some(DefaultValue::Literal(_)))
        .then(|| cast(Scalar::DefaultOf(column), &declared.ty, &ty));
    let stored = (target.usage != Usage::Insert).then(|| cast(Scalar::Column(column), &declared.ty, &ty));
    let mut parts: Vec<Scalar> = stored.into_iter().chain(default).collect();
    parts.push(zero);
    Some(Scalar::Coalesce(parts))
}

pub(super) fn not_a_number(name: &str, span: Span) -> Diagnostic {
    Diagnostic::new(codes::TYPE_NOT_ASSIGNABLE, format!("`{name}` is no number"))
        .at(span, "arithmetic needs numbers")
}

pub(super) fn zero(ty: &ColumnType) -> Datum {
    match ty {
        ColumnType::Float4 | ColumnType::Float8 => Datum::Float(0.0),
        ColumnType::Numeric(_) => Datum::Text("0".into()),
        _ => Datum::Int(0),
    }
}

pub(super) fn arithmetic(op: ArithmeticOp, left: Scalar, right: Scalar, ty: ColumnType) -> Scalar {
    Scalar::Arithmetic {
        op,
        left: Box::new(left),
        right: Box::new(right),
        ty,
    }
}

pub(super) fn cast(scalar: Scalar, from: &ColumnType, to: &ColumnType) -> Scalar {
    if from == to {
        scalar
    } else {
        Scalar::Cast(Box::new(scalar), to.clone())
    }
}
