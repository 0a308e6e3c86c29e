//! Steps of runs: what was asked, what was sent, what came of it.
//!
//! Invariant: a step has one row, which says how far it is.
//! Not here: runs.

use super::tables::{Col, Keys, Tables, id};
use super::{runs, tables};
use crate::model::{STEP_CELLS, StepStatements};
use backflow_catalog::ColumnType::{self, Int8, Text, TimestampTz, Uuid};
use backflow_sql::ir::{Assigned, Comparison, Cond, Conflict, ConflictUpdate, Scalar, Statement};
use std::sync::Arc;

const RUN: Col = 0;
const STEP: Col = 1;
const POSITION: Col = 2;
const STATE: Col = 3;
const EPOCH: Col = 4;
const PARAMS: Col = 5;
const REQUEST: Col = 6;
const OUTCOME: Col = 7;
const SENT: Col = 8;

pub(super) const COLUMNS: [(&str, ColumnType, bool); 9] = [
    ("run", Uuid, false),
    ("step", Text, false),
    ("position", Int8, false),
    ("state", Text, false),
    ("epoch", Int8, false),
    ("params", Text, true),
    ("request", Text, true),
    ("outcome", Text, true),
    ("sent", TimestampTz, true),
];

pub(super) const KEYS: Keys<'_> = Keys::of(&[RUN, STEP]);

const CELLS: [Col; STEP_CELLS] = [STEP, POSITION, STATE, EPOCH, PARAMS, REQUEST, OUTCOME, SENT];

pub(super) fn statements(t: &Tables) -> StepStatements {
    StepStatements {
        write: write(t),
        outcome: t.update(
            t.steps,
            vec![
                (STATE, t.param(t.steps, STATE, 2)),
                (OUTCOME, t.param(t.steps, OUTCOME, 3)),
            ],
            Cond::All(vec![t.is(t.steps, RUN, 0), t.is(t.steps, STEP, 1)]),
            &[STEP],
        ),
        of_run: t.read(
            t.steps,
            t.is(t.steps, RUN, 0),
            (&[(POSITION, false), (STEP, false)], None),
            &CELLS,
        ),
        erase: erase(t),
    }
}

/// A step that is tried with a new request takes its old row.
fn write(t: &Tables) -> Arc<Statement> {
    let columns = [RUN, STEP, POSITION, STATE, EPOCH, PARAMS, REQUEST, OUTCOME, SENT];
    let values = columns
        .into_iter()
        .zip(0..)
        .map(|(column, position)| (column, t.param(t.steps, column, position)));
    let offered = [STATE, EPOCH, PARAMS, REQUEST, OUTCOME, SENT]
        .into_iter()
        .map(|column| {
            let value = Scalar::Excluded(id(column));
            (id(column), Assigned::Value(value))
        });
    let conflict = Conflict {
        target: vec![id(RUN), id(STEP)],
        update: Some(ConflictUpdate {
            set: offered.collect(),
            filter: Cond::TRUE,
        }),
    };
    t.insert(t.steps, values.collect(), Some(conflict), &[STEP])
}

fn erase(t: &Tables) -> Arc<Statement> {
    let old = Cond::InRows {
        left: Scalar::Column(id(RUN)),
        table: t.runs,
        column: tables::id(runs::ID),
        filter: Box::new(t.test(t.runs, runs::ENDED, Comparison::Lt, 0)),
    };
    let null = || runs::null();
    let data = [PARAMS, REQUEST, OUTCOME];
    let held = data.map(|column| Cond::Not(Box::new(Cond::IsNull(Scalar::Column(id(column))))));
    t.update(
        t.steps,
        data.map(|column| (column, null())).into(),
        Cond::All(vec![Cond::Any(held.into()), old]),
        &[],
    )
}
