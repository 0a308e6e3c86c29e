//! When many callers' upserts of a counter are one statement.
//!
//! Role: proves that one statement with everybody's values counts, answers and refuses as the upserts would have, one
//! after another; and builds it.
//! Invariant: whatever is not recognised here is not proved.
//! Not here: its text (the sql crate), who goes with whom (the stores), whose commits may be shared (`together`).
//!
//! What has to hold:
//! - of an upsert PostgreSQL judges the row that is offered first, whether or not one is stored, then the stored one as it
//!   becomes: by CHECKs, which only bound the column by constants; by unique keys and foreign keys, in none of which it is;
//!   and nothing else may judge it (no partial or computed unique index, no EXCLUDE, no trigger);
//! - a stored row gets a parameter or a constant more than it had, and nothing else changes; a new row has the same more
//!   than some constant;
//! - what is added is the same in both places, a whole number and not negative, which is judged when it is there; so the
//!   row takes only values between its first and its last, and what bounds it on both sides refuses nobody in between;
//! - where a limit is asked for, it holds for the sum only if it holds for each in turn (`rising`); who is not counted
//!   because the sum is too much has written nothing, and runs again by itself;
//! - callers of one row have equal values in its key, of a type where what is stored is what was given;
//! - nobody reads what another one writes.

use super::Sequence;
use super::counted::{Counted, counted, given};
use super::rewrite::Parts;
use super::rising::Counter;
use crate::project::Project;
use backflow_catalog::{Catalog, Column, ColumnId, ColumnType, TableId, TableKind};
use backflow_sql::changes::LogsItself;
use backflow_sql::ir::visit::{self, Visit};
use backflow_sql::ir::{
    ArithmeticOp, Assigned, AtOnce, Chained, Cond, Conflict, Datum, Gather, Insert, ParamId, Query, Scalar,
};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What many callers' upserts are as one.
pub(crate) struct Many {
    gather: Gather,
    /// The parameters that say how much a caller adds.
    adds: Box<[usize]>,
}

impl Many {
    /// The statement; it logs its changes if those of its table are `watched`.
    pub(crate) fn statement(mut self, project: &Project<'_>, watched: &BTreeSet<TableId>) -> AtOnce {
        let table = self.gather.insert.into;
        // Without a tenant there is one entry, which a trigger writes as well.
        let logged = project.logged_by(table).filter(|_| watched.contains(&table));
        self.gather.logged = logged.map(|tenant| LogsItself { table, tenant });
        let Chained { statement, parts } = backflow_sql::render_gathered(&self.gather, &project.catalog);
        let logged = self.gather.logged.as_ref();
        AtOnce {
            statement: Arc::new(statement),
            adds: self.adds,
            counted: parts
                .last()
                .map(|step| step.present)
                .filter(|_| self.gather.limited),
            opening: logged.map(|logged| logged.opening(&project.catalog).into()),
        }
    }
}

/// The statement for many, if there is one. The parts are as the statement for one has them.
pub(super) fn at_once(sequence: &Sequence<'_>, parts: &Parts) -> Option<Many> {
    let [guard, step] = parts.list.as_slice() else {
        return None;
    };
    let (Query::Read(read), Query::Insert(insert)) = (&guard.query, &step.query) else {
        return None;
    };
    let catalog = &sequence.project.catalog;
    let limited = sequence.steps.iter().any(|step| step.limit.is_some());
    if step.only_if.is_some() || insert.each.is_some() || guard.reads.contains(&insert.into) {
        return None;
    }
    if reads(insert, limited) || !is_plain(insert.into, catalog) {
        return None;
    }
    let counted = counted(insert, catalog)?;
    let counter = counter(insert, &counted, catalog);
    let update = insert.conflict.as_ref()?.update.as_ref()?;
    let (filter, limit) = if limited {
        // Who is not counted then asks again, without others.
        (counter.for_sum(&update.filter)?, counter.for_sum(&insert.guard)?)
    } else {
        let free = counter.says_nothing(&update.filter) && counter.says_nothing(&insert.guard);
        free.then(|| (update.filter.clone(), Cond::TRUE))?
    };
    let mut insert = insert.clone();
    let filter = OfOffered::cond(&insert, &filter, catalog)?;
    restate(&mut insert, &counted, &counter, filter)?;
    let adds = [counted.adds, counted.offers];
    let gather = Gather {
        guard: read.clone(),
        insert,
        column: counted.column,
        base: counted.base,
        adds: counted.adds.scalar(&counter.ty),
        limit,
        limited,
        logged: None,
        params: parts.values.len(),
    };
    Some(Many {
        gather,
        adds: adds.iter().filter_map(|added| added.position()).collect(),
    })
}

