//! Connections that serve one transaction at a time.
//!
//! Role: lends connections, opens more while there are fewer than may be, lets the rest wait in order.
//! Invariant: a lease that is dropped while it is soiled takes its connection with it; only a connection at rest
//! is lent again.
//! Not here: what is done with them (drive), when to try again after failures (gate).

use crate::connect::{ConnectError, Connector, Purpose};
use crate::errors::RETRY_AFTER;
use crate::event;
use crate::gate::{Gate, Way};
use crate::link::Link;
use crate::{batches, jam};
use backflow_engine::store::StoreError;
use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long somebody waits while there is no connection at all, but one is being made.
pub(crate) const CONNECT_PATIENCE: Duration = Duration::from_secs(1);

/// A connection that has been quiet for so long is tried before something goes out that cannot be taken back.
const QUIET: Duration = Duration::from_secs(20);

const REFUSED: StoreError = StoreError::Unavailable(RETRY_AFTER);

/// The connections.
pub(crate) struct Pool {
    state: Mutex<State>,
    connector: Arc<Connector>,
    gate: Arc<Gate>,
    most: usize,
}

#[derive(Default)]
struct State {
    /// At rest; the one that was used last is lent first, so that as few as possible are in use.
    idle: Vec<Arc<Link>>,
    /// How many there are: idle, lent, being made.
    open: usize,
    connecting: usize,
    waiting: VecDeque<Waiter>,
    /// When a connection last came back, or came.
    heard: Option<Instant>,
}

type Waiter = oneshot::Sender<Result<Lease, StoreError>>;

/// A connection for as long as it is needed.
pub(crate) struct Lease {
    link: Option<Arc<Link>>,
    pool: Arc<Pool>,
    soiled: bool,
    /// For as long as the connection is taken, whoever waits for it.
    jam: Option<jam::Turn>,
    /// The same.
    batch: Option<batches::Turn>,
}

enum Entry {
    Lent(Lease),
    Waits(Place),
}

type Place = oneshot::Receiver<Result<Lease, StoreError>>;

impl Pool {
    pub(crate) fn new(connector: Arc<Connector>, gate: Arc<Gate>, most: usize) -> Arc<Self> {
        Arc::new(Pool {
            state: Mutex::default(),
            connector,
            gate,
            most,
        })
    }

    /// Takes a connection that was made elsewhere.
    pub(crate) fn adopt(self: &Arc<Self>, link: Link) {
        self.locked().open += 1;
        self.put(Arc::new(link));
    }

    /// Begins to make one more connection, if there may be more: somebody will come.
    pub(crate) fn expect(self: &Arc<Self>) {
        self.grow(&mut self.locked());
    }

    /// A connection, sooner or later; not later than the time to wait in the queue. `tried`: it has answered
    /// just now, whatever it takes.
    pub(crate) async fn acquire(self: &Arc<Self>, tried: bool) -> Result<Lease, StoreError> {
        loop {
            let lease = match self.enter()? {
                Entry::Lent(lease) => lease,
                Entry::Waits(place) => self.wait(place).await?,
            };
            if !tried && lease.quiet() < QUIET || lease.answers().await {
                return Ok(lease);
            }
        }
    }

    /// A connection that is idle now. If there is none, one more is begun for those who come later.
    pub(crate) fn spare(self: &Arc<Self>) -> Option<Lease> {
        let mut state = self.locked();
        match state.idle.pop_if(|link| link.usable() && link.quiet() < QUIET) {
            Some(link) => Some(self.lease(link)),
            None if state.connecting == 0 && state.idle.is_empty() => {
                self.grow(&mut state);
                None
            }
            None => None,
        }
    }

    /// Waits for a lease. Who waits for others to finish may wait longer than who waits for a database that gives
    /// no sign of life.
    async fn wait(&self, mut place: Place) -> Result<Lease, StoreError> {
        let begun = Instant::now();
        let patience = self.connector.options.queue_timeout;
        loop {
            let rest = patience.saturating_sub(begun.elapsed());
            match tokio::time::timeout(rest.min(CONNECT_PATIENCE), &mut place).await {
                Ok(Ok(lease)) => return lease,
                Ok(Err(_gone)) => return Err(REFUSED),
                Err(_elapsed) if begun.elapsed() < patience && !self.seems_dead() => {}
                Err(_elapsed) => {
                    event::crowded(self.locked().waiting.len());
                    return Err(REFUSED);
                }
            }
        }
    }

    /// Whether connections are being made, and nothing has been heard for a while.
    fn seems_dead(&self) -> bool {
        let state = self.locked();
        let heard = state
            .heard
            .is_some_and(|heard| heard.elapsed() < CONNECT_PATIENCE);
        state.connecting > 0 && !heard
    }

