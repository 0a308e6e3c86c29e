//! Filters become conditions.
//!
//! Invariant: a value that may be missing refuses the request unless the filter says `optional`, and nothing
//! that decides whose rows are touched may be optional.
//! Not here: tenant predicates; see `pin`.

pub(crate) mod embeds;
mod native;
mod operator;

use super::select;
use super::value::{Cx, type_name};
use crate::draft::{DraftFilter, DraftTest};
use crate::project::Project;
use backflow_catalog::{ColumnId, ColumnType, TableId};
use backflow_config::document::Operation;
use backflow_diag::{Diagnostic, Span, codes};
use backflow_sql::ir::{Cond, JsonStep, Member, Scalar};
pub(crate) use operator::is_unequal;
use operator::operate;

/// The rows that filters choose from.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'m> {
    /// What is embedded in them.
    pub(crate) members: &'m [Member],
    /// How many embeds lead to them; a test's path names these first.
    pub(crate) depth: usize,
    pub(crate) operation: Operation,
}

/// The group that a filter stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Group {
    /// All of it must hold.
    Plain,
    Or,
    Negated,
}

/// All filters of a query on its own table.
pub(crate) fn lower<'a>(cx: &mut Cx<'_, 'a>, filters: &[DraftFilter<'a>], rows: Rows<'_>) -> Option<Cond> {
    many(cx, filters, rows, Group::Plain).map(Cond::All)
}

/// One filter.
fn one<'a>(cx: &mut Cx<'_, 'a>, filter: &DraftFilter<'a>, rows: Rows<'_>, group: Group) -> Option<Cond> {
    let deeper = embeds::home(filter).is_some_and(|path| path.len() > rows.depth);
    if deeper && rows.operation == Operation::Select && group == Group::Plain {
        // It narrows an embed, and is nothing to choose these rows by.
        return Some(Cond::TRUE);
    }
    match filter {
        DraftFilter::Test(test) if deeper => of_embed(cx, test, rows.operation),
        DraftFilter::Test(test) => self::test(cx, test, rows, group),
        DraftFilter::Or(inner) => many(cx, inner, rows, Group::Or).map(Cond::Any),
        DraftFilter::And(inner) => many(cx, inner, rows, group).map(Cond::All),
        DraftFilter::Not(inner) => one(cx, inner, rows, Group::Negated).map(|cond| Cond::Not(Box::new(cond))),
    }
}

fn many<'a>(
    cx: &mut Cx<'_, 'a>,
    filters: &[DraftFilter<'a>],
    rows: Rows<'_>,
    group: Group,
) -> Option<Vec<Cond>> {
    let parts: Vec<_> = filters
        .iter()
        .map(|filter| one(cx, filter, rows, group))
        .collect();
    parts.into_iter().collect()
}

/// A test of a column, or of whether a related row is there.
fn test<'a>(cx: &mut Cx<'_, 'a>, test: &DraftTest<'a>, rows: Rows<'_>, group: Group) -> Option<Cond> {
    let name = &test.path.column;
    let column = match test.column {
        Some(column) => Some(column),
        None => cx.project.table(cx.table).column(name),
    };
    if let (None, Some(embed)) = (column, select::find(rows.members, name)) {
        return embeds::presence(cx, test, embed);
    }
    let column = match column {
        Some(column) => column,
        None => crate::draft::column(&cx.project.catalog, cx.table, name, cx.out)?,
    };
    forbid_optional(cx, (test, column), rows.operation, group);
    lower_test(cx, test, column)
}

/// Left out, such a test would let every row through.
fn of_embed(cx: &mut Cx<'_, '_>, test: &DraftTest<'_>, operation: Operation) -> Option<Cond> {
    let (why, help) = match operation {
        Operation::Select => (
            "beside tests of other rows, in a group that is no plain conjunction",
            "group tests of one embed, and ask for its rows with `{\"column\": \"projects\", \"operator\": \"not.is\", \
             \"value\": null}`",
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

fn forbid_optional(
    cx: &mut Cx<'_, '_>,
    (test, column): (&DraftTest<'_>, ColumnId),
    operation: Operation,
    group: Group,
) {
    if !test.doc.optional {
        return;
    }
    let tenancy = cx.project.tenancy.as_ref();
    let tenant = tenancy.and_then(|tenancy| tenancy.tenant_column(cx.table)) == Some(column);
    let secret = cx.project.secrets.contains(&(cx.table, column));
    let why = match operation {
        Operation::Select if tenant && tenancy.is_some() => "it names the tenant",
        Operation::Select if secret => "it is a secret",
        Operation::Select if group == Group::Or => "inside `or` a missing test would let every row through",
        Operation::Select if group == Group::Negated => {
            "in a negated group a missing test would find other rows"
        }
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
    let cond = match test.operator.quantifier {
        Some(quantifier) => operator::quantified(cx, test, quantifier, (left, &ty), &label)?,
        None => operate(cx, test, (left, &ty), label)?,
    };
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
