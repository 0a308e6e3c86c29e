//! `update` and `delete`.
//!
//! Invariant: rows are changed only by a filter, unless the author says `allRows`.
//! Not here: the values of `data`; see `data`.

use super::Lowered;
use super::embedded::answered;
use crate::draft::DraftQuery;
use crate::lower::pin::Anchor;
use crate::lower::value::{Cx, Usage};
use crate::lower::{data, filter, parents};
use crate::model::{Operation as Op, Rows};
use crate::prove::NamedBy;
use backflow_config::document::Operation;
use backflow_diag::{Diagnostic, codes};
use backflow_sql::ir::{Assigned, Cond, Delete, Outputs, Query, Update};

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
        cx.out.push(
            Diagnostic::new(codes::WRONG_TYPE, "an update needs `data`: one object")
                .at(draft.place(), "no values"),
        );
        return None;
    };
    let set = data::row(cx, draft, row, Usage::Update, named)?;
    let parents = parents::conditions(cx, &set, true);
    let pin = cx.pins.on(cx.table, &mut cx.binds);
    let filter = parents
        .into_iter()
        .filter(|cond| *cond != Cond::TRUE)
        .fold(pin.and(own?), Cond::and);
    let flags: Option<Vec<usize>> = set
        .iter()
        .map(|(_, assigned)| match assigned {
            Assigned::IfGiven { flag, .. } => Some(usize::from(flag.0)),
            _ => None,
        })
        .collect();
    let outputs = Outputs {
        members: Some(members?),
        ..Outputs::default()
    };
    let query = Query::Update(Update {
        table: cx.table,
        set,
        filter,
        outputs,
    });
    let rows = if draft.doc.single { Rows::One } else { Rows::Many };
    Some(Lowered {
        query,
        operation: Op::Update,
        rows,
        makes: None,
        any_given: flags.unwrap_or_default(),
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
        any_given: Vec::new(),
    })
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
