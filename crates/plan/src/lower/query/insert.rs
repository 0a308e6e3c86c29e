//! `insert` and `upsert`.
//!
//! Invariant: a row that a conflict meets is changed only where the pin of the statement's kind holds.
//! Not here: the values of `data`; see `data`.

use super::embedded::answered;
use super::offered::{offered_keys, report_computed_defaults, report_optional, report_uneven};
use super::{Lowered, require};
use crate::draft::{DraftAssignment, DraftQuery};
use crate::lower::data::{self, Assignments};
use crate::lower::each::Listed;
use crate::lower::parents;
use crate::lower::value::{Cx, Usage};
use crate::model::{BindValue, Operation as Op, Rows};
use crate::prove::NamedBy;
use backflow_catalog::ColumnId;
use backflow_config::document::Operation;
use backflow_diag::{Diagnostic, Span, codes};
use backflow_sql::ir::{Assigned, Cond, Conflict, ConflictUpdate, Insert, Outputs, Query, Scalar};

pub(super) fn insert<'a>(
    cx: &mut Cx<'_, 'a>,
    draft: &DraftQuery<'a>,
    named: Option<&NamedBy>,
    excluded: &[&str],
) -> Option<Lowered> {
    let upsert = draft.doc.operation.value == Operation::Upsert;
    let ignore = draft
        .doc
        .ignore_duplicates
        .as_ref()
        .is_some_and(|ignore| ignore.value);
    let members = answered(cx, draft, excluded);
    let (mut rows, mut listed) = (Vec::new(), Listed::default());
    for row in &draft.rows {
        rows.push(match &draft.each {
            Some(_) => data::listed_row(cx, (draft, row), named, &mut listed),
            None => data::row(cx, draft, row, Usage::Insert, named),
        });
    }
    let rows: Option<Vec<Assignments>> = rows.into_iter().collect();
    let mut rows = rows?;
    let conflict = if upsert || ignore {
        conflict(cx, draft, &rows, ignore)?
    } else {
        None
    };
    if rows.is_empty() {
        report_no_rows(cx, draft);
        return None;
    }
    report_computed_defaults(cx, draft, &rows);
    rows.iter_mut().flatten().for_each(|(_, value)| settle(cx, value));
    let keys = match &conflict {
        Some(Conflict {
            target,
            update: Some(_),
        }) if rows.len() > 1 => offered_keys(target, &rows),
        _ => Vec::new(),
    };
    let guard = guard(cx, &rows);
    let count = rows.len();
    let each = match &draft.each {
        Some(list) => {
            let key = conflict.as_ref().filter(|conflict| conflict.update.is_some());
            let key = key.map(|conflict| conflict.target.clone());
            report_optional(cx, draft, &listed.optional, key.as_deref());
            Some(listed.close(cx, list, key.as_deref(), !ignore)?)
        }
        None => None,
    };
    let (columns, rows) = table_of(rows);
    let outputs = Outputs {
        members: Some(members?),
        ..Outputs::default()
    };
    let mut insert = Insert {
        into: cx.table,
        columns,
        rows,
        each,
        guard: Cond::All(guard),
        conflict,
        outputs,
    };
    let limit = require::insert(cx, draft, &mut insert);
    let operation = if upsert || ignore {
        Op::Upsert { ignore }
    } else {
        Op::Insert
    };
    let rows = if draft.many_rows { Rows::Many } else { Rows::One };
    Some(Lowered {
        query: Query::Insert(insert),
        operation,
        rows,
        // How many items there are, the request says.
        makes: (!ignore).then_some(if each.is_some() { 0 } else { count }),
        limit,
        any_given: Vec::new(),
        keys,
        total: None,
    })
}

fn report_no_rows(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>) {
    // What is wrong with a template was said.
    if !draft.has_template() {
        cx.out.push(
            Diagnostic::new(codes::MISSING_KEY, "an insert needs `data`")
                .at(draft.place(), "no rows to insert"),
        );
    }
}

/// A new row gets a value that falls back on its default as it is; only a row that exists asks whether it was there.
fn settle(cx: &Cx<'_, '_>, assigned: &mut Assigned) {
    if let Assigned::IfGiven { value, .. } = assigned
        && let Scalar::Param(id, _) = value
        && let Some(bind) = cx.binds.list.get(usize::from(id.0))
        && matches!(bind.value, BindValue::Or(..))
    {
        *assigned = Assigned::Value(value.clone());
    }
}

/// What must hold for the rows to be made: that the rows they point at are the tenant's.
fn guard(cx: &mut Cx<'_, '_>, rows: &[Assignments]) -> Vec<Cond> {
    let mut guard = Vec::new();
    for row in rows {
        for cond in parents::conditions(cx, row, false) {
            if cond != Cond::TRUE && !guard.contains(&cond) {
                guard.push(cond);
            }
        }
    }
    guard
}

/// All rows over one list of columns; what a row leaves out gets the default.
fn table_of(rows: Vec<Assignments>) -> (Vec<ColumnId>, Vec<Vec<Assigned>>) {
    let mut columns: Vec<ColumnId> = Vec::new();
    for (column, _) in rows.iter().flatten() {
        if !columns.contains(column) {
            columns.push(*column);
        }
    }
    let filled = rows
        .into_iter()
        .map(|mut row| {
            columns
                .iter()
                .map(|column| match row.iter().position(|(known, _)| known == column) {
                    Some(index) => row.swap_remove(index).1,
                    None => Assigned::Default,
                })
                .collect()
        })
        .collect();
    (columns, filled)
}

