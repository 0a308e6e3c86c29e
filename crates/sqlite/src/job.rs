//! What waits in the queues.
//!
//! Role: a job with its caller, the messages to threads.
//! Invariant: every job is answered exactly once, even if the thread that held it dies.
//! Not here: running jobs.

use backflow_engine::store::{RowSet, StatementError, StoreError, Turn};
use backflow_engine::transaction::Transaction;
use crossbeam_channel::{Sender, TrySendError};
use rusqlite::Connection;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How long a refused caller should wait before the next try, in seconds.
pub(crate) const RETRY_AFTER: u32 = 1;

/// What the threads know of a transaction; tests script their own.
pub(crate) trait Job: Send + 'static {
    /// Starts again.
    fn rewind(&mut self);
    /// What to do next.
    fn next(&mut self, last: Option<Result<RowSet, StatementError>>) -> Turn;
    /// Whether a reader may run it.
    fn reads_only(&self) -> bool;
}

impl Job for Transaction {
    fn rewind(&mut self) {
        Transaction::rewind(self);
    }

    fn next(&mut self, last: Option<Result<RowSet, StatementError>>) -> Turn {
        Transaction::next(self, last)
    }

    fn reads_only(&self) -> bool {
        Transaction::reads_only(self)
    }
}

/// Ran to its end, kept or not as it wished; or why it has no outcome.
pub(crate) type Outcome = Result<(), StoreError>;

/// Work between transactions.
pub(crate) type Task = Box<dyn FnOnce(&Connection) + Send>;

/// What goes to a thread.
pub(crate) enum Message<J> {
    /// Run this.
    Job(Box<Waiting<J>>),
    /// Work between transactions: migrations, pings.
    Task(Task),
    /// Finish what is queued, close the connection, say so.
    Close(oneshot::Sender<()>),
}

/// A job that somebody waits for.
pub(crate) struct Waiting<J> {
    pub(crate) job: J,
    reply: Reply<J>,
    since: Instant,
}

impl<J> Waiting<J> {
    /// A job, and where its answer will come.
    pub(crate) fn new(job: J) -> (Box<Self>, oneshot::Receiver<Result<J, StoreError>>) {
        let (sender, receiver) = oneshot::channel();
        let reply = Reply {
            sender: Some(sender),
            committing: false,
        };
        (
            Box::new(Waiting {
                job,
                reply,
                since: Instant::now(),
            }),
            receiver,
        )
    }

    /// Whether to begin: the caller is still there, and has not waited too long. Gives the job back if so.
    pub(crate) fn begin(self: Box<Self>, patience: Duration) -> Option<Box<Self>> {
        if self.reply.sender.as_ref().is_none_or(oneshot::Sender::is_closed) {
            return None;
        }
        if self.since.elapsed() > patience {
            self.answer(Err(StoreError::Unavailable(RETRY_AFTER)));
            return None;
        }
        Some(self)
    }

    /// From now on it may be in a commit.
    pub(crate) fn committing(&mut self) {
        self.reply.committing = true;
    }

    /// Whatever was being committed has been undone for certain.
    pub(crate) fn undone(&mut self) {
        self.reply.committing = false;
    }

    /// Sends the answer; a caller that has gone does not get it.
    pub(crate) fn answer(self, outcome: Outcome) {
        let Waiting { job, mut reply, .. } = self;
        reply.send(outcome.map(|()| job));
    }
}

struct Reply<J> {
    sender: Option<oneshot::Sender<Result<J, StoreError>>>,
    committing: bool,
}

impl<J> Reply<J> {
    fn send(&mut self, answer: Result<J, StoreError>) {
        if let Some(sender) = self.sender.take() {
            drop(sender.send(answer));
        }
    }
}

impl<J> Drop for Reply<J> {
    fn drop(&mut self) {
        let error = if self.committing {
            StoreError::OutcomeUnknown("the database thread stopped while committing".to_owned())
        } else {
            StoreError::Unavailable(RETRY_AFTER)
        };
        self.send(Err(error));
    }
}

/// Queues a job and waits for its end.
pub(crate) async fn submit<J: Job>(queue: &Sender<Message<J>>, job: J) -> Result<J, StoreError> {
    let (waiting, answer) = Waiting::new(job);
    match queue.try_send(Message::Job(waiting)) {
        // A message that was not taken is dropped, which answers it.
        Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
    }
    answer.await.unwrap_or(Err(StoreError::Unavailable(RETRY_AFTER)))
}

/// The text of a panic.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no text".to_owned())
}
