//! Who waits for others of a statement that count, and goes with them.
//!
//! Role: lets a lone caller go at once; who comes while a call of the same statement is under way waits for it, and all
//! that wait go as the next batch. There is no timer.
//! Invariant: everybody who waits is told something, once; a row is counted in by one batch at a time.
//! Not here: running a batch (batch), who goes next (line), what goes by itself (run).
//!
//! Several are under way at a time, each with other rows, and each takes along whoever waits when it begins: so batches
//! commit beside each other, none waits for another's lock, and nobody waits for long because of another's row.

use crate::batch::{self, Ran, Told};
use crate::drive::Tools;
use crate::errors::RETRY_AFTER;
use crate::event;
use crate::exclusive::Pool;
use crate::line::{Line, Width};
use backflow_engine::store::{Call, RowSet, StatementError, StoreError};
use backflow_sql::ir::{Datum, Statement};
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How many go in a batch at most.
const MOST: usize = 64;

/// How long a statement goes one by one after a batch of it was undone: what fails once may fail often, and each time
/// all of a batch would run twice.
const APART: Duration = Duration::from_secs(1);

/// What somebody who waited is told.
pub(crate) enum Fate {
    /// The answer; what it rests on is committed.
    Answer(Result<RowSet, StatementError>),
    /// Nothing of it was kept: the call may run by itself.
    Apart(Call),
    /// It has no outcome, or an unknown one.
    Failed(StoreError),
}

/// Where a call goes.
pub(crate) enum Entry {
    /// By itself, now. Others wait for as long as the turn is kept, if there is one.
    Now(Call, Option<Turn>),
    /// With others, later.
    Waits(oneshot::Receiver<Fate>),
    /// Too many wait.
    Full,
}

/// The batches of a store.
pub(crate) struct Batches {
    state: Mutex<State>,
    tools: Arc<Tools>,
    writers: Arc<Pool>,
    /// How many of a statement are under way at most.
    width: Width,
    gathered: AtomicU64,
    at_once: AtomicU64,
    undone: AtomicU64,
}

#[derive(Default)]
struct State {
    /// By the address of the statement; there for as long as somebody of it is under way.
    lines: HashMap<usize, Line<Waiting>>,
    /// Statements that go one by one, and until when.
    apart: HashMap<usize, Apart>,
    /// Statements whose calls are committed together, but not as one statement, and until when.
    single: HashMap<usize, Apart>,
}

struct Apart {
    /// Keeps the address from being another's.
    _statement: Arc<Statement>,
    until: Instant,
}

struct Waiting {
    call: Call,
    reply: oneshot::Sender<Fate>,
    since: Instant,
}

/// Somebody is under way; when it ends, who waits goes next.
pub(crate) struct Turn {
    batches: Arc<Batches>,
    /// Nobody else counts in them meanwhile.
    rows: Vec<u64>,
    /// Keeps the address from being another's.
    statement: Arc<Statement>,
    /// Whoever has it was given the chance to run: a runtime that ends takes tasks and never does.
    begun: bool,
}

impl Batches {
    pub(crate) fn new(tools: Arc<Tools>, writers: Arc<Pool>, width: Width) -> Arc<Self> {
        Arc::new(Batches {
            state: Mutex::default(),
            tools,
            writers,
            width,
            gathered: AtomicU64::new(0),
            at_once: AtomicU64::new(0),
            undone: AtomicU64::new(0),
        })
    }

    /// How many calls were committed together with others.
    pub(crate) fn gathered(&self) -> u64 {
        self.gathered.load(Relaxed)
    }

    /// How many of them were one statement with others.
    pub(crate) fn at_once(&self) -> u64 {
        self.at_once.load(Relaxed)
    }

    /// How many batches were undone.
    pub(crate) fn undone(&self) -> u64 {
        self.undone.load(Relaxed)
    }

    /// Says where a call goes.
    pub(crate) fn enter(self: &Arc<Self>, call: Call) -> Entry {
        if call.shares.is_none() {
            return Entry::Now(call, None);
        }
        let (address, row) = (address(&call.statement), number(&call));
        let mut state = self.locked();
        if state.is_apart(address) {
            return Entry::Now(call, None);
        }
        let line = state.lines.entry(address);
        // Where many cost hardly more than one, few are under way from the start.
        let is_cheap = call
            .shares
            .as_ref()
            .is_some_and(|shares| shares.at_once.is_some());
        let width = if is_cheap {
            self.width.narrowed()
        } else {
            self.width
        };
        let line = line.or_insert_with(|| Line::new(width));
        if line.starts(row) {
            let turn = self.turn(&call.statement, vec![row]);
            return Entry::Now(call, Some(turn));
        }
        let most = self.tools.connector.options.queue;
        if line.len() >= most {
            // Those who left take no place.
            line.retain(|one| !one.reply.is_closed());
        }
        if line.len() >= most {
            return Entry::Full;
        }
        let (reply, fate) = oneshot::channel();
        let since = Instant::now();
        line.wait(row, Waiting { call, reply, since });
        Entry::Waits(fate)
    }

    fn turn(self: &Arc<Self>, statement: &Arc<Statement>, rows: Vec<u64>) -> Turn {
        Turn {
            batches: Arc::clone(self),
            rows,
            statement: Arc::clone(statement),
            begun: true,
        }
    }

