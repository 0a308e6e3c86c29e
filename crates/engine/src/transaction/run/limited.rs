//! Behind a write with a limit that touched no row.
//!
//! Role: asks the write's looks one after another; the first row is the refusal, none of them lets the route go on.
//! Invariant: a write that touched a row costs no further statement.
//! Not here: what a look's row says (`crate::limit`).

use super::{Phase, Run, step_at};
use crate::fault::Fault;
use crate::limit;
use crate::listed;
use crate::results;
use crate::route::Served;
use crate::store::{RowSet, Turn};

impl Run {
    /// Takes the rows of a step, or asks first why there are none.
    pub(super) fn take_step(&mut self, served: &Served, at: usize, rows: RowSet) -> Result<Turn, Fault> {
        match self.look(served, at, 0, &rows)? {
            Some(turn) => Ok(turn),
            None => self.accept(served, at, rows),
        }
    }

    /// Takes the row of a look, which refuses, or asks the next.
    pub(super) fn looked(
        &mut self,
        served: &Served,
        (at, number): (usize, usize),
        rows: &RowSet,
    ) -> Result<Turn, Fault> {
        limit::judge(step_at(served, at)?, rows)?;
        let nothing = RowSet::default();
        match self.look(served, at, number + 1, &nothing)? {
            Some(turn) => Ok(turn),
            None if self.parts.is_some() => self.accept_part(served, at, nothing),
            None => self.accept(served, at, nothing),
        }
    }

    /// The look of this number, if the step touched no row.
    pub(super) fn look(
        &mut self,
        served: &Served,
        at: usize,
        number: usize,
        rows: &RowSet,
    ) -> Result<Option<Turn>, Fault> {
        if !rows.rows.is_empty() {
            return Ok(None);
        }
        let call = limit::look(step_at(served, at)?, number, &self.given)?;
        Ok(call.map(|call| {
            self.phase = Phase::Look(at, number);
            Turn::Run(call)
        }))
    }

    fn accept(&mut self, served: &Served, at: usize, rows: RowSet) -> Result<Turn, Fault> {
        let step = step_at(served, at)?;
        let result = results::take(step, rows, self.email.as_deref(), &mut self.frame)?;
        listed::judge(step, self.listed, result.rows)?;
        self.consider(at, step, result);
        self.advance(at + 1)
    }
}
