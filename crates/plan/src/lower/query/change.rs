//! `update` and `delete`.
//!
//! Invariant: rows are changed only by a filter, unless the author says `allRows`.
//! Not here: the values of `data`; see `data`.

use super::embedded::answered;
use super::{Lowered, require};
use crate::draft::DraftQuery;
use crate::lower::pin::Anchor;
use crate::lower::value::{Cx, Usage};
use crate::lower::{data, filter, parents};
use crate::model::{BindValue, Operation as Op, Rows};
use crate::prove::NamedBy;
use backflow_config::document::Operation;
use backflow_diag::{Diagnostic, codes};
use backflow_sql::ir::{Assigned, Cond, Delete, Outputs, Query, Scalar, Update};

pub(super) fn update<'a>(
    cx: &mut Cx<'_, 'a>,
    draft: &DraftQuery<'a>,
    named: Option<&NamedBy>,
    excluded: &[&str],
) -> Option<Lowered> {
    needs_filter(cx, draft);
    let members = answered(cx, draft, excluded);
    let own = filter::lower(cx, &draft.filters, own_rows(Operation::Update));
    let [row] = draft.rows.as_slice() else {
        // What is wrong with a template was said.
        if !draft.has_template() {
            cx.out.push(
                Diagnostic::new(codes::WRONG_TYPE, "an update needs `data`: one object")
                    .at(draft.place(), "no values"),
            );
        }
        return None;
    };
    if row.is_empty() {
        let place = draft.doc.data.as_ref().map_or(draft.place(), |data| data.span);
        cx.out.push(
            Diagnostic::new(codes::WRONG_TYPE, "an update needs `data` with a column in it")
                .at(place, "nothing would change"),
        );
        return None;
    }
    let set = data::row(cx, draft, row, Usage::Update, named)?;
    let parents = parents::conditions(cx, &set, true);
    let pin = cx.pins.on(cx.table, &mut cx.binds);
    let filter = parents
        .into_iter()
        .filter(|cond| *cond != Cond::TRUE)
        .fold(pin.and(own?), Cond::and);
    let may_miss: Option<Vec<usize>> = set.iter().map(|(_, value)| optional_bind(cx, value)).collect();
    let outputs = Outputs {
        members: Some(members?),
        ..Outputs::default()
    };
    let mut update = Update {
        table: cx.table,
        set,
        filter,
        outputs,
    };
    let limit = require::update(cx, draft, &mut update);
    let rows = if draft.doc.single { Rows::One } else { Rows::Many };
    Some(Lowered {
        query: Query::Update(update),
        operation: Op::Update,
        rows,
        makes: None,
        limit,
        any_given: may_miss.unwrap_or_default(),
        keys: Vec::new(),
        total: None,
    })
}

pub(super) fn delete<'a>(cx: &mut Cx<'_, 'a>, draft: &DraftQuery<'a>, excluded: &[&str]) -> Option<Lowered> {
    needs_filter(cx, draft);
    let members = answered(cx, draft, excluded);
    let own = filter::lower(cx, &draft.filters, own_rows(Operation::Delete));
    let pin = cx.pins.on(cx.table, &mut cx.binds);
    let outputs = Outputs {
        members: Some(members?),
        ..Outputs::default()
    };
    let query = Query::Delete(Delete {
        table: cx.table,
        filter: pin.and(own?),
        outputs,
    });
    let rows = if draft.doc.single { Rows::One } else { Rows::Many };
    Some(Lowered {
        query,
        operation: Op::Delete,
        rows,
        makes: None,
        limit: None,
        any_given: Vec::new(),
        keys: Vec::new(),
        total: None,
    })
}

/// The bind that tells whether a value is there, if it may be missing. A tenant that is left out is the row's own.
fn optional_bind(cx: &Cx<'_, '_>, assigned: &Assigned) -> Option<usize> {
    match assigned {
        Assigned::IfGiven { flag, .. } => Some(usize::from(flag.0)),
        Assigned::Value(Scalar::Param(id, _)) => {
            let at = usize::from(id.0);
            let bind = cx.binds.list.get(at)?;
            matches!(bind.value, BindValue::SameTenant(_)).then_some(at)
        }
        _ => None,
    }
}

/// Rows that are changed are chosen by their own columns.
fn own_rows(operation: Operation) -> filter::Rows<'static> {
    filter::Rows {
        members: &[],
        depth: 0,
        operation,
    }
}

fn needs_filter(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>) {
    if !draft.filters.is_empty() || draft.doc.all_rows.is_some() {
        return;
    }
    let scope = match cx.pins.anchor {
        Anchor::Anywhere => "every row of the table",
        _ => "every row of the tenant",
    };
    cx.out.push(
        Diagnostic::new(codes::NO_FILTER, "this names no rows")
            .at(draft.doc.operation.span, format!("would touch {scope}"))
            .help("add `filters`, or say `\"allRows\": true` if that is meant"),
    );
}
