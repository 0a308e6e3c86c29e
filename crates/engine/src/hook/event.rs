//! An event as the inbox has it.
//!
//! Role: the one place that knows the order of the inbox's cells, and what its states are called.
//! Invariant: an event that is due has an instant in `due`, whatever its state; one that is over has none.
//! Not here: statements with values (`calls`).

use crate::store::Row;
use crate::work::digest;
use backflow_expr::{Value, json};
use backflow_plan::model::EVENT_CELLS;
use backflow_sql::ir::Datum;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// How an event stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum State {
    /// It is to be run.
    #[default]
    Waiting,
    /// What it leads to is done.
    Done,
    /// It leads to nothing.
    Ignored,
    /// Newer events about its object have written all that it would write.
    Superseded,
    /// Its tenant is not known.
    Quarantined,
    /// It failed for too long.
    Dead,
}

impl State {
    const ALL: [State; 6] = [
        State::Waiting,
        State::Done,
        State::Ignored,
        State::Superseded,
        State::Quarantined,
        State::Dead,
    ];

    /// As it is written.
    pub(crate) fn text(self) -> &'static str {
        match self {
            State::Waiting => "waiting",
            State::Done => "done",
            State::Ignored => "ignored",
            State::Superseded => "superseded",
            State::Quarantined => "quarantined",
            State::Dead => "dead",
        }
    }

    pub(super) fn of(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.text() == text)
    }
}

/// What became of an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ActionState {
    /// It was done.
    Done,
    /// Its condition does not hold.
    Skipped,
    /// A newer event has written what it would write.
    Superseded,
}

impl ActionState {
    fn text(self) -> &'static str {
        match self {
            ActionState::Done => "done",
            ActionState::Skipped => "skipped",
            ActionState::Superseded => "superseded",
        }
    }
}

/// What became of an event's actions, by what they are known by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Actions(BTreeMap<String, ActionState>);

impl Actions {
    /// Whether nothing is left to do of an action.
    pub(super) fn is_over(&self, mark: &str) -> bool {
        self.0.contains_key(mark)
    }

    pub(super) fn set(&mut self, mark: &str, state: ActionState) {
        self.0.insert(mark.to_owned(), state);
    }

    /// Those that are done and kept by `stays`.
    pub(super) fn only(&self, stays: impl Fn(&str) -> bool) -> Self {
        let done = self.0.iter().filter(|(_, state)| **state == ActionState::Done);
        let kept = done.filter(|(mark, _)| stays(mark));
        Self(kept.map(|(mark, state)| (mark.clone(), *state)).collect())
    }

    /// What each is known by, and what became of it.
    pub(super) fn list(&self) -> Vec<(String, &'static str)> {
        self.0
            .iter()
            .map(|(mark, state)| (mark.clone(), state.text()))
            .collect()
    }

    /// What the event is, now that all its actions are over.
    pub(super) fn state(&self) -> State {
        let has = |state| self.0.values().any(|other| *other == state);
        if has(ActionState::Done) {
            State::Done
        } else if has(ActionState::Superseded) {
            State::Superseded
        } else {
            State::Ignored
        }
    }

    pub(super) fn to_json(&self) -> String {
        let members = self
            .0
            .iter()
            .map(|(mark, state)| (mark.as_str(), Value::from(state.text())));
        Value::object(members).to_json()
    }

    pub(super) fn read(text: &str) -> Option<Self> {
        let kept = json::parse(text.as_bytes(), 4).ok()?;
        let states = [ActionState::Done, ActionState::Skipped, ActionState::Superseded];
        let members = kept.as_object()?.iter().map(|(mark, state)| {
            let state = state.as_text()?;
            let state = states.into_iter().find(|known| known.text() == state)?;
            Some((mark.to_string(), state))
        });
        members.collect::<Option<_>>().map(Self)
    }
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: Arc<str>,
    pub(crate) hook: String,
    /// What its provider calls it.
    pub(crate) event: String,
    pub(crate) kind: Option<String>,
    pub(crate) object: Arc<str>,
    pub(crate) created: Timestamp,
    pub(crate) received: Timestamp,
    /// Its headers, as JSON: a list of pairs.
    pub(crate) headers: String,
    pub(crate) body: Arc<str>,
    pub(crate) state: State,
    pub(crate) tenant: Option<String>,
    pub(crate) actions: Actions,
    pub(crate) tries: i64,
    /// Since when it is tried.
    pub(crate) since: Timestamp,
    pub(crate) due: Option<Timestamp>,
    pub(crate) error: Option<String>,
    pub(crate) ended: Option<Timestamp>,
}

