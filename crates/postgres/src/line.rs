//! The line of one statement that counts.
//!
//! Role: knows which rows are counted in just now, who waits, and who goes next.
//! Invariant: a row is counted in by one at a time; while somebody waits, somebody is under way.
//! Not here: connections, answers (batches).
//!
//! As long as hardly anybody waits, whoever finds a connection free goes by itself: waiting for others would only cost
//! time. Where many waited, few are under way, so that many go in each batch; so it is from the start where many in a batch
//! cost hardly more than one.

use std::collections::{HashSet, VecDeque};

/// So many in a batch are many.
const MANY: usize = 8;

/// How many are under way at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Width {
    /// As long as hardly anybody waits.
    pub(crate) wide: usize,
    /// Where many wait.
    pub(crate) narrow: usize,
}

impl Width {
    /// Few, whoever waits.
    pub(crate) fn narrowed(self) -> Self {
        Width {
            wide: self.narrow,
            ..self
        }
    }
}

/// Those who want a statement; a row is known by a number.
pub(crate) struct Line<T> {
    width: Width,
    /// How many went in the last batch.
    last: usize,
    rows: HashSet<u64>,
    /// How many are under way, lone ones and batches.
    under_way: usize,
    waiting: VecDeque<(u64, T)>,
}

impl<T> Line<T> {
    pub(crate) fn new(width: Width) -> Self {
        Line {
            width,
            last: 0,
            rows: HashSet::new(),
            under_way: 0,
            waiting: VecDeque::new(),
        }
    }

    /// How many may be under way now.
    fn width(&self) -> usize {
        match self.last < MANY {
            true => self.width.wide,
            false => self.width.narrow,
        }
    }

    /// Whether somebody who wants a row goes at once: nobody counts in it or waits for it, and there is room.
    pub(crate) fn starts(&mut self, row: u64) -> bool {
        let is_free = self.under_way < self.width()
            && !self.rows.contains(&row)
            && !self.waiting.iter().any(|(wanted, _)| *wanted == row);
        if is_free {
            self.rows.insert(row);
            self.under_way += 1;
        }
        is_free
    }

    /// Somebody waits.
    pub(crate) fn wait(&mut self, row: u64, who: T) {
        self.waiting.push_back((row, who));
    }

    /// How many wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Forgets those who wait and are not there any more.
    pub(crate) fn retain(&mut self, mut is_there: impl FnMut(&T) -> bool) {
        self.waiting.retain(|(_, who)| is_there(who));
    }

    /// Those who go in the next batch, so many at most, whose rows nobody else counts in; and their rows.
    pub(crate) fn take(&mut self, most: usize) -> (Vec<T>, Vec<u64>) {
        let (mut taken, mut rows) = (Vec::new(), Vec::new());
        let mut kept = VecDeque::new();
        for (row, who) in std::mem::take(&mut self.waiting) {
            if taken.len() == most || self.rows.contains(&row) {
                kept.push_back((row, who));
            } else {
                taken.push(who);
                rows.push(row);
            }
        }
        self.waiting = kept;
        self.rows.extend(&rows);
        self.last = taken.len();
        (taken, rows)
    }

    /// Somebody who counted in these rows has ended. Whether another goes in its place; else there is one less.
    pub(crate) fn ended(&mut self, rows: &[u64]) -> bool {
        for row in rows {
            self.rows.remove(row);
        }
        let has_room = self.under_way <= self.width();
        let goes_on = has_room && self.waiting.iter().any(|(row, _)| !self.rows.contains(row));
        self.under_way -= usize::from(!goes_on);
        goes_on
    }

    /// Those who wait, where nobody will ever go again.
    pub(crate) fn into_waiting(self) -> impl Iterator<Item = T> {
        self.waiting.into_iter().map(|(_, who)| who)
    }

    /// Whether nobody is under way.
    pub(crate) fn is_idle(&self) -> bool {
        self.under_way == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOT: u64 = 1;
    const WIDTH: Width = Width { wide: 3, narrow: 1 };

    #[test]
    fn who_wants_a_row_waits_for_it_and_others_do_not() {
        let mut line = Line::new(WIDTH);
        assert!(line.starts(HOT) && !line.starts(HOT));
        line.wait(HOT, "a");
        line.wait(HOT, "b");
        assert!(line.starts(2) && line.starts(3));
        assert!(!line.starts(4), "three are under way");
        line.wait(4, "c");
        // The row is still counted in: only the other goes.
        assert!(line.ended(&[3]));
        assert_eq!(line.take(64), (vec!["c"], vec![4]));
        assert!(line.ended(&[HOT]));
        assert_eq!(line.take(64), (vec!["a", "b"], vec![HOT, HOT]));
        assert!(!line.ended(&[2]) && !line.ended(&[4]) && !line.is_idle());
        assert!(!line.ended(&[HOT, HOT]) && line.is_idle());
    }

    #[test]
    fn where_many_wait_few_are_under_way() {
        let mut line = Line::new(WIDTH);
        assert!(line.starts(1) && line.starts(2) && line.starts(3));
        (4..20).for_each(|row| line.wait(row, row));
        assert!(line.ended(&[1]));
        assert_eq!(line.take(64).0.len(), 16);
        line.wait(20, 20);
        // Others end, and nobody goes in their place before the last.
        assert!(!line.ended(&[2]) && !line.ended(&[3]) && !line.starts(21));
        let rows: Vec<u64> = (4..20).collect();
        assert!(line.ended(&rows));
        assert_eq!(line.take(64).0, [20]);
        assert!(
            line.starts(21) && line.starts(22) && !line.starts(23),
            "hardly anybody waited"
        );
    }

    #[test]
    fn nobody_overtakes_those_who_wait_for_the_row() {
        let mut line = Line::new(WIDTH);
        assert!(line.starts(HOT));
        line.wait(HOT, "a");
        assert!(line.ended(&[HOT]), "it goes next");
        assert!(!line.starts(HOT));
        line.wait(HOT, "b");
        assert_eq!(line.take(1), (vec!["a"], vec![HOT]));
        assert!(!line.starts(HOT));
        assert!(line.ended(&[HOT]));
        assert_eq!(line.take(1), (vec!["b"], vec![HOT]));
        assert!(!line.ended(&[HOT]) && line.is_idle() && line.len() == 0);
    }
}
