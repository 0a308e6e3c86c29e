//! Who waits for others of a statement that count, and goes with them.
//!
//! Role: lets a lone caller go at once; who comes while a call of the same statement is under way waits for it, and all
//! that wait go as the next batch. There is no timer.
//! Invariant: everybody who waits is told something, once; a row is counted in by one batch at a time.
//! Not here: running a batch (batch), who goes next (line), what goes by itself (run).
//!
//! Several are under way at a time, each with other rows, and each takes along whoever waits when it begins: so batches
//! commit beside each other, none waits for another's lock, and nobody waits for long because of another's row.

mod turn;
mod wait;

use crate::awhile::{Awhile, address};
use crate::batch;
use crate::breadth::{Breadth, Tried};
use crate::drive::Tools;
use crate::exclusive::Pool;
use crate::line::{Line, Width};
use backflow_engine::store::{Call, RowSet, StatementError, StoreError};
use backflow_sql::ir::Datum;
use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

pub(crate) use turn::Turn;
use wait::Wait;

/// How many go in a batch at most.
const MOST: usize = 64;

/// How many batches of a statement are under way at first: one is flushed while the next one is filled.
const FEW: usize = 2;

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
    Waits(Wait),
    /// Too many wait.
    Full,
}

/// The batches of a store.
pub(crate) struct Batches {
    state: Mutex<State>,
    tools: Arc<Tools>,
    writers: Arc<Pool>,
    /// How many of a statement are under way where nobody waits.
    wide: usize,
    gathered: AtomicU64,
    at_once: AtomicU64,
    undone: AtomicU64,
}

struct State {
    /// How many of a statement are under way where many wait.
    breadth: Breadth,
    /// By the address of the statement; there for as long as somebody of it is under way.
    lines: HashMap<usize, Line<Waiting>>,
    /// Statements that go one by one.
    apart: Awhile,
    /// Statements whose calls are committed together, but not as one statement.
    single: Awhile,
}

struct Waiting {
    call: Call,
    reply: Reply,
    since: Instant,
    tried: Option<Tried>,
}

type Reply = oneshot::Sender<Fate>;

impl Batches {
    /// Of a statement `wide` are under way where nobody waits, and where many do one to `narrow`.
    pub(crate) fn new(tools: Arc<Tools>, writers: Arc<Pool>, (wide, narrow): (usize, usize)) -> Arc<Self> {
        Arc::new(Batches {
            state: Mutex::new(State {
                breadth: Breadth::new("batches", FEW, narrow),
                lines: HashMap::new(),
                apart: Awhile::default(),
                single: Awhile::default(),
            }),
            tools,
            writers,
            wide,
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
        let row = number(&call);
        let mut state = self.locked();
        if state.apart.holds(&call.statement) {
            return Entry::Now(call, None);
        }
        let is_cheap = call
            .shares
            .as_ref()
            .is_some_and(|shares| shares.at_once.is_some());
        let (now, wide) = (Instant::now(), self.wide);
        let State { breadth, lines, .. } = &mut *state;
        let line = lines
            .entry(address(&call.statement))
            .or_insert_with(|| Line::new(now));
        let (narrow, tried) = breadth.at(now, usize::MAX, !line.is_idle());
        if line.starts(row, now, width(is_cheap, wide, narrow)) {
            let tried = tried.map(|tried| (tried, now));
            let turn = self.alone(&call.statement, row, (is_cheap, tried));
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
        let wait = Wait {
            batches: Arc::clone(self),
            statement: Arc::clone(&call.statement),
            is_cheap,
            fate,
        };
        let waiting = Waiting {
            call,
            reply,
            since: now,
            tried,
        };
        line.wait(row, waiting);
        Entry::Waits(wait)
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Who is not there any more needs no answer.
    fn tell(self, fate: Fate) {
        drop(self.reply.send(fate));
    }
}

/// How many are under way.
fn width(is_cheap: bool, wide: usize, narrow: usize) -> Width {
    let wide = if is_cheap { narrow } else { wide };
    Width { wide, narrow }
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
