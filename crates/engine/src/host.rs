//! What programs may ask for while they run.
//!
//! Role: the instant and the ids of one request.
//! Invariant: run again, a request gets the same ids in the same order, and the same instant.
//! Not here: where fresh ids come from (`clock`).

use crate::clock::Ids;
use backflow_expr::Host;
use std::sync::Arc;

/// The host of one request.
pub(crate) struct RequestHost {
    now: jiff::Timestamp,
    ids: Arc<dyn Ids>,
    drawn: Vec<String>,
    next: usize,
    mark: usize,
}

impl RequestHost {
    pub(crate) fn new(now: jiff::Timestamp, ids: Arc<dyn Ids>) -> Self {
        Self {
            now,
            ids,
            drawn: Vec::new(),
            next: 0,
            mark: 0,
        }
    }

    /// What was drawn until now is not drawn again after [`RequestHost::rewind`].
    pub(crate) fn mark(&mut self) {
        self.mark = self.next;
    }

    /// Goes back to the mark.
    pub(crate) fn rewind(&mut self) {
        self.next = self.mark;
    }
}

impl Host for RequestHost {
    fn now(&self) -> jiff::Timestamp {
        self.now
    }

    fn uuid(&mut self) -> String {
        let id = match self.drawn.get(self.next) {
            Some(id) => id.clone(),
            None => {
                let id = self.ids.uuid();
                self.drawn.push(id.clone());
                id
            }
        };
        self.next += 1;
        id
    }
}
