//! Runs: one row for each, found again by its id or by its intent.
//!
//! Invariant: whoever changes a running run names its fence; taking a run over makes a new one.
//! Not here: steps of runs.

use super::tables::{Col, Keys, Tables, id, literal};
use crate::model::{RUN_CELLS, RunStatements};
use backflow_catalog::ColumnType::{self, Int8, Text, TimestampTz, Uuid};
use backflow_sql::ir::{ArithmeticOp, Comparison, Cond, Conflict, Datum, ParamId, Scalar, Statement};
use std::sync::Arc;

pub(super) const ID: Col = 0;
const NAME: Col = 1;
const VERSION: Col = 2;
const TENANT: Col = 3;
const CALLER: Col = 4;
const INTENT: Col = 5;
pub(super) const STATE: Col = 6;
const STATUS: Col = 7;
const ANSWER: Col = 8;
const REQUEST: Col = 9;
const WORKER: Col = 10;
const FENCE: Col = 11;
const LEASE: Col = 12;
const STARTED: Col = 13;
pub(super) const ENDED: Col = 14;
const ERROR: Col = 15;

/// What a run that is under way says of itself.
pub(super) const RUNNING: &str = "running";
pub(super) const FAILED: &str = "failed";

pub(super) const COLUMNS: [(&str, ColumnType, bool); RUN_CELLS] = [
    ("id", Uuid, false),
    ("name", Text, false),
    ("version", Text, false),
    ("tenant", Text, true),
    ("caller", Text, true),
    ("intent", Text, true),
    ("state", Text, false),
    ("status", Int8, true),
    ("answer", Text, true),
    ("request", Text, true),
    ("worker", Text, false),
    ("fence", Int8, false),
    ("lease", TimestampTz, false),
    ("started", TimestampTz, false),
    ("ended", TimestampTz, true),
    ("error", Text, true),
];

/// Runs are found by id, by intent, and for those whose lease is over; a worker finds its own.
pub(super) const KEYS: Keys<'_> = Keys {
    key: &[ID],
    unique: &[&[INTENT]],
    index: &[&[STATE, LEASE], &[WORKER], &[STARTED], &[ENDED]],
    partial: &[],
};

/// The table with the files of versions.
pub(super) const VERSIONS: [(&str, ColumnType, bool); 3] = [
    ("version", Text, false),
    ("files", Text, false),
    ("at", TimestampTz, false),
];

const ALL: [Col; RUN_CELLS] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];

pub(super) fn statements(t: &Tables) -> RunStatements {
    RunStatements {
        open: open(t),
        of_intent: t.read(t.runs, t.is(t.runs, INTENT, 0), (&[], None), &ALL),
        release: t.update(
            t.runs,
            vec![(INTENT, null())],
            Cond::All(vec![
                t.is(t.runs, ID, 0),
                t.test(t.runs, ENDED, Comparison::Lt, 1),
            ]),
            &[ID],
        ),
        read: t.read(t.runs, t.is(t.runs, ID, 0), (&[], None), &ALL),
        list: list(t),
        hold: t.update(t.runs, vec![(LEASE, t.param(t.runs, LEASE, 2))], held(t), &[ID]),
        end: end(t),
        beat: t.update(
            t.runs,
            vec![(LEASE, t.param(t.runs, LEASE, 1))],
            Cond::All(vec![
                t.is(t.runs, WORKER, 0),
                t.says(STATE, RUNNING),
                Cond::In {
                    left: Scalar::Column(id(ID)),
                    list: ParamId(2),
                    ty: Uuid,
                },
            ]),
            &[ID, FENCE],
        ),
        lost: t.read(
            t.runs,
            Cond::All(vec![
                t.says(STATE, RUNNING),
                t.test(t.runs, LEASE, Comparison::Lt, 0),
            ]),
            (&[(LEASE, false), (ID, false)], Some(1)),
            &[ID],
        ),
        claim: claim(t),
        resume: resume(t),
        stop: stop(t),
        erase: erase(t),
        keep_version: keep_version(t),
        version: t.read(t.versions, t.is(t.versions, 0, 0), (&[], None), &[1]),
    }
}

/// A run that is under way, in the hands of whoever names this fence.
fn held(t: &Tables) -> Cond {
    Cond::All(vec![
        t.is(t.runs, ID, 0),
        t.is(t.runs, FENCE, 1),
        t.says(STATE, RUNNING),
    ])
}

