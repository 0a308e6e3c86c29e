//! Threads that own connections.
//!
//! Role: as many readers as cores, one writer; work comes over a channel, the outcome goes back over another.
//! Invariant: every write is a transaction of its own, committed with a flush before its outcome goes back.
//! Not here: statements.

use crate::failure::Failure;
use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use std::thread::{available_parallelism, spawn};
use std::time::Duration;
use tokio::sync::oneshot;

/// Work that may wait for a thread.
const QUEUE: usize = 4096;

type Work = Box<dyn FnOnce(&mut Connection) + Send>;

/// The database.
#[derive(Clone)]
pub(crate) struct Database {
    readers: Sender<Work>,
    writer: Sender<Work>,
}

impl Database {
    /// Opens the connections and starts their threads.
    pub(crate) fn open(file: &str) -> rusqlite::Result<Self> {
        let cores = available_parallelism().map_or(2, usize::from);
        let (writer, writes) = bounded(QUEUE);
        start(connect(file)?, writes);
        let (readers, reads) = bounded(QUEUE);
        for _ in 0..cores.max(2) {
            start(connect(file)?, reads.clone());
        }
        Ok(Self { readers, writer })
    }

    /// Reads.
    pub(crate) async fn read<T, F>(&self, read: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    {
        on(&self.readers, |connection| read(connection)).await
    }

    /// Writes, in a transaction that a failure rolls back.
    pub(crate) async fn write<T, F>(&self, write: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, Failure> + Send + 'static,
    {
        on(&self.writer, |connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let done = write(&transaction)?;
            transaction.commit()?;
            Ok(done)
        })
        .await
    }
}

async fn on<T, F>(threads: &Sender<Work>, work: F) -> Result<T, Failure>
where
    T: Send + 'static,
    F: FnOnce(&mut Connection) -> Result<T, Failure> + Send + 'static,
{
    let (sender, outcome) = oneshot::channel();
    let work: Work = Box::new(move |connection| {
        // Nobody waits any more if the caller has hung up.
        drop(sender.send(work(connection)));
    });
    threads.try_send(work).map_err(|_full| Failure::busy())?;
    outcome.await.map_err(|_gone| Failure::busy())?
}

fn connect(file: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA mmap_size = 0;",
    )?;
    Ok(connection)
}

fn start(mut connection: Connection, work: Receiver<Work>) {
    spawn(move || {
        for one in work {
            one(&mut connection);
        }
    });
}