fn counter<'c>(insert: &Insert, counted: &Counted, catalog: &'c Catalog) -> Counter<'c> {
    let ty = catalog.column(insert.into, counted.column).ty.clone();
    let sum = Scalar::Arithmetic {
        op: ArithmeticOp::Sub,
        left: Box::new(Scalar::Excluded(counted.column)),
        right: Box::new(Scalar::Literal(Datum::Int(counted.base), ty.clone())),
        ty: ty.clone(),
    };
    Counter {
        catalog,
        table: insert.into,
        column: counted.column,
        adds: [counted.adds, counted.offers],
        sum,
        ty,
    }
}

/// Says what is done to a stored row for the sum.
fn restate(insert: &mut Insert, counted: &Counted, counter: &Counter<'_>, filter: Cond) -> Option<()> {
    let update = insert.conflict.as_mut()?.update.as_mut()?;
    let value = Scalar::Arithmetic {
        op: ArithmeticOp::Add,
        left: Box::new(counted.stored.clone()),
        right: Box::new(counter.sum.clone()),
        ty: counter.ty.clone(),
    };
    update.set = vec![(counted.column, Assigned::Value(value))];
    update.filter = filter;
    Some(())
}

/// The columns of the key with what the offered row has there.
fn key(insert: &Insert, conflict: &Conflict, catalog: &Catalog) -> Option<Vec<(ColumnId, Scalar)>> {
    let offered = |column: &ColumnId| {
        let value = given(insert, *column)?;
        let ty = match value {
            // Nothing equals it.
            Scalar::Literal(Datum::Null, _) => return None,
            Scalar::Param(_, ty) | Scalar::Literal(_, ty) | Scalar::Earlier { ty, .. } => ty,
            _ => return None,
        };
        let is_kept = *ty == catalog.column(insert.into, *column).ty && is_kept(ty);
        is_kept.then(|| (*column, value.clone()))
    };
    (!conflict.target.is_empty()).then(|| conflict.target.iter().map(offered).collect())?
}

/// Whether what is stored is what was given, and equal only to that.
fn is_kept(ty: &ColumnType) -> bool {
    ty.is_integer()
        || matches!(
            ty,
            ColumnType::Text
                | ColumnType::Varchar(_)
                | ColumnType::Uuid
                | ColumnType::Bool
                | ColumnType::Date
        )
}

/// A table of the author's whose rows nothing but the statement computes.
fn is_plain(table: TableId, catalog: &Catalog) -> bool {
    let table = catalog.table(table);
    let is_ours = |column: &Column| column.name.to_ascii_lowercase().starts_with("_backflow");
    table.kind == TableKind::Table
        && !table.triggers
        && !table.exclusive
        && !table.name.eq_ignore_ascii_case("excluded")
        && !table
            .columns
            .iter()
            .any(|column| column.generated || is_ours(column))
}

/// Whether an insert looks at the rows of its table; if it is limited, in another way than whether its own is there.
fn reads(insert: &Insert, limited: bool) -> bool {
    struct Reads(TableId, bool, bool);
    impl Visit for Reads {
        fn reads(&mut self, table: TableId) {
            self.1 |= self.0 == table;
        }
        fn cond(&mut self, cond: &mut Cond) {
            if self.2 && matches!(cond, Cond::Stays { table, .. } if *table == self.0) {
                *cond = Cond::TRUE;
            }
        }
    }
    let mut reads = Reads(insert.into, false, limited);
    visit::query(&mut Query::Insert(insert.clone()), &mut reads);
    reads.1
}

/// Names what the offered row has, where nothing but it and the stored one is in scope.
struct OfOffered {
    key: Vec<(ColumnId, Scalar)>,
    failed: bool,
}

impl OfOffered {
    fn cond(insert: &Insert, cond: &Cond, catalog: &Catalog) -> Option<Cond> {
        let mut visit = OfOffered {
            key: key(insert, insert.conflict.as_ref()?, catalog)?,
            failed: false,
        };
        let mut test = Scalar::Test(Box::new(cond.clone()));
        visit::value(&mut test, &mut visit);
        match test {
            Scalar::Test(cond) if !visit.failed => Some(*cond),
            _ => None,
        }
    }
}

impl Visit for OfOffered {
    fn scalar(&mut self, value: &mut Scalar) {
        if let Scalar::Param(..) | Scalar::Earlier { .. } = value {
            let same = self.key.iter().find(|(_, offered)| offered == value);
            match same {
                Some((column, _)) => *value = Scalar::Excluded(*column),
                None => self.failed = true,
            }
        }
    }

    fn param(&mut self, _: &mut ParamId) {
        self.failed = true;
    }

    fn reads(&mut self, _: TableId) {
        self.failed = true;
    }
}
