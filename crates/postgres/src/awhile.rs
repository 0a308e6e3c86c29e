//! Statements that go another way for a while.
//!
//! Role: remembers which they are, and until when.
//! Invariant: a statement is kept as long as it is remembered, so that its address is nobody else's.
//! Not here: which way, and why (batches).

use backflow_sql::ir::Statement;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The statements, by their addresses.
#[derive(Default)]
pub(crate) struct Awhile(HashMap<usize, (Arc<Statement>, Instant)>);

/// What a statement is known by.
pub(crate) fn address(statement: &Arc<Statement>) -> usize {
    Arc::as_ptr(statement).addr()
}

impl Awhile {
    /// From now on for so long.
    pub(crate) fn put(&mut self, statement: &Arc<Statement>, span: Duration) {
        let now = Instant::now();
        self.0.retain(|_, (_, until)| now < *until);
        self.0
            .insert(address(statement), (Arc::clone(statement), now + span));
    }

    /// Whether it is one of them now.
    pub(crate) fn holds(&self, statement: &Arc<Statement>) -> bool {
        // As a rule there are none.
        !self.0.is_empty()
            && self
                .0
                .get(&address(statement))
                .is_some_and(|(_, until)| Instant::now() < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_remembered_for_its_time() {
        let (one, other) = (Arc::<Statement>::default(), Arc::<Statement>::default());
        let mut awhile = Awhile::default();
        awhile.put(&one, Duration::from_secs(9));
        awhile.put(&other, Duration::ZERO);
        assert!(awhile.holds(&one) && !awhile.holds(&other));
        awhile.put(&one, Duration::ZERO);
        assert!(!awhile.holds(&one), "the last word counts");
        awhile.put(&other, Duration::from_secs(9));
        assert_eq!(awhile.0.len(), 1, "what is over is forgotten");
    }
}
