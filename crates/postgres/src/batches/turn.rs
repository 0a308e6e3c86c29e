//! A turn: somebody is under way.
//!
//! Role: when it ends, those who wait go next.
//! Invariant: a turn is always ended, also where whoever has it is dropped; who waits where nobody will ever go again
//! is told so.
//! Not here: how calls become a batch (batch).

use super::{APART, Batches, Fate, MOST, State, Waiting, width};
use crate::awhile::address;
use crate::batch::{self, Ran, Told};
use crate::breadth::Tried;
use crate::errors::RETRY_AFTER;
use crate::event;
use crate::line::Line;
use backflow_engine::store::{Call, StoreError};
use backflow_sql::ir::Statement;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;
use tokio::runtime::Handle;

/// Somebody is under way; when it ends, who waits goes next.
pub(crate) struct Turn {
    batches: Arc<Batches>,
    /// Nobody else counts in them meanwhile.
    rows: Vec<u64>,
    /// Keeps the address from being another's.
    statement: Arc<Statement>,
    /// Many of the statement cost hardly more than one: few are under way from the start.
    is_cheap: bool,
    /// Somebody wants to know how long it takes since then.
    tried: Option<(Tried, Instant)>,
    /// Whoever has it was given the chance to run: a runtime that ends takes tasks and never does.
    begun: bool,
}

impl Batches {
    /// A lone caller of a row is under way.
    pub(super) fn alone(
        self: &Arc<Self>,
        statement: &Arc<Statement>,
        row: u64,
        (is_cheap, tried): (bool, Option<(Tried, Instant)>),
    ) -> Turn {
        let mut turn = self.turn(statement, vec![row], is_cheap);
        turn.tried = tried;
        turn
    }

    /// Those who wait go, unless the runtime ends first.
    pub(super) fn go(self: &Arc<Self>, statement: &Arc<Statement>, is_cheap: bool, runtime: &Handle) {
        let mut next = self.turn(statement, Vec::new(), is_cheap);
        next.begun = false;
        drop(runtime.spawn(next.run()));
    }

    fn turn(self: &Arc<Self>, statement: &Arc<Statement>, rows: Vec<u64>, is_cheap: bool) -> Turn {
        Turn {
            batches: Arc::clone(self),
            rows,
            statement: Arc::clone(statement),
            is_cheap,
            tried: None,
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
            self.locked().single.put(statement, span);
        }
        if ran.undone {
            self.undone.fetch_add(1, Relaxed);
            self.locked().apart.put(statement, APART);
        }
        let fate = |(told, call)| match told {
            Told::Kept(answer) => Fate::Answer(answer),
            Told::Undone => Fate::Apart(call),
            Told::Unknown(why) => Fate::Failed(StoreError::OutcomeUnknown(why)),
        };
        ran.told.into_iter().zip(calls).map(fate).collect()
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
        let (calls, callers): (Vec<Call>, Vec<_>) = taken
            .into_iter()
            .map(|one| (one.call, (one.reply, one.since, one.tried)))
            .unzip();
        let at_once = !self.batches.locked().single.holds(&self.statement);
        let ran = batch::run(&self.batches.tools, lease, &calls, at_once).await;
        let fates = self.batches.fates(&self.statement, ran, calls);
        let now = Instant::now();
        for ((reply, since, tried), fate) in callers.into_iter().zip(fates) {
            if let Some(tried) = tried {
                self.batches.locked().breadth.took(tried, now - since);
            }
            drop(reply.send(fate));
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let address = address(&self.statement);
        let mut state = self.batches.locked();
        let State { breadth, lines, .. } = &mut *state;
        let now = Instant::now();
        if let Some((tried, since)) = self.tried {
            breadth.took(tried, now - since);
        }
        let Some(line) = lines.get_mut(&address) else {
            return;
        };
        let (narrow, _) = breadth.at(now, usize::MAX, false);
        let width = width(self.is_cheap, self.batches.wide, narrow);
        // Without a runtime, or with one that ends, there are no connections either.
        let runtime = Handle::try_current().ok().filter(|_| self.begun);
        let (goes_on, is_idle) = (line.ended(&self.rows, now, width), line.is_idle());
        let gone = if is_idle || runtime.is_none() {
            lines.remove(&address)
        } else {
            None
        };
        drop(state);
        for one in gone.into_iter().flat_map(Line::into_waiting) {
            one.tell(Fate::Failed(StoreError::Unavailable(RETRY_AFTER)));
        }
        if let Some(runtime) = runtime.filter(|_| goes_on) {
            self.batches.go(&self.statement, self.is_cheap, &runtime);
        }
    }
}
