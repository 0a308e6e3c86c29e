//! A list that forgets its oldest.
//!
//! Role: [`Ring`].
//! Invariant: neither its length nor the weight of what it holds passes its limits, except by one element.
//! Not here: what is in it.

use std::collections::VecDeque;

/// Something that takes room.
pub(crate) trait Weigh {
    /// Bytes, roughly.
    fn weight(&self) -> usize;
}

/// A list that forgets its oldest.
#[derive(Debug)]
pub(crate) struct Ring<T> {
    items: VecDeque<T>,
    weight: usize,
    most: (usize, usize),
    /// How many there ever were.
    total: u64,
}

impl<T: Weigh> Ring<T> {
    /// An empty one with its limits.
    pub(crate) fn new(items: usize, bytes: usize) -> Self {
        Self {
            items: VecDeque::new(),
            weight: 0,
            most: (items, bytes),
            total: 0,
        }
    }

    /// Adds one; the oldest go until it fits.
    pub(crate) fn push(&mut self, item: T) {
        self.weight += item.weight();
        self.total += 1;
        self.items.push_back(item);
        while self.items.len() > 1 && (self.items.len() > self.most.0 || self.weight > self.most.1) {
            if let Some(oldest) = self.items.pop_front() {
                self.weight -= oldest.weight().min(self.weight);
            }
        }
    }

    /// All, the oldest first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.items.iter()
    }

    /// How many there ever were.
    pub(crate) fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weigh for &str {
        fn weight(&self) -> usize {
            self.len()
        }
    }

    #[test]
    fn the_oldest_go() {
        let mut ring = Ring::new(2, 5);
        for item in ["a", "b", "c", "ddd", "eeeeeeeee"] {
            ring.push(item);
        }
        assert_eq!(ring.iter().copied().collect::<Vec<_>>(), ["eeeeeeeee"]);
        ring.push("f");
        assert_eq!(ring.iter().copied().collect::<Vec<_>>(), ["f"]);
        assert_eq!(ring.total(), 6);
    }
}
