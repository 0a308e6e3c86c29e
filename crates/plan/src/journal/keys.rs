//! Requests that callers named by an `Idempotency-Key`.
//!
//! Invariant: a key stands for one body and one answer until it is forgotten.
//! Not here: what makes a key; see the engine.

use super::tables::{Col, Keys, Tables, id};
use crate::model::KeyStatements;
use backflow_catalog::ColumnType::{self, Int8, Text, TimestampTz};
use backflow_sql::ir::{Assigned, Comparison, Cond, Conflict, ConflictUpdate, Scalar};

const KEY: Col = 0;
const BODY: Col = 1;
const STATUS: Col = 2;
const ANSWER: Col = 3;
const AT: Col = 4;

pub(super) const COLUMNS: [(&str, ColumnType, bool); 5] = [
    ("key", Text, false),
    ("body", Text, false),
    ("status", Int8, true),
    ("answer", Text, true),
    ("at", TimestampTz, false),
];

pub(super) const KEYS: Keys<'_> = Keys {
    key: &[KEY],
    unique: &[],
    index: &[&[AT]],
    partial: &[],
};

pub(super) fn statements(t: &Tables) -> KeyStatements {
    let param = |column, position| t.param(t.keys, column, position);
    let taken = || Conflict {
        target: vec![id(KEY)],
        update: None,
    };
    let offered = [STATUS, ANSWER].map(|column| (id(column), Assigned::Value(Scalar::Excluded(id(column)))));
    let answered = Conflict {
        target: vec![id(KEY)],
        update: Some(ConflictUpdate {
            set: offered.into(),
            filter: Cond::IsNull(Scalar::Column(id(STATUS))),
        }),
    };
    KeyStatements {
        take: t.insert(
            t.keys,
            vec![(KEY, param(KEY, 0)), (BODY, param(BODY, 1)), (AT, param(AT, 2))],
            Some(taken()),
            &[KEY],
        ),
        read: t.read(t.keys, t.is(t.keys, KEY, 0), (&[], None), &[BODY, STATUS, ANSWER]),
        answer: t.insert(
            t.keys,
            vec![
                (KEY, param(KEY, 0)),
                (BODY, param(BODY, 1)),
                (STATUS, param(STATUS, 2)),
                (ANSWER, param(ANSWER, 3)),
                (AT, param(AT, 4)),
            ],
            Some(answered),
            &[],
        ),
        forget: t.delete(t.keys, t.test(t.keys, AT, Comparison::Lt, 0), &[]),
    }
}
