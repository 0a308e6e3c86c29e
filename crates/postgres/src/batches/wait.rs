//! A place among those who wait.
//!
//! Role: waits for the call's fate; where nothing moves, sees to it that those of other rows go.
//! Not here: who goes with whom.

use super::{Batches, Fate};
use crate::awhile::address;
use crate::line::STUCK;
use backflow_sql::ir::Statement;
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// A place among those who wait.
pub(crate) struct Wait {
    pub(super) batches: Arc<Batches>,
    pub(super) statement: Arc<Statement>,
    pub(super) is_cheap: bool,
    pub(super) fate: oneshot::Receiver<Fate>,
}

impl Wait {
    /// What becomes of the call; `None`: nobody knows, who took it along is gone.
    pub(crate) async fn fate(mut self) -> Option<Fate> {
        loop {
            if let Ok(fate) = timeout(STUCK, &mut self.fate).await {
                return fate.ok();
            }
            let line = address(&self.statement);
            let mut state = self.batches.locked();
            let most = self.batches.wide;
            let goes = state
                .lines
                .get_mut(&line)
                .is_some_and(|line| line.unstick(Instant::now(), most));
            drop(state);
            if goes {
                self.batches
                    .go(&self.statement, self.is_cheap, &Handle::current());
            }
        }
    }
}
