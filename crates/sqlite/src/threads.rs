//! The threads that own the connections.
//!
//! Role: opens a connection, serves its queue, replaces a broken connection, closes in order.
//! Invariant: a thread ends only when it is told to or nobody can reach it any more; a panic ends one job or
//! task, never a thread.
//! Not here: how transactions share commits (writer).

use crate::connection::{self, Opened, Place, Role};
use crate::job::{Job, Message, Task, panic_text};
use crate::options::{OpenError, Options};
use crate::session::Session;
use crossbeam_channel::Receiver;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread;
use std::time::Duration;

/// Pause before a connection that could not be opened again is tried once more.
const REOPEN_PAUSE: Duration = Duration::from_millis(200);

/// What happened so far.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) commits: AtomicU64,
    pub(crate) transactions: AtomicU64,
    pub(crate) lost: AtomicU64,
}

/// What a thread needs to do its work.
pub(crate) struct Work<J> {
    pub(crate) place: Place,
    pub(crate) role: Role,
    pub(crate) options: Options,
    pub(crate) queue: Receiver<Message<J>>,
    pub(crate) counters: Arc<Counters>,
}

/// Why a connection is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leave {
    Closing,
    Broken,
}

/// Starts a thread on a connection that is opened here, so that faults come back at once.
pub(crate) fn start<J: Job>(work: Work<J>, name: String) -> Result<(), OpenError> {
    let opened = connection::open(&work.place, work.role, &work.options)?;
    thread::Builder::new()
        .name(name)
        .spawn(move || live(&work, opened))
        .map(drop)
        .map_err(OpenError::Thread)
}

fn live<J: Job>(work: &Work<J>, opened: Opened) {
    let mut opened = Some(opened);
    loop {
        let current = match opened.take() {
            Some(opened) => Ok(opened),
            None => connection::open(&work.place, work.role, &work.options),
        };
        match current {
            Ok(current) => {
                if work.serve(current) == Leave::Closing {
                    return;
                }
            }
            Err(error) => {
                tracing::error!(%error, "the database cannot be opened again");
                thread::sleep(REOPEN_PAUSE);
            }
        }
    }
}

impl<J: Job> Work<J> {
    fn serve(&self, opened: Opened) -> Leave {
        let mut session = match Session::new(&opened) {
            Ok(session) => session,
            Err(error) => {
                tracing::error!(%error, "a database session cannot begin");
                thread::sleep(REOPEN_PAUSE);
                return Leave::Broken;
            }
        };
        let mut next = None;
        while let Some(message) = next.take().or_else(|| self.queue.recv().ok()) {
            match (message, self.role) {
                (Message::Job(waiting), Role::Writer) => next = self.batch(&mut session, waiting),
                (Message::Job(waiting), Role::Reader) => self.read(&mut session, waiting),
                (Message::Task(task), _) => between(&mut session, task),
                (Message::Close(done), _) => {
                    self.drain(&mut session);
                    drop(session);
                    self.finish(opened.connection);
                    done.send(()).ok();
                    return Leave::Closing;
                }
            }
            if session.broken() {
                return Leave::Broken;
            }
        }
        Leave::Closing
    }

    /// Finishes what slipped in while the door was closing. Readers leave it to the queue's end, which refuses
    /// it: the messages behind may be meant to close their fellows.
    fn drain(&self, session: &mut Session<'_>) {
        if self.role == Role::Reader {
            return;
        }
        let mut next = None;
        while let Some(message) = next.take().or_else(|| self.queue.try_recv().ok()) {
            match message {
                Message::Job(waiting) => next = self.batch(session, waiting),
                Message::Task(task) => between(session, task),
                Message::Close(done) => {
                    done.send(()).ok();
                }
            }
        }
    }

    /// Leaves one file behind instead of three.
    fn finish(&self, connection: Connection) {
        if self.role == Role::Writer {
            let emptied = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_row| Ok(()));
            if let Err(error) = emptied {
                tracing::warn!(%error, "the log could not be emptied; the next start will");
            }
        }
        if let Err((_, error)) = connection.close() {
            tracing::warn!(%error, "a database connection could not be closed");
        }
    }
}

/// Runs work that is no transaction of a route.
fn between(session: &mut Session<'_>, task: Task) {
    let connection = session.connection();
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| task(connection))) {
        tracing::error!(panic = %panic_text(panic.as_ref()), "database work panicked");
    }
    session.clear();
}
