//! The readers: each transaction over one snapshot.
//!
//! Role: what a reader thread does with a job.
//! Invariant: a reader never writes; its connection refuses to.
//! Not here: the threads (threads), driving a job (session).
//!
//! Every read is wrapped in BEGIN and COMMIT although a single statement would not need it: how many
//! statements come is only known afterwards, and the prepared pair costs little beside the hand-over between
//! threads.

use crate::job::{Job, Waiting};
use crate::session::Session;
use crate::threads::Work;

impl<J: Job> Work<J> {
    pub(crate) fn read(&self, session: &mut Session<'_>, waiting: Box<Waiting<J>>) {
        if let Some(mut waiting) = waiting.begin(self.options.queue_timeout) {
            let outcome = session.read(&mut waiting.job);
            waiting.answer(outcome);
        }
    }
}

#[cfg(test)]
mod tests;
