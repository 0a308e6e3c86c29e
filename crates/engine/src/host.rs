//! What programs may ask for while they run.
//!
//! Role: the instant and the ids of one request.
//! Invariant: run again, a request gets the same ids in the same order, and the same instant.
//! Not here: where fresh ids come from (`clock`).

use crate::clock::Ids;
use backflow_expr::Host;
use std::sync::Arc;

/// Ids of one kind, remembered in the order they were drawn.
#[derive(Default)]
struct Drawn {
    ids: Vec<String>,
    next: usize,
    mark: usize,
}

impl Drawn {
    fn draw(&mut self, fresh: impl FnOnce() -> String) -> String {
        if self.next == self.ids.len() {
            self.ids.push(fresh());
        }
        let id = self.ids.get(self.next).cloned().unwrap_or_default();
        self.next += 1;
        id
    }
}

/// The host of one request. Keys and random ids are drawn apart, so that a second run never takes a key, which
/// can be guessed, where the first took a random id.
pub(crate) struct RequestHost {
    now: jiff::Timestamp,
    ids: Arc<dyn Ids>,
    random: Drawn,
    keys: Drawn,
}

impl RequestHost {
    pub(crate) fn new(now: jiff::Timestamp, ids: Arc<dyn Ids>) -> Self {
        Self {
            now,
            ids,
            random: Drawn::default(),
            keys: Drawn::default(),
        }
    }

    /// The request's instant.
    pub(crate) fn instant(&self) -> jiff::Timestamp {
        self.now
    }

    /// A uuid for the key of a new row.
    pub(crate) fn key(&mut self) -> String {
        self.keys.draw(|| self.ids.key())
    }

    /// What was drawn until now is not drawn again after [`RequestHost::rewind`].
    pub(crate) fn mark(&mut self) {
        for drawn in [&mut self.random, &mut self.keys] {
            drawn.mark = drawn.next;
        }
    }

    /// Goes back to the mark.
    pub(crate) fn rewind(&mut self) {
        for drawn in [&mut self.random, &mut self.keys] {
            drawn.next = drawn.mark;
        }
    }
}

impl Host for RequestHost {
    fn now(&self) -> jiff::Timestamp {
        self.now
    }

    fn uuid(&mut self) -> String {
        self.random.draw(|| self.ids.uuid())
    }
}
