//! Locks that runs hold from a `lock` step to their end.
//!
//! Invariant: a value has one holder, and a run that is over holds nothing for long.
//! Not here: waiting for a lock.

use super::runs;
use super::tables::{Col, Keys, Tables, id};
use crate::model::LockStatements;
use backflow_catalog::ColumnType::{self, Text, Uuid};
use backflow_sql::ir::{Cond, Conflict, Scalar};

const VALUE: Col = 0;
const RUN: Col = 1;

pub(super) const COLUMNS: [(&str, ColumnType, bool); 2] = [("value", Text, false), ("run", Uuid, false)];

pub(super) const KEYS: Keys<'_> = Keys {
    key: &[VALUE],
    unique: &[],
    index: &[&[RUN]],
};

pub(super) fn statements(t: &Tables) -> LockStatements {
    let conflict = Conflict {
        target: vec![id(VALUE)],
        update: None,
    };
    let running = Cond::InRows {
        left: Scalar::Column(id(RUN)),
        table: t.runs,
        column: id(runs::ID),
        filter: Box::new(t.says(runs::STATE, runs::RUNNING)),
    };
    LockStatements {
        take: t.insert(
            t.locks,
            vec![
                (VALUE, t.param(t.locks, VALUE, 0)),
                (RUN, t.param(t.locks, RUN, 1)),
            ],
            Some(conflict),
            &[VALUE],
        ),
        holder: t.read(t.locks, t.is(t.locks, VALUE, 0), (&[], None), &[RUN]),
        free: t.delete(
            t.locks,
            Cond::All(vec![t.is(t.locks, VALUE, 0), Cond::Not(Box::new(running))]),
            &[],
        ),
        release: t.delete(t.locks, t.is(t.locks, RUN, 0), &[]),
    }
}
