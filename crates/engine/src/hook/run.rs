//! The events of an object, one after the other.
//!
//! Role: holds an object and runs its events that are due, in the order in which they were made, until none is left.
//! Invariant: what is read of an object's events to be run is read while we hold it.
//! Not here: what running one means (`pass`), who starts (`receive`, `later`).

use super::arrival::Told;
use super::event::Event;
use super::marks::Marks;
use super::{Hooks, calls};
use crate::event as log;
use crate::fault::Fault;
use crate::permit::Permit;
use crate::store::{Call, RowSet};
use crate::transaction::Transaction;
use std::sync::Arc;
use std::sync::atomic::Ordering;
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

/// An event that is to be run.
pub(super) struct Next {
    pub(super) event: Event,
    /// What it says, if that is known already.
    pub(super) told: Option<Told>,
}

impl From<Event> for Next {
    fn from(event: Event) -> Self {
        Self { event, told: None }
    }
}

/// An object that we have taken, and the event that is next.
pub(super) struct Taken {
    pub(super) held: Held,
    /// `None`: it is not known yet.
    pub(super) next: Option<Next>,
    /// No other event about it was due.
    pub(super) is_last: bool,
}

/// What is known of an object that is held here.
pub(super) struct Holder {
    pub(super) token: Arc<str>,
    /// An event about it arrived here meanwhile.
    pub(super) is_asked_for: bool,
}

/// While it is there, an object is held here and its lease renewed.
pub(super) struct Holding<'a> {
    hooks: &'a Hooks,
    object: Arc<str>,
    token: Arc<str>,
}

impl Holding<'_> {
    /// Whether an event about the object arrived here while it was held. From now on it is not.
    fn end(self) -> bool {
        self.remove().is_some_and(|holder| holder.is_asked_for)
    }

    fn remove(&self) -> Option<Holder> {
        let mut held = self.hooks.held();
        let is_ours = held
            .get(&self.object)
            .is_some_and(|holder| holder.token == self.token);
        if is_ours { held.remove(&self.object) } else { None }
    }
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        self.remove();
    }
}

impl Hooks {
    /// Runs the events of an object, and then those of objects that wait, in a task of its own. `first`: the event that
    /// somebody waits for.
    pub(super) fn go_on(
        self: &Arc<Self>,
        place: OwnedSemaphorePermit,
        taken: Option<Taken>,
        first: Option<Arc<str>>,
    ) {
        let hooks = Arc::clone(self);
        tokio::spawn(async move {
            if let Some(taken) = taken {
                let object = Arc::clone(&taken.held.object);
                let outcome = hooks.run(taken).await;
                // Whoever waits for an event that was not run here waits in vain.
                if let Some(first) = first {
                    hooks.waiting().remove(&first);
                }
                left(&object, outcome);
            }
            while !hooks.stopping.load(Ordering::Relaxed) {
                let Some(object) = hooks.next_in_queue() else {
                    break;
                };
                if !left(&object, hooks.try_run(&object).await) {
                    break;
                }
            }
            drop(place);
            if !hooks.queue().is_empty() || hooks.queue().is_low() {
                hooks.wake.notify_one();
            }
        });
    }

    /// An object that waits and is not held here.
    fn next_in_queue(&self) -> Option<Arc<str>> {
        loop {
            let object = self.queue().pop()?;
            match self.held().get_mut(&object) {
                Some(holder) => holder.is_asked_for = true,
                None => return Some(object),
            }
        }
    }

    async fn try_run(self: &Arc<Self>, object: &Arc<str>) -> Result<(), Fault> {
        match self.take(object).await? {
            Some(taken) => self.run(taken).await,
            None => {
                self.queue().miss();
                Ok(())
            }
        }
    }

    /// Runs an object's events until none is due.
    pub(super) async fn run(self: &Arc<Self>, mut taken: Taken) -> Result<(), Fault> {
        loop {
            let Taken { held, next, is_last } = taken;
            let object = Arc::clone(&held.object);
            let holding = self.holding(&held);
            let (next, is_last) = match next {
                None if !is_last => {
                    let call = Call {
                        alone: true,
                        ..calls::next(&self.journal, &object, self.works.now())
                    };
                    read_next(&self.works.read(call).await?)?
                }
                known => (known, is_last),
            };
            match next {
                Some(next) => {
                    self.pass(held, next, &super::pass::Mode::Live).await?;
                }
                None => self.give_up(&held).await?,
            }
            // What arrived meanwhile found the object taken; what arrived elsewhere is looked for there.
            if !holding.end() && is_last {
                return Ok(());
            }
            taken = match self.take(&object).await? {
                Some(taken) => taken,
                None => return Ok(()),
            };
        }
    }

    /// From now on the lease of an object is renewed.
    pub(super) fn holding(&self, held: &Held) -> Holding<'_> {
        let holder = Holder {
            token: Arc::clone(&held.token),
            is_asked_for: false,
        };
        self.held().insert(Arc::clone(&held.object), holder);
        Holding {
            hooks: self,
            object: Arc::clone(&held.object),
            token: Arc::clone(&held.token),
        }
    }

    /// Takes an object, and reads what is next of it; `None`: somebody has it.
    pub(super) async fn take(&self, object: &Arc<str>) -> Result<Option<Taken>, Fault> {
        let token: Arc<str> = self.works.ids().key().into();
        let now = self.works.now();
        let calls = vec![
            calls::take(&self.journal, object, &token, now),
            calls::next(&self.journal, object, now),
        ];
        let transaction = Transaction::first_decides(calls);
        let rows = self.works.store().run(Permit::of_run(), transaction).await?;
        let rows = rows.into_all_rows()?;
        let marks = rows.first().and_then(|set| set.rows.first());
        let Some(marks) = marks.and_then(|row| row.cells.first()) else {
            return Ok(None);
        };
        let (next, is_last) = match rows.get(1) {
            Some(due) => read_next(due)?,
            None => (None, false),
        };
        let held = Held::new(object, token, Marks::of(marks));
        Ok(Some(Taken { held, next, is_last }))
    }

    /// Gives an object up.
    pub(super) async fn give_up(&self, held: &Held) -> Result<(), Fault> {
        let ours = (&*held.object, &*held.token);
        let mut call = calls::release(&self.journal, ours, &held.marks, self.works.now());
        call.alone = true;
        self.works.write(call).await.map(drop)
    }
}

/// The first of the events that are due of an object, and whether it is the last.
fn read_next(due: &RowSet) -> Result<(Option<Next>, bool), Fault> {
    let broken = || Fault::internal("an event that cannot be read");
    let event = due
        .rows
        .first()
        .map(|row| Event::read(row).ok_or_else(broken))
        .transpose()?;
    Ok((event.map(Next::from), due.rows.len() < 2))
}

/// Whether all went well; if not, the lease runs out, and the events are still due.
fn left(object: &str, outcome: Result<(), Fault>) -> bool {
    if let Err(fault) = &outcome {
        log::object_left(object, fault.private_text().unwrap_or(fault.code_text()));
    }
    outcome.is_ok()
}
