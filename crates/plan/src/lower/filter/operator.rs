//! One operator between a column and a value.
//!
//! Invariant: an operator that the type or the database does not have is a fault, never a condition that is
//! silently false.
//! Not here: the column's side, and `not`; see the module above.

use super::native;
use crate::draft::{DraftTest, DraftValue, read_value};
use crate::lower::value::{Cx, Lowered, Target, Usage, has_expressions, type_name};
use crate::model::BindValue;
use crate::project::constant;
use backflow_catalog::ColumnType;
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, codes};
use backflow_expr::{Program, Value};
use backflow_sql::ir::{Comparison, Cond, Containment, Dialect, Scalar};
use backflow_sql::{FilterOp, Operator, Quantifier};

pub(super) fn operate<'a>(
    cx: &mut Cx<'_, 'a>,
    test: &DraftTest<'a>,
    (left, ty): (Scalar, &ColumnType),
    label: String,
) -> Option<Cond> {
    match test.operator.op {
        FilterOp::Eq | FilterOp::Neq | FilterOp::Gt | FilterOp::Gte | FilterOp::Lt | FilterOp::Lte => {
            compare(cx, test, (left, ty), label)
        }
        FilterOp::In | FilterOp::IsDistinct if is_unequal(ty) => {
            let why = "`json` is kept as it was written, and never equal to another; `jsonb` is";
            cx.out.push(no_operator(cx, test, ty, why));
            None
        }
        FilterOp::IsDistinct => {
            let value = single(cx, test, ty, label)?;
            Some(optional(
                &value,
                Cond::Distinct {
                    left,
                    right: value.scalar.clone(),
                },
            ))
        }
        FilterOp::Is => is(cx, test, left, ty),
        FilterOp::In if matches!(ty, ColumnType::Array(_)) => {
            let why = "a list of lists is read as one list by PostgreSQL";
            cx.out.push(no_operator(cx, test, ty, why));
            None
        }
        FilterOp::In if holds_expressions(test) => each(cx, test, (left, ty), &label).map(Cond::Any),
        FilterOp::In => {
            let list = list(cx, test, ty, &label)?;
            let id = cx.binds.program((cx.project, cx.frame), &label, ty, list);
            Some(Cond::In {
                left,
                list: id,
                ty: ty.clone(),
            })
        }
        FilterOp::Like | FilterOp::Ilike => {
            if !ty.is_text() {
                cx.out
                    .push(no_operator(cx, test, ty, "a pattern is compared with text"));
                return None;
            }
            let value = single(cx, test, ty, label)?;
            let fold = test.operator.op == FilterOp::Ilike;
            Some(optional(
                &value,
                Cond::Like {
                    left,
                    pattern: value.scalar.clone(),
                    fold,
                },
            ))
        }
        FilterOp::Cs | FilterOp::Cd | FilterOp::Ov => contain(cx, test, (left, ty), label),
        FilterOp::Match
        | FilterOp::Imatch
        | FilterOp::Fts
        | FilterOp::Plfts
        | FilterOp::Phfts
        | FilterOp::Wfts
        | FilterOp::Sl
        | FilterOp::Sr
        | FilterOp::Nxl
        | FilterOp::Nxr
        | FilterOp::Adj => native::lower(cx, test, (left, ty), label),
    }
}

/// A comparison with one of a list's items, or with all of them: `like(any)`.
pub(super) fn quantified<'a>(
    cx: &mut Cx<'_, 'a>,
    test: &DraftTest<'a>,
    quantifier: Quantifier,
    side: (Scalar, &ColumnType),
    label: &str,
) -> Option<Cond> {
    let conds = each(cx, test, side, label)?;
    Some(match quantifier {
        Quantifier::Any => Cond::Any(conds),
        Quantifier::All => Cond::All(conds),
    })
}

