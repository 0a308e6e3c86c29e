//! Runs whose worker is gone.
//!
//! Role: gives signs of life, takes over runs whose lease is over, erases what is old.
//! Invariant: a run is taken by a statement that shuts its old worker out.
//! Not here: driving a run, what a lease is (`lease`).

use super::Works;
use super::group::Context;
use super::journal::{self, RunRow};
use crate::event;
use crate::fault::Fault;
use crate::permit::Permit;
use crate::store::{Call, RowSet};
use crate::transaction::Transaction;
use jiff::SignedDuration;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often a worker gives a sign of life and looks for runs without one.
pub(super) const PULSE: Duration = Duration::from_millis(1000);

/// How many runs it takes over at a time.
const AT_ONCE: i64 = 16;

/// How long a run waits for locks that it had before it failed.
const LOCKING: Duration = Duration::from_secs(10);

/// How often old data is erased.
const ERASING: Duration = Duration::from_secs(3600);

/// How long the data of ended runs is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24 * 30);

/// How long callers' keys are kept.
const KEYS_KEPT: SignedDuration = SignedDuration::from_hours(24);

impl Works {
    /// Keeps our runs alive and takes over others, until the runtime goes.
    pub(crate) async fn pulse(self: Arc<Self>) {
        let mut erased: Option<Instant> = None;
        loop {
            if let Err(fault) = self.beat().await {
                event::no_pulse(fault.private_text().unwrap_or(fault.code_text()));
            } else if let Err(fault) = self.take_over().await {
                event::no_take_over(fault.private_text().unwrap_or(fault.code_text()));
            }
            tokio::time::sleep(PULSE).await;
            if self.stopping.load(Ordering::Relaxed) && self.live().is_empty() {
                return;
            }
            // A pulse after the start: nobody waits for it, but the first requests wait for the database.
            if erased.is_none_or(|at| at.elapsed() > ERASING) {
                erased = Some(Instant::now());
                self.erase().await;
            }
        }
    }

    /// Takes runs whose lease is over.
    async fn take_over(self: &Arc<Self>) -> Result<(), Fault> {
        if self.stopping.load(Ordering::Relaxed) {
            return Ok(());
        }
        let values = vec![
            journal::instant(self.now()),
            backflow_sql::ir::Datum::Int(AT_ONCE),
        ];
        let lost = self
            .read(journal::call(&self.journal.runs.lost, values, true))
            .await?;
        for row in &lost.rows {
            let Some(backflow_sql::ir::Datum::Text(id)) = row.cells.first() else {
                continue;
            };
            if let Some(run) = self.claim(id).await? {
                event::taken_over(&run.id, &run.name, run.fence);
                self.go_on(run);
            }
        }
        Ok(())
    }

    /// A run whose lease is over, if nobody else was faster.
    pub(super) async fn claim(&self, id: &str) -> Result<Option<RunRow>, Fault> {
        let now = self.now();
        let values = vec![
            journal::text(id),
            journal::text(self.worker()),
            journal::instant(super::lease(now)),
            journal::instant(now),
        ];
        let taken = self
            .write(journal::call(&self.journal.runs.claim, values, true))
            .await?;
        let run = taken.rows.first().and_then(journal::read_run);
        Ok(run.inspect(|run| self.displace(run)))
    }

    /// A failed run, to be taken up again.
    pub(super) async fn resume(&self, id: &str, fence: i64) -> Result<Option<RunRow>, Fault> {
        let values = vec![
            journal::text(id),
            backflow_sql::ir::Datum::Int(fence),
            journal::text(self.worker()),
            journal::instant(super::lease(self.now())),
        ];
        let taken = self
            .write(journal::call(&self.journal.runs.resume, values, true))
            .await?;
        let run = taken.rows.first().and_then(journal::read_run);
        Ok(run.inspect(|run| self.displace(run)))
    }

    /// Takes the locks that a run held before it failed; `false`: another run has one. Those of a run that was only
    /// taken over are its own still.
    pub(super) async fn lock_again(&self, context: &Context, locks: &[String]) -> Result<bool, Fault> {
        let begun = Instant::now();
        for lock in locks {
            while !self.is_locked(context, lock).await? {
                if begun.elapsed() > LOCKING {
                    return Ok(false);
                }
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
        Ok(true)
    }

    async fn is_locked(&self, context: &Context, lock: &str) -> Result<bool, Fault> {
        let locks = &context.journal.locks;
        let value = || vec![journal::text(lock)];
        let over = journal::instant(super::group::resumable(self.now()));
        let free = vec![journal::text(lock), over];
        self.write(journal::call(&locks.free, free, true)).await?;
        let own = vec![journal::text(lock), journal::text(&context.id)];
        if !self
            .write(journal::call(&locks.take, own, true))
            .await?
            .rows
            .is_empty()
        {
            return Ok(true);
        }
        let holder = self.read(journal::call(&locks.holder, value(), true)).await?;
        let ours = journal::text(&context.id);
        Ok(holder.rows.first().and_then(|row| row.cells.first()) == Some(&ours))
    }

    async fn erase(&self) {
        let before =
            |span: SignedDuration| journal::instant(self.now().checked_sub(span).unwrap_or_default());
        let all = [
            (&self.journal.steps.erase, before(KEPT)),
            (&self.journal.runs.erase, before(KEPT)),
            (&self.journal.keys.forget, before(KEYS_KEPT)),
        ];
        for (statement, before) in all {
            if let Err(fault) = self.write(journal::call(statement, vec![before], true)).await {
                event::not_erased(fault.private_text().unwrap_or(fault.code_text()));
                return;
            }
        }
    }

    /// Rows that a statement of the journal reads.
    pub(crate) async fn read(&self, call: Call) -> Result<RowSet, Fault> {
        let transaction = Transaction::reading(call);
        self.store.run(Permit::of_run(), transaction).await?.into_rows()
    }

    /// Rows that a statement of the journal writes.
    pub(crate) async fn write(&self, call: Call) -> Result<RowSet, Fault> {
        let transaction = Transaction::sequence(vec![call], false);
        self.store.run(Permit::of_run(), transaction).await?.into_rows()
    }
}
