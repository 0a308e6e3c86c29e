//! The world, shared.
//!
//! Role: [`Shared`]: the lock, and the bell that wakes deliveries.
//! Invariant: whoever changed the world commits it before the lock is let go.
//! Not here: the world itself.

use super::world::World;
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// The world, shared.
pub(crate) struct Shared {
    world: Mutex<World>,
    /// Rings when deliveries may be due.
    pub(crate) bell: Notify,
}

impl Shared {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world: Mutex::new(world),
            bell: Notify::new(),
        }
    }

    /// Does something to the world and commits it; deliveries are looked at after.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        let (result, is_idle) = self.quietly(|world| (work(world), world.outbox.is_empty()));
        if !is_idle {
            self.bell.notify_one();
        }
        result
    }

    /// The same without a look at deliveries: for who looks at them.
    pub(crate) fn quietly<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut world);
        world.commit();
        result
    }
}
