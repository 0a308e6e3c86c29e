//! The one writer: many callers' transactions in one durable commit.
//!
//! Role: takes what waits, runs each job in its savepoint, commits once, answers all.
//! Invariant: no answer leaves before its commit; what is undone together runs again alone, from its start.
//! Not here: driving a job (session), the thread (threads), reads.
//!
//! There is no timer: a lone caller is committed at once, and what arrives while a commit is being flushed
//! makes the next batch.

use crate::errors;
use crate::job::{Job, Message, Outcome, Waiting, panic_text};
use crate::session::{Session, Step};
use crate::threads::Work;
use backflow_engine::store::StoreError;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering::Relaxed;
use std::time::Instant;

/// A job that ran in the open batch. Those without an outcome kept nothing in it and do not run again.
struct Ran<J> {
    waiting: Box<Waiting<J>>,
    outcome: Outcome,
}

/// What a batch was filled to.
struct Filled<J> {
    /// The transaction still stands.
    intact: bool,
    /// A message that is no job came out of the queue.
    after: Option<Message<J>>,
}

impl<J> Filled<J> {
    const INTACT: Self = Filled {
        intact: true,
        after: None,
    };
    const LOST: Self = Filled {
        intact: false,
        after: None,
    };
}

impl<J: Job> Work<J> {
    /// Runs a job, and what else waits, in one commit. Gives back a message that is no job.
    pub(crate) fn batch(&self, session: &mut Session<'_>, first: Box<Waiting<J>>) -> Option<Message<J>> {
        let first = first.begin(self.options.queue_timeout)?;
        if self.options.batch <= 1 {
            self.alone(session, *first);
            return None;
        }
        if let Err(error) = session.begin_writing() {
            // Nothing has run. Who waits behind may find the lock free again.
            first.answer(Err(errors::refusal(&error)));
            return None;
        }
        let mut ran = Vec::new();
        let filled = self.fill(session, first, &mut ran);
        if filled.intact && self.commit(session, &mut ran) {
            for Ran { waiting, outcome } in ran {
                waiting.answer(outcome);
            }
        } else {
            self.counters.lost.fetch_add(1, Relaxed);
            self.again(session, ran);
        }
        filled.after
    }

    /// Runs jobs into the open transaction.
    fn fill(&self, session: &mut Session<'_>, first: Box<Waiting<J>>, ran: &mut Vec<Ran<J>>) -> Filled<J> {
        let begun = Instant::now();
        let mut waiting = first;
        loop {
            match session.step(&mut waiting.job) {
                Step::Done(outcome) => ran.push(Ran { waiting, outcome }),
                // It ended by itself with nothing kept: that holds whatever becomes of the others.
                Step::Lost(Some(outcome)) => {
                    waiting.answer(outcome);
                    return Filled::LOST;
                }
                Step::Lost(None) => {
                    ran.push(Ran {
                        waiting,
                        outcome: Ok(()),
                    });
                    return Filled::LOST;
                }
            }
            waiting = loop {
                if ran.len() >= self.options.batch || begun.elapsed() >= self.options.batch_time {
                    return Filled::INTACT;
                }
                match self.queue.try_recv() {
                    Ok(Message::Job(waiting)) => {
                        if let Some(waiting) = waiting.begin(self.options.queue_timeout) {
                            break waiting;
                        }
                    }
                    Ok(other) => {
                        return Filled {
                            after: Some(other),
                            ..Filled::INTACT
                        };
                    }
                    Err(_) => return Filled::INTACT,
                }
            };
        }
    }

    /// Whether the batch is durable now; if not, it is undone.
    fn commit(&self, session: &mut Session<'_>, ran: &mut [Ran<J>]) -> bool {
        for job in ran.iter_mut() {
            job.waiting.committing();
        }
        let jobs = ran.len();
        match session.commit() {
            Ok(()) => {
                self.committed(jobs);
                true
            }
            Err(error) => {
                tracing::warn!(%error, jobs, "a commit failed; its transactions run again one by one");
                false
            }
        }
    }

    /// Runs the jobs of a lost batch from their start, each in a commit of its own.
    fn again(&self, session: &mut Session<'_>, ran: Vec<Ran<J>>) {
        for Ran { mut waiting, outcome } in ran {
            waiting.undone();
            if outcome.is_err() {
                waiting.answer(outcome);
                continue;
            }
            match catch_unwind(AssertUnwindSafe(|| waiting.job.rewind())) {
                Ok(()) => self.alone(session, *waiting),
                Err(panic) => waiting.answer(Err(StoreError::Failed(panic_text(panic.as_ref())))),
            }
        }
    }

    fn alone(&self, session: &mut Session<'_>, mut waiting: Waiting<J>) {
        waiting.committing();
        let outcome = session.alone(&mut waiting.job);
        if outcome.is_ok() {
            self.committed(1);
        }
        waiting.answer(outcome);
    }

    fn committed(&self, jobs: usize) {
        self.counters.commits.fetch_add(1, Relaxed);
        self.counters
            .transactions
            .fetch_add(u64::try_from(jobs).unwrap_or(u64::MAX), Relaxed);
    }
}

#[cfg(test)]
mod tests;
