//! Locks that runs hold from a `lock` step to their end.
//!
//! Invariant: a value has one holder, and a run that is over holds nothing for long.
//! Not here: waiting for a lock.

use super::runs;
use super::tables::{Col, Keys, Tables, id};
use crate::model::LockStatements;
use backflow_catalog::ColumnType::{self, Text, Uuid};
use backflow_sql::ir::{Comparison, Cond, Conflict, Scalar};

const VALUE: Col = 0;
const RUN: Col = 1;

pub(super) const COLUMNS: [(&str, ColumnType, bool); 2] = [("value", Text, false), ("run", Uuid, false)];

pub(super) const KEYS: Keys<'_> = Keys {
    key: &[VALUE],
    unique: &[],
    index: &[&[RUN]],
    partial: &[],
};

pub(super) fn statements(t: &Tables) -> LockStatements {
    let conflict = Conflict {
        target: vec![id(VALUE)],
        update: None,
    };
    // A run that failed may be taken up again, and goes on behind its lock.
    let failed = Cond::All(vec![
        t.says(runs::STATE, runs::FAILED),
        t.test(t.runs, runs::ENDED, Comparison::Ge, 1),
    ]);
    let alive = Cond::InRows {
        left: Scalar::Column(id(RUN)),
        table: t.runs,
        column: id(runs::ID),
        filter: Box::new(Cond::Any(vec![t.says(runs::STATE, runs::RUNNING), failed])),
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
            Cond::All(vec![t.is(t.locks, VALUE, 0), Cond::Not(Box::new(alive))]),
            &[],
        ),
        release: t.delete(t.locks, t.is(t.locks, RUN, 0), &[]),
    }
}
