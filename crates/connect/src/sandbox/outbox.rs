//! Events on their way to webhooks.
//!
//! Role: which event goes to which target, when, and what became of it.
//! Invariant: an event stays until its target took it or the last pause is over: at least once.
//! Not here: sending (`deliver.rs`), events themselves (`stripe/event.rs`).

use super::options::Target;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::Duration;

/// Deliveries that may wait; beyond, the oldest are given up.
const WAITING: usize = 100_000;
/// Finished deliveries that are listed.
const LISTED: usize = 10_000;
/// Deliveries at once.
const AT_ONCE: usize = 32;

/// An event for a target.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) id: u64,
    pub(crate) event: String,
    pub(crate) target: Target,
    pub(crate) attempts: usize,
    pub(crate) due: Timestamp,
    pub(crate) status: Option<u16>,
    is_running: bool,
}

/// Events on their way.
#[derive(Debug)]
pub(crate) struct Outbox {
    pauses: Vec<Duration>,
    waiting: VecDeque<Delivery>,
    finished: VecDeque<Value>,
    running: usize,
    next: u64,
    is_held: bool,
}

impl Outbox {
    /// An empty one.
    pub(crate) fn new(pauses: Vec<Duration>) -> Self {
        Self {
            pauses,
            waiting: VecDeque::new(),
            finished: VecDeque::new(),
            running: 0,
            next: 0,
            is_held: false,
        }
    }

    /// An event for all targets.
    pub(crate) fn add(&mut self, event: &str, targets: &[Target], now: Timestamp) {
        for target in targets {
            if self.waiting.len() >= WAITING {
                self.waiting.pop_front();
            }
            self.next += 1;
            self.waiting.push_back(Delivery {
                id: self.next,
                event: event.to_owned(),
                target: target.clone(),
                attempts: 0,
                due: now,
                status: None,
                is_running: false,
            });
        }
    }

    /// Holds everything back, or lets it go.
    pub(crate) fn hold(&mut self, is_held: bool) {
        self.is_held = is_held;
    }

    /// How many wait for an event to be taken.
    pub(crate) fn pending(&self, event: &str) -> usize {
        self.waiting
            .iter()
            .filter(|delivery| delivery.event == event)
            .count()
    }

    /// Nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Those to be sent now; they count as running.
    pub(crate) fn take(&mut self, now: Timestamp) -> Vec<Delivery> {
        if self.is_held {
            return Vec::new();
        }
        let free = AT_ONCE.saturating_sub(self.running);
        let due = self
            .waiting
            .iter_mut()
            .filter(|delivery| !delivery.is_running && delivery.due <= now);
        let taken: Vec<Delivery> = due
            .take(free)
            .map(|delivery| {
                delivery.is_running = true;
                delivery.clone()
            })
            .collect();
        self.running += taken.len();
        taken
    }

    /// What became of one. The entry for the journal if it is over.
    pub(crate) fn end(&mut self, id: u64, status: Option<u16>, now: Timestamp) -> Option<Value> {
        self.running = self.running.saturating_sub(1);
        let position = self.waiting.iter().position(|delivery| delivery.id == id)?;
        let delivery = self.waiting.get_mut(position)?;
        delivery.is_running = false;
        delivery.status = status;
        let pause = self.pauses.get(delivery.attempts).copied();
        delivery.attempts += 1;
        let is_taken = status.is_some_and(|status| (200..300).contains(&status));
        match pause.and_then(|pause| SignedDuration::try_from(pause).ok()) {
            Some(pause) if !is_taken => {
                delivery.due = now.checked_add(pause).unwrap_or(now);
                None
            }
            _ => {
                let delivery = self.waiting.remove(position)?;
                let entry = json!({"done": [delivery.event, delivery.target.url]});
                self.finish(&delivery, if is_taken { "taken" } else { "given up" });
                Some(entry)
            }
        }
    }

    /// Gives up what waits for a target that is gone.
    pub(crate) fn forget(&mut self, url: &str) {
        self.waiting.retain(|delivery| delivery.target.url != url);
    }

    /// Takes back an entry of the journal.
    pub(crate) fn replay_done(&mut self, done: &Value) {
        let text = |position: usize| done.get(position).and_then(Value::as_str).unwrap_or_default();
        let (event, url) = (text(0), text(1));
        let found = self
            .waiting
            .iter()
            .position(|one| one.event == event && one.target.url == url);
        if let Some(position) = found {
            self.waiting.remove(position);
        }
    }

    /// All, those that are over first.
    pub(crate) fn list(&self) -> Vec<Value> {
        let waiting = self.waiting.iter().map(|delivery| show(delivery, "waiting"));
        self.finished.iter().cloned().chain(waiting).collect()
    }

    fn finish(&mut self, delivery: &Delivery, state: &str) {
        if self.finished.len() >= LISTED {
            self.finished.pop_front();
        }
        self.finished.push_back(show(delivery, state));
    }
}

fn show(delivery: &Delivery, state: &str) -> Value {
    json!({
        "event": delivery.event,
        "url": delivery.target.url,
        "attempts": delivery.attempts,
        "status": delivery.status,
        "state": state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target() -> Target {
        Target {
            url: "http://localhost/".to_owned(),
            secret: "whsec_x".to_owned(),
            api_version: None,
        }
    }

    #[test]
    fn an_event_stays_until_it_is_taken_or_the_last_pause_is_over() {
        let mut outbox = Outbox::new(vec![Duration::from_secs(5)]);
        let begin = Timestamp::UNIX_EPOCH;
        let later = begin + SignedDuration::from_secs(5);
        outbox.add("evt_1", &[target()], begin);
        outbox.add("evt_2", &[target()], begin);
        let taken = outbox.take(begin);
        assert_eq!(taken.len(), 2);
        assert!(outbox.take(begin).is_empty(), "they are running");
        assert!(outbox.end(taken[0].id, Some(200), begin).is_some());
        assert!(outbox.end(taken[1].id, Some(500), begin).is_none());
        assert_eq!((outbox.pending("evt_1"), outbox.pending("evt_2")), (0, 1));
        assert!(outbox.take(begin).is_empty(), "it pauses");
        let again = outbox.take(later);
        assert_eq!(again[0].event, "evt_2");
        assert!(outbox.end(again[0].id, None, later).is_some());
        assert_eq!(outbox.list()[1]["state"], "given up");
    }

    #[test]
    fn what_is_held_waits() {
        let mut outbox = Outbox::new(Vec::new());
        outbox.add("evt_1", &[target()], Timestamp::UNIX_EPOCH);
        outbox.hold(true);
        assert!(outbox.take(Timestamp::UNIX_EPOCH).is_empty());
        outbox.hold(false);
        assert_eq!(outbox.take(Timestamp::UNIX_EPOCH).len(), 1);
        outbox.replay_done(&json!(["evt_1", "http://localhost/"]));
        assert!(outbox.is_empty());
    }
}