    /// How many connections there are, and how many transactions wait for one.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let state = self.locked();
        (state.open - state.connecting, state.waiting.len())
    }

    fn enter(self: &Arc<Self>) -> Result<Entry, StoreError> {
        let mut dead = 0;
        let mut state = self.locked();
        let entry = loop {
            let Some(link) = state.idle.pop() else {
                break self.queue(&mut state);
            };
            if link.usable() {
                break Ok(Entry::Lent(self.lease(link)));
            }
            state.open -= 1;
            dead += 1;
        };
        drop(state);
        if dead > 0 {
            event::ended(if dead == 1 {
                "it was closed while idle"
            } else {
                "several were closed while idle"
            });
        }
        entry
    }

    fn queue(self: &Arc<Self>, state: &mut State) -> Result<Entry, StoreError> {
        if state.waiting.len() >= self.connector.options.queue {
            return Err(REFUSED);
        }
        self.grow(state);
        if state.open == 0 {
            return Err(REFUSED);
        }
        let (sender, place) = oneshot::channel();
        // Those who left take no place.
        state.waiting.retain(|waiter| !waiter.is_closed());
        state.waiting.push_back(sender);
        Ok(Entry::Waits(place))
    }

    /// Begins to make one more connection, if there may be more. While the database seems to be away, one at a
    /// time is tried.
    fn grow(self: &Arc<Self>, state: &mut State) {
        let may = match self.gate.way() {
            Way::Free => true,
            Way::Try => state.connecting == 0,
            Way::Closed => false,
        };
        if !may || state.open >= self.most {
            return;
        }
        state.open += 1;
        state.connecting += 1;
        let pool = Arc::clone(self);
        tokio::spawn(async move {
            let made = pool.connector.connect(Purpose::Requests).await;
            pool.made(made.map(|connected| Link::new(connected, &pool.connector)));
        });
    }

    fn made(self: &Arc<Self>, made: Result<Link, ConnectError>) {
        match made {
            Ok(link) => {
                self.gate.succeeded();
                self.locked().connecting -= 1;
                self.put(Arc::new(link));
                // Those who came while one was tried need more than that one.
                let mut state = self.locked();
                for _ in state.connecting..state.waiting.len() {
                    self.grow(&mut state);
                }
            }
            Err(error) => {
                self.gate.failed(&error);
                let mut state = self.locked();
                state.connecting -= 1;
                state.open -= 1;
                refuse_all(state);
            }
        }
    }

    /// A connection at rest comes back, or a new one comes.
    fn put(self: &Arc<Self>, link: Arc<Link>) {
        if !link.usable() {
            return self.gone();
        }
        let mut lease = self.lease(link);
        loop {
            let mut state = self.locked();
            state.heard = Some(Instant::now());
            let Some(waiter) = state.waiting.pop_front() else {
                state.idle.extend(lease.link.take());
                return;
            };
            drop(state);
            match waiter.send(Ok(lease)) {
                Ok(()) => return,
                Err(Ok(back)) => lease = back,
                Err(Err(_never)) => return,
            }
        }
    }

    /// A connection is no more.
    fn gone(self: &Arc<Self>) {
        let mut state = self.locked();
        state.open -= 1;
        state.waiting.retain(|waiter| !waiter.is_closed());
        if !state.waiting.is_empty() {
            self.grow(&mut state);
        }
        refuse_all(state);
    }

    fn lease(self: &Arc<Self>, link: Arc<Link>) -> Lease {
        Lease {
            link: Some(link),
            pool: Arc::clone(self),
            soiled: false,
            jam: None,
            batch: None,
        }
    }

    /// Waits, not forever, until nothing is lent and nobody waits; then closes all.
    pub(crate) async fn close(&self, patience: Duration) {
        let at_rest = async {
            while {
                let state = self.locked();
                state.idle.len() < state.open || !state.waiting.is_empty()
            } {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        drop(tokio::time::timeout(patience, at_rest).await);
        let idle = {
            let mut state = self.locked();
            state.open -= state.idle.len();
            std::mem::take(&mut state.idle)
        };
        for link in idle {
            if let Some(link) = Arc::into_inner(link) {
                link.close().await;
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where there is no connection and none is being made, nobody needs to wait.
fn refuse_all(mut state: MutexGuard<'_, State>) {
    if state.open > 0 {
        return;
    }
    let waiting = std::mem::take(&mut state.waiting);
    drop(state);
    for waiter in waiting {
        // Who is not there any more needs no answer.
        drop(waiter.send(Err(REFUSED)));
    }
}

impl Lease {
    /// Gives turns back when the connection comes back.
    pub(crate) fn keep(&mut self, jam: Option<jam::Turn>, batch: Option<batches::Turn>) {
        self.jam = jam;
        self.batch = batch;
    }

    /// From here on the connection may be inside a transaction.
    pub(crate) fn soil(&mut self) {
        self.soiled = true;
    }

    /// The connection is outside of any transaction.
    pub(crate) fn rest(&mut self) {
        self.soiled = false;
        self.touch();
    }

    async fn answers(&self) -> bool {
        let checked = tokio::time::timeout(CONNECT_PATIENCE, self.check()).await;
        let answers = matches!(checked, Ok(Ok(())));
        if answers {
            self.touch();
        } else {
            self.kill();
        }
        answers
    }
}

impl Deref for Lease {
    type Target = Link;

    fn deref(&self) -> &Link {
        self.link
            .as_ref()
            .expect("invariant: a lease has its link until it is dropped")
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(link) = self.link.take() else {
            return;
        };
        if self.soiled {
            link.kill();
        }
        self.pool.put(link);
    }
}
