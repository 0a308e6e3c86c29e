//! Webhooks.
//!
//! Role: takes events in, keeps them, and runs what they lead to through the executor of workflows.
//! Invariant: nothing is kept of a delivery that is not verified; an event is one row, and what an action of it did
//! commits together with its mark on that row; events about one object run one at a time.
//! Not here: signatures (the connectors), what an event means (the plan), steps (`work`).

mod arrival;
mod calls;
mod desk;
mod effect;
mod erase;
mod event;
mod later;
mod marks;
mod pass;
mod queue;
mod ready;
mod receive;
mod rehearsal;
mod rehearse;
mod replay;
mod run;
mod tenant;

pub use desk::{EventDesk, EventDetail, EventInfo};
pub(crate) use effect::{Effect, Written};
pub(crate) use event::Event;
pub(crate) use rehearsal::Rehearsal;
pub use rehearse::{Rehearsed, RowChange};
pub use replay::Replay;

use crate::runtime::BuildError;
use crate::signature::Signatures;
use crate::work::Works;
use backflow_plan::model::{Hook, Journal};
use event::State;
use queue::Queue;
use ready::Ready;
use run::Holder;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, oneshot};

/// How many objects' events run here at the same time.
const AT_ONCE: usize = 16;

/// The webhooks of a plan.
pub(crate) struct Hooks {
    ready: Vec<Arc<Ready>>,
    works: Arc<Works>,
    journal: Arc<Journal>,
    signatures: Arc<dyn Signatures>,
    /// How long a delivery waits for the first run of its event.
    patience: Duration,
    places: Arc<Semaphore>,
    /// Objects whose events run here.
    held: Mutex<HashMap<Arc<str>, Holder>>,
    /// Objects that wait until somebody is free.
    queue: Mutex<Queue>,
    /// Who waits for the first run of an event.
    waiting: Mutex<HashMap<Arc<str>, oneshot::Sender<State>>>,
    /// Something is due that nobody was free for.
    wake: Notify,
    stopping: AtomicBool,
}

impl Hooks {
    pub(crate) fn new(
        hooks: Vec<Hook>,
        (signatures, patience): (Arc<dyn Signatures>, Duration),
        works: Arc<Works>,
    ) -> Result<Self, BuildError> {
        let ready = hooks
            .into_iter()
            .map(|hook| Ready::new(hook, &works).map(Arc::new));
        Ok(Self {
            ready: ready.collect::<Result<_, _>>()?,
            journal: Arc::clone(works.journal()),
            works,
            signatures,
            patience,
            places: Arc::new(Semaphore::new(AT_ONCE)),
            held: Mutex::default(),
            queue: Mutex::default(),
            waiting: Mutex::default(),
            wake: Notify::new(),
            stopping: AtomicBool::new(false),
        })
    }

    /// From now on events that are due are run, whoever took them in. Needs a tokio runtime.
    pub(crate) fn start(self: &Arc<Self>) {
        if !self.ready.is_empty() {
            tokio::spawn(Arc::clone(self).look_after());
        }
    }

    /// Takes up no more events. Those that are under way go on.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.wake.notify_one();
    }

    /// Whether no event runs here.
    pub(crate) fn is_idle(&self) -> bool {
        self.held().is_empty()
    }

    fn find(&self, name: &str) -> Option<&Arc<Ready>> {
        self.ready.iter().find(|ready| ready.hook.name == name)
    }

    fn held(&self) -> MutexGuard<'_, HashMap<Arc<str>, Holder>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Arc<str>, oneshot::Sender<State>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