/// One comparison for each item of a list that the author wrote.
fn each<'a>(
    cx: &mut Cx<'_, 'a>,
    test: &DraftTest<'a>,
    (left, ty): (Scalar, &ColumnType),
    label: &str,
) -> Option<Vec<Cond>> {
    let name = test.operator.op.name();
    if test.doc.optional {
        let message = format!("`{name}` with a list cannot be optional");
        cx.out.push(
            Diagnostic::new(codes::OPTIONAL_FORBIDDEN, message)
                .at(test.doc.span, "the list must be there")
                .help("take `\"optional\": true` away, or write two queries, each with its `condition`"),
        );
    }
    let DraftValue::Fixed(Node {
        tree: Tree::List(items),
        ..
    }) = &test.value
    else {
        cx.out.push(
            Diagnostic::new(
                codes::BAD_LITERAL,
                format!("`{name}(any)` and `{name}(all)` take a list"),
            )
            .at(test.doc.value.span, "not a list")
            .help("write `[\"a%\", \"{{query.b}}%\"]`; for a list of the request there is `in`"),
        );
        return None;
    };
    let op = match test.operator.op {
        FilterOp::In => FilterOp::Eq,
        op => op,
    };
    let conds: Vec<_> = items
        .iter()
        .map(|item| {
            let test = DraftTest {
                doc: test.doc,
                path: test.path.clone(),
                column: test.column,
                operator: Operator {
                    op,
                    quantifier: None,
                    ..test.operator.clone()
                },
                value: read_value(item, cx.out)?,
            };
            operate(cx, &test, (left.clone(), ty), label.to_owned())
        })
        .collect();
    conds.into_iter().collect()
}

/// Whether the author's list has expressions among its items.
fn holds_expressions(test: &DraftTest<'_>) -> bool {
    match &test.value {
        DraftValue::Fixed(Node {
            tree: Tree::List(items),
            ..
        }) => items.iter().any(has_expressions),
        _ => false,
    }
}

/// Containment of arrays and JSON.
fn contain<'a>(
    cx: &mut Cx<'_, 'a>,
    test: &DraftTest<'a>,
    (left, ty): (Scalar, &ColumnType),
    label: String,
) -> Option<Cond> {
    let op = match test.operator.op {
        FilterOp::Cd => Containment::ContainedBy,
        FilterOp::Ov => Containment::Overlaps,
        _ => Containment::Contains,
    };
    let fits = match ty {
        ColumnType::Array(_) => !is_unequal(ty),
        ColumnType::Jsonb => op != Containment::Overlaps,
        // Ranges and what extensions add.
        other => native::is_other(other) && cx.project.dialect == Dialect::Postgres,
    };
    if !fits {
        cx.out.push(no_operator(
            cx,
            test,
            ty,
            "containment is for arrays and jsonb, overlap for arrays",
        ));
        return None;
    }
    let value = single(cx, test, ty, label)?;
    Some(optional(
        &value,
        Cond::Contain {
            left,
            op,
            right: value.scalar.clone(),
        },
    ))
}

fn compare<'a>(
    cx: &mut Cx<'_, 'a>,
    test: &DraftTest<'a>,
    (left, ty): (Scalar, &ColumnType),
    label: String,
) -> Option<Cond> {
    if is_unequal(ty) {
        cx.out.push(no_operator(
            cx,
            test,
            ty,
            "json has no equality; use jsonb, or `->>`",
        ));
        return None;
    }
    let op = match test.operator.op {
        FilterOp::Neq => Comparison::Ne,
        FilterOp::Gt => Comparison::Gt,
        FilterOp::Gte => Comparison::Ge,
        FilterOp::Lt => Comparison::Lt,
        FilterOp::Lte => Comparison::Le,
        _ => Comparison::Eq,
    };
    let value = single(cx, test, ty, label)?;
    Some(optional(
        &value,
        Cond::Compare {
            left,
            op,
            right: value.scalar.clone(),
        },
    ))
}

pub(super) fn single<'a>(
    cx: &mut Cx<'_, 'a>,
    test: &DraftTest<'a>,
    ty: &ColumnType,
    label: String,
) -> Option<Lowered> {
    let usage = Usage::Filter {
        optional: test.doc.optional,
    };
    let lowered = cx.value(&test.value, &Target { ty, label, usage })?;
    let is_capability = |column| cx.project.capabilities.contains(&(cx.table, column));
    if test.column.is_some_and(is_capability) {
        cx.binds.secret(&lowered.scalar);
    }
    Some(lowered)
}

pub(super) fn optional(value: &Lowered, cond: Cond) -> Cond {
    match value.given {
        Some(flag) => Cond::When {
            flag,
            cond: Box::new(cond),
        },
        None => cond,
    }
}

