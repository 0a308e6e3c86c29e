//! Answers that are kept.
//!
//! Role: finds an answer that was given before, keeps new ones, and says which are too old to be given again.
//! Invariant: an answer is given again only if nothing that it was read from has changed since, as far as this process
//! has written or heard of it; what it has not heard of is never older than [`Follower`] promises.
//! Not here: who may have an answer (the guard, which runs each time); what an answer depends on (the plan).
//!
//! Nothing is thrown away when something changes. A change moves [`Versions`], and an answer whose version is not the
//! current one is not found any more; what is not asked for is pushed out by what is.

mod fills;
mod follow;
mod key;
mod versions;
mod watched;
mod wrote;

pub(crate) use fills::{Fills, Turn};
pub(crate) use follow::{Follower, Token};
pub(crate) use key::{Key, KeyWriter};
pub(crate) use versions::{Version, Versions};
pub(crate) use watched::Watched;
pub(crate) use wrote::Wrote;

use crate::clock::Clock;
use crate::store::Store;
use crate::transaction::Outcome;
use backflow_plan::model::{Cache, Capacity, Changes};
use http::HeaderValue;
use jiff::Timestamp;
use quick_cache::sync::{self, DefaultLifecycle as Lifecycle};
use quick_cache::{DefaultHashBuilder as Hasher, OptionsBuilder, Weighter};
use std::sync::Arc;
use std::time::Duration;

/// How often it is asked what others have changed where nobody wants to know.
const PULSE: Duration = Duration::from_secs(30);
/// In how many parts answers are kept, each with a lock of its own: none larger than a part is kept.
const PARTS: usize = 4;
/// What an entry takes beside its bytes, roughly.
const OVERHEAD: u64 = 256;
/// How large an answer usually is, to guess how many there will be.
const USUAL: u64 = 4096;

/// An answer that was given.
#[derive(Debug)]
pub(crate) struct Kept {
    pub(crate) outcome: Outcome,
    /// What the answer is called by those who have it.
    pub(crate) tag: HeaderValue,
    version: Version,
    until: Timestamp,
}

/// All that is kept.
pub(crate) struct Answers {
    kept: sync::Cache<Key, Arc<Kept>, Weigher>,
    versions: Arc<Versions>,
    pub(crate) fills: Fills,
    follower: Follower,
}

/// Counts bytes; an answer may count for more, so that no more are kept than was asked for.
#[derive(Clone)]
struct Weigher {
    least: u64,
}

impl Weighter<Key, Arc<Kept>> for Weigher {
    fn weight(&self, key: &Key, kept: &Arc<Kept>) -> u64 {
        let bytes = key.len() + kept.outcome.body.len();
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        bytes.saturating_add(OVERHEAD).max(self.least)
    }
}

impl Answers {
    /// None yet. `age`: how long nothing may have been heard of what others change.
    pub(crate) fn new(changes: Changes, capacity: Capacity, age: Duration) -> Self {
        let bytes = capacity.bytes.max(1);
        let usual = bytes / USUAL;
        let (least, entries, parts) = match capacity.answers {
            // One part, that they may be any; a little less than their share, so that all of them fit.
            Some(most) => (
                bytes / u64::from(most).max(1) * 9 / 10,
                usual.min(u64::from(most)),
                1,
            ),
            None => (0, usual, PARTS),
        };
        let entries = usize::try_from(entries).unwrap_or(usize::MAX).max(16);
        let options = OptionsBuilder::new()
            .estimated_items_capacity(entries)
            .weight_capacity(bytes)
            .shards(parts)
            .build();
        let weigher = Weigher { least };
        Answers {
            kept: match options {
                Ok(options) => {
                    sync::Cache::with_options(options, weigher, Hasher::default(), Lifecycle::default())
                }
                Err(_) => sync::Cache::with_weighter(entries, bytes, weigher),
            },
            versions: Arc::new(Versions::new(changes.tables.len())),
            fills: Fills::default(),
            follower: Follower::new(changes, age),
        }
    }

    /// A store that tells of all that is written through it.
    pub(crate) fn watch(&self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        Arc::new(Watched::new(store, Arc::clone(&self.versions)))
    }

    /// Up to where it is known what others have changed; `None`: that is not known well enough.
    pub(crate) async fn heard(&self, store: &Arc<dyn Store>, now: Timestamp) -> Option<Token> {
        self.follower.heard(store, &self.versions, now).await
    }

    /// Something was changed by others a moment ago: who looks next asks for it.
    pub(crate) fn doubt(&self) {
        self.follower.doubt();
    }

    /// Asks from time to time, for as long as there is somebody to keep answers for.
    pub(crate) fn look_after(self: &Arc<Self>, store: &Arc<dyn Store>, clock: &Arc<dyn Clock>) {
        let (answers, store, clock) = (Arc::downgrade(self), Arc::downgrade(store), Arc::clone(clock));
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(PULSE).await;
                let (Some(answers), Some(store)) = (answers.upgrade(), store.upgrade()) else {
                    return;
                };
                answers.heard(&store, clock.now()).await;
            }
        });
    }

    /// The version of what an answer is read from. To be asked before the reading begins.
    pub(crate) fn version(&self, cache: &Cache, tenant: Option<&str>) -> Version {
        self.versions.of(&cache.reads, tenant)
    }

    /// An answer of this version.
    pub(crate) fn find(&self, key: &Key, version: Version, now: Timestamp) -> Option<Arc<Kept>> {
        let kept = self.kept.get(key)?;
        (kept.version == version && now < kept.until).then_some(kept)
    }

    /// Keeps an answer that was read after its version was asked for. Gives back how it is called.
    pub(crate) fn keep(&self, key: Key, kept: Kept, current: Version) {
        if kept.version == current {
            self.kept.insert(key, Arc::new(kept));
        }
    }
}

impl Kept {
    /// An answer of a version, read at an instant.
    pub(crate) fn new(
        outcome: Outcome,
        tag: HeaderValue,
        version: Version,
        (now, ttl): (Timestamp, u32),
    ) -> Self {
        let ttl = jiff::SignedDuration::from_secs(i64::from(ttl));
        Kept {
            outcome,
            tag,
            version,
            until: now.checked_add(ttl).unwrap_or(Timestamp::MAX),
        }
    }
}

#[cfg(test)]
mod tests;
