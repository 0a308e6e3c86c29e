//! Filters become conditions.
//!
//! Invariant: a value that may be missing refuses the request unless the filter says `optional`, and nothing
//! that decides whose rows are touched may be optional.
//! Not here: tenant predicates; see `pin`.

mod operator;

use super::value::{Cx, type_name};
use crate::draft::{DraftFilter, DraftTest};
use crate::project::Project;
use backflow_catalog::{ColumnId, ColumnType, TableId};
use backflow_config::document::Operation;
use backflow_diag::{Diagnostic, Span, codes};
use backflow_sql::ir::{Cond, JsonStep, Scalar};
use operator::operate;

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
        let fault = no_json(cx.project, (cx.table, column), test.doc.column.span());
        cx.out.push(fault);
        return None;
    }
    let ty = if last.as_text {
        ColumnType::Text
    } else {
        ColumnType::Jsonb
    };
    Some((Scalar::Json(column, json.to_vec()), ty))
}

/// A path that leads into a column which holds no JSON.
pub(crate) fn no_json(project: &Project<'_>, (table, column): (TableId, ColumnId), span: Span) -> Diagnostic {
    let declared = project.column(table, column);
    let (name, ty) = (&declared.name, type_name(project, &declared.ty));
    Diagnostic::new(codes::OPERATOR_NOT_HERE, format!("`{name}` is no JSON column"))
        .at(span, format!("`{name}` is of type {ty}"))
        .note("`->` leads into JSON columns only")
        .help(format!("take the column itself: `{name}`"))
}
