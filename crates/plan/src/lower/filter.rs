//! Filters become conditions.
//!
//! Invariant: a value that may be missing refuses the request unless the filter says `optional`, and nothing
//! that decides whose rows are touched may be optional.
//! Not here: tenant predicates; see `pin`.

use super::value::{Cx, Lowered, Target, Usage, type_name};
use crate::draft::{DraftFilter, DraftTest, DraftValue};
use crate::model::BindValue;
use crate::project::constant;
use backflow_catalog::{ColumnId, ColumnType};
use backflow_config::document::Operation;
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Span, codes};
use backflow_expr::{Program, Value};
use backflow_sql::FilterOp;
use backflow_sql::ir::{Comparison, Cond, JsonStep, NativeOp, Scalar};

/// All filters of a query on its own table.
pub(crate) fn lower<'a>(
    cx: &mut Cx<'_, 'a>,
    filters: &[DraftFilter<'a>],
    operation: Operation,
) -> Option<Cond> {
    let parts: Vec<_> = filters
        .iter()
        .map(|filter| one(cx, filter, operation, false))
        .collect();
    parts.into_iter().collect::<Option<Vec<_>>>().map(Cond::All)
}

fn one<'a>(
    cx: &mut Cx<'_, 'a>,
    filter: &DraftFilter<'a>,
    operation: Operation,
    inside_or: bool,
) -> Option<Cond> {
    match filter {
        // A test of an embed narrows that embed (`query::read`), and is nothing to choose rows by.
        DraftFilter::Test(test) if test.column.is_none() => {
            let read = operation == Operation::Select && !inside_or;
            read.then_some(Cond::TRUE)
                .or_else(|| of_embed(cx, test, operation))
        }
        DraftFilter::Test(test) => {
            forbid_optional(cx, test, operation, inside_or);
            let column = test.column?;
            lower_test(cx, test, column)
        }
        DraftFilter::Or(inner) => many(cx, inner, operation, true).map(Cond::Any),
        DraftFilter::And(inner) => many(cx, inner, operation, inside_or).map(Cond::All),
    }
}

fn many<'a>(
    cx: &mut Cx<'_, 'a>,
    filters: &[DraftFilter<'a>],
    operation: Operation,
    inside_or: bool,
) -> Option<Vec<Cond>> {
    let parts: Vec<_> = filters
        .iter()
        .map(|filter| one(cx, filter, operation, inside_or))
        .collect();
    parts.into_iter().collect()
}

/// Left out, such a test would let every row through.
fn of_embed(cx: &mut Cx<'_, '_>, test: &DraftTest<'_>, operation: Operation) -> Option<Cond> {
    let (why, help) = match operation {
        Operation::Select => (
            "`or` joins tests of the row's own columns",
            "move it out of `or`, and embed with `!inner` to narrow the rows themselves",
        ),
        _ => (
            "rows are changed by tests of their own columns",
            "find the rows with a select first, and use its result",
        ),
    };
    let message = "a column of an embed cannot be tested here";
    cx.out.push(
        Diagnostic::new(codes::SELECT_UNSUPPORTED, message)
            .at(test.doc.column.span(), why)
            .help(help),
    );
    None
}

fn forbid_optional(cx: &mut Cx<'_, '_>, test: &DraftTest<'_>, operation: Operation, inside_or: bool) {
    if !test.doc.optional {
        return;
    }
    let tenancy = cx.project.tenancy.as_ref();
    let tenant = tenancy.and_then(|tenancy| tenancy.tenant_column(cx.table)) == test.column;
    let secret = test
        .column
        .is_some_and(|column| cx.project.secrets.contains(&(cx.table, column)));
    let why = match operation {
        Operation::Select if tenant && tenancy.is_some() => "it names the tenant",
        Operation::Select if secret => "it is a secret",
        Operation::Select if inside_or => "inside `or` a missing test would let every row through",
        Operation::Select => return,
        _ => "an update or delete without it would touch every row",
    };
    cx.out.push(
        Diagnostic::new(codes::OPTIONAL_FORBIDDEN, "this filter must not be optional")
            .at(test.doc.span, why)
            .help("take `\"optional\": true` away; a request without the value is then refused with 422"),
    );
}

