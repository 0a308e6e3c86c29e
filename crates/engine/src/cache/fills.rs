//! One fill at a time.
//!
//! Role: of many who find no answer, one computes it, and the others wait for that.
//! Invariant: nobody waits for more than one; whoever computes and leaves, or fails, keeps nobody waiting.
//! Not here: what is computed.

use super::Key;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The fills that are under way.
#[derive(Default)]
pub(crate) struct Fills {
    open: Mutex<HashMap<Key, Arc<Notify>>>,
}

/// What to do about an answer that is not there.
pub(crate) enum Turn<'a> {
    /// Nobody computes it: whoever has this does.
    First(Filling<'a>),
    /// Somebody has computed it, or has tried to.
    Waited,
}

/// A fill that is under way, until it is dropped.
pub(crate) struct Filling<'a> {
    fills: &'a Fills,
    key: Key,
}

impl Fills {
    /// Takes the fill of an answer, or waits until who has it is done.
    pub(crate) async fn enter(&self, key: &Key) -> Turn<'_> {
        let waiting = {
            let mut open = self.locked();
            match open.get(key) {
                // Made before the lock is given away: from here on it hears of the end.
                Some(done) => Arc::clone(done).notified_owned(),
                None => {
                    open.insert(key.clone(), Arc::default());
                    drop(open);
                    return Turn::First(Filling {
                        fills: self,
                        key: key.clone(),
                    });
                }
            }
        };
        waiting.await;
        Turn::Waited
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Key, Arc<Notify>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Filling<'_> {
    fn drop(&mut self) {
        if let Some(done) = self.fills.locked().remove(&self.key) {
            done.notify_waiters();
        }
    }
}
