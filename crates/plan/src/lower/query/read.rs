//! `select`: rows, embeds, bounds.
//!
//! Invariant: a filter on an embed narrows the embed, never the rows around it.
//! Not here: the members of an answer; see `select`.

use super::total::total;
use super::{Lowered, Total, embedded};
use crate::draft::DraftQuery;
use crate::lower::filter::{self, embeds};
use crate::lower::order;
use crate::lower::select::{self, Orders};
use crate::lower::value::Cx;
use crate::model::{BindValue, Offset, Operation as Op, Rows};
use backflow_catalog::ColumnType;
use backflow_config::document::Operation;
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, codes};
use backflow_expr::Template;
use backflow_sql::ir::{Bound, Cond, Member, Outputs, Query, Read};

pub(super) fn read<'a>(cx: &mut Cx<'_, 'a>, draft: &DraftQuery<'a>, excluded: &[&str]) -> Option<Lowered> {
    let mut members = select::members(cx, cx.table, draft.select.as_ref(), excluded);
    let (limit, offset) = (draft.doc.limit.as_ref(), draft.doc.offset.as_ref());
    let (limit, offset) = (bound(cx, limit, "limit"), bound(cx, offset, "offset"));
    let mut orders = Orders::new();
    let narrowed = embeds::narrow(cx, &draft.filters, &mut members);
    let filter = filters(cx, draft, &members);
    let keys = embedded::keys(cx, draft, &mut members, &mut orders);
    let rows = order::Rows {
        table: cx.table,
        members: &members,
    };
    let terms = match &draft.doc.order {
        Some(node) => order::terms(cx, rows, node, &mut orders),
        None => Some(Vec::new()),
    };
    let (mut filter, mut limit, offset, terms) = (filter?, limit?, offset?, terms?);
    narrowed.and(keys)?;
    select::settle(
        cx,
        (cx.table, &mut members, &mut filter),
        &mut Vec::new(),
        &orders,
    )?;
    let mut order = order::finish(cx, cx.table, &members, terms)?;
    if draft.doc.single {
        let bounded = limit.is_some() || offset.is_some();
        // Two are enough to see that one is too many; without bounds their order does not matter.
        limit = match limit {
            None => Some(Bound::Fixed(2)),
            Some(Bound::Fixed(rows)) => Some(Bound::Fixed(rows.min(2))),
            param => param,
        };
        if !bounded {
            order = Vec::new();
        }
    }
    let read = Read {
        from: cx.table,
        outputs: Outputs {
            members: Some(members),
            ..Outputs::default()
        },
        filter,
        order,
        limit,
        offset,
        lock: false,
    };
    let total = total(cx, draft, &read).map(|query| Total {
        query,
        binds: Vec::new(),
        offset: match &read.offset {
            None => Offset::Fixed(0),
            Some(Bound::Fixed(rows)) => Offset::Fixed(*rows),
            Some(Bound::Param(id)) => Offset::Bind(usize::from(id.0)),
        },
    });
    let query = Query::Read(read);
    let rows = if draft.doc.single { Rows::One } else { Rows::Many };
    Some(Lowered {
        query,
        operation: Op::Select,
        rows,
        makes: None,
        limit: None,
        any_given: Vec::new(),
        keys: Vec::new(),
        total,
    })
}

/// Which rows: those that the statement's kind allows, and of them those that the filters choose.
fn filters<'a>(cx: &mut Cx<'_, 'a>, draft: &DraftQuery<'a>, members: &[Member]) -> Option<Cond> {
    let rows = filter::Rows {
        members,
        depth: 0,
        operation: Operation::Select,
    };
    let own = filter::lower(cx, &draft.filters, rows);
    let pin = cx.pins.on(cx.table, &mut cx.binds);
    Some(pin.and(own?))
}

/// A fixed count, or one from the request. The outer option is the fault.
#[allow(
    clippy::option_option,
    reason = "a missing bound and a faulty one are different things"
)]
pub(super) fn bound(cx: &mut Cx<'_, '_>, node: Option<&Node>, label: &str) -> Option<Option<Bound>> {
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