fn open(t: &Tables) -> Arc<Statement> {
    let given = [
        ID, NAME, VERSION, TENANT, CALLER, INTENT, REQUEST, WORKER, LEASE, STARTED,
    ];
    let mut values: Vec<(Col, Scalar)> = given
        .into_iter()
        .zip(0..)
        .map(|(column, position)| (column, t.param(t.runs, column, position)))
        .collect();
    values.push((STATE, literal(RUNNING)));
    values.push((FENCE, whole(1)));
    let conflict = Conflict {
        target: vec![id(INTENT)],
        update: None,
    };
    t.insert(t.runs, values, Some(conflict), &[ID])
}

fn list(t: &Tables) -> Arc<Statement> {
    let any = Cond::Compare {
        left: t.param(t.runs, STATE, 0),
        op: Comparison::Eq,
        right: literal(""),
    };
    let filter = Cond::All(vec![
        Cond::Any(vec![any, t.is(t.runs, STATE, 0)]),
        t.test(t.runs, STARTED, Comparison::Lt, 1),
    ]);
    t.read(t.runs, filter, (&[(STARTED, true), (ID, true)], Some(2)), &ALL)
}

fn end(t: &Tables) -> Arc<Statement> {
    let set = [STATE, STATUS, ANSWER, ERROR, ENDED];
    let set = set
        .into_iter()
        .zip(2..)
        .map(|(column, position)| (column, t.param(t.runs, column, position)));
    t.update(t.runs, set.collect(), held(t), &[ID])
}

/// Another worker's run whose lease is over. The new fence shuts the old worker out.
fn claim(t: &Tables) -> Arc<Statement> {
    let filter = Cond::All(vec![
        t.is(t.runs, ID, 0),
        t.says(STATE, RUNNING),
        t.test(t.runs, LEASE, Comparison::Lt, 3),
    ]);
    t.update(t.runs, taken(t, 1, 2), filter, &ALL)
}

fn resume(t: &Tables) -> Arc<Statement> {
    let mut set = taken(t, 2, 3);
    set.extend([
        (STATE, literal(RUNNING)),
        (STATUS, null_of(Int8)),
        (ANSWER, null()),
        (ERROR, null()),
        (ENDED, null_of(TimestampTz)),
    ]);
    let filter = Cond::All(vec![
        t.is(t.runs, ID, 0),
        t.is(t.runs, FENCE, 1),
        t.says(STATE, FAILED),
    ]);
    t.update(t.runs, set, filter, &ALL)
}

/// What changes when a worker takes a run.
fn taken(t: &Tables, worker: u16, lease: u16) -> Vec<(Col, Scalar)> {
    vec![
        (WORKER, t.param(t.runs, WORKER, worker)),
        (LEASE, t.param(t.runs, LEASE, lease)),
        (FENCE, next_fence()),
    ]
}

fn stop(t: &Tables) -> Arc<Statement> {
    let filter = Cond::All(vec![
        t.is(t.runs, ID, 0),
        Cond::Any(vec![t.says(STATE, RUNNING), t.says(STATE, FAILED)]),
    ]);
    let set = vec![
        (STATE, t.param(t.runs, STATE, 1)),
        (ERROR, t.param(t.runs, ERROR, 2)),
        (ENDED, t.param(t.runs, ENDED, 3)),
        (INTENT, null()),
        (FENCE, next_fence()),
    ];
    t.update(t.runs, set, filter, &[ID])
}

fn erase(t: &Tables) -> Arc<Statement> {
    let filter = Cond::All(vec![
        t.test(t.runs, ENDED, Comparison::Lt, 0),
        Cond::Not(Box::new(Cond::IsNull(Scalar::Column(id(REQUEST))))),
    ]);
    t.update(
        t.runs,
        vec![(REQUEST, null()), (ANSWER, null()), (INTENT, null())],
        filter,
        &[],
    )
}

fn keep_version(t: &Tables) -> Arc<Statement> {
    let values = (0..3).zip(0..).map(|(column, position)| {
        let value = t.param(t.versions, column, position);
        (column, value)
    });
    let conflict = Conflict {
        target: vec![id(0)],
        update: None,
    };
    t.insert(t.versions, values.collect(), Some(conflict), &[])
}

fn next_fence() -> Scalar {
    Scalar::Arithmetic {
        op: ArithmeticOp::Add,
        left: Box::new(Scalar::Column(id(FENCE))),
        right: Box::new(whole(1)),
        ty: Int8,
    }
}

fn whole(number: i64) -> Scalar {
    Scalar::Literal(Datum::Int(number), Int8)
}

pub(super) fn null() -> Scalar {
    null_of(Text)
}

fn null_of(ty: ColumnType) -> Scalar {
    Scalar::Literal(Datum::Null, ty)
}
