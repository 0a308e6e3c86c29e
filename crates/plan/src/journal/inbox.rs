//! Events of webhooks, the objects that they are about, and what is known of objects of providers.
//!
//! Invariant: an event of a webhook is one row, however often it arrives; an object is worked on by whoever has put
//! the last token on it.
//! Not here: what an event does.

use super::tables::{Col, Keys, Tables, id};
use crate::model::{EVENT_CELLS, Inbox};
use backflow_catalog::ColumnType::{self, Int8, Text, TimestampTz, Uuid};
use backflow_sql::ir::{
    Assigned, Comparison, Cond, Conflict, ConflictUpdate, Datum, Dialect, ParamId, Scalar, Statement,
};
use std::sync::Arc;

const ID: Col = 0;
const HOOK: Col = 1;
const EVENT: Col = 2;
const KIND: Col = 3;
const OBJECT: Col = 4;
const CREATED: Col = 5;
const RECEIVED: Col = 6;
const HEADERS: Col = 7;
const BODY: Col = 8;
const STATE: Col = 9;
const TENANT: Col = 10;
const ACTIONS: Col = 11;
const TRIES: Col = 12;
const SINCE: Col = 13;
const DUE: Col = 14;
const ERROR: Col = 15;
const ENDED: Col = 16;

/// An event that waits for its tenant to become known.
const QUARANTINED: &str = "quarantined";

pub(super) const EVENTS: [(&str, ColumnType, bool); EVENT_CELLS] = [
    ("id", Uuid, false),
    ("hook", Text, false),
    ("event", Text, false),
    ("kind", Text, true),
    ("object", Text, false),
    ("created", TimestampTz, false),
    ("received", TimestampTz, false),
    ("headers", Text, false),
    ("body", Text, false),
    ("state", Text, false),
    ("tenant", Text, true),
    ("actions", Text, true),
    ("tries", Int8, false),
    ("since", TimestampTz, false),
    ("due", TimestampTz, true),
    ("error", Text, true),
    ("ended", TimestampTz, true),
];

/// An event's id is a digest of its webhook and its name: any of both tells it from others. On SQLite it is found by its name:
/// where a provider counts or dates its names, new ones lie side by side, and a commit of many writes few pages of the index.
/// Each digest lies in another page. The id is part of it to be found without the long rows.
pub(super) const fn event_keys(dialect: Dialect) -> Keys<'static> {
    Keys {
        key: match dialect {
            Dialect::Sqlite => &[EVENT, HOOK, ID],
            Dialect::Postgres => &[ID],
        },
        unique: &[],
        index: &[&[RECEIVED]],
        // What is over, as nearly all events are, has no entry in these.
        partial: &[&[DUE], &[OBJECT, DUE]],
    }
}

const ALL: [Col; EVENT_CELLS] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];

/// Of an object: who works on its events, and which of them wrote last where.
const NAME: Col = 0;
const TOKEN: Col = 1;
const LEASE: Col = 2;
const MARKS: Col = 3;
const AT: Col = 4;

pub(super) const OBJECTS: [(&str, ColumnType, bool); 5] = [
    ("object", Text, false),
    ("token", Uuid, false),
    ("lease", TimestampTz, false),
    ("marks", Text, true),
    ("at", TimestampTz, false),
];

pub(super) const OBJECT_KEYS: Keys<'_> = Keys {
    key: &[NAME],
    unique: &[&[TOKEN]],
    index: &[&[AT]],
    partial: &[],
};

const KNOWN_KEY: Col = 0;
const METADATA: Col = 1;
const OWNER: Col = 2;
const LEARNT: Col = 3;

pub(super) const KNOWN: [(&str, ColumnType, bool); 4] = [
    ("key", Text, false),
    ("metadata", Text, false),
    ("tenant", Text, true),
    ("at", TimestampTz, false),
];

pub(super) const KNOWN_KEYS: Keys<'_> = Keys {
    key: &[KNOWN_KEY],
    unique: &[],
    index: &[&[LEARNT]],
    partial: &[],
};

