//! Events as whoever runs the project handles them: list, look, run again.
//!
//! Invariant: what is shown holds no value of a variable of the environment that is not public.
//! Not here: running an event (`pass`), replaying many (`replay`), trying without keeping (`rehearse`).

use super::Hooks;
use super::calls;
use super::event::{Event, Key, State};
use super::later::Page;
use super::pass::Mode;
use crate::fault::{Code, Fault};
use crate::work::{call, instant, text};
use backflow_plan::convert::convert;
use backflow_sql::ir::Datum;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most events that are listed at once.
const MOST: i64 = 1000;

/// How long it is waited for an object that somebody else holds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Where events are handled.
#[derive(Clone)]
pub struct EventDesk {
    pub(super) hooks: Arc<Hooks>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventInfo {
    /// Its id in the inbox.
    pub id: String,
    /// The webhook that it arrived at.
    pub hook: String,
    /// What its provider calls it.
    pub event: String,
    /// What it is, `invoice.paid`.
    pub kind: Option<String>,
    /// What it is about.
    pub object: String,
    /// When it was made, as its provider says.
    pub created: Timestamp,
    /// When it arrived first.
    pub received: Timestamp,
    /// `waiting`, `done`, `ignored`, `superseded`, `quarantined` or `dead`.
    pub state: &'static str,
    /// The key of its tenant.
    pub tenant: Option<String>,
    /// What became of its actions: what each is known by, and `done`, `skipped` or `superseded`.
    pub actions: Vec<(String, &'static str)>,
    /// How often it failed, or looked for its tenant in vain.
    pub tries: i64,
    /// When it is run next.
    pub due: Option<Timestamp>,
    /// Why it is not done.
    pub error: Option<String>,
    /// When nothing was left to do.
    pub ended: Option<Timestamp>,
}

/// An event with all that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventDetail {
    /// The event.
    pub info: EventInfo,
    /// Its headers, as JSON: a list of pairs.
    pub headers: String,
    /// Its body, byte for byte.
    pub body: String,
}

impl EventDesk {
    pub(crate) fn new(hooks: Arc<Hooks>) -> Self {
        Self { hooks }
    }

    /// Events, newest first: all of them, or those in a state, or of a webhook.
    ///
    /// # Errors
    /// When the inbox cannot be read, or there is no such state.
    pub async fn list(
        &self,
        state: Option<&str>,
        hook: Option<&str>,
        most: i64,
    ) -> Result<Vec<EventInfo>, Fault> {
        if let Some(unknown) = state.filter(|state| State::of(state).is_none()) {
            return Err(Fault::new(
                Code::InvalidValue,
                format!("no event is ever `{unknown}`"),
            ));
        }
        let tomorrow = self.hooks.works.now() + SignedDuration::from_hours(24);
        let values = vec![
            text(state.unwrap_or("")),
            text(hook.unwrap_or("")),
            instant(tomorrow),
            Datum::Int(most.clamp(1, MOST)),
        ];
        let found = self.hooks.events(&self.hooks.journal.inbox.list, values).await?;
        Ok(found.into_iter().map(|event| self.hooks.info(event)).collect())
    }

    /// The event of an id: the inbox's own or its provider's. `None`: there is none.
    ///
    /// # Errors
    /// When the inbox cannot be read, or two webhooks took in events of this name.
    pub async fn show(&self, id: &str) -> Result<Option<EventDetail>, Fault> {
        let Some(event) = self.hooks.named(id).await? else {
            return Ok(None);
        };
        Ok(Some(EventDetail {
            headers: self.hooks.works.masked(&event.headers),
            body: event.body.to_string(),
            info: self.hooks.info(event),
        }))
    }

    /// Runs all events that are due, and waits for them.
    ///
    /// # Errors
    /// When the inbox cannot be read or written.
    pub async fn catch_up(&self) -> Result<(), Fault> {
        let mut page = Page::default();
        while let Some(objects) = self.hooks.due(&mut page).await? {
            for object in objects {
                if let Some(taken) = self.hooks.take(&object).await? {
                    self.hooks.run(taken).await?;
                }
            }
        }
        Ok(())
    }

