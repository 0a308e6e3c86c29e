//! Tokens whose signature was found good.
//!
//! Role: a caller sends the same token again and again; its signature is computed and its claims are read once.
//! Invariant: a token is known by all of its bytes, to the verifier whose key has signed it and to no other: with another
//! key nothing is known. That a signature is good says nothing of time: whoever asks judges the claims each time.
//! Not here: judging them.
//!
//! A token is kept when it comes for the second time within some thousand others: with more callers than there is room
//! for, each would only push another one out, which costs more than it saves.

use backflow_expr::Value;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Weighter};
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Bytes that all of them may take, roughly.
const MOST: u64 = 1024 * 1024;
/// The longest that is kept, in bytes.
const LONGEST: usize = 4096;
/// What claims take for each byte of their token, and what an entry takes beside, roughly.
const SHARE: usize = 3;
const OVERHEAD: usize = 256;
/// How many tokens that came once are remembered, as numbers.
const ONCE: u64 = 4096;

pub(super) struct Known {
    kept: Cache<Box<str>, Value, Weigher, DefaultHashBuilder>,
    /// Each in the place that its number gives it; a later one takes it.
    once: Box<[AtomicU64]>,
    hasher: RandomState,
}

#[derive(Clone)]
struct Weigher;

impl Weighter<Box<str>, Value> for Weigher {
    fn weight(&self, token: &Box<str>, _: &Value) -> u64 {
        weight(token)
    }
}

fn weight(token: &str) -> u64 {
    u64::try_from(token.len() * SHARE + OVERHEAD).unwrap_or(u64::MAX)
}

impl Known {
    pub(super) fn new() -> Self {
        let usual = usize::try_from(MOST / weight(&"x".repeat(256))).unwrap_or(1);
        Known {
            kept: Cache::with_weighter(usual, MOST, Weigher),
            once: (0..ONCE).map(|_| AtomicU64::default()).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The claims of a token whose signature was good.
    pub(super) fn claims(&self, token: &str) -> Option<Value> {
        self.kept.get(token)
    }

    /// The signature of a token is good.
    pub(super) fn keep(&self, token: &str, claims: &Value) {
        if token.len() <= LONGEST && self.came_before(token) {
            self.kept.insert(token.into(), claims.clone());
        }
    }

    /// Whether it has come lately; from now on it has.
    fn came_before(&self, token: &str) -> bool {
        let number = self.hasher.hash_one(token);
        let place = usize::try_from(number % ONCE)
            .ok()
            .and_then(|at| self.once.get(at));
        place.is_some_and(|place| place.swap(number, Relaxed) == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_tokens_stay_bounded() {
        let known = Known::new();
        let token = |n: usize| format!("{n:0>300}");
        for n in 0..20_000 {
            for _ in 0..2 {
                known.keep(&token(n), &Value::from("claims"));
            }
        }
        assert!(
            known.kept.weight() <= MOST && known.kept.len() > 500,
            "{}",
            known.kept.len()
        );
        assert!(known.claims(&token(19_999)).is_some() && known.claims(&token(20_000)).is_none());
        known.keep(&token(20_000), &Value::from("claims"));
        assert!(known.claims(&token(20_000)).is_none(), "it came once");
        for _ in 0..2 {
            known.keep(&"x".repeat(LONGEST + 1), &Value::from("claims"));
        }
        assert!(known.claims(&"x".repeat(LONGEST + 1)).is_none());
    }
}