/// By what an event is found: a database has an index of the id or of the other two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    pub(super) id: Arc<str>,
    pub(super) hook: String,
    pub(super) event: String,
}

impl Key {
    /// Of the event that a webhook's provider calls so.
    pub(super) fn of(hook: &str, event: &str) -> Self {
        Self {
            id: Event::id_of(hook, event),
            hook: hook.to_owned(),
            event: event.to_owned(),
        }
    }
}

impl Event {
    /// By what it is found.
    pub(super) fn key(&self) -> Key {
        Key {
            id: Arc::clone(&self.id),
            hook: self.hook.clone(),
            event: self.event.clone(),
        }
    }

    /// The id of an event that a webhook's provider calls so: always the same, so that it tells an event that arrives
    /// again. A UUID of version 8.
    pub(super) fn id_of(hook: &str, event: &str) -> Arc<str> {
        let digest = digest(format!("{hook}\0{event}").as_bytes());
        let part = |range: std::ops::Range<usize>| digest.get(range).unwrap_or_default();
        let (a, b, c, d, e) = (part(0..8), part(8..12), part(13..16), part(17..20), part(20..32));
        format!("{a}-{b}-8{c}-8{d}-{e}").into()
    }

    /// Whether nothing is left to do.
    pub(super) fn is_over(&self) -> bool {
        matches!(self.state, State::Done | State::Ignored | State::Superseded)
    }

    /// An event out of its cells; `None`: the row is not what we write.
    pub(super) fn read(row: &Row) -> Option<Self> {
        let cells = row.cells.get(..EVENT_CELLS)?;
        let text = |at: usize| match cells.get(at)? {
            Datum::Text(text) => Some(&**text),
            _ => None,
        };
        let owned = |at: usize| text(at).map(str::to_owned);
        let instant = |at: usize| backflow_expr::parse_timestamp(text(at)?);
        let Some(Datum::Int(tries)) = cells.get(12) else {
            return None;
        };
        Some(Event {
            id: text(0)?.into(),
            hook: owned(1)?,
            event: owned(2)?,
            kind: owned(3),
            object: text(4)?.into(),
            created: instant(5)?,
            received: instant(6)?,
            headers: owned(7)?,
            body: text(8)?.into(),
            state: State::of(text(9)?)?,
            tenant: owned(10),
            actions: text(11).map_or(Some(Actions::default()), Actions::read)?,
            tries: *tries,
            since: instant(13)?,
            due: instant(14),
            error: owned(15),
            ended: instant(16),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_read_as_they_were_written() {
        let mut actions = Actions::default();
        assert_eq!(actions.state(), State::Ignored);
        actions.set("ten", ActionState::Superseded);
        assert_eq!(actions.state(), State::Superseded);
        actions.set("one", ActionState::Done);
        actions.set("two", ActionState::Skipped);
        assert_eq!(Actions::read(&actions.to_json()), Some(actions.clone()));
        assert!(actions.is_over("ten") && !actions.is_over("three"));
        assert_eq!(actions.state(), State::Done);
        assert_eq!(Actions::read(r#"{"1": "gone"}"#), None);
    }

    #[test]
    fn ids_tell_webhooks_and_names_apart() {
        let id = Event::id_of("a", "evt_1");
        assert_eq!(&*id, "7292f185-a56a-8903-8a59-293eb2707693");
        assert_eq!(Event::id_of("a", "evt_1"), id);
        assert_ne!(Event::id_of("b", "evt_1"), id);
        assert_ne!(Event::id_of("a", "evt_2"), id);
    }

    #[test]
    fn states_have_names_of_their_own() {
        for state in State::ALL {
            assert_eq!(State::of(state.text()), Some(state));
        }
        assert_eq!(State::of("running"), None);
    }
}
