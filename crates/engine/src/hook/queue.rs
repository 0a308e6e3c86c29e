//! Objects with events that are due, as far as this process knows.
//!
//! Role: what arrives while nobody is free waits here, so that nobody has to ask the database for it.
//! Invariant: an object is in it once; what does not fit is found by the next look into the database.
//! Not here: looking (`later`), running (`run`).

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

/// The most objects that wait here.
const MOST: usize = 4096;

/// With fewer than these it is time to look for more.
const LOW: usize = 64;

/// Objects that wait, the longest first.
#[derive(Debug, Default)]
pub(super) struct Queue {
    objects: VecDeque<Arc<str>>,
    known: HashSet<Arc<str>>,
    /// The database has more of them.
    more: bool,
    /// One was somebody else's: it is not known when it will be given up.
    missed: bool,
}

impl Queue {
    /// Whether there was room for it.
    pub(super) fn push(&mut self, object: &Arc<str>) -> bool {
        if self.objects.len() >= MOST {
            self.more = true;
            return false;
        }
        if self.known.insert(Arc::clone(object)) {
            self.objects.push_back(Arc::clone(object));
        }
        true
    }

    pub(super) fn pop(&mut self) -> Option<Arc<str>> {
        let object = self.objects.pop_front()?;
        self.known.remove(&object);
        Some(object)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.objects.len()
    }

    /// An object was taken out that somebody else holds.
    pub(super) fn miss(&mut self) {
        self.missed = true;
    }

    /// Whether one was since it was asked last.
    pub(super) fn has_missed(&mut self) -> bool {
        std::mem::take(&mut self.missed)
    }

    /// Whether it is worth a look into the database now.
    pub(super) fn is_low(&self) -> bool {
        self.more && self.objects.len() < LOW
    }

    /// Somebody looks into the database.
    pub(super) fn looking(&mut self) {
        self.more = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_waits_once_and_in_its_turn() {
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let mut queue = Queue::default();
        assert!(queue.push(&a) && queue.push(&b) && queue.push(&a));
        assert_eq!(
            (queue.pop(), queue.pop(), queue.pop()),
            (Some(a.clone()), Some(b), None)
        );
        assert!(queue.push(&a), "it may come again");
        assert_eq!(queue.pop(), Some(a));
    }

    #[test]
    fn what_does_not_fit_is_looked_for_later() {
        let mut queue = Queue::default();
        for n in 0..MOST {
            assert!(queue.push(&n.to_string().into()));
        }
        assert!(!queue.push(&"one more".into()) && !queue.is_low());
        while queue.pop().is_some() {}
        assert!(queue.is_low());
        queue.looking();
        assert!(!queue.is_low());
    }
}