    /// What each of a batch is told; what fails is not tried again for a while.
    fn fates(&self, statement: &Arc<Statement>, ran: Ran, calls: Vec<Call>) -> Vec<Fate> {
        let kept = ran
            .told
            .iter()
            .filter(|told| matches!(told, Told::Kept(_)))
            .count();
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.gathered.fetch_add(count(kept), Relaxed);
        self.at_once.fetch_add(count(ran.at_once), Relaxed);
        if let Some(span) = ran.singly {
            self.locked().singly(statement, span);
        }
        if ran.undone {
            self.undone.fetch_add(1, Relaxed);
            self.part(statement);
        }
        let fate = |(told, call)| match told {
            Told::Kept(answer) => Fate::Answer(answer),
            Told::Undone => Fate::Apart(call),
            Told::Unknown(why) => Fate::Failed(StoreError::OutcomeUnknown(why)),
        };
        ran.told.into_iter().zip(calls).map(fate).collect()
    }

    /// The statement goes one by one for a while.
    fn part(&self, statement: &Arc<Statement>) {
        let now = Instant::now();
        let mut state = self.locked();
        state.apart.retain(|_, apart| now < apart.until);
        let apart = Apart {
            _statement: Arc::clone(statement),
            until: now + APART,
        };
        state.apart.insert(address(statement), apart);
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// For a while the calls of a statement are not one.
    fn singly(&mut self, statement: &Arc<Statement>, span: Duration) {
        let now = Instant::now();
        self.single.retain(|_, apart| now < apart.until);
        let apart = Apart {
            _statement: Arc::clone(statement),
            until: now + span,
        };
        self.single.insert(address(statement), apart);
    }

    fn goes_singly(&self, statement: usize) -> bool {
        let apart = self.single.get(&statement);
        apart.is_some_and(|apart| Instant::now() < apart.until)
    }

    fn is_apart(&mut self, statement: usize) -> bool {
        if self.apart.is_empty() {
            return false;
        }
        let is_apart = self
            .apart
            .get(&statement)
            .is_some_and(|apart| Instant::now() < apart.until);
        if !is_apart {
            self.apart.remove(&statement);
        }
        is_apart
    }
}

impl Waiting {
    /// Who is not there any more needs no answer.
    fn tell(self, fate: Fate) {
        drop(self.reply.send(fate));
    }
}

impl Turn {
    /// Those who wait and go now.
    fn take(&mut self) -> Vec<Waiting> {
        let mut state = self.batches.locked();
        let Some(line) = state.lines.get_mut(&address(&self.statement)) else {
            return Vec::new();
        };
        line.retain(|one| !one.reply.is_closed());
        let (taken, rows) = line.take(MOST);
        drop(state);
        self.rows = rows;
        let patience = self.batches.tools.connector.options.queue_timeout;
        let is_late = |one: &Waiting| one.since.elapsed() > patience;
        let (late, taken): (Vec<_>, Vec<_>) = taken.into_iter().partition(is_late);
        if !late.is_empty() {
            event::crowded(late.len());
        }
        for one in late {
            one.tell(Fate::Failed(StoreError::Unavailable(RETRY_AFTER)));
        }
        taken
    }

    /// Runs those who wait.
    async fn run(mut self) {
        self.begun = true;
        let lease = match self.batches.writers.acquire(false).await {
            Ok(lease) => lease,
            Err(error) => {
                for one in self.take() {
                    one.tell(Fate::Failed(error.clone()));
                }
                return;
            }
        };
        // Not before there is a connection: more have come by then.
        let mut taken = self.take();
        if taken.is_empty() {
            return;
        }
        taken.sort_by(|one, other| batch::by_row(&one.call, &other.call));
        let (calls, replies): (Vec<Call>, Vec<_>) =
            taken.into_iter().map(|one| (one.call, one.reply)).unzip();
        let at_once = !self.batches.locked().goes_singly(address(&self.statement));
        let ran = batch::run(&self.batches.tools, lease, &calls, at_once).await;
        let fates = self.batches.fates(&self.statement, ran, calls);
        for (reply, fate) in replies.into_iter().zip(fates) {
            drop(reply.send(fate));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let address = address(&self.statement);
        let mut state = self.batches.locked();
        let Some(line) = state.lines.get_mut(&address) else {
            return;
        };
        // Without a runtime, or with one that ends, there are no connections either.
        let runtime = tokio::runtime::Handle::try_current().ok().filter(|_| self.begun);
        let (goes_on, is_idle) = (line.ended(&self.rows), line.is_idle());
        let gone = if is_idle || runtime.is_none() {
            state.lines.remove(&address)
        } else {
            None
        };
        drop(state);
        for one in gone.into_iter().flat_map(Line::into_waiting) {
            one.tell(Fate::Failed(StoreError::Unavailable(RETRY_AFTER)));
        }
        if let Some(runtime) = runtime.filter(|_| goes_on) {
            let mut next = self.batches.turn(&self.statement, Vec::new());
            next.begun = false;
            drop(runtime.spawn(next.run()));
        }
    }
}

fn address(statement: &Arc<Statement>) -> usize {
    Arc::as_ptr(statement).addr()
}

/// The row in which a call counts. Two rows of one number would wait for each other, no more.
fn number(call: &Call) -> u64 {
    let mut hasher = DefaultHasher::new();
    for datum in batch::row(call) {
        match datum {
            Datum::Null => {}
            Datum::Bool(value) => value.hash(&mut hasher),
            Datum::Int(value) => value.hash(&mut hasher),
            Datum::Float(value) => value.to_bits().hash(&mut hasher),
            Datum::Text(value) => value.hash(&mut hasher),
        }
    }
    hasher.finish()
}
