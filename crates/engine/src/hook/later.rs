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

/// Not more often than so, however much arrives.
const BREATH: Duration = Duration::from_millis(20);

/// How many events that are due are looked at together.
const LOOK: i64 = 128;

/// How often old events are erased.
const ERASING: Duration = Duration::from_secs(3600);

impl Hooks {
    /// Goes on until the runtime rests.
    pub(super) async fn look_after(self: Arc<Self>) {
        let (mut erased, mut beaten): (Option<Instant>, Option<Instant>) = (None, None);
        loop {
            let mut outcome = Ok(());
            if beaten.is_none_or(|at| at.elapsed() >= PULSE / 2) {
                beaten = Some(Instant::now());
                outcome = self.beat().await;
            }
            if outcome.is_ok() && !self.stopping.load(Ordering::Relaxed) {
                outcome = self.take_up().await;
            }
            if let Err(fault) = outcome {
                log::inbox_away(fault.private_text().unwrap_or(fault.code_text()));
            }
            if erased.is_none_or(|at| at.elapsed() > ERASING) {
                erased = Some(Instant::now());
                let hooks = Arc::clone(&self);
                tokio::spawn(async move { hooks.erase().await });
            }
            tokio::time::sleep(BREATH).await;
            drop(tokio::time::timeout(PULSE - BREATH, self.wake.notified()).await);
            if self.stopping.load(Ordering::Relaxed) && self.is_idle() {
                return;
            }
        }
    }

    /// Renews the leases of the objects that are held here.
    async fn beat(&self) -> Result<(), Fault> {
        let now = self.works.now();
        let tokens: Vec<Value> = self.held().values().map(|token| Value::from(&**token)).collect();
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

    /// Takes up what is due, as far as somebody is free.
    async fn take_up(self: &Arc<Self>) -> Result<(), Fault> {
        if self.places.available_permits() == 0 {
            return Ok(());
        }
        let mut page = Page::default();
        while let Some(objects) = self.due(&mut page).await? {
            for object in objects {
                if self.held().contains_key(&object) {
                    continue;
                }
                let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
                    return Ok(());
                };
                if let Some(held) = self.take(&object).await? {
                    self.go_on(held, Some(place), None);
                }
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
