//! Pauses between tries.
//!
//! Invariant: a pause is never longer than its limit, and never the same for all who wait.
//! Not here: what is tried again.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// A span, doubled so many times, `longest` at most.
#[must_use]
pub fn doubled(span: Duration, times: u32, longest: Duration) -> Duration {
    span.saturating_mul(1_u32.checked_shl(times).unwrap_or(u32::MAX))
        .min(longest)
}

/// Between half the span and all of it, so that many do not try at once.
#[must_use]
pub fn jittered(span: Duration) -> Duration {
    let half = span / 2;
    half + spread(half)
}

/// Anything up to the span, so that those who meet now do not meet again.
#[must_use]
pub fn spread(span: Duration) -> Duration {
    // The keys of a fresh hasher are the randomness that the standard library offers.
    let random = RandomState::new().hash_one(0) >> 32;
    let part = (u128::from(random) * span.as_nanos()) >> 32;
    Duration::from_nanos(u64::try_from(part).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit_and_no_further() {
        let (shortest, longest) = (Duration::from_millis(50), Duration::from_secs(1));
        for times in [0, 1, 4, 5, 31, 32, 1_000] {
            let wait = doubled(shortest, times, longest);
            assert!(wait <= longest && wait >= shortest, "{times}: {wait:?}");
            let jittered = jittered(wait);
            assert!(jittered <= wait && jittered >= wait / 2, "{jittered:?}");
        }
        assert_eq!(doubled(shortest, 2, longest), Duration::from_millis(200));
    }
}