/// One comparison with a column.
pub(crate) fn lower_test<'a>(cx: &mut Cx<'_, 'a>, test: &DraftTest<'a>, column: ColumnId) -> Option<Cond> {
    let declared = cx.project.column(cx.table, column);
    let (left, ty) = left_side(cx, column, &test.path.json, declared.ty.clone(), test)?;
    let label = format!("filters.{}", test.doc.column.as_str());
    let cond = operate(cx, test, (left, &ty), label)?;
    if test.operator.negated == test.doc.not {
        return Some(cond);
    }
    // Without its value, an optional test is left out, negated or not.
    Some(match cond {
        Cond::When { flag, cond } => Cond::When {
            flag,
            cond: Box::new(Cond::Not(cond)),
        },
        cond => Cond::Not(Box::new(cond)),
    })
}

/// The column, or the path into it, and the type it is compared in.
fn left_side(
    cx: &mut Cx<'_, '_>,
    column: ColumnId,
    json: &[JsonStep],
    ty: ColumnType,
    test: &DraftTest<'_>,
) -> Option<(Scalar, ColumnType)> {
    let Some(last) = json.last() else {
        return Some((Scalar::Column(column), ty));
    };
    if !matches!(ty, ColumnType::Json | ColumnType::Jsonb) {
        cx.out
            .push(no_operator(cx, test, &ty, "`->` leads into JSON columns only"));
        return None;
    }
    let ty = if last.as_text {
        ColumnType::Text
    } else {
        ColumnType::Jsonb
    };
    Some((Scalar::Json(column, json.to_vec()), ty))
}

fn operate<'a>(
    cx: &mut Cx<'_, 'a>,
    test: &DraftTest<'a>,
    (left, ty): (Scalar, &ColumnType),
    label: String,
) -> Option<Cond> {
    let span = test.doc.value.span;
    match test.operator.op {
        FilterOp::Eq | FilterOp::Neq | FilterOp::Gt | FilterOp::Gte | FilterOp::Lt | FilterOp::Lte => {
            compare(cx, test, (left, ty), label)
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
        FilterOp::Match | FilterOp::Imatch => {
            native(cx, test, span, "regular expressions");
            None
        }
        FilterOp::Fts | FilterOp::Plfts | FilterOp::Phfts | FilterOp::Wfts => {
            native(cx, test, span, "full-text searches");
            None
        }
        FilterOp::Cs | FilterOp::Cd | FilterOp::Ov => contain(cx, test, (left, ty), label),
        FilterOp::Sl | FilterOp::Sr | FilterOp::Nxl | FilterOp::Nxr | FilterOp::Adj => {
            native(cx, test, span, "ranges");
            None
        }
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
        FilterOp::Cd => NativeOp::ContainedBy,
        FilterOp::Ov => NativeOp::Overlaps,
        _ => NativeOp::Contains,
    };
    let fits = match ty {
        ColumnType::Array(_) => true,
        ColumnType::Jsonb => op != NativeOp::Overlaps,
        _ => false,
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
        Cond::Native {
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
    if matches!(ty, ColumnType::Json) {
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

fn single<'a>(cx: &mut Cx<'_, 'a>, test: &DraftTest<'a>, ty: &ColumnType, label: String) -> Option<Lowered> {
    let usage = Usage::Filter {
        optional: test.doc.optional,
    };
    let lowered = cx.value(&test.value, &Target { ty, label, usage })?;
    if cx
        .project
        .capabilities
        .contains(&(cx.table, test.column.unwrap_or(ColumnId(u16::MAX))))
    {
        cx.binds.secret(&lowered.scalar);
    }
    Some(lowered)
}

fn optional(value: &Lowered, cond: Cond) -> Cond {
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
                .help("use `or` with a condition, or two routes"),
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

fn native(cx: &mut Cx<'_, '_>, test: &DraftTest<'_>, span: Span, what: &str) {
    cx.out.push(
        Diagnostic::new(
            codes::OPERATOR_NOT_HERE,
            format!("`{}` is not available on SQLite", test.operator.op.name()),
        )
        .at(test.doc.operator.span, format!("{what} need PostgreSQL"))
        .at(span, "")
        .help("use `like`, `ilike`, `in` or comparisons"),
    );
}

fn no_operator(cx: &Cx<'_, '_>, test: &DraftTest<'_>, ty: &ColumnType, why: &str) -> Diagnostic {
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
}
