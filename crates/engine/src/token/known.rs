//! Tokens whose signature was found good.
//!
//! Role: a caller sends the same token again and again; its signature is computed and its claims are read once.
//! Invariant: a token is known by all of its bytes, to the verifier whose key has signed it and to no other: with another
//! key nothing is known. That a signature is good says nothing of time: whoever asks judges the claims each time.
//! Not here: judging them.

use backflow_expr::Value;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Weighter};

/// Bytes that all of them may take, roughly.
const MOST: u64 = 1024 * 1024;
/// The longest that is kept, in bytes.
const LONGEST: usize = 4096;
/// What claims take for each byte of their token, and what an entry takes beside, roughly.
const SHARE: usize = 3;
const OVERHEAD: usize = 256;

pub(super) struct Known(Cache<Box<str>, Value, Weigher, DefaultHashBuilder>);

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
        Known(Cache::with_weighter(usual, MOST, Weigher))
    }

    /// The claims of a token whose signature was good.
    pub(super) fn claims(&self, token: &str) -> Option<Value> {
        self.0.get(token)
    }

    /// The signature of a token is good.
    pub(super) fn keep(&self, token: &str, claims: &Value) {
        if token.len() <= LONGEST {
            self.0.insert(token.into(), claims.clone());
        }
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
            known.keep(&token(n), &Value::from("claims"));
        }
        assert!(
            known.0.weight() <= MOST && known.0.len() > 500,
            "{}",
            known.0.len()
        );
        assert!(known.claims(&token(19_999)).is_some() && known.claims(&token(20_000)).is_none());
        known.keep(&"x".repeat(LONGEST + 1), &Value::from("claims"));
        assert!(known.claims(&"x".repeat(LONGEST + 1)).is_none());
    }
}
