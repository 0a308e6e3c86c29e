//! `require`: a limit that the write itself holds to.
//!
//! Role: `used <= limit` becomes a condition of the statement over the row as it will be, and what to ask when the
//! statement touched no row.
//! Invariant: no row is written for which the condition does not hold; a limit that is NULL is none.
//! Not here: reading the text (`read`), values of the new row (`row`), their common type (`width`).

mod read;
mod row;
mod width;

use super::prune;
use crate::draft::DraftQuery;
use crate::lower::fuse::finds_one;
use crate::lower::value::Cx;
use crate::model::{Limit, Look};
use backflow_catalog::{ColumnId, ColumnType};
use backflow_diag::{Diagnostic, codes};
use backflow_sql::ir::visit::{self, Visit};
use backflow_sql::ir::{
    Assigned, Comparison, Cond, Conflict, ConflictUpdate, Insert, Offered, Outputs, Query, Read, Scalar,
    Update,
};
use backflow_sql::render_offered;
use read::Required;
use row::Row;

/// Holds an update to its limit.
pub(super) fn update(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>, update: &mut Update) -> Option<Limit> {
    let required = read::required(cx, draft)?;
    if !finds_one(&cx.project.catalog, update.table, &update.filter) {
        cx.out.push(several(&required, draft));
        return None;
    }
    let (stored, changed) = (Row::Stored, Row::Changed(&update.set));
    let ty = width::common(cx, &required, &[stored, changed]);
    let numbers = Numbers {
        limit: row::limit(cx, &required, &changed, &ty),
        used: row::counter(cx, &required, &stored, &ty),
        new: row::counter(cx, &required, &changed, &ty),
    };
    let look = stored_look(cx, &update.filter, numbers.clone());
    let filter = std::mem::replace(&mut update.filter, Cond::TRUE);
    update.filter = filter.and(numbers.hold(required.op));
    Some(limit(required, ty, vec![look]))
}

/// Holds an insert or upsert of one row to its limit.
pub(super) fn insert(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>, insert: &mut Insert) -> Option<Limit> {
    let required = read::required(cx, draft)?;
    let values: Vec<(ColumnId, Assigned)> = match insert.rows.as_slice() {
        [row] => insert.columns.iter().copied().zip(row.iter().cloned()).collect(),
        _ => return None,
    };
    let offered = Row::Offered(&values);
    let set = insert
        .conflict
        .as_ref()
        .and_then(|conflict| conflict.update.as_ref());
    let set = set.map(|update| update.set.clone()).unwrap_or_default();
    let (stored, changed) = (Row::Stored, Row::Changed(&set));
    let ty = width::common(cx, &required, &[offered, stored, changed]);
    let guard = std::mem::replace(&mut insert.guard, Cond::TRUE);
    let mut looks = Vec::new();
    let new = Numbers {
        limit: row::limit(cx, &required, &offered, &ty),
        used: width::zero(&ty),
        new: row::counter(cx, &required, &offered, &ty),
    };
    let mut held = new.clone().hold(required.op);
    looks.push(offered_look(cx, guard.clone(), new, required.op));
    if let Some(Conflict {
        target,
        update: Some(update),
    }) = &mut insert.conflict
    {
        let met = Cond::All(
            target
                .iter()
                .map(|column| row::met(cx, &offered, *column))
                .collect(),
        );
        let numbers = Numbers {
            limit: row::limit(cx, &required, &changed, &ty),
            used: row::counter(cx, &required, &stored, &ty),
            new: row::counter(cx, &required, &changed, &ty),
        };
        let filter = guard.clone().and(met.clone()).and(update.filter.clone());
        looks.insert(
            0,
            stored_look(cx, &filter, numbers.clone().of_offered(cx, &offered)),
        );
        hold_conflict(update, numbers.hold(required.op));
        // What would be too much for a new row may be little for the one that is there.
        let there = Cond::Stays {
            table: insert.into,
            filter: Box::new(met),
        };
        held = Cond::Any(vec![held, there]);
    }
    insert.guard = guard.and(held);
    Some(limit(required, ty, looks))
}

fn hold_conflict(update: &mut ConflictUpdate, held: Cond) {
    let filter = std::mem::replace(&mut update.filter, Cond::TRUE);
    update.filter = filter.and(held);
}

fn limit(required: Required, ty: ColumnType, looks: Vec<Look>) -> Limit {
    Limit {
        text: required.text.as_str().to_owned(),
        floor: matches!(required.op, Comparison::Ge | Comparison::Gt),
        ty,
        looks,
    }
}

/// The numbers of one refusal.
#[derive(Clone)]
struct Numbers {
    limit: Scalar,
    used: Scalar,
    new: Scalar,
}

impl Numbers {
    /// The new value is within the limit, or there is none.
    fn hold(self, op: Comparison) -> Cond {
        let unlimited = Cond::IsNull(self.limit.clone());
        let within = Cond::Compare {
            left: self.new,
            op,
            right: self.limit,
        };
        Cond::Any(vec![unlimited, within])
    }

    fn list(self) -> Vec<Scalar> {
        vec![self.limit, self.used, self.new]
    }

    /// Outside of the write there is no `excluded`: what was offered stands in its place.
    fn of_offered(mut self, cx: &Cx<'_, '_>, offered: &Row<'_>) -> Self {
        let mut replace = InPlace { cx, offered };
        for value in [&mut self.limit, &mut self.used, &mut self.new] {
            visit::value(value, &mut replace);
        }
        self
    }
}

struct InPlace<'p, 'c, 'a> {
    cx: &'p Cx<'c, 'a>,
    offered: &'p Row<'p>,
}

impl Visit for InPlace<'_, '_, '_> {
    fn scalar(&mut self, value: &mut Scalar) {
        if let Scalar::Excluded(column) = value {
            *value = self.offered.value(self.cx, *column);
        }
    }
}

/// A look at the row that the write would have changed.
fn stored_look(cx: &Cx<'_, '_>, filter: &Cond, numbers: Numbers) -> Look {
    let mut query = Query::Read(Read {
        from: cx.table,
        outputs: Outputs {
            extra: numbers.list(),
            ..Outputs::default()
        },
        filter: filter.clone(),
        order: Vec::new(),
        limit: None,
        offset: None,
        lock: false,
    });
    let takes = prune::alone(|visit| visit::query(&mut query, visit));
    Look {
        statement: cx.project.statement(&query),
        takes,
    }
}

/// A look at the row that the write would have made, if it is the limit that forbids it.
fn offered_look(cx: &Cx<'_, '_>, guard: Cond, numbers: Numbers, op: Comparison) -> Look {
    let held = Scalar::Test(Box::new(numbers.clone().hold(op)));
    let mut offered = Offered {
        table: cx.table,
        guard: guard.and(Cond::Not(Box::new(Cond::IsBool(held, true)))),
        values: numbers.list(),
    };
    let takes = prune::alone(|visit| visit::offered(&mut offered, visit));
    let statement = render_offered(&offered, &cx.project.catalog, cx.project.dialect);
    Look {
        statement: cx.project.kept(statement),
        takes,
    }
}

fn several(required: &Required, draft: &DraftQuery<'_>) -> Diagnostic {
    Diagnostic::new(codes::BAD_REQUIRE, "a limit is held for one row")
        .at(required.text.span(), "would hold for some of the rows only")
        .at(draft.place(), "the filters may find several")
        .note("of several rows some could be changed and others not")
        .help("find the row by `eq` on its primary key or on all columns of another unique key")
}
