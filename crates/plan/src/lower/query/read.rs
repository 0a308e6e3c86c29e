//! `select`: rows, embeds, bounds.
//!
//! Invariant: a filter on an embed narrows the embed, never the rows around it.
//! Not here: the members of an answer; see `select`.

use super::Lowered;
use crate::draft::{DraftFilter, DraftQuery, DraftTest};
use crate::lower::value::Cx;
use crate::lower::{filter, order, select};
use crate::model::{BindValue, Operation as Op, Rows};
use backflow_catalog::ColumnType;
use backflow_config::document::Operation;
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, codes};
use backflow_expr::Template;
use backflow_sql::ir::{Bound, Cond, Member, Outputs, Query, Read};

pub(super) fn read<'a>(cx: &mut Cx<'_, 'a>, draft: &DraftQuery<'a>, excluded: &[&str]) -> Option<Lowered> {
    let members = select::members(cx, cx.table, draft.select.as_ref(), excluded);
    let own = filter::lower(cx, &draft.filters, Operation::Select);
    let order = order::lower(cx, cx.table, draft.doc.order.as_ref());
    let limit = bound(cx, draft.doc.limit.as_ref(), "limit");
    let offset = bound(cx, draft.doc.offset.as_ref(), "offset");
    let pin = cx.pins.on(cx.table, &mut cx.binds);
    let (mut members, mut order, mut limit) = (members?, order?, limit?);
    embed_filters(cx, &draft.filters, &mut members)?;
    let aggregated = members
        .iter()
        .any(|member| matches!(member, Member::Aggregate { .. }));
    if draft.doc.single {
        // Two are enough to see that one is too many; their order does not matter.
        limit = Some(Bound::Fixed(2));
        order = Vec::new();
    } else if aggregated {
        order = Vec::new();
    }
    let query = Query::Read(Read {
        from: cx.table,
        outputs: Outputs {
            members: Some(members),
            ..Outputs::default()
        },
        filter: pin.and(own?),
        order,
        limit,
        offset: offset?,
        lock: false,
    });
    let rows = if draft.doc.single { Rows::One } else { Rows::Many };
    Some(Lowered {
        query,
        operation: Op::Select,
        rows,
        makes: None,
        any_given: Vec::new(),
    })
}

/// A fixed count, or one from the request. The outer option is the fault.
#[allow(
    clippy::option_option,
    reason = "a missing bound and a faulty one are different things"
)]
fn bound(cx: &mut Cx<'_, '_>, node: Option<&Node>, label: &str) -> Option<Option<Bound>> {
    let Some(node) = node else { return Some(None) };
    match &node.tree {
        Tree::Number(digits) if digits.parse::<u64>().is_ok() => Some(digits.parse().ok().map(Bound::Fixed)),
        Tree::Text(text) => {
            let template = Template::parse(text, cx.out)?;
            let program = cx.frame.template(&template, cx.out)?;
            let count = BindValue::Count(program);
            let id = cx
                .binds
                .program((cx.project, cx.frame), label, &ColumnType::Int8, count);
            Some(Some(Bound::Param(id)))
        }
        _ => {
            cx.out.push(
                Diagnostic::new(
                    codes::WRONG_TYPE,
                    format!("`{label}` must be a whole number, or an expression"),
                )
                .at(node.span, "not a count of rows"),
            );
            None
        }
    }
}

/// Filters on columns of an embed narrow the embedded rows.
fn embed_filters<'a>(cx: &mut Cx<'_, 'a>, filters: &[DraftFilter<'a>], members: &mut [Member]) -> Option<()> {
    for filter in filters {
        match filter {
            DraftFilter::Test(test) if test.column.is_none() => embed_filter(cx, test, members)?,
            DraftFilter::And(inner) => embed_filters(cx, inner, members)?,
            _ => {}
        }
    }
    Some(())
}

fn embed_filter<'a>(cx: &mut Cx<'_, 'a>, test: &DraftTest<'a>, members: &mut [Member]) -> Option<()> {
    let mut members = members;
    let mut found: Option<&mut Read> = None;
    for name in &test.path.embeds {
        let embed = members.iter_mut().find_map(|member| match member {
            Member::Embed(embed) if embed.key == name.value => Some(embed),
            _ => None,
        });
        let Some(embed) = embed else {
            cx.out.push(
                Diagnostic::new(
                    codes::UNKNOWN_COLUMN,
                    format!("the select embeds nothing called `{}`", name.value),
                )
                .at(name.span, "not embedded")
                .help("embed it in `select`, then its columns can be filtered"),
            );
            return None;
        };
        let read = embed.read.as_mut();
        // The list of inner members and the filter are different fields; only one is followed further.
        if test.path.embeds.last() == Some(name) {
            found = Some(read);
            break;
        }
        members = read.outputs.members.as_mut()?;
    }
    let read = found?;
    let outer = std::mem::replace(&mut cx.table, read.from);
    let column = crate::draft::column(&cx.project.catalog, read.from, &test.path.column, cx.out);
    let cond = column.and_then(|column| filter::lower_test(cx, test, column));
    cx.table = outer;
    let own = std::mem::replace(&mut read.filter, Cond::TRUE);
    read.filter = own.and(cond?);
    Some(())
}