    /// Runs what is left of an event at once, and waits for it; how it stands then. `None`: there is none of this id.
    ///
    /// # Errors
    /// When nothing is left of it, the inbox cannot be written, or somebody else holds its object for too long.
    pub async fn retry(&self, id: &str) -> Result<Option<EventInfo>, Fault> {
        let Some(event) = self.hooks.named(id).await? else {
            return Ok(None);
        };
        self.hooks.run_again(&event).await?;
        let after = self.hooks.event(&event.key()).await?;
        Ok(after.map(|event| self.hooks.info(event)))
    }
}

impl Hooks {
    /// Events that a statement of the inbox finds.
    pub(super) async fn events(
        &self,
        statement: &Arc<backflow_sql::ir::Statement>,
        values: Vec<Datum>,
    ) -> Result<Vec<Event>, Fault> {
        self.found(call(statement, values, true)).await
    }

    /// The same, of a call.
    async fn found(&self, call: crate::store::Call) -> Result<Vec<Event>, Fault> {
        let found = self.works.read(call).await?;
        let broken = || Fault::internal("an event that cannot be read");
        let events = found.rows.iter().map(|row| Event::read(row).ok_or_else(broken));
        events.collect()
    }

    /// An event as the inbox has it now.
    async fn event(&self, key: &Key) -> Result<Option<Event>, Fault> {
        let found = self.found(calls::read(&self.journal, key)).await?;
        Ok(found.into_iter().next())
    }

    /// The event of an id, ours or its provider's.
    pub(super) async fn named(&self, id: &str) -> Result<Option<Event>, Fault> {
        let inbox = &self.journal.inbox;
        let own = convert(&id.into(), &backflow_catalog::ColumnType::Uuid, &[], true);
        if let Ok(Datum::Text(id)) = own {
            let called = call(&inbox.own, vec![Datum::Text(Arc::clone(&id))], true);
            let called = self.works.read(called).await?;
            let cells = called.rows.first().map(|row| row.cells.as_slice());
            if let Some([Datum::Text(hook), Datum::Text(event)]) = cells {
                let (hook, event) = (hook.to_string(), event.to_string());
                return self.event(&Key { id, hook, event }).await;
            }
        }
        let mut found = Vec::new();
        for ready in &self.ready {
            found.extend(self.event(&Key::of(&ready.hook.name, id)).await?);
        }
        if found.is_empty() {
            // Its webhook may be gone from the files.
            found = self.events(&inbox.named, vec![text(id)]).await?;
        }
        let mut found = found.into_iter();
        match (found.next(), found.next()) {
            (found, None) => Ok(found),
            (Some(one), Some(other)) => Err(Fault::new(
                Code::MultipleRows,
                format!("`{id}` arrived at two webhooks: say {} or {}", one.id, other.id),
            )),
            (None, Some(_)) => Ok(None),
        }
    }

    /// Runs what is left of an event. How it stands is read once its object is ours.
    async fn run_again(self: &Arc<Self>, event: &Event) -> Result<(), Fault> {
        let held = self.take_patiently(&event.object).await?;
        let holding = self.holding(&held);
        let event = self.event(&event.key()).await?.filter(|event| !event.is_over());
        let Some(event) = event else {
            self.give_up(&held).await?;
            let words = "nothing is left of it; `replay` runs it from its start";
            return Err(Fault::new(Code::Conflict, words));
        };
        let now = self.works.now();
        let afresh = Event {
            state: State::Waiting,
            tries: 0,
            since: now,
            due: Some(now),
            ..event
        };
        let settled = self.pass(held, afresh.into(), &Mode::Live).await;
        drop(holding);
        settled?.map(drop).ok_or_else(|| Fault::of(Code::Locked))
    }

    /// Takes an object, once nobody else holds it.
    pub(super) async fn take_patiently(&self, object: &Arc<str>) -> Result<super::run::Held, Fault> {
        let begun = Instant::now();
        loop {
            if let Some(taken) = self.take(object).await? {
                return Ok(taken.held);
            }
            if begun.elapsed() > PATIENCE {
                return Err(Fault::of(Code::Locked));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(super) fn info(&self, event: Event) -> EventInfo {
        EventInfo {
            id: event.id.to_string(),
            hook: event.hook,
            event: event.event,
            kind: event.kind,
            object: event.object.to_string(),
            created: event.created,
            received: event.received,
            state: event.state.text(),
            tenant: event.tenant,
            actions: event.actions.list(),
            tries: event.tries,
            due: event.due,
            error: event.error.as_deref().map(|text| self.works.masked(text)),
            ended: event.ended,
        }
    }
}
