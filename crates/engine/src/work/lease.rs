//! Which runs are driven here, and until when each is surely ours.
//!
//! Role: renews the leases of the runs that are driven here, and only of those, so that a run that nobody drives any
//! more is taken over; says before each sending whether the run is still ours.
//! Invariant: that a worker is alive says nothing of a run: a lease that was not renewed in time is asked for by the
//! run's own fence.
//! Not here: taking runs (`worker`), what is written of a run (its statements name the fence themselves).

use super::group::Context;
use super::journal::{self, RunRow};
use super::send::Fenced;
use super::worker::PULSE;
use super::{LEASE, Works};
use crate::fault::Fault;
use backflow_sql::ir::Datum;
use jiff::Timestamp;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// A run that is driven here.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    fence: i64,
    /// From when on its lease runs, at least.
    since: Instant,
}

/// The runs that are driven here, by id.
pub(super) type Holdings = HashMap<Arc<str>, Held>;

/// While it is there, a run is driven here and its lease renewed.
pub(super) struct Holding<'a> {
    works: &'a Works,
    id: Arc<str>,
    fence: i64,
}

impl Drop for Holding<'_> {
    fn drop(&mut self) {
        let mut held = self.works.held();
        // After a take-over by ourselves the place is its new driver's.
        if held.get(&self.id).is_some_and(|held| held.fence == self.fence) {
            held.remove(&self.id);
        }
    }
}

impl Works {
    /// From now on this run is driven here.
    pub(super) fn holding(&self, context: &Context) -> Holding<'_> {
        let (id, fence) = (Arc::clone(&context.id), context.fence);
        let own = Held {
            fence,
            since: context.held,
        };
        let mut held = self.held();
        if held.get(&id).is_none_or(|other| other.fence <= fence) {
            held.insert(Arc::clone(&id), own);
        }
        drop(held);
        Holding {
            works: self,
            id,
            fence,
        }
    }

    /// After a run was taken anew: whoever drove it here before is told so by its fence.
    pub(super) fn displace(&self, run: &RunRow) {
        let mut held = self.held();
        if held.get(&run.id).is_some_and(|held| held.fence < run.fence) {
            held.remove(&run.id);
        }
    }

    /// Renews the leases of all runs that are driven here.
    pub(super) async fn beat(&self) -> Result<(), Fault> {
        let begun = Instant::now();
        let ids: Vec<Arc<str>> = self.held().keys().map(Arc::clone).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let list = backflow_expr::Value::list(ids.iter().map(|id| backflow_expr::Value::from(&**id)));
        let values = vec![
            journal::text(self.worker()),
            journal::instant(super::lease(self.now())),
            journal::text(&list.to_json()),
        ];
        let beaten = self
            .write(journal::call(&self.journal.runs.beat, values, true))
            .await?;
        let ours: HashSet<(&str, i64)> = beaten
            .rows
            .iter()
            .filter_map(|row| match row.cells.as_slice() {
                [Datum::Text(id), Datum::Int(fence)] => Some((&**id, *fence)),
                _ => None,
            })
            .collect();
        for (id, held) in self.held().iter_mut() {
            if ours.contains(&(&**id, held.fence)) {
                held.since = held.since.max(begun);
            }
        }
        Ok(())
    }

    /// Signs of life for as long as the value is there, where nothing else gives them.
    pub(super) fn heart(self: &Arc<Self>) -> Heart {
        let works = Arc::clone(self);
        Heart(tokio::spawn(async move {
            loop {
                tokio::time::sleep(PULSE).await;
                if let Err(fault) = works.beat().await {
                    crate::event::no_pulse(fault.private_text().unwrap_or(fault.code_text()));
                }
            }
        }))
    }

    /// Waits until a run is surely ours: at once, unless signs of life failed to arrive.
    pub(super) async fn alive(&self, context: &Context) -> Result<(), Fenced> {
        let span = Duration::try_from(LEASE).unwrap_or_default();
        let known = self.held().get(&context.id).copied();
        match known {
            Some(held) if held.fence != context.fence => return Err(Fenced),
            // Some of the lease is left for the request to go out.
            Some(held) if held.since.elapsed() < span / 2 => return Ok(()),
            _ => {}
        }
        let begun = Instant::now();
        let lease = super::lease(self.now());
        let hold = journal::hold(&context.journal, &context.id, context.fence, lease);
        if !self.insist(context, vec![hold]).await {
            return Err(Fenced);
        }
        match self.held().get_mut(&context.id) {
            Some(held) if held.fence == context.fence => held.since = held.since.max(begun),
            _ => {}
        }
        Ok(())
    }

    /// Since when a lease runs that ends at `until`.
    pub(super) fn since(&self, until: Timestamp) -> Instant {
        let left = until.duration_since(self.now());
        let gone = Duration::try_from(LEASE.saturating_sub(left)).unwrap_or_default();
        let now = Instant::now();
        now.checked_sub(gone).unwrap_or(now)
    }

    fn held(&self) -> MutexGuard<'_, Holdings> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// See [`Works::heart`].
pub(super) struct Heart(JoinHandle<()>);

impl Drop for Heart {
    fn drop(&mut self) {
        self.0.abort();
    }
}
