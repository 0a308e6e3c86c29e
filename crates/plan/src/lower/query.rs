//! One query becomes one statement.
//!
//! Role: puts filters, data, select and the tenant's predicates together.
//! Invariant: the statement of a query on scoped rows carries the pin of its kind in every place where rows
//! are read, changed or pointed at.
//! Not here: SQL text; the order of steps.

use super::data::{self, Assignments};
use super::filter;
use super::order;
use super::parents;
use super::pin::Anchor;
use super::select;
use super::value::{Cx, Usage};
use crate::draft::{DraftFilter, DraftQuery, DraftTest};
use crate::model::{BindValue, Operation as Op, Rows};
use crate::prove::NamedBy;
use backflow_catalog::{ColumnId, ColumnType, TableId};
use backflow_config::document::{Operation, Query as QueryDoc};
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Span, codes};
use backflow_expr::Template;
use backflow_sql::ir::{
    Assigned, Bound, Cond, Conflict, ConflictUpdate, Delete, Insert, Member, Outputs, Query, Read, Scalar,
    Update,
};

/// A lowered query, its cells still open.
pub(crate) struct Lowered {
    pub(crate) query: Query,
    pub(crate) operation: Op,
    pub(crate) rows: Rows,
    pub(crate) makes: Option<usize>,
    /// Flags of an update, of which one must be given; empty when something always is.
    pub(crate) any_given: Vec<usize>,
}

/// Lowers a query whose anchor is in `cx.pins`.
pub(crate) fn lower<'a>(
    cx: &mut Cx<'_, 'a>,
    draft: &DraftQuery<'a>,
    named: Option<&NamedBy>,
    excluded: &[&str],
) -> Option<Lowered> {
    misplaced_keys(cx, draft.doc);
    match draft.doc.operation.value {
        Operation::Select => read(cx, draft, excluded),
        Operation::Insert | Operation::Upsert => insert(cx, draft, named, excluded),
        Operation::Update => update(cx, draft, named, excluded),
        Operation::Delete => delete(cx, draft, excluded),
    }
}

fn read<'a>(cx: &mut Cx<'_, 'a>, draft: &DraftQuery<'a>, excluded: &[&str]) -> Option<Lowered> {
    let members = select::members(cx, cx.table, draft.select.as_ref(), excluded);
    let own = filter::lower(cx, &draft.filters, Operation::Select);
    let order = order::lower(cx, cx.table, draft.doc.order.as_ref());
    let limit = bound(cx, draft.doc.limit.as_ref(), "limit");
    let offset = bound(cx, draft.doc.offset.as_ref(), "offset");
    let pin = cx.pins.on(cx.table, &mut cx.binds);
    let (mut members, mut order, mut limit) = (members?, order?, limit?);
    embed_filters(cx, &draft.filters, &mut members)?;
    let aggregated = members.iter().any(|member| matches!(member, Member::Aggregate { .. }));
    if draft.doc.single {
        // Two are enough to see that one is too many; their order does not matter.
        limit = Some(Bound::Fixed(2));
        order = Vec::new();
    } else if aggregated {
        order = Vec::new();
    }
    let query = Query::Read(Read {
        from: cx.table,
        outputs: Outputs { members: Some(members), ..Outputs::default() },
        filter: pin.and(own?),
        order,
        limit,
        offset: offset?,
        lock: false,
    });
    let rows = if draft.doc.single { Rows::One } else { Rows::Many };
    Some(Lowered { query, operation: Op::Select, rows, makes: None, any_given: Vec::new() })
}

