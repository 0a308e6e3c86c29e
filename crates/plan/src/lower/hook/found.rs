//! Rows that tell a tenant.
//!
//! Role: the look-ups of the smallest and the greatest tenant among rows with given values, and where an event holds
//! ids of objects.
//! Invariant: a row is found only where all values are equal; a row without a tenant tells none.
//! Not here: which rows are looked for; see `tenant`.

use super::compared::keys_of;
use crate::frame::Frame;
use crate::manifest::Events;
use crate::model::{FEW_ROWS, RowFinder, RowValue, RowValueFrom, Source, Told};
use crate::project::Project;
use backflow_catalog::{ColumnId, TableId};
use backflow_expr::{Key, Slot};
use backflow_sql::ir::{Bound, Cond, Order, Outputs, ParamId, Query, Read, Scalar, Statement};
use std::sync::Arc;

/// The finder of rows by these columns; `tenant` is the column that names the tenant.
pub(super) fn rows(
    project: &Project<'_>,
    (table, tenant): (TableId, ColumnId),
    by: Vec<(ColumnId, RowValueFrom)>,
) -> RowFinder {
    let columns: Vec<ColumnId> = by.iter().map(|(column, _)| *column).collect();
    let name = &project.table(table).name;
    let labels: Vec<String> = columns
        .iter()
        .map(|column| format!("{name}.{}", project.column(table, *column).name))
        .collect();
    let values = by.into_iter().map(|(column, from)| RowValue {
        ty: project.column(table, column).ty.clone(),
        from,
    });
    RowFinder {
        label: labels.join(", "),
        values: values.collect(),
        first: edge(project, (table, tenant), &columns, (false, FEW_ROWS)),
        last: edge(project, (table, tenant), &columns, (true, 1)),
    }
}

/// `SELECT tenant FROM table WHERE column = … AND tenant IS NOT NULL ORDER BY tenant LIMIT most`
fn edge(
    project: &Project<'_>,
    (table, tenant): (TableId, ColumnId),
    columns: &[ColumnId],
    (descending, most): (bool, u64),
) -> Arc<Statement> {
    let equal = columns.iter().enumerate().map(|(at, column)| {
        let id = ParamId(u16::try_from(at).unwrap_or(u16::MAX));
        Cond::equals(*column, id, project.column(table, *column).ty.clone())
    });
    let named = Cond::Not(Box::new(Cond::IsNull(Scalar::Column(tenant))));
    project.statement(&Query::Read(Read {
        from: table,
        outputs: Outputs {
            members: None,
            cells: vec![tenant],
            extra: Vec::new(),
        },
        filter: equal.fold(named, |all, one| one.and(all)),
        order: vec![Order {
            by: Scalar::Column(tenant),
            descending,
            nulls_first: descending,
        }],
        limit: Some(Bound::Fixed(most)),
        offset: None,
        lock: false,
    }))
}

/// Where an event may hold the id of an object of this type: in the member of that name, where the provider puts it
/// else, and in the object that the event is about, if that is one.
pub(super) fn told(frame: &mut Frame<'_>, events: &Events, object: &str) -> Vec<Told> {
    let below = |keys: Vec<Key>| [keys_of(&events.subject), keys].concat();
    let related = events
        .related
        .iter()
        .filter(|(ty, _)| ty == object)
        .map(|(_, path)| keys_of(path));
    let members = std::iter::once(vec![Key::name(object)]).chain(related);
    let mut found: Vec<Told> = members
        .map(|keys| Told {
            at: slot(frame, below(keys)),
            only_if: None,
        })
        .collect();
    if let Some(member) = &events.type_member {
        let (id, ty) = (
            slot(frame, below(keys_of("id"))),
            slot(frame, below(keys_of(member))),
        );
        found.extend(names(object).into_iter().map(|name| Told {
            at: id,
            only_if: Some((ty, name)),
        }));
    }
    found
}

/// The slot of a value of the payload.
pub(super) fn slot(frame: &mut Frame<'_>, keys: Vec<Key>) -> Slot {
    frame.slot(Source::Body(keys))
}

/// What a type may be called whose name is part of a column's: `checkout_session` is `checkout.session` with Stripe.
fn names(object: &str) -> Vec<String> {
    let dotted = object.match_indices('_').map(|(at, _)| {
        let mut name = object.to_owned();
        name.replace_range(at..=at, ".");
        name
    });
    std::iter::once(object.to_owned()).chain(dotted).collect()
}
