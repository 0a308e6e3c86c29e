//! The one transaction of a rehearsal, without IO.
//!
//! Role: looks at rows, runs groups one after the other, looks again. A group that fails is undone alone.
//! Invariant: its last turn is to roll back, whatever happened.
//! Not here: what is compared, and what it means (`rehearse`).

use crate::fault::{Code, Fault};
use crate::store::{Call, Mark, RowSet, StatementError, Turn};
use crate::work::Group;

/// A transaction that is rolled back, whatever happens in it.
pub(crate) struct Rehearsal {
    opening: Call,
    watches: Vec<Call>,
    groups: Vec<Group>,
    stage: Stage,
    pub(super) before: Vec<RowSet>,
    pub(super) after: Vec<RowSet>,
    /// Groups that failed, and why.
    pub(super) faults: Vec<(usize, String)>,
    /// It could not go on.
    pub(super) broken: Option<Fault>,
}

/// Whose rows are awaited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Opening,
    Before(usize),
    /// The mark before a group.
    Marking(usize),
    Group(usize),
    /// The mark behind a group.
    Closing(usize),
    After(usize),
}

impl Rehearsal {
    pub(super) fn new(opening: Call, watches: Vec<Call>, groups: Vec<Group>) -> Self {
        Self {
            opening,
            watches,
            groups,
            stage: Stage::Opening,
            before: Vec::new(),
            after: Vec::new(),
            faults: Vec::new(),
            broken: None,
        }
    }

    /// Starts again.
    pub(crate) fn rewind(&mut self) {
        self.groups.iter_mut().for_each(Group::rewind);
        self.stage = Stage::Opening;
        self.before.clear();
        self.after.clear();
        self.faults.clear();
        self.broken = None;
    }

    /// What to do next.
    pub(crate) fn next(&mut self, last: Option<Result<RowSet, StatementError>>) -> Turn {
        let Some(last) = last else {
            return Turn::Run(self.opening.clone());
        };
        if let Stage::Group(at) = self.stage {
            return self.go_on(at, Some(last));
        }
        let rows = match last {
            Ok(rows) => rows,
            Err(error) => {
                self.broken = Some(error.into());
                return Turn::RollBack;
            }
        };
        match self.stage {
            Stage::Opening => self.look(0),
            Stage::Before(at) => {
                self.before.push(rows);
                self.look(at + 1)
            }
            Stage::Marking(at) => self.go_on(at, None),
            Stage::Closing(at) => self.mark(at + 1),
            Stage::After(at) => {
                self.after.push(rows);
                self.look_again(at + 1)
            }
            Stage::Group(_) => Turn::RollBack,
        }
    }

    fn look(&mut self, at: usize) -> Turn {
        match self.watches.get(at) {
            Some(call) => {
                self.stage = Stage::Before(at);
                Turn::Run(call.clone())
            }
            None => self.mark(0),
        }
    }

    fn mark(&mut self, at: usize) -> Turn {
        let Some(group) = self.groups.get(at) else {
            return self.look_again(0);
        };
        // There is one mark at a time: steps that may fail have it for themselves.
        if group.marks() {
            return self.go_on(at, None);
        }
        self.stage = Stage::Marking(at);
        Turn::Mark(Mark::Set)
    }

    fn go_on(&mut self, at: usize, last: Option<Result<RowSet, StatementError>>) -> Turn {
        self.stage = Stage::Group(at);
        let Some(group) = self.groups.get_mut(at) else {
            return Turn::RollBack;
        };
        let turn = group.next(last);
        let (marks, why) = (group.marks(), group.failure());
        let undo = match turn {
            Turn::Run(_) | Turn::Mark(_) => return turn,
            Turn::Commit => Mark::Keep,
            Turn::RollBack => Mark::Undo,
        };
        if undo == Mark::Undo {
            let why = why.unwrap_or_else(|| "it would wait for a lock".to_owned());
            self.faults.push((at, why));
        }
        match (marks, undo) {
            (false, undo) => {
                self.stage = Stage::Closing(at);
                Turn::Mark(undo)
            }
            (true, Mark::Undo) => {
                self.broken = Some(Fault::new(
                    Code::Conflict,
                    "an event of it fails, and cannot be undone alone",
                ));
                Turn::RollBack
            }
            (true, _) => self.mark(at + 1),
        }
    }

    fn look_again(&mut self, at: usize) -> Turn {
        match self.watches.get(at) {
            Some(call) => {
                self.stage = Stage::After(at);
                Turn::Run(call.clone())
            }
            None => Turn::RollBack,
        }
    }
}
