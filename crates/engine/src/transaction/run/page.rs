//! Which rows of how many a list holds.
//!
//! Invariant: what `Content-Range` says of the rows is what the body holds.
//! Not here: counting; that is a step of its own, before the list.

use super::Run;
use crate::binds::{self, Reading};
use crate::fault::Fault;
use crate::prepare::Prepared;
use backflow_expr::Value;
use backflow_plan::model::{Offset, Step};
use backflow_sql::ir::Datum;

impl Run {
    /// Which rows of how many a counted list holds, as `Content-Range` says it: `0-9/42`, `*/0`.
    pub(super) fn range(&mut self, at: usize, step: &Step, rows: usize) -> Result<Option<String>, Fault> {
        let Some(page) = step.page else { return Ok(None) };
        let total = self.frame.get(page.total.0 as usize).cloned();
        let total = total.unwrap_or(Value::Undefined).to_json();
        if rows == 0 {
            return Ok(Some(format!("*/{total}")));
        }
        let first = match page.offset {
            Offset::Fixed(first) => first,
            Offset::Bind(bind) => self.offset(at, step, bind)?,
        };
        let last = first.saturating_add(rows as u64).saturating_sub(1);
        Ok(Some(format!("{first}-{last}/{total}")))
    }

    /// The value of a bind that says how many rows are left out.
    fn offset(&mut self, at: usize, step: &Step, bind: usize) -> Result<u64, Fault> {
        let known = match self.prepared.as_ref().and_then(|all| all.get(at)) {
            Some(Prepared::Ready(bounds)) => bounds.get(bind).cloned().flatten(),
            _ => None,
        };
        let bound = match (known, step.binds.get(bind)) {
            (Some(bound), _) => Some(bound),
            (None, Some(bind)) => {
                let mut reading = Reading {
                    frame: &self.frame,
                    host: &mut self.host,
                    subject: self.subject.as_ref(),
                };
                binds::value(bind, &mut reading)?
            }
            (None, None) => None,
        };
        match bound.map(|bound| bound.datum) {
            Some(Datum::Int(rows)) => Ok(u64::try_from(rows).unwrap_or(0)),
            _ => Err(Fault::internal(format!(
                "{}: the offset is no number",
                step.label
            ))),
        }
    }
}