/// A fixed count, or one from the request. The outer option is the fault.
#[allow(clippy::option_option, reason = "a missing bound and a faulty one are different things")]
fn bound(cx: &mut Cx<'_, '_>, node: Option<&Node>, label: &str) -> Option<Option<Bound>> {
    let Some(node) = node else { return Some(None) };
    match &node.tree {
        Tree::Number(digits) if digits.parse::<u64>().is_ok() => {
            Some(digits.parse().ok().map(Bound::Fixed))
        }
        Tree::Text(text) => {
            let template = Template::parse(text, cx.out)?;
            let program = cx.frame.template(&template, cx.out)?;
            let count = BindValue::Count(program);
            let id = cx.binds.program((cx.project, cx.frame), label, &ColumnType::Int8, count);
            Some(Some(Bound::Param(id)))
        }
        _ => {
            cx.out.push(
                Diagnostic::new(codes::WRONG_TYPE, format!("`{label}` must be a whole number, or an expression"))
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
                Diagnostic::new(codes::UNKNOWN_COLUMN, format!("the select embeds nothing called `{}`", name.value))
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

fn insert<'a>(
    cx: &mut Cx<'_, 'a>,
    draft: &DraftQuery<'a>,
    named: Option<&NamedBy>,
    excluded: &[&str],
) -> Option<Lowered> {
    let upsert = draft.doc.operation.value == Operation::Upsert;
    let ignore = draft.doc.ignore_duplicates.as_ref().is_some_and(|ignore| ignore.value);
    let members = select::members(cx, cx.table, draft.select.as_ref(), excluded);
    let mut rows = Vec::new();
    for row in &draft.rows {
        rows.push(data::row(cx, draft, row, Usage::Insert, named));
    }
    let rows: Option<Vec<Assignments>> = rows.into_iter().collect();
    let rows = rows?;
    let conflict = if upsert || ignore { conflict(cx, draft, &rows, ignore)? } else { None };
    if rows.is_empty() {
        cx.out.push(
            Diagnostic::new(codes::MISSING_KEY, "an insert needs `data`").at(draft.place(), "no rows to insert"),
        );
        return None;
    }
    let mut guard = Vec::new();
    for row in &rows {
        for cond in parents::conditions(cx, row, false) {
            if cond != Cond::TRUE && !guard.contains(&cond) {
                guard.push(cond);
            }
        }
    }
    let count = rows.len();
    let (columns, rows) = table_of(rows);
    let outputs = Outputs { members: Some(members?), ..Outputs::default() };
    let query = Query::Insert(Insert { into: cx.table, columns, rows, guard: Cond::All(guard), conflict, outputs });
    let operation = if upsert || ignore { Op::Upsert { ignore } } else { Op::Insert };
    let rows = if draft.many_rows { Rows::Many } else { Rows::One };
    Some(Lowered { query, operation, rows, makes: (!ignore).then_some(count), any_given: Vec::new() })
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
#[allow(clippy::option_option, reason = "no conflict clause and a faulty one are different things")]
fn conflict<'a>(
    cx: &mut Cx<'_, 'a>,
    draft: &DraftQuery<'a>,
    rows: &[Assignments],
    ignore: bool,
) -> Option<Option<Conflict>> {
    let target = conflict_target(cx, draft)?;
    if ignore {
        return Some(Some(Conflict { target, update: None }));
    }
    let mut set: Assignments = Vec::new();
    for (column, offered) in rows.iter().flatten() {
        if !target.contains(column) && !set.iter().any(|(known, _)| known == column) {
            set.push((*column, conflict_value(cx, draft, *column, offered)?));
        }
    }
    if set.is_empty() {
        // Nothing to change, but the row is to be answered: it is given its own key again.
        let first = *target.first()?;
        set.push((first, Assigned::Value(Scalar::Column(first))));
    }
    let filter = cx.pins.on(cx.table, &mut cx.binds);
    Some(Some(Conflict { target, update: Some(ConflictUpdate { set, filter }) }))
}

/// What an existing row gets: arithmetic is over the stored row, anything else is what was offered.
fn conflict_value<'a>(
    cx: &mut Cx<'_, 'a>,
    draft: &DraftQuery<'a>,
    column: ColumnId,
    offered: &Assigned,
) -> Option<Assigned> {
    let arithmetic = matches!(data::scalar_of(offered), Some(Scalar::Arithmetic { .. } | Scalar::Coalesce(_)));
    if !arithmetic {
        return Some(match offered {
            Assigned::IfGiven { flag, .. } => Assigned::IfGiven { flag: *flag, value: Scalar::Excluded(column) },
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
    data::row(cx, draft, std::slice::from_ref(value), Usage::Update, None)?.pop().map(|(_, assigned)| assigned)
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
            let names: Vec<&str> = key.iter().map(|c| cx.project.column(cx.table, *c).name.as_str()).collect();
            format!("({})", names.join(", "))
        })
        .collect();
    cx.out.push(
        Diagnostic::new(codes::NO_CONFLICT_KEY, "an upsert needs a unique key to find the existing row by")
            .at(span, "these columns are not unique together")
            .note(format!("unique keys of `{}`: {}", table.name, keys.join(", ")))
            .help("name one of them in `onConflict`, or add a UNIQUE constraint"),
    );
    None
}

fn update<'a>(
    cx: &mut Cx<'_, 'a>,
    draft: &DraftQuery<'a>,
    named: Option<&NamedBy>,
    excluded: &[&str],
) -> Option<Lowered> {
    needs_filter(cx, draft);
    let members = select::members(cx, cx.table, draft.select.as_ref(), excluded);
    let own = filter::lower(cx, &draft.filters, Operation::Update);
    let [row] = draft.rows.as_slice() else {
        cx.out.push(
            Diagnostic::new(codes::WRONG_TYPE, "an update needs `data`: one object").at(draft.place(), "no values"),
        );
        return None;
    };
    let set = data::row(cx, draft, row, Usage::Update, named)?;
    let parents = parents::conditions(cx, &set, true);
    let pin = cx.pins.on(cx.table, &mut cx.binds);
    let filter = parents.into_iter().filter(|cond| *cond != Cond::TRUE).fold(pin.and(own?), Cond::and);
    let flags: Option<Vec<usize>> = set
        .iter()
        .map(|(_, assigned)| match assigned {
            Assigned::IfGiven { flag, .. } => Some(usize::from(flag.0)),
            _ => None,
        })
        .collect();
    let outputs = Outputs { members: Some(members?), ..Outputs::default() };
    let query = Query::Update(Update { table: cx.table, set, filter, outputs });
    let rows = if draft.doc.single { Rows::One } else { Rows::Many };
    Some(Lowered { query, operation: Op::Update, rows, makes: None, any_given: flags.unwrap_or_default() })
}

fn delete<'a>(cx: &mut Cx<'_, 'a>, draft: &DraftQuery<'a>, excluded: &[&str]) -> Option<Lowered> {
    needs_filter(cx, draft);
    let members = select::members(cx, cx.table, draft.select.as_ref(), excluded);
    let own = filter::lower(cx, &draft.filters, Operation::Delete);
    let pin = cx.pins.on(cx.table, &mut cx.binds);
    let outputs = Outputs { members: Some(members?), ..Outputs::default() };
    let query = Query::Delete(Delete { table: cx.table, filter: pin.and(own?), outputs });
    let rows = if draft.doc.single { Rows::One } else { Rows::Many };
    Some(Lowered { query, operation: Op::Delete, rows, makes: None, any_given: Vec::new() })
}

fn needs_filter(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>) {
    if !draft.filters.is_empty() || draft.doc.all_rows {
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

/// Keys that mean nothing for the operation.
fn misplaced_keys(cx: &mut Cx<'_, '_>, doc: &QueryDoc) {
    let operation = doc.operation.value;
    let (reads, writes) = (
        operation == Operation::Select,
        matches!(operation, Operation::Insert | Operation::Upsert | Operation::Update),
    );
    let inserts = matches!(operation, Operation::Insert | Operation::Upsert);
    let present = [
        ("data", doc.data.as_ref().map(|node| node.span), writes),
        ("limit", doc.limit.as_ref().map(|node| node.span), reads),
        ("offset", doc.offset.as_ref().map(|node| node.span), reads),
        ("order", doc.order.as_ref().map(|node| node.span), reads),
        ("onConflict", doc.on_conflict.as_ref().map(|names| names.span), operation == Operation::Upsert),
        ("ignoreDuplicates", doc.ignore_duplicates.as_ref().map(|ignore| ignore.span), inserts),
        ("filters", (!doc.filters.is_empty()).then_some(doc.span), !inserts),
    ];
    for (key, span, allowed) in present {
        if let (Some(span), false) = (span, allowed) {
            let name = format!("{operation:?}").to_lowercase();
            cx.out.push(
                Diagnostic::new(codes::NOT_IN_OPERATION, format!("`{key}` does not belong to `{name}`"))
                    .at(span, "means nothing here")
                    .help("take it away, or change the operation"),
            );
        }
    }
}

/// The table a query writes or reads.
pub(crate) fn outputs_mut(query: &mut Query) -> (&mut Outputs, TableId) {
    match query {
        Query::Read(read) => (&mut read.outputs, read.from),
        Query::Insert(insert) => (&mut insert.outputs, insert.into),
        Query::Update(update) => (&mut update.outputs, update.table),
        Query::Delete(delete) => (&mut delete.outputs, delete.table),
    }
}