/// `ON CONFLICT`. The outer option is the fault.
#[allow(
    clippy::option_option,
    reason = "no conflict clause and a faulty one are different things"
)]
fn conflict<'a>(
    cx: &mut Cx<'_, 'a>,
    draft: &DraftQuery<'a>,
    rows: &[Assignments],
    ignore: bool,
) -> Option<Option<Conflict>> {
    let target = conflict_target(cx, draft)?;
    if draft.doc.operation.value == Operation::Upsert {
        needs_key(cx, draft, &target, rows);
    }
    if ignore {
        return Some(Some(Conflict { target, update: None }));
    }
    if rows.len() > 1 {
        report_uneven(cx, draft, rows, &target);
    }
    let mut set: Assignments = Vec::new();
    // Only what `data` names: defaults that were filled in are for new rows.
    let named = |column: &ColumnId| draft.rows.iter().flatten().any(|value| value.column == *column);
    for (column, offered) in rows.iter().flatten().filter(|(column, _)| named(column)) {
        if !target.contains(column) && !set.iter().any(|(known, _)| known == column) {
            set.push((*column, conflict_value(cx, draft, *column, offered)?));
        }
    }
    if set.is_empty() {
        // Nothing to change, but the row is to be answered: it is given its own key again.
        let first = *target.first()?;
        set.push((first, Assigned::Value(Scalar::Column(first))));
    }
    parents::whole(cx, rows);
    let filter = cx.pins.on(cx.table, &mut cx.binds);
    Some(Some(Conflict {
        target,
        update: Some(ConflictUpdate { set, filter }),
    }))
}

/// What an existing row gets: arithmetic is over the stored row, anything else is what was offered.
fn conflict_value<'a>(
    cx: &mut Cx<'_, 'a>,
    draft: &DraftQuery<'a>,
    column: ColumnId,
    offered: &Assigned,
) -> Option<Assigned> {
    if !data::scalar_of(offered).is_some_and(is_arithmetic) {
        return Some(match offered {
            Assigned::IfGiven { flag, .. } => Assigned::IfGiven {
                flag: *flag,
                value: Scalar::Excluded(column),
            },
            _ => Assigned::Value(Scalar::Excluded(column)),
        });
    }
    let Some(value) = draft.assigned(column) else {
        cx.out.push(
            Diagnostic::new(codes::NOT_IN_OPERATION, "arithmetic needs an upsert of one row")
                .at(draft.place(), "several rows")
                .help("send one row, or give plain values"),
        );
        return None;
    };
    data::row(cx, draft, std::slice::from_ref(value), Usage::Update, None)?
        .pop()
        .map(|(_, assigned)| assigned)
}

/// A key whose columns get no value never meets an existing row.
fn needs_key(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>, target: &[ColumnId], rows: &[Assignments]) {
    let given = |row: &[DraftAssignment<'_>], column| row.iter().any(|value| value.column == column);
    let tenant = cx
        .project
        .tenancy
        .as_ref()
        .and_then(|tenancy| tenancy.tenant_column(cx.table));
    let filled = |column| tenant == Some(column) && rows.iter().flatten().any(|(known, _)| *known == column);
    let missing = target
        .iter()
        .find(|column| !filled(**column) && !draft.rows.iter().all(|row| given(row, **column)));
    let Some(column) = missing else { return };
    let name = &cx.project.column(cx.table, *column).name;
    let place = draft.doc.data.as_ref().map_or(draft.place(), |data| data.span);
    let span = draft
        .doc
        .on_conflict
        .as_ref()
        .map_or(draft.doc.operation.span, |names| names.span);
    cx.out.push(
        Diagnostic::new(
            codes::NO_CONFLICT_KEY,
            format!("the existing row is found by `{name}`, which gets no value"),
        )
        .at(span, "finds the row by it")
        .at(place, format!("`{name}` is missing"))
        .note("without it every request inserts a new row")
        .help(format!(
            "add `\"{name}\": …` to `data`, name another unique key in `onConflict`, or use `insert`"
        )),
    );
}

fn is_arithmetic(scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Arithmetic { .. } | Scalar::Coalesce(_) => true,
        Scalar::Cast(value, _) => is_arithmetic(value),
        _ => false,
    }
}

fn conflict_target(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>) -> Option<Vec<ColumnId>> {
    let table = cx.project.table(cx.table);
    let (columns, span): (Vec<ColumnId>, Span) = match &draft.doc.on_conflict {
        Some(names) => {
            let found: Vec<_> = names
                .value
                .iter()
                .map(|name| crate::draft::column(&cx.project.catalog, cx.table, name, cx.out))
                .collect();
            (found.into_iter().collect::<Option<_>>()?, names.span)
        }
        None => (table.primary_key.clone(), draft.doc.operation.span),
    };
    if table.is_unique(&columns) {
        return Some(columns);
    }
    let keys: Vec<String> = table
        .keys()
        .map(|key| {
            let names: Vec<&str> = key
                .iter()
                .map(|c| cx.project.column(cx.table, *c).name.as_str())
                .collect();
            format!("({})", names.join(", "))
        })
        .collect();
    cx.out.push(
        Diagnostic::new(
            codes::NO_CONFLICT_KEY,
            "an upsert needs a unique key to find the existing row by",
        )
        .at(span, "these columns are not unique together")
        .note(format!("unique keys of `{}`: {}", table.name, keys.join(", ")))
        .help("name one of them in `onConflict`, or add a UNIQUE constraint"),
    );
    None
}
