//! One query becomes one statement.
//!
//! Role: puts filters, data, select and the tenant's predicates together.
//! Invariant: the statement of a query on scoped rows carries the pin of its kind in every place where rows
//! are read, changed or pointed at.
//! Not here: SQL text; the order of steps.

mod change;
mod embedded;
mod insert;
mod offered;
mod prune;
mod read;
mod require;
mod total;

use super::value::Cx;
use crate::draft::DraftQuery;
use crate::model::{Bind, KeyPart, Limit, Offset, Operation as Op, Rows};
use crate::prove::NamedBy;
use backflow_catalog::{TableId, Writes};
use backflow_config::document::{Filter, Operation, Query as QueryDoc};
use backflow_diag::{Diagnostic, Text, codes};
use backflow_sql::ir::{Outputs, Query};
use change::{delete, update};
use insert::insert;
use prune::prune;
use read::read;
pub(crate) use total::KEY as TOTAL;

/// A lowered query, its cells still open.
pub(crate) struct Lowered {
    pub(crate) query: Query,
    pub(crate) operation: Op,
    pub(crate) rows: Rows,
    pub(crate) makes: Option<usize>,
    /// Flags of an update, of which one must be given; empty when something always is.
    pub(crate) any_given: Vec<usize>,
    /// The keys of the rows that an upsert of several offers.
    pub(crate) keys: Vec<Vec<KeyPart>>,
    /// What the write holds to by itself.
    pub(crate) limit: Option<Limit>,
    /// What counts the rows of a list, and the bind or the number of those that the list leaves out.
    pub(crate) total: Option<Total>,
}

/// How many rows a list has without bounds.
pub(crate) struct Total {
    pub(crate) query: Query,
    pub(crate) binds: Vec<Bind>,
    /// How many rows the list leaves out at its beginning.
    pub(crate) offset: Offset,
}

/// Lowers a query whose anchor is in `cx.pins`.
pub(crate) fn lower<'a>(
    cx: &mut Cx<'_, 'a>,
    draft: &DraftQuery<'a>,
    named: Option<&NamedBy>,
    excluded: &[&str],
) -> Option<Lowered> {
    misplaced_keys(cx, draft.doc);
    refused_by_view(cx, draft);
    let also = draft.doc.exclude_fields.iter().map(|name| name.value.as_str());
    let excluded: Vec<&str> = excluded.iter().copied().chain(also).collect();
    let excluded = excluded.as_slice();
    let mut lowered = match draft.doc.operation.value {
        Operation::Select => read(cx, draft, excluded),
        Operation::Insert | Operation::Upsert => insert(cx, draft, named, excluded),
        Operation::Update => update(cx, draft, named, excluded),
        Operation::Delete => delete(cx, draft, excluded),
    }?;
    if let Some(total) = &mut lowered.total {
        total.binds.clone_from(&cx.binds.list);
        prune(&mut total.query, &mut total.binds, Vec::new());
    }
    let Lowered {
        query,
        any_given,
        keys,
        limit,
        total,
        ..
    } = &mut lowered;
    let offset = total.iter_mut().filter_map(|total| match &mut total.offset {
        Offset::Bind(bind) => Some(bind),
        Offset::Fixed(_) => None,
    });
    let parts = keys.iter_mut().flatten().filter_map(|part| match part {
        KeyPart::Bind(bind) => Some(bind),
        KeyPart::Fixed(..) => None,
    });
    let looks = limit.iter_mut().flat_map(|limit| &mut limit.looks);
    let taken = looks.flat_map(|look| &mut look.takes);
    let positions = any_given
        .iter_mut()
        .chain(parts)
        .chain(offset)
        .chain(taken)
        .collect();
    prune(query, &mut cx.binds.list, positions);
    Some(lowered)
}

/// A view whose rows cannot be changed: the database would refuse each request.
fn refused_by_view(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>) {
    let table = cx.project.catalog.table(draft.table);
    let Writes {
        insert,
        update,
        delete,
    } = table.writes;
    let operation = draft.doc.operation.value;
    let takes = match operation {
        Operation::Select => true,
        Operation::Insert => insert,
        Operation::Upsert => insert && update,
        Operation::Update => update,
        Operation::Delete => delete,
    };
    if !takes {
        let name = format!("{operation:?}").to_lowercase();
        cx.out.push(
            Diagnostic::new(
                codes::VIEW_NOT_WRITABLE,
                format!("the view `{}` takes no {name}", table.name),
            )
            .at(draft.doc.table.span, "its rows are made of several, or computed")
            .note("PostgreSQL changes rows through a view only where each is one row of one table")
            .help("write to the table itself, or give the view an INSTEAD OF trigger"),
        );
    }
}

/// Keys that mean nothing for the operation.
fn misplaced_keys(cx: &mut Cx<'_, '_>, doc: &QueryDoc) {
    let operation = doc.operation.value;
    let (reads, writes) = (
        operation == Operation::Select,
        matches!(
            operation,
            Operation::Insert | Operation::Upsert | Operation::Update
        ),
    );
    let inserts = matches!(operation, Operation::Insert | Operation::Upsert);
    let changes = matches!(operation, Operation::Update | Operation::Delete);
    let present = [
        ("data", doc.data.as_ref().map(|node| node.span), writes),
        ("limit", doc.limit.as_ref().map(|node| node.span), reads),
        ("count", doc.count.as_ref().map(|count| count.span), reads),
        ("require", doc.require.as_ref().map(Text::span), writes),
        ("offset", doc.offset.as_ref().map(|node| node.span), reads),
        ("order", doc.order.as_ref().map(|node| node.span), reads),
        (
            "onConflict",
            doc.on_conflict.as_ref().map(|names| names.span),
            operation == Operation::Upsert,
        ),
        (
            "ignoreDuplicates",
            doc.ignore_duplicates.as_ref().map(|ignore| ignore.span),
            inserts,
        ),
        ("filters", doc.filters.first().map(Filter::span), !inserts),
        ("allRows", doc.all_rows.as_ref().map(|rows| rows.span), changes),
    ];
    for (key, span, allowed) in present {
        if let (Some(span), false) = (span, allowed) {
            let name = format!("{operation:?}").to_lowercase();
            cx.out.push(
                Diagnostic::new(
                    codes::NOT_IN_OPERATION,
                    format!("`{key}` does not belong to `{name}`"),
                )
                .at(span, "means nothing here")
                .note("it would be ignored, though whoever wrote it expects something")
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
