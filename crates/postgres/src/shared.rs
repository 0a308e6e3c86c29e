//! Connections that many reads share.
//!
//! Role: gives the connection on which an answer will come soonest; opens more while there are fewer than are of use.
//! Invariant: only statements that read, each a transaction of its own, go here: an order among them is never
//! needed, and one that fails hurts nobody behind it.
//! Not here: how many are of use (breadth); statements that are slow: who meets one goes to a connection of its own.

use crate::breadth::{Breadth, Tried};
use crate::connect::{Connector, Purpose};
use crate::errors::RETRY_AFTER;
use crate::exclusive::CONNECT_PATIENCE;
use crate::gate::{Gate, Way};
use crate::link::Link;
use backflow_engine::store::StoreError;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// A connection whose answer has not come for so long is passed by.
const STALLED: Duration = Duration::from_millis(20);

/// The connections.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// A connection was made, or could not be made.
    changed: Notify,
    connector: Arc<Connector>,
    gate: Arc<Gate>,
}

struct State {
    /// The first of them are used; those behind wait until they are of use.
    live: Vec<Arc<Link>>,
    connecting: usize,
    breadth: Breadth,
}

/// A read on a connection.
pub(crate) struct Flight {
    link: Arc<Link>,
    /// How many were before it.
    pub(crate) ahead: usize,
    /// Somebody wants to know how long it takes.
    tried: Option<(Arc<Shared>, Tried)>,
}

enum Entry {
    Flies(Flight),
    /// All connections are stalled, or there is none and none may be made now.
    Elsewhere,
    /// None is there yet.
    Wait,
}

impl Shared {
    pub(crate) fn new(connector: Arc<Connector>, gate: Arc<Gate>, most: usize) -> Arc<Self> {
        Arc::new(Shared {
            state: Mutex::new(State {
                live: Vec::new(),
                connecting: 0,
                breadth: Breadth::new(1, most),
            }),
            changed: Notify::new(),
            connector,
            gate,
        })
    }

    /// A place on the least busy connection; `None`: there is none that is not stalled.
    pub(crate) async fn board(self: &Arc<Self>) -> Result<Option<Flight>, StoreError> {
        match self.enter()? {
            Entry::Flies(flight) => return Ok(Some(flight)),
            Entry::Elsewhere => return Ok(None),
            Entry::Wait => {}
        }
        let arrival = async {
            loop {
                let changed = self.changed.notified();
                match self.enter()? {
                    Entry::Flies(flight) => return Ok(Some(flight)),
                    Entry::Elsewhere => return Ok(None),
                    Entry::Wait => changed.await,
                }
            }
        };
        tokio::time::timeout(CONNECT_PATIENCE, arrival)
            .await
            .unwrap_or(Err(StoreError::Unavailable(RETRY_AFTER)))
    }

    /// How many connections there are.
    pub(crate) fn count(&self) -> usize {
        self.locked().live.len()
    }

    /// How many of them are used but for a trial.
    #[cfg(test)]
    pub(crate) fn used(&self) -> usize {
        self.locked().breadth.used()
    }

    fn enter(self: &Arc<Self>) -> Result<Entry, StoreError> {
        let mut state = self.locked();
        state.live.retain(|link| link.usable());
        let mut used = state.live.iter().take(state.breadth.used());
        let crowded = used.all(|link| link.in_flight() > 0);
        let there = state.live.len();
        let (used, tried) = state.breadth.next(Instant::now(), there, crowded);
        let waits = |link: &&Arc<Link>| (link.stalled() > STALLED, link.in_flight());
        let soonest = state.live.iter().take(used).min_by_key(waits);
        // Those behind are of use where all before are stalled.
        let best = match soonest.filter(|link| link.stalled() <= STALLED) {
            Some(best) => Some(best),
            None => state.live.iter().min_by_key(waits),
        };
        let Some(best) = best.cloned() else {
            self.grow(&mut state);
            return Ok(match state.connecting {
                0 => Entry::Elsewhere,
                _ => Entry::Wait,
            });
        };
        let ahead = best.in_flight();
        if ahead > 0 {
            self.grow(&mut state);
        }
        if best.stalled() > STALLED {
            return Ok(Entry::Elsewhere);
        }
        if ahead >= self.connector.options.queue {
            return Err(StoreError::Unavailable(RETRY_AFTER));
        }
        best.departs();
        Ok(Entry::Flies(Flight {
            link: best,
            ahead,
            tried: tried.map(|tried| (Arc::clone(self), tried)),
        }))
    }

    /// Begins to make one more connection, if there may be more.
    fn grow(self: &Arc<Self>, state: &mut State) {
        let may = match self.gate.way() {
            Way::Free => true,
            Way::Try => state.connecting == 0,
            Way::Closed => false,
        };
        if !may || state.live.len() + state.connecting >= state.breadth.wanted() {
            return;
        }
        state.connecting += 1;
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            let made = shared.connector.connect(Purpose::Requests).await;
            match &made {
                Ok(_) => shared.gate.succeeded(),
                Err(error) => shared.gate.failed(error),
            }
            let mut state = shared.locked();
            state.connecting -= 1;
            state
                .live
                .extend(made.map(|connected| Arc::new(Link::new(connected, &shared.connector))));
            drop(state);
            shared.changed.notify_waiters();
        });
    }

    /// Waits, not forever, until all reads have ended; then closes all.
    pub(crate) async fn close(&self, patience: Duration) {
        let at_rest = async {
            while self.locked().live.iter().any(|link| link.in_flight() > 0) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        drop(tokio::time::timeout(patience, at_rest).await);
        let live = std::mem::take(&mut self.locked().live);
        for link in live {
            if let Some(link) = Arc::into_inner(link) {
                link.close().await;
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flight {
    /// Its answer is there.
    pub(crate) fn took(&self, span: Duration) {
        if let Some((shared, tried)) = &self.tried {
            shared.locked().breadth.took(*tried, span);
        }
    }
}

impl Deref for Flight {
    type Target = Arc<Link>;

    fn deref(&self) -> &Arc<Link> {
        &self.link
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.link.arrived();
    }
}
