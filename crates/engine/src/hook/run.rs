//! The events of an object, one after the other.
//!
//! Role: holds an object and runs its events that are due, in the order in which they were made, until none is left.
//! Invariant: what is read of an object's events to be run is read while we hold it.
//! Not here: what running one means (`pass`), who starts (`receive`, `later`).

use super::event::Event;
use super::marks::Marks;
use super::{Hooks, calls};
use crate::event as log;
use crate::fault::Fault;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// An object that we hold.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    pub(super) object: Arc<str>,
    pub(super) token: Arc<str>,
    pub(super) marks: Marks,
}

impl Held {
    pub(super) fn new(object: &Arc<str>, token: Arc<str>, marks: Marks) -> Self {
        Self {
            object: Arc::clone(object),
            token,
            marks,
        }
    }
}

/// While it is there, an object is held here and its lease renewed.
pub(super) struct Holding<'a> {
    hooks: &'a Hooks,
    object: Arc<str>,
    token: Arc<str>,
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        let mut held = self.hooks.held();
        if held.get(&self.object) == Some(&self.token) {
            held.remove(&self.object);
        }
    }
}

impl Hooks {
    /// Runs an object's events in a task of its own. `first`: the event that somebody waits for.
    pub(super) fn go_on(
        self: &Arc<Self>,
        held: Held,
        place: Option<OwnedSemaphorePermit>,
        first: Option<Arc<str>>,
    ) {
        let hooks = Arc::clone(self);
        tokio::spawn(async move {
            let object = Arc::clone(&held.object);
            if let Err(fault) = hooks.run(held).await {
                // The lease runs out, and the events are still due.
                log::object_left(&object, fault.private_text().unwrap_or(fault.code_text()));
            }
            // Whoever waits for an event that was not run here waits in vain.
            if let Some(first) = first {
                hooks.waiting().remove(&first);
            }
            drop(place);
            hooks.wake.notify_one();
        });
    }

    /// Runs an object's events until none is due.
    pub(super) async fn run(self: &Arc<Self>, mut held: Held) -> Result<(), Fault> {
        loop {
            let object = Arc::clone(&held.object);
            let holding = self.holding(&held);
            match self.next(&object).await? {
                Some(event) => {
                    self.pass(held, event, &super::pass::Mode::Live).await?;
                }
                None => self.give_up(&held).await?,
            }
            drop(holding);
            // What arrived meanwhile found the object taken.
            if self.next(&object).await?.is_none() {
                return Ok(());
            }
            held = match self.take(&object).await? {
                Some(held) => held,
                None => return Ok(()),
            };
        }
    }

    /// From now on the lease of an object is renewed.
    pub(super) fn holding(&self, held: &Held) -> Holding<'_> {
        self.held()
            .insert(Arc::clone(&held.object), Arc::clone(&held.token));
        Holding {
            hooks: self,
            object: Arc::clone(&held.object),
            token: Arc::clone(&held.token),
        }
    }

    /// Takes an object; `None`: somebody has it.
    pub(super) async fn take(&self, object: &Arc<str>) -> Result<Option<Held>, Fault> {
        let token: Arc<str> = self.works.ids().key().into();
        let mut call = calls::take(&self.journal, object, &token, self.works.now());
        call.alone = true;
        let rows = self.works.write(call).await?;
        let marks = rows.rows.first().and_then(|row| row.cells.first());
        Ok(marks.map(|marks| Held::new(object, token, Marks::of(marks))))
    }

    /// Gives an object up.
    pub(super) async fn give_up(&self, held: &Held) -> Result<(), Fault> {
        let ours = (&*held.object, &*held.token);
        let mut call = calls::release(&self.journal, ours, &held.marks, self.works.now());
        call.alone = true;
        self.works.write(call).await.map(drop)
    }

    /// The event that is due next of an object.
    pub(super) async fn next(&self, object: &str) -> Result<Option<Event>, Fault> {
        let call = calls::next(&self.journal, object, self.works.now());
        let found = self.works.read(call).await?;
        let broken = || Fault::internal("an event that cannot be read");
        let event = found.rows.first().map(Event::read);
        event.map(|event| event.ok_or_else(broken)).transpose()
    }
}
