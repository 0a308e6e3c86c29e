//! Who waits for others of a statement that count, and goes with them.
//!
//! Role: lets a lone caller go at once; who comes while a call of the same statement is under way waits for it, and all
//! that wait go as the next batch. There is no timer.
//! Invariant: everybody who waits is told something, once; a row is counted in by one batch at a time.
//! Not here: running a batch (batch), what goes by itself (run).
//!
//! Calls are spread over a few lines by the row in which they count: those of one row are always in one line, so that
//! batches of other rows commit beside them, and no batch waits for another's lock.

use crate::batch::{self, End};
use crate::drive::Tools;
use crate::errors::RETRY_AFTER;
use crate::event;
use crate::exclusive::Pool;
use backflow_engine::store::{Call, RowSet, StatementError, StoreError};
use backflow_sql::ir::{Datum, Statement};
use std::collections::{HashMap, VecDeque};
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
    /// How many lines a statement has.
    width: u64,
    gathered: AtomicU64,
}

#[derive(Default)]
struct State {
    /// Those who wait; a line is there for as long as somebody of it is under way.
    lines: HashMap<Line, VecDeque<Waiting>>,
    /// Statements that go one by one, and until when.
    apart: HashMap<usize, Apart>,
}

/// A statement's address, and which of its lines.
type Line = (usize, u64);

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

/// Somebody of a line is under way; when it ends, who waits goes next.
pub(crate) struct Turn {
    batches: Arc<Batches>,
    line: Line,
    /// Keeps the address from being another's.
    statement: Arc<Statement>,
}

impl Batches {
    pub(crate) fn new(tools: Arc<Tools>, writers: Arc<Pool>, width: usize) -> Arc<Self> {
        Arc::new(Batches {
            state: Mutex::default(),
            tools,
            writers,
            width: u64::try_from(width).unwrap_or(1).max(1),
            gathered: AtomicU64::new(0),
        })
    }

    /// How many calls were committed together with others.
    pub(crate) fn gathered(&self) -> u64 {
        self.gathered.load(Relaxed)
    }

    /// Says where a call goes.
    pub(crate) fn enter(self: &Arc<Self>, call: Call) -> Entry {
        if call.shares.is_none() {
            return Entry::Now(call, None);
        }
        let line = self.line(&call);
        let mut state = self.locked();
        if state.is_apart(line.0) {
            return Entry::Now(call, None);
        }
        let Some(waiting) = state.lines.get_mut(&line) else {
            state.lines.insert(line, VecDeque::new());
            let statement = Arc::clone(&call.statement);
            return Entry::Now(call, Some(self.turn(line, statement)));
        };
        let most = self.tools.connector.options.queue;
        if waiting.len() >= most {
            // Those who left take no place.
            waiting.retain(|one| !one.reply.is_closed());
        }
        if waiting.len() >= most {
            return Entry::Full;
        }
        let (reply, fate) = oneshot::channel();
        waiting.push_back(Waiting {
            call,
            reply,
            since: Instant::now(),
        });
        Entry::Waits(fate)
    }

    fn turn(self: &Arc<Self>, line: Line, statement: Arc<Statement>) -> Turn {
        Turn {
            batches: Arc::clone(self),
            line,
            statement,
        }
    }

    fn line(&self, call: &Call) -> Line {
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
        (Arc::as_ptr(&call.statement).addr(), hasher.finish() % self.width)
    }

    /// Takes those who go next out of a line.
    fn take(&self, line: Line) -> Vec<Waiting> {
        let patience = self.tools.connector.options.queue_timeout;
        let (mut taken, mut late) = (Vec::new(), Vec::new());
        let mut state = self.locked();
        let mut queue = state.lines.get_mut(&line);
        while taken.len() < MOST
            && let Some(one) = queue.as_mut().and_then(|queue| queue.pop_front())
        {
            match one.reply.is_closed() {
                true => {}
                false if one.since.elapsed() > patience => late.push(one),
                false => taken.push(one),
            }
        }
        drop(state);
        if !late.is_empty() {
            event::crowded(late.len());
        }
        for one in late {
            one.tell(Fate::Failed(StoreError::Unavailable(RETRY_AFTER)));
        }
        taken
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
        state.apart.insert(Arc::as_ptr(statement).addr(), apart);
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
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
    /// Runs those who wait.
    async fn run(self) {
        let lease = match self.batches.writers.acquire(false).await {
            Ok(lease) => lease,
            Err(error) => {
                for one in self.batches.take(self.line) {
                    one.tell(Fate::Failed(error.clone()));
                }
                return;
            }
        };
        // Not before there is a connection: more have come by then.
        let mut taken = self.batches.take(self.line);
        if taken.is_empty() {
            return;
        }
        taken.sort_by(|one, other| batch::by_row(&one.call, &other.call));
        let (calls, replies): (Vec<Call>, Vec<_>) =
            taken.into_iter().map(|one| (one.call, one.reply)).unzip();
        let fates: Vec<Fate> = match batch::run(&self.batches.tools, lease, &calls).await {
            End::Kept(answers) => {
                let count = u64::try_from(answers.len()).unwrap_or(u64::MAX);
                self.batches.gathered.fetch_add(count, Relaxed);
                answers.into_iter().map(Fate::Answer).collect()
            }
            End::Undone(why) => {
                event::batch_undone(&why, calls.len());
                self.batches.part(&self.statement);
                calls.into_iter().map(Fate::Apart).collect()
            }
            End::Unknown(why) => {
                let unknown = || Fate::Failed(StoreError::OutcomeUnknown(why.clone()));
                calls.iter().map(|_| unknown()).collect()
            }
        };
        for (reply, fate) in replies.into_iter().zip(fates) {
            drop(reply.send(fate));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.batches.locked();
        let waited_for = state.lines.get(&self.line).is_some_and(|queue| !queue.is_empty());
        // Without a runtime there are no connections either.
        let runtime = tokio::runtime::Handle::try_current().ok().filter(|_| waited_for);
        let Some(runtime) = runtime else {
            let gone = state.lines.remove(&self.line);
            drop(state);
            drop(gone);
            return;
        };
        drop(state);
        let next = self.batches.turn(self.line, Arc::clone(&self.statement));
        drop(runtime.spawn(next.run()));
    }
}