fn is(cx: &mut Cx<'_, '_>, test: &DraftTest<'_>, left: Scalar, ty: &ColumnType) -> Option<Cond> {
    let fixed = match &test.value {
        DraftValue::Fixed(node) => constant(node),
        DraftValue::Template(template) if template.is_literal() => Value::text(template.text.value.clone()),
        DraftValue::Template(_) => Value::Undefined,
    };
    let word = fixed.as_text().map(str::to_ascii_lowercase);
    match (&fixed, word.as_deref()) {
        (Value::Null, _) | (_, Some("null")) => Some(Cond::IsNull(left)),
        (_, Some("not_null")) => Some(Cond::Not(Box::new(Cond::IsNull(left)))),
        (Value::Bool(_), _) | (_, Some("true" | "false" | "unknown")) if *ty != ColumnType::Bool => {
            cx.out.push(no_operator(
                cx,
                test,
                ty,
                "`is true` and `is false` are for boolean columns",
            ));
            None
        }
        (Value::Bool(yes), _) => Some(Cond::IsBool(left, *yes)),
        (_, Some("true")) => Some(Cond::IsBool(left, true)),
        (_, Some("false")) => Some(Cond::IsBool(left, false)),
        (_, Some("unknown")) => Some(Cond::IsNull(left)),
        _ => {
            cx.out.push(
                Diagnostic::new(
                    codes::BAD_LITERAL,
                    "`is` takes null, not_null, true, false or unknown",
                )
                .at(test.doc.value.span, "something else")
                .help("use `eq` to compare with a value"),
            );
            None
        }
    }
}

/// The list that `in` looks into: fixed, or from the request.
fn list(cx: &mut Cx<'_, '_>, test: &DraftTest<'_>, ty: &ColumnType, label: &str) -> Option<BindValue> {
    if test.doc.optional {
        cx.out.push(
            Diagnostic::new(codes::OPTIONAL_FORBIDDEN, "`in` cannot be optional")
                .at(test.doc.span, "the list must be there")
                .help("take `\"optional\": true` away, or write two queries, each with its `condition`"),
        );
    }
    match &test.value {
        DraftValue::Fixed(Node {
            tree: Tree::List(items),
            ..
        }) => {
            for item in items {
                let usage = Usage::Filter { optional: false };
                let target = Target {
                    ty,
                    label: label.to_owned(),
                    usage,
                };
                cx.literal(&constant(item), item.span, &target, true)?;
            }
            let value = Value::list(items.iter().map(constant));
            Some(BindValue::List(Program::constant(value)))
        }
        DraftValue::Template(template) if !template.is_literal() => {
            cx.frame.template(template, cx.out).map(BindValue::List)
        }
        _ => {
            cx.out.push(
                Diagnostic::new(codes::BAD_LITERAL, "`in` takes a list")
                    .at(test.doc.value.span, "not a list")
                    .help("write `[\"a\", \"b\"]`, or one expression that gives a list"),
            );
            None
        }
    }
}

pub(super) fn no_operator(cx: &Cx<'_, '_>, test: &DraftTest<'_>, ty: &ColumnType, why: &str) -> Diagnostic {
    let name = test.doc.column.as_str();
    Diagnostic::new(
        codes::OPERATOR_NOT_HERE,
        format!("`{}` cannot be used on `{name}`", test.operator.op.name()),
    )
    .at(
        test.doc.operator.span,
        format!("`{name}` is of type {}", type_name(cx.project, ty)),
    )
    .note(why)
    .help(format!(
        "operators for this type: {}{}",
        operators_of(ty),
        native::operators_of(cx.project.dialect, ty)
    ))
}

/// Whether values have no equality and no order: `json`, and lists of it.
pub(crate) fn is_unequal(ty: &ColumnType) -> bool {
    match ty {
        ColumnType::Array(item) => is_unequal(item),
        ty => *ty == ColumnType::Json,
    }
}

/// The operators that a column of this type has on every database.
fn operators_of(ty: &ColumnType) -> &'static str {
    match ty {
        ty if is_unequal(ty) => "is",
        ColumnType::Jsonb => "eq, neq, gt, gte, lt, lte, in, is, cs, cd",
        ColumnType::Array(_) => "eq, neq, is, cs, cd, ov",
        ColumnType::Bool => "eq, neq, is",
        ty if ty.is_text() => "eq, neq, gt, gte, lt, lte, in, is, like, ilike",
        _ => "eq, neq, gt, gte, lt, lte, in, is",
    }
}
