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
    /// How many of the first that wait leave one by one, each when the one before it was answered.
    in_turn: usize,
}

/// In which order what was held back leaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Order {
    /// As it came.
    Kept,
    /// The newest first.
    Reversed,
    /// As chance has it; the same number, the same order.
    Shuffled(u64),
    /// These events first, in this order.
    First(Vec<String>),
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
            in_turn: 0,
        }
    }

    /// An event for all targets.
    pub(crate) fn add(&mut self, event: &str, targets: &[Target], due: Timestamp) {
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
                due,
                status: None,
                is_running: false,
            });
        }
    }

    /// Holds everything back.
    pub(crate) fn hold(&mut self) {
        self.is_held = true;
    }

    /// Lets go what was held back. In another order than it came it leaves one by one, so that it arrives so.
    pub(crate) fn release(&mut self, order: &Order) {
        self.is_held = false;
        let waiting = self.waiting.make_contiguous();
        match order {
            Order::Kept => return,
            Order::Reversed => waiting.reverse(),
            Order::Shuffled(seed) => shuffle(waiting, *seed),
            Order::First(events) => {
                let place = |event: &String| events.iter().position(|own| own == event);
                waiting.sort_by_key(|one| place(&one.event).unwrap_or(usize::MAX));
            }
        }
        self.in_turn = self.waiting.len();
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
        let at_once = if self.in_turn > 0 { 1 } else { AT_ONCE };
        let free = at_once.saturating_sub(self.running);
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
        self.in_turn = self.in_turn.saturating_sub(taken.len());
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

/// Changes places as a number says (Fisher and Yates).
fn shuffle(waiting: &mut [Delivery], seed: u64) {
    let mut state = seed;
    for last in (1..waiting.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let place = usize::try_from(state >> 33).unwrap_or_default() % (last + 1);
        waiting.swap(last, place);
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
        outbox.hold();
        assert!(outbox.take(Timestamp::UNIX_EPOCH).is_empty());
        outbox.release(&Order::Kept);
        assert_eq!(outbox.take(Timestamp::UNIX_EPOCH).len(), 1);
        outbox.replay_done(&json!(["evt_1", "http://localhost/"]));
        assert!(outbox.is_empty());
    }

    /// The events in the order in which they leave.
    fn leave(order: &Order) -> Vec<String> {
        let now = Timestamp::UNIX_EPOCH;
        let mut outbox = Outbox::new(Vec::new());
        outbox.hold();
        for number in 0..8 {
            outbox.add(&format!("evt_{number}"), &[target()], now);
        }
        outbox.release(order);
        let mut left = Vec::new();
        while let Some(delivery) = outbox.take(now).first() {
            assert!(
                *order == Order::Kept || outbox.take(now).is_empty(),
                "only one is on its way"
            );
            left.push(delivery.event.clone());
            outbox.end(delivery.id, Some(200), now);
        }
        left
    }

    #[test]
    fn what_was_held_back_leaves_in_the_order_asked_for() {
        let as_it_came: Vec<String> = (0..8).map(|number| format!("evt_{number}")).collect();
        let mut reversed = as_it_came.clone();
        reversed.reverse();
        assert_eq!(leave(&Order::Reversed), reversed);
        let shuffled = leave(&Order::Shuffled(7));
        assert_eq!(shuffled, leave(&Order::Shuffled(7)));
        assert!(shuffled != as_it_came && shuffled != leave(&Order::Shuffled(8)));
        let first = leave(&Order::First(vec!["evt_5".to_owned(), "evt_2".to_owned()]));
        assert_eq!(first[..3], ["evt_5", "evt_2", "evt_0"]);
    }
}
