//! Events that are run again from their start.
//!
//! Role: selects the events of a time, and runs them in the order in which they were made.
//! Invariant: what they wrote before does not supersede them, since all of them run again; providers are not called
//! again.
//! Not here: trying without keeping (`rehearse`).

use super::Hooks;
use super::desk::{EventDesk, EventInfo};
use super::event::{Actions, Event, State};
use super::pass::Mode;
use crate::fault::Fault;
use crate::work::{instant, text};
use backflow_sql::ir::Datum;
use jiff::Timestamp;
use std::sync::Arc;

/// How many events are read together.
const PAGE: i64 = 200;

/// The smallest id.
const NO_ID: &str = "00000000-0000-0000-0000-000000000000";

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
        let mut pages = Pages::new(which, until);
        while let Some(page) = pages.next(&self.hooks).await? {
            for event in page {
                let id = Arc::clone(&event.id);
                self.hooks.run_anew(&event, until).await?;
                let after = self.hooks.named(&id).await?.unwrap_or(event);
                each(self.hooks.info(after));
            }
        }
        Ok(())
    }
}

impl Hooks {
    async fn run_anew(self: &Arc<Self>, event: &Event, until: Timestamp) -> Result<(), Fault> {
        let held = self.take_patiently(&event.object).await?;
        let holding = self.holding(&held);
        let done = self
            .pass(held, afresh(event, self.works.now()), &Mode::Replay(until))
            .await;
        drop(holding);
        done
    }
}

/// An event as if it had just arrived.
pub(super) fn afresh(event: &Event, now: Timestamp) -> Event {
    Event {
        state: State::Waiting,
        actions: Actions::default(),
        tries: 0,
        since: now,
        error: None,
        ..event.clone()
    }
}

/// The events of a replay, a page at a time.
pub(super) struct Pages<'a> {
    which: &'a Replay,
    until: Timestamp,
    /// Behind which event the next page begins.
    behind: Option<(Timestamp, Arc<str>)>,
}

impl<'a> Pages<'a> {
    pub(super) fn new(which: &'a Replay, until: Timestamp) -> Self {
        Self {
            which,
            until,
            behind: Some((Timestamp::MIN, NO_ID.into())),
        }
    }

    /// The next page; `None`: there are no more.
    pub(super) async fn next(&mut self, hooks: &Hooks) -> Result<Option<Vec<Event>>, Fault> {
        let Some((created, id)) = self.behind.take() else {
            return Ok(None);
        };
        let values = vec![
            text(self.which.hook.as_deref().unwrap_or("")),
            instant(self.which.since),
            instant(self.until),
            instant(created.max(Timestamp::UNIX_EPOCH)),
            text(&id),
            Datum::Int(PAGE),
        ];
        let mut page = hooks.events(&hooks.journal.inbox.since, values).await?;
        self.behind = page.last().map(|last| (last.created, Arc::clone(&last.id)));
        if let Some(kind) = &self.which.kind {
            page.retain(|event| event.kind.as_ref() == Some(kind));
        }
        Ok(self.behind.is_some().then_some(page))
    }
}
