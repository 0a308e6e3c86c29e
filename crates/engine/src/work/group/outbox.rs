//! The end of a group: what the journal is told, and then the verdict.
//!
//! Invariant: a verdict that is kept is told after the journal's last entry found the run in our hands.
//! Not here: what comes before the end.

use super::{Awaiting, Group, Verdict};
use crate::fault::Fault;
use crate::store::{RowSet, Turn};
use crate::transaction::Outcome;
use crate::work::journal::{self, Ending, State};

impl Group {
    /// Ends with a verdict, once the journal is written.
    pub(super) fn finish(&mut self, verdict: Verdict) -> Result<Turn, Fault> {
        let durable = self.context.job.work.durable;
        match &verdict {
            Verdict::Over(outcome) => self.write_end(outcome)?,
            _ if durable && self.first.is_none() => {
                let lease = crate::work::lease(self.now);
                let (id, fence) = (&self.context.id, self.context.fence);
                let hold = journal::hold(&self.context.journal, id, fence, lease);
                self.outbox.push(hold);
                self.guarded = true;
            }
            _ => {}
        }
        self.verdict = Some(verdict);
        self.write(0)
    }

    fn write_end(&mut self, outcome: &Outcome) -> Result<(), Fault> {
        let context = &self.context;
        if context.job.locks() {
            let values = vec![journal::text(&context.id)];
            let release = journal::call(&context.journal.locks.release, values, false);
            self.outbox.push(release);
        }
        if let Some(effect) = &context.effect {
            let calls = effect.calls(&self.progress.written, self.now);
            self.outbox.extend(calls);
            self.guarded = true;
            return Ok(());
        }
        if !context.job.work.durable {
            return self.keep_key(outcome);
        }
        let ending = Ending {
            state: State::Done,
            status: outcome.status.as_u16(),
            answer: String::from_utf8(outcome.body.to_vec())
                .map_err(|_| Fault::internal("an answer that is not text"))?,
            error: None,
        };
        let end = journal::end(&context.journal, (&context.id, context.fence), &ending, self.now);
        self.outbox.push(end);
        self.guarded = true;
        Ok(())
    }

    /// Sends what the outbox holds from `at` on, then ends.
    fn write(&mut self, at: usize) -> Result<Turn, Fault> {
        if let Some(call) = self.outbox.get(at) {
            self.awaiting = Awaiting::Written(at);
            return Ok(Turn::Run(call.clone()));
        }
        let verdict = self.verdict.take();
        let verdict = verdict.ok_or_else(|| Fault::internal("a group without a verdict"))?;
        Ok(self.stop(Ok(verdict)))
    }

    pub(super) fn wrote(&mut self, at: usize, rows: &RowSet) -> Result<Turn, Fault> {
        let last = at + 1 == self.outbox.len();
        if last && self.guarded && rows.rows.is_empty() {
            return Ok(self.stop(Ok(Verdict::Fenced)));
        }
        self.write(at + 1)
    }

    /// The end of the conversation.
    pub(super) fn stop(&mut self, end: Result<Verdict, Fault>) -> Turn {
        let keeps = match &end {
            Ok(Verdict::Over(_) | Verdict::Call(_) | Verdict::On) => true,
            Ok(Verdict::Wait(_)) => self.context.job.work.durable,
            Ok(Verdict::Joined(_) | Verdict::Fenced | Verdict::Told(_)) | Err(_) => false,
        };
        self.awaiting = Awaiting::Ended;
        self.end = Some(end);
        if keeps { Turn::Commit } else { Turn::RollBack }
    }
}
