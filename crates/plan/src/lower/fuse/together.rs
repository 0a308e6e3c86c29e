//! Whose writes may share a commit.
//!
//! Role: finds the statements that count in one row, and the values that name the row: many callers want the same
//! row at once, and each of them would wait for the commit of the one before.
//! Invariant: of a statement that shares a commit nothing has to be undone because of one caller; what seldom fails
//! is meant, because a failure undoes all of them, which then run one by one.
//! Not here: sharing it (the stores).

use super::rewrite::{Part, Parts};
use super::{Sequence, proof, writes};
use crate::model::FusedValue;
use backflow_catalog::{Catalog, ColumnId};
use backflow_sql::ir::visit::{self, Visit};
use backflow_sql::ir::{Assigned, Insert, PartCell, Query, Scalar, Update};

/// The parameters that name the one row in which the route counts; `None`: its commit is not shared.
pub(super) fn row(sequence: &Sequence<'_>, parts: &Parts) -> Option<Vec<usize>> {
    let mut written = parts.list.iter().enumerate().filter(|(_, part)| writes(part));
    let (Some((at, part)), None) = (written.next(), written.next()) else {
        return None;
    };
    // A write with a limit that touches no row is asked about, and by then it must have been all.
    let limited = sequence.steps.iter().any(|step| step.limit.is_some());
    if limited && at + 1 < parts.list.len() || !proof::is_kept(sequence, &parts.list) {
        return None;
    }
    let named = counted(part, &sequence.project.catalog)?;
    let mut positions = Vec::new();
    for value in named {
        positions.extend(position(value, parts)?);
    }
    Some(positions)
}

/// What names the row that a part counts in, if it does.
fn counted<'p>(part: &'p Part, catalog: &Catalog) -> Option<Vec<&'p Scalar>> {
    let (table, set, named) = match &part.query {
        Query::Insert(insert) => {
            let conflict = insert.conflict.as_ref()?;
            let set = &conflict.update.as_ref()?.set;
            (insert.into, set, offered(insert, &conflict.target)?)
        }
        Query::Update(update) => (update.table, &update.set, compared(update, catalog)?),
        Query::Read(_) | Query::Delete(_) => return None,
    };
    let counts = set.iter().any(|(column, value)| reads_itself(*column, value));
    let steady = |column: &ColumnId| catalog.table(table).keys().all(|key| !key.contains(column));
    let fails_seldom = !catalog.table(table).triggers && set.iter().all(|(column, _)| steady(column));
    (counts && fails_seldom).then_some(named)
}

/// What the only row of an upsert has in the columns of the key.
fn offered<'p>(insert: &'p Insert, key: &[ColumnId]) -> Option<Vec<&'p Scalar>> {
    let [row] = insert.rows.as_slice() else {
        return None;
    };
    let given = |column: &ColumnId| {
        let at = insert.columns.iter().position(|known| known == column)?;
        match row.get(at)? {
            Assigned::Value(value) => Some(value),
            Assigned::IfGiven { .. } | Assigned::Default => None,
        }
    };
    key.iter().map(given).collect()
}

/// What an update compares the columns of a key with.
fn compared<'p>(update: &'p Update, catalog: &Catalog) -> Option<Vec<&'p Scalar>> {
    let fixed = proof::fixed(&update.filter);
    let value = |column: &ColumnId| {
        let found = fixed.iter().find(|(known, _)| known == column);
        found.map(|(_, value)| *value)
    };
    let mut keys = catalog.table(update.table).keys();
    keys.find_map(|key| key.iter().map(value).collect())
}

/// Whether a column is given something made of what it had.
fn reads_itself(column: ColumnId, value: &Assigned) -> bool {
    struct Reads(ColumnId, bool);
    impl Visit for Reads {
        fn scalar(&mut self, value: &mut Scalar) {
            self.1 |= *value == Scalar::Column(self.0);
        }
    }
    let mut reads = Reads(column, false);
    match value.clone() {
        Assigned::Value(mut value) | Assigned::IfGiven { mut value, .. } => {
            visit::value(&mut value, &mut reads);
        }
        Assigned::Default => {}
    }
    reads.1
}

/// The position of the value that a call has there; none for what is the same in all calls.
fn position(value: &Scalar, parts: &Parts) -> Option<Option<usize>> {
    let at = |wanted: FusedValue| parts.values.iter().position(|known| *known == wanted);
    match value {
        Scalar::Literal(..) => Some(None),
        Scalar::Param(param, _) => match parts.values.get(usize::from(param.0))? {
            // The values of the only step are its own.
            FusedValue::Step { bind, .. } if parts.list.len() == 1 => Some(Some(*bind)),
            _ => Some(Some(usize::from(param.0))),
        },
        // The tenant's key goes with its name.
        Scalar::Earlier {
            part: 0,
            cell: PartCell::Cell(0),
            ..
        } if parts.first_step == 1 => at(FusedValue::Guard(0)).map(Some),
        _ => None,
    }
}