pub(super) fn statements(t: &Tables) -> Inbox {
    let held = || Cond::All(vec![t.is(t.objects, NAME, 0), t.is(t.objects, TOKEN, 1)]);
    let unheld = |position| t.test(t.objects, LEASE, Comparison::Lt, position);
    Inbox {
        accept: accept(t),
        read: t.read(t.events, is_event(t, [0, 1, 2]), (&[], None), &ALL),
        own: t.read(t.events, t.is(t.events, ID, 0), (&[], None), &[HOOK, EVENT]),
        named: t.read(
            t.events,
            t.is(t.events, EVENT, 0),
            (&[(RECEIVED, false)], None),
            &ALL,
        ),
        next: next(t),
        waiting: waiting(t),
        due: due(t),
        settle: settle(t),
        list: list(t),
        since: since(t),
        old: old(t),
        erase: erase(t),
        take: take(t, unheld(3)),
        marks: t.read(t.objects, t.is(t.objects, NAME, 0), (&[], None), &[MARKS]),
        hold: t.update(
            t.objects,
            [LEASE, MARKS, AT]
                .into_iter()
                .zip(2..)
                .map(|(column, position)| (column, t.param(t.objects, column, position)))
                .collect(),
            held(),
            &[NAME],
        ),
        beat: t.update(
            t.objects,
            vec![(LEASE, t.param(t.objects, LEASE, 1))],
            Cond::All(vec![
                is_in_list(TOKEN, 0, Uuid),
                t.test(t.objects, LEASE, Comparison::Ge, 2),
            ]),
            &[TOKEN],
        ),
        release: t.update(
            t.objects,
            vec![(LEASE, t.param(t.objects, LEASE, 2))],
            held(),
            &[NAME],
        ),
        drop: t.delete(t.objects, held(), &[NAME]),
        forget: t.delete(
            t.objects,
            Cond::All(vec![
                t.test(t.objects, AT, Comparison::Lt, 0),
                t.test(t.objects, LEASE, Comparison::Lt, 0),
            ]),
            &[],
        ),
        learn: learn(t),
        known: t.read(
            t.known,
            t.is(t.known, KNOWN_KEY, 0),
            (&[], None),
            &[METADATA, OWNER, LEARNT],
        ),
        touch: t.update(
            t.known,
            vec![(LEARNT, t.param(t.known, LEARNT, 1))],
            t.is(t.known, KNOWN_KEY, 0),
            &[],
        ),
        unlearn: t.delete(t.known, t.test(t.known, LEARNT, Comparison::Lt, 0), &[]),
    }
}

/// A column is one of the list at a position.
fn is_in_list(column: Col, position: u16, ty: ColumnType) -> Cond {
    Cond::In {
        left: Scalar::Column(id(column)),
        list: ParamId(position),
        ty,
    }
}

/// The event whose id, webhook and name are the parameters at these positions.
fn is_event(t: &Tables, [own, hook, event]: [u16; 3]) -> Cond {
    Cond::All(vec![
        t.is(t.events, ID, own),
        t.is(t.events, HOOK, hook),
        t.is(t.events, EVENT, event),
    ])
}

fn erase(t: &Tables) -> Arc<Statement> {
    let filter = Cond::All(vec![
        is_in_list(ID, 0, Uuid),
        is_in_list(EVENT, 1, Text),
        t.is(t.events, HOOK, 2),
        t.test(t.events, ENDED, Comparison::Lt, 3),
    ]);
    t.delete(t.events, filter, &[])
}

fn accept(t: &Tables) -> Arc<Statement> {
    let given = [
        ID, HOOK, EVENT, KIND, OBJECT, CREATED, RECEIVED, HEADERS, BODY, STATE, SINCE, DUE, ENDED,
    ];
    let mut values: Vec<(Col, Scalar)> = given
        .into_iter()
        .zip(0..)
        .map(|(column, position)| (column, t.param(t.events, column, position)))
        .collect();
    values.push((TRIES, Scalar::Literal(Datum::Int(0), Int8)));
    // What arrives again may find a tenant by now; anything else that arrives again changes nothing.
    let again = ConflictUpdate {
        set: vec![(id(DUE), Assigned::Value(Scalar::Excluded(id(RECEIVED))))],
        filter: t.says(STATE, QUARANTINED),
    };
    let conflict = Conflict {
        target: t.key(t.events),
        update: Some(again),
    };
    t.insert(t.events, values, Some(conflict), &[STATE])
}

fn next(t: &Tables) -> Arc<Statement> {
    of_object(t, &ALL)
}

fn waiting(t: &Tables) -> Arc<Statement> {
    of_object(t, &[ID])
}

fn of_object(t: &Tables, cells: &[Col]) -> Arc<Statement> {
    let filter = Cond::All(vec![
        t.is(t.events, OBJECT, 0),
        t.test(t.events, DUE, Comparison::Le, 1),
    ]);
    let order = [(CREATED, false), (RECEIVED, false), (ID, false)];
    t.read(t.events, filter, (&order, Some(2)), cells)
}

