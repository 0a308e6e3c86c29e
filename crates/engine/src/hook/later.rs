//! Events that are due, whoever took them in.
//!
//! Role: keeps our objects ours, takes up what is due.
//! Invariant: an event that is due is run by somebody within a few seconds, also after its process died.
//! Not here: running one (`run`), erasing what is old (`erase`).

use super::Hooks;
use super::replay::NO_ID;
use crate::event as log;
use crate::fault::Fault;
use crate::work::{call, instant, text};
use backflow_expr::Value;
use backflow_sql::ir::Datum;
use jiff::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often it is looked.
const PULSE: Duration = Duration::from_millis(1000);

/// How often, as long as somebody else holds what is due here.
const MISSED: Duration = Duration::from_millis(250);

/// Not more often than so, however much arrives.
const BREATH: Duration = Duration::from_millis(10);

/// How many events that are due are looked at together.
const LOOK: i64 = 256;

/// How often old events are erased.
const ERASING: Duration = Duration::from_secs(3600);

impl Hooks {
    /// Goes on until the runtime rests.
    pub(super) async fn look_after(self: Arc<Self>) {
        let (mut erased, mut beaten, mut looked): (_, _, Option<Instant>) = (None, None, None);
        let mut pause = PULSE;
        loop {
            let mut outcome = Ok(());
            if is_over(&mut beaten, PULSE / 2) {
                outcome = self.beat().await;
            }
            if !self.stopping.load(Ordering::Relaxed) {
                let is_low = self.queue().is_low();
                if self.queue().has_missed() {
                    pause = MISSED;
                }
                if outcome.is_ok() && (is_over(&mut looked, pause) || is_low) {
                    looked = Some(Instant::now());
                    pause = PULSE;
                    outcome = self.look().await;
                }
                self.employ();
            }
            if let Err(fault) = outcome {
                log::inbox_away(fault.private_text().unwrap_or(fault.code_text()));
            }
            if is_over(&mut erased, ERASING) {
                tokio::spawn(Arc::clone(&self).erase_later());
            }
            tokio::time::sleep(BREATH).await;
            drop(tokio::time::timeout(MISSED - BREATH, self.wake.notified()).await);
            if self.stopping.load(Ordering::Relaxed) && self.is_idle() {
                return;
            }
        }
    }

    /// Erases a pulse later: at a start nobody waits for it, but the first requests wait for the database.
    async fn erase_later(self: Arc<Self>) {
        tokio::time::sleep(PULSE).await;
        if !self.stopping.load(Ordering::Relaxed) {
            self.erase().await;
        }
    }

    /// As many take up what waits as are free.
    fn employ(self: &Arc<Self>) {
        let waiting = self.queue().len();
        for _ in 0..waiting {
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                return;
            };
            self.go_on(place, None, None);
        }
    }

    /// Renews the leases of the objects that are held here.
    async fn beat(&self) -> Result<(), Fault> {
        let now = self.works.now();
        let tokens: Vec<Value> = self
            .held()
            .values()
            .map(|holder| Value::from(&*holder.token))
            .collect();
        if tokens.is_empty() {
            return Ok(());
        }
        let values = vec![
            text(&Value::list(tokens).to_json()),
            instant(crate::work::lease(now)),
            instant(now),
        ];
        let beat = call(&self.journal.inbox.beat, values, true);
        self.works.write(beat).await.map(drop)
    }

    /// Puts objects with events that are due into the queue, as many as it holds.
    async fn look(&self) -> Result<(), Fault> {
        self.queue().looking();
        let mut page = Page::default();
        while let Some(objects) = self.due(&mut page).await? {
            let free = objects.iter().filter(|object| !self.held().contains_key(*object));
            let free: Vec<_> = free.collect();
            let mut queue = self.queue();
            if !free.into_iter().all(|object| queue.push(object)) {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Objects with events that are due, a page after the other: those of one object may fill many. `None`: there are
    /// no more.
    pub(super) async fn due(&self, page: &mut Page) -> Result<Option<BTreeSet<Arc<str>>>, Fault> {
        let values = vec![
            instant(self.works.now()),
            instant(page.due),
            text(&page.id),
            Datum::Int(LOOK),
        ];
        let due = self
            .works
            .read(call(&self.journal.inbox.due, values, true))
            .await?;
        let broken = || Fault::internal("an event that cannot be read");
        let mut objects = BTreeSet::new();
        for row in &due.rows {
            let [Datum::Text(object), Datum::Text(due), Datum::Text(id)] = row.cells.as_slice() else {
                return Err(broken());
            };
            page.due = backflow_expr::parse_timestamp(due).ok_or_else(broken)?;
            page.id = Arc::clone(id);
            objects.insert(Arc::clone(object));
        }
        Ok((!objects.is_empty()).then_some(objects))
    }
}

/// Whether something has not been done for so long; if so, it is now.
fn is_over(last: &mut Option<Instant>, span: Duration) -> bool {
    let is_over = last.is_none_or(|at| at.elapsed() >= span);
    if is_over {
        *last = Some(Instant::now());
    }
    is_over
}

/// How far events that are due were looked at.
pub(super) struct Page {
    due: Timestamp,
    id: Arc<str>,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            due: Timestamp::UNIX_EPOCH,
            id: NO_ID.into(),
        }
    }
}
