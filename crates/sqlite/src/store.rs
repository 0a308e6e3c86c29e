//! The store as the engine sees it.
//!
//! Role: opens the threads, hands transactions to them, closes in order.
//! Invariant: transactions that may write go to the one writer; readers get only those that say they read.
//! Not here: what the threads do.

use crate::connection::{self, Place, Role};
use crate::job::{Job, Message, RETRY_AFTER, submit};
use crate::migrate::{self, Translated};
use crate::options::{OpenError, Options};
use crate::threads::{self, Counters, Work};
use backflow_engine::migrations::{MigrateError, Report, Status};
use backflow_engine::permit::Permit;
use backflow_engine::store::{BoxFuture, Store, StoreError};
use backflow_engine::transaction::Transaction;
use backflow_sql::changes::Watch;
use crossbeam_channel::{Sender, TrySendError, bounded};
use rusqlite::Connection;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::oneshot;

/// Pause between two tries to reach a full queue with the word to close.
const CLOSE_PAUSE: Duration = Duration::from_millis(5);

/// How many pings may wait.
const PINGS: usize = 16;

/// A SQLite database in this process.
///
/// Several processes may open one file. Each waits for the other's commits up to the busy timeout, then
/// refuses with [`StoreError::Unavailable`].
#[derive(Debug)]
pub struct Sqlite {
    pool: Pool<Transaction>,
}

/// What the writer has done since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stats {
    /// Durable commits.
    pub commits: u64,
    /// Transactions answered by them.
    pub transactions: u64,
    /// Batches that were undone and run again one by one.
    pub batches_lost: u64,
}

impl Sqlite {
    /// Opens the database in a file; makes the file and its folder if they are missing.
    ///
    /// # Errors
    /// The file cannot be used; see [`OpenError`].
    pub fn open(path: &Path, options: Options) -> Result<Self, OpenError> {
        connection::make_folder(path)?;
        Ok(Sqlite {
            pool: Pool::open(&Place::File(path.to_owned()), &options)?,
        })
    }

    /// Opens a database that lives in memory, without readers of its own. For tests.
    ///
    /// # Errors
    /// Threads cannot be started.
    pub fn memory(options: Options) -> Result<Self, OpenError> {
        Ok(Sqlite {
            pool: Pool::open(&Place::Memory, &options)?,
        })
    }

    /// Applies the migrations that are pending, in the order of their names; `setup` are statements that are
    /// run each time before them (`CREATE TABLE IF NOT EXISTS _backflow_…`).
    ///
    /// Blocks the calling thread: for start-up and commands.
    ///
    /// # Errors
    /// See [`MigrateError`]. Files before the one that failed stay applied.
    pub fn migrate(&self, migrations: &[Translated], setup: &[String]) -> Result<Report, MigrateError> {
        let (migrations, setup) = (migrations.to_vec(), setup.to_vec());
        self.pool
            .task(move |connection| migrate::migrate(connection, &migrations, &setup))?
    }

    /// Makes the triggers that log changes of tables, where they are missing. Blocks the calling thread.
    ///
    /// # Errors
    /// See [`MigrateError`].
    pub fn watch(&self, watches: &[Watch]) -> Result<(), MigrateError> {
        let watches = watches.to_vec();
        self.pool
            .task(move |connection| migrate::watch(connection, &watches))?
    }

    /// Which migrations are applied and which are pending; changes nothing. Blocks the calling thread.
    ///
    /// # Errors
    /// Applied files were edited or are gone, or the database cannot be read.
    pub fn status(&self, migrations: &[Translated]) -> Result<Status, MigrateError> {
        let migrations = migrations.to_vec();
        self.pool
            .task(move |connection| migrate::status(connection, &migrations))?
    }

    /// What the writer has done.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.pool.stats()
    }

    /// Refuses new transactions, finishes those that wait, empties the log and closes the file.
    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl Store for Sqlite {
    fn run<'a>(
        &'a self,
        permit: Permit,
        transaction: Transaction,
    ) -> BoxFuture<'a, Result<Transaction, StoreError>> {
        Box::pin(async move {
            let _judged = permit;
            self.pool.run(transaction).await
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.pool.ping())
    }
}

/// The threads and the ways to them.
pub(crate) struct Pool<J> {
    writer: Sender<Message<J>>,
    /// With how many threads at its end.
    readers: Option<(Sender<Message<J>>, usize)>,
    /// A reader that only answers pings: long reads of others must not look like a dead database.
    pings: Option<Sender<Message<J>>>,
    closed: AtomicBool,
    counters: Arc<Counters>,
}

