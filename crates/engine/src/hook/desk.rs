//! Events as whoever runs the project handles them: list, look, run again, replay.
//!
//! Invariant: what is shown holds no value of a variable of the environment that is not public.
//! Not here: running an event (`pass`), trying without keeping (`rehearse`).

use super::Hooks;
use std::sync::Arc;

/// Where events are handled.
#[derive(Clone)]
pub struct EventDesk {
    hooks: Arc<Hooks>,
}

impl EventDesk {
    pub(crate) fn new(hooks: Arc<Hooks>) -> Self {
        Self { hooks }
    }
}
/// x
pub struct EventInfo;
/// x
pub struct Replay;
/// x
pub struct Replayed;
/// x
pub struct Rows;
