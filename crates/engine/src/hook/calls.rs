//! The inbox's statements with their values.
//!
//! Role: the one place that knows the order of the inbox's parameters.
//! Invariant: whatever changes an event is followed in its transaction by a call that finds our token.
//! Not here: when they run.

use super::event::{Actions, Event, Key, State};
use super::marks::Marks;
use crate::store::Call;
use crate::work::{call, instant, maybe, text};
use backflow_plan::model::Journal;
use backflow_sql::ir::{Datum, Statement};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// What becomes of an event.
#[derive(Debug, Clone)]
pub(super) struct Settling {
    pub(super) state: State,
    pub(super) tenant: Option<String>,
    pub(super) actions: Actions,
    pub(super) tries: i64,
    pub(super) since: Timestamp,
    pub(super) due: Option<Timestamp>,
    pub(super) error: Option<String>,
}

/// Of the values of [`accept`]: those that are an event's key.
pub(super) const EVENT: [usize; 2] = [1, 2];

pub(super) fn accept(journal: &Journal, event: &Event) -> Call {
    let values = vec![
        Datum::Text(Arc::clone(&event.id)),
        text(&event.hook),
        text(&event.event),
        maybe(event.kind.as_deref()),
        Datum::Text(Arc::clone(&event.object)),
        instant(event.created),
        instant(event.received),
        text(&event.headers),
        Datum::Text(Arc::clone(&event.body)),
        text(event.state.text()),
        instant(event.since),
        event.due.map_or(Datum::Null, instant),
        event.ended.map_or(Datum::Null, instant),
    ];
    call(&journal.inbox.accept, values, false)
}

pub(super) fn read(journal: &Journal, key: &Key) -> Call {
    let values = vec![
        Datum::Text(Arc::clone(&key.id)),
        text(&key.hook),
        text(&key.event),
    ];
    call(&journal.inbox.read, values, true)
}

pub(super) fn settle(journal: &Journal, key: &Key, settling: &Settling, now: Timestamp) -> Call {
    let values = vec![
        Datum::Text(Arc::clone(&key.id)),
        text(settling.state.text()),
        maybe(settling.tenant.as_deref()),
        text(&settling.actions.to_json()),
        Datum::Int(settling.tries),
        instant(settling.since),
        settling.due.map_or(Datum::Null, instant),
        maybe(settling.error.as_deref()),
        // From here on it is kept for so many days, unless it is taken up again.
        settling.due.map_or(instant(now), |_| Datum::Null),
        text(&key.hook),
        text(&key.event),
    ];
    call(&journal.inbox.settle, values, false)
}

pub(super) fn take(journal: &Journal, object: &str, token: &str, now: Timestamp) -> Call {
    let values = vec![
        text(object),
        text(token),
        instant(crate::work::lease(now)),
        instant(now),
    ];
    call(&journal.inbox.take, values, false)
}

/// We still hold an object, and go on with it.
pub(super) fn hold(journal: &Journal, (object, token): (&str, &str), marks: &Marks, now: Timestamp) -> Call {
    held(journal, (object, token), marks, (crate::work::lease(now), now))
}

/// We hold an object until here.
pub(super) fn release(
    journal: &Journal,
    (object, token): (&str, &str),
    marks: &Marks,
    now: Timestamp,
) -> Call {
    if marks.is_empty() {
        return call(&journal.inbox.drop, vec![text(object), text(token)], false);
    }
    let over = now.checked_sub(SignedDuration::from_secs(1)).unwrap_or(now);
    held(journal, (object, token), marks, (over, now))
}

fn held(
    journal: &Journal,
    (object, token): (&str, &str),
    marks: &Marks,
    (lease, now): (Timestamp, Timestamp),
) -> Call {
    let values = vec![
        text(object),
        text(token),
        instant(lease),
        marks.to_json().map_or(Datum::Null, |json| text(&json)),
        instant(now),
    ];
    call(&journal.inbox.hold, values, false)
}

/// The event that is next of an object, and another one if there is one.
pub(super) fn next(journal: &Journal, object: &str, now: Timestamp) -> Call {
    of_object(&journal.inbox.next, object, now)
}

/// The same: only their ids.
pub(super) fn waiting(journal: &Journal, object: &str, now: Timestamp) -> Call {
    of_object(&journal.inbox.waiting, object, now)
}

fn of_object(statement: &Arc<Statement>, object: &str, now: Timestamp) -> Call {
    call(statement, vec![text(object), instant(now), Datum::Int(2)], false)
}
