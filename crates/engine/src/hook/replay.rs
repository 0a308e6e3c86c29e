//! Events that are run again from their start.
//!
//! Role: selects the events of a time, and runs them in the order in which they were made.
//! Invariant: what they wrote before does not supersede them, since all of them run again; what newer events wrote does.
//! A call to a provider that was made is not made again.
//! Not here: trying without keeping (`rehearse`).

use super::Hooks;
use super::desk::{EventDesk, EventInfo};
use super::event::{Event, State};
use super::pass::Mode;
use crate::fault::{Code, Fault};
use crate::work::{instant, text};
use backflow_sql::ir::Datum;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::Arc;

/// How many events are read together.
const PAGE: i64 = 200;

/// The smallest id.
pub(super) const NO_ID: &str = "00000000-0000-0000-0000-000000000000";

/// Which events are replayed.
#[derive(Debug, Clone)]
pub struct Replay {
    /// Those that arrived from here on.
    pub since: Timestamp,
    /// Those that arrived until here; `None`: until now.
    pub until: Option<Timestamp>,
    /// Those of this webhook.
    pub hook: Option<String>,
    /// Those of this kind.
    pub kind: Option<String>,
}

impl EventDesk {
    /// Runs events again, from their start; tells of each how it stands then.
    ///
    /// # Errors
    /// When the inbox cannot be read or written; what was run until then stays.
    pub async fn replay(&self, which: &Replay, mut each: impl FnMut(EventInfo)) -> Result<(), Fault> {
        let until = which.until.unwrap_or_else(|| self.hooks.works.now());
        let newest = self.hooks.newest(which, until).await?;
        let mut pages = Pages::new(which, until);
        while let Some(page) = pages.next(&self.hooks).await? {
            for event in page {
                let id = Arc::clone(&event.id);
                self.hooks.run_anew(&event, &newest).await?;
                let after = self.hooks.named(&id).await?.unwrap_or(event);
                each(self.hooks.info(after));
            }
        }
        Ok(())
    }
}

/// By object, when the newest of the events of a replay was made.
pub(super) type Newest = HashMap<Arc<str>, Timestamp>;

impl Hooks {
    /// Looks through the events of a replay.
    pub(super) async fn newest(&self, which: &Replay, until: Timestamp) -> Result<Newest, Fault> {
        let (mut newest, mut pages) = (Newest::new(), Pages::new(which, until));
        while let Some(page) = pages.next(self).await? {
            for event in page {
                let known = newest.entry(event.object).or_insert(event.created);
                *known = event.created.max(*known);
            }
        }
        Ok(newest)
    }

    async fn run_anew(self: &Arc<Self>, event: &Event, newest: &Newest) -> Result<(), Fault> {
        let held = self.take_patiently(&event.object).await?;
        let holding = self.holding(&held);
        let mode = Mode::of_replay(event, newest);
        let settled = self.pass(held, self.afresh(event).into(), &mode).await;
        drop(holding);
        settled?.map(drop).ok_or_else(|| Fault::of(Code::Locked))
    }

    /// An event as if it had just arrived, but for the calls to providers that it has led to.
    pub(super) fn afresh(&self, event: &Event) -> Event {
        let now = self.works.now();
        let ready = self.find(&event.hook);
        let calls = |mark: &str| {
            let mut actions = ready.into_iter().flat_map(|ready| &ready.hook.actions);
            actions.any(|action| action.mark == mark && action.work.durable)
        };
        Event {
            state: State::Waiting,
            actions: event.actions.only(calls),
            tries: 0,
            since: now,
            due: Some(now),
            error: None,
            ..event.clone()
        }
    }
}

impl Mode {
    pub(super) fn of_replay(event: &Event, newest: &Newest) -> Self {
        Mode::Replay(newest.get(&event.object).copied().unwrap_or(event.created))
    }
}

/// When an event was made and received, and its id.
type Behind = (Timestamp, Timestamp, Arc<str>);

/// The events of a replay, a page at a time.
pub(super) struct Pages<'a> {
    which: &'a Replay,
    until: Timestamp,
    /// Behind which event the next page begins.
    behind: Option<Behind>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(which: &'a Replay, until: Timestamp) -> Self {
        Self {
            which,
            until,
            behind: Some((Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH, NO_ID.into())),
        }
    }

    /// The next page; `None`: there are no more.
    pub(super) async fn next(&mut self, hooks: &Hooks) -> Result<Option<Vec<Event>>, Fault> {
        let Some((created, received, id)) = self.behind.take() else {
            return Ok(None);
        };
        let values = vec![
            text(self.which.hook.as_deref().unwrap_or("")),
            instant(self.which.since),
            instant(self.until),
            instant(created.max(Timestamp::UNIX_EPOCH)),
            instant(received),
            text(&id),
            Datum::Int(PAGE),
        ];
        let mut page = hooks.events(&hooks.journal.inbox.since, values).await?;
        self.behind = page
            .last()
            .map(|last| (last.created, last.received, Arc::clone(&last.id)));
        if let Some(kind) = &self.which.kind {
            page.retain(|event| event.kind.as_ref() == Some(kind));
        }
        Ok(self.behind.is_some().then_some(page))
    }
}