fn due(t: &Tables) -> Arc<Statement> {
    let until = t.test(t.events, DUE, Comparison::Le, 0);
    let filter = Cond::All(vec![until, behind(t, &[DUE, ID], 1)]);
    let order = [(DUE, false), (ID, false)];
    t.read(t.events, filter, (&order, Some(3)), &[OBJECT, DUE, ID])
}

/// A row is behind another one in the order of columns; the other's values are the parameters from a position on.
fn behind(t: &Tables, columns: &[Col], position: u16) -> Cond {
    let Some((first, rest)) = columns.split_first() else {
        return Cond::Any(Vec::new());
    };
    let mut either = vec![t.test(t.events, *first, Comparison::Gt, position)];
    if !rest.is_empty() {
        let same = t.test(t.events, *first, Comparison::Eq, position);
        either.push(Cond::All(vec![same, behind(t, rest, position + 1)]));
    }
    Cond::Any(either)
}

fn old(t: &Tables) -> Arc<Statement> {
    let before = t.test(t.events, RECEIVED, Comparison::Lt, 0);
    let filter = Cond::All(vec![before, behind(t, &[RECEIVED, ID], 1)]);
    let order = [(RECEIVED, false), (ID, false)];
    t.read(
        t.events,
        filter,
        (&order, Some(3)),
        &[ID, HOOK, RECEIVED, ENDED, EVENT],
    )
}

fn settle(t: &Tables) -> Arc<Statement> {
    let set = [STATE, TENANT, ACTIONS, TRIES, SINCE, DUE, ERROR, ENDED];
    let set = set
        .into_iter()
        .zip(1..)
        .map(|(column, position)| (column, t.param(t.events, column, position)));
    t.update(t.events, set.collect(), is_event(t, [0, 9, 10]), &[ID])
}

/// A column is this text parameter, or the parameter is empty.
fn is_or_any(t: &Tables, column: Col, position: u16) -> Cond {
    let any = Cond::Compare {
        left: t.param(t.events, column, position),
        op: Comparison::Eq,
        right: super::tables::literal(""),
    };
    Cond::Any(vec![any, t.is(t.events, column, position)])
}

fn list(t: &Tables) -> Arc<Statement> {
    let filter = Cond::All(vec![
        is_or_any(t, STATE, 0),
        is_or_any(t, HOOK, 1),
        t.test(t.events, RECEIVED, Comparison::Lt, 2),
    ]);
    t.read(t.events, filter, (&[(RECEIVED, true), (ID, true)], Some(3)), &ALL)
}

fn since(t: &Tables) -> Arc<Statement> {
    let filter = Cond::All(vec![
        is_or_any(t, HOOK, 0),
        t.test(t.events, RECEIVED, Comparison::Ge, 1),
        t.test(t.events, RECEIVED, Comparison::Le, 2),
        // A page goes on behind the last one of the page before.
        behind(t, &[CREATED, RECEIVED, ID], 3),
    ]);
    let order = [(CREATED, false), (RECEIVED, false), (ID, false)];
    t.read(t.events, filter, (&order, Some(6)), &ALL)
}

fn take(t: &Tables, unheld: Cond) -> Arc<Statement> {
    let param = |column, position| t.param(t.objects, column, position);
    let offered = [TOKEN, LEASE].map(|column| (id(column), Assigned::Value(Scalar::Excluded(id(column)))));
    let taken = Conflict {
        target: vec![id(NAME)],
        update: Some(ConflictUpdate {
            set: offered.into(),
            filter: unheld,
        }),
    };
    let values = vec![
        (NAME, param(NAME, 0)),
        (TOKEN, param(TOKEN, 1)),
        (LEASE, param(LEASE, 2)),
        (AT, param(AT, 3)),
    ];
    t.insert(t.objects, values, Some(taken), &[MARKS])
}

fn learn(t: &Tables) -> Arc<Statement> {
    let all = [KNOWN_KEY, METADATA, OWNER, LEARNT];
    let values = all
        .into_iter()
        .zip(0..)
        .map(|(column, position)| (column, t.param(t.known, column, position)));
    let newer = [METADATA, OWNER, LEARNT];
    let newer = newer.map(|column| (id(column), Assigned::Value(Scalar::Excluded(id(column)))));
    let conflict = Conflict {
        target: vec![id(KNOWN_KEY)],
        update: Some(ConflictUpdate {
            set: newer.into(),
            filter: Cond::TRUE,
        }),
    };
    t.insert(t.known, values.collect(), Some(conflict), &[])
}