impl<J> std::fmt::Debug for Pool<J> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("counters", &self.counters)
            .finish_non_exhaustive()
    }
}

impl<J: Job> Pool<J> {
    pub(crate) fn open(place: &Place, options: &Options) -> Result<Self, OpenError> {
        let counters = Arc::<Counters>::default();
        let (writer, queue) = bounded(options.queue.max(1));
        let work = |role, queue| Work {
            place: place.clone(),
            role,
            options: options.clone(),
            queue,
            counters: Arc::clone(&counters),
        };
        threads::start(work(Role::Writer, queue), "backflow-write".to_owned())?;
        let readers = match place {
            Place::Memory => None,
            Place::File(_) => {
                let (readers, queue) = bounded(options.queue.max(1));
                let count = options.readers.max(1);
                for number in 0..count {
                    threads::start(
                        work(Role::Reader, queue.clone()),
                        format!("backflow-read-{number}"),
                    )?;
                }
                Some((readers, count))
            }
        };
        let pings = match place {
            Place::Memory => None,
            Place::File(_) => {
                let (pings, queue) = bounded(PINGS);
                threads::start(work(Role::Reader, queue), "backflow-ping".to_owned())?;
                Some(pings)
            }
        };
        Ok(Pool {
            writer,
            readers,
            pings,
            closed: AtomicBool::new(false),
            counters,
        })
    }

    pub(crate) async fn run(&self, job: J) -> Result<J, StoreError> {
        if self.closed.load(Relaxed) {
            return Err(StoreError::Unavailable(RETRY_AFTER));
        }
        let queue = match &self.readers {
            Some((readers, _)) if job.reads_only() => readers,
            _ => &self.writer,
        };
        submit(queue, job).await
    }

    /// Asks the database for the schema's first page.
    async fn ping(&self) -> Result<(), StoreError> {
        let unavailable = StoreError::Unavailable(RETRY_AFTER);
        if self.closed.load(Relaxed) {
            return Err(unavailable);
        }
        let (reply, answer) = oneshot::channel();
        let task = Box::new(move |connection: &Connection| {
            let found = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_row| Ok(()));
            drop(reply.send(found.map_err(|error| crate::errors::refusal(&error))));
        });
        let queue = self.pings.as_ref().unwrap_or(&self.writer);
        if queue.try_send(Message::Task(task)).is_err() {
            return Err(unavailable);
        }
        answer.await.unwrap_or(Err(unavailable))
    }

    /// Runs work on the writer's connection and waits for it, blocking.
    fn task<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> T + Send + 'static,
    ) -> Result<T, MigrateError> {
        let stopped = || MigrateError::Database("the database is closed".to_owned());
        let (reply, answer) = bounded(1);
        let task = Box::new(move |connection: &Connection| drop(reply.send(work(connection))));
        self.writer
            .send(Message::Task(task))
            .map_err(|_closed| stopped())?;
        answer.recv().map_err(|_closed| stopped())
    }

    pub(crate) fn stats(&self) -> Stats {
        Stats {
            commits: self.counters.commits.load(Relaxed),
            transactions: self.counters.transactions.load(Relaxed),
            batches_lost: self.counters.lost.load(Relaxed),
        }
    }

    /// How many messages wait.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.writer.len() + self.readers.as_ref().map_or(0, |(readers, _)| readers.len())
    }

    /// Readers first, so that the writer can empty the log.
    pub(crate) async fn close(&self) {
        if self.closed.swap(true, Relaxed) {
            return;
        }
        if let Some((readers, count)) = &self.readers {
            let mut ends = Vec::new();
            for _ in 0..*count {
                ends.push(say_close(readers).await);
            }
            for end in ends {
                drop(end.await);
            }
        }
        if let Some(pings) = &self.pings {
            drop(say_close(pings).await.await);
        }
        drop(say_close(&self.writer).await.await);
    }
}

/// Tells one thread to close; its word that it did. A queue without a thread counts as closed.
async fn say_close<J>(queue: &Sender<Message<J>>) -> oneshot::Receiver<()> {
    let (done, end) = oneshot::channel();
    let mut message = Message::Close(done);
    loop {
        match queue.try_send(message) {
            Err(TrySendError::Full(back)) => message = back,
            Ok(()) | Err(TrySendError::Disconnected(_)) => return end,
        }
        tokio::time::sleep(CLOSE_PAUSE).await;
    }
}
