//! What an action of an event adds to the transaction of its steps.
//!
//! Role: the event's mark and the object's, which commit together with what the action did.
//! Invariant: the last call finds our token on the object, or nothing is kept.
//! Not here: the steps (`work::group`).

use super::calls::{self, Settling};
use super::event::Key;
use super::marks::Marks;
use super::run::Held;
use crate::store::Call;
use backflow_plan::model::{Journal, Step};
use jiff::Timestamp;
use std::sync::Arc;

/// A table of which rows were written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) table: String,
    /// Rows that were there were changed, or may have been.
    pub(crate) changes: bool,
}

impl Written {
    /// What an action may have written of which it is not known any more.
    pub(super) fn by(touched: &super::ready::Touched) -> Self {
        Self {
            table: touched.table.clone(),
            changes: touched.changes,
        }
    }

    /// What a statement wrote that gave rows; `None`: it only reads.
    pub(crate) fn of(step: &Step) -> Option<Self> {
        Some(Self {
            table: step.table.clone(),
            changes: super::ready::changes(&step.operation)?,
        })
    }
}

/// The mark of an action.
pub(crate) struct Effect {
    pub(super) journal: Arc<Journal>,
    pub(super) held: Held,
    pub(super) event: Key,
    pub(super) created: Timestamp,
    /// How the event stands once the action is done.
    pub(super) settling: Settling,
    /// The object is given up with it.
    pub(super) is_last: bool,
}

/// How event and object stand after an action.
pub(super) struct Kept {
    pub(super) held: Held,
    pub(super) settling: Settling,
    pub(super) is_last: bool,
}

impl Effect {
    /// What is written behind the steps.
    pub(crate) fn calls(&self, written: &[Written], now: Timestamp) -> Vec<Call> {
        let marks = self.marks(written);
        let ours = (&*self.held.object, &*self.held.token);
        let guard = match self.is_last {
            true => calls::release(&self.journal, ours, &marks, now),
            false => calls::hold(&self.journal, ours, &marks, now),
        };
        vec![
            calls::settle(&self.journal, &self.event, &self.settling, now),
            guard,
        ]
    }

    /// What is kept once the action is done.
    pub(super) fn kept(&self, written: &[Written]) -> Kept {
        let mut held = self.held.clone();
        held.marks = self.marks(written);
        Kept {
            held,
            settling: self.settling.clone(),
            is_last: self.is_last,
        }
    }

    /// The object's marks once the action is done.
    fn marks(&self, written: &[Written]) -> Marks {
        let mut marks = self.held.marks.clone();
        marks.add(written, self.created);
        marks
    }
}
