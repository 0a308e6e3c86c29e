//! Settings of the store, and why it may not open.
//!
//! Role: plain data with defaults.
//! Invariant: the defaults are safe for production; nothing here weakens durability.
//! Not here: reading them from a document (config, cli).

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

/// Settings of the store.
#[derive(Clone)]
pub struct Options {
    /// How long one statement may run before it is stopped.
    pub statement_timeout: Duration,
    /// How long a connection waits for a lock that another process holds.
    pub busy_timeout: Duration,
    /// How long a transaction may wait in the queue before it is refused.
    pub queue_timeout: Duration,
    /// How many reader threads (and connections) there are.
    pub readers: usize,
    /// How many transactions may wait for the writer, and as many for the readers.
    pub queue: usize,
    /// How many transactions one commit holds at most; 1 switches group commit off.
    pub batch: usize,
    /// After this long a batch takes no more transactions and commits.
    pub batch_time: Duration,
    /// Changes each connection before it is used.
    #[cfg(test)]
    pub(crate) prepare: Option<Prepare>,
}

/// What tests do to a connection.
#[cfg(test)]
pub(crate) type Prepare = std::sync::Arc<dyn Fn(&mut rusqlite::Connection) + Send + Sync>;

impl Default for Options {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
        Options {
            statement_timeout: Duration::from_secs(5),
            busy_timeout: Duration::from_secs(5),
            queue_timeout: Duration::from_secs(10),
            readers: cores.max(2),
            queue: 4096,
            batch: 256,
            batch_time: Duration::from_millis(25),
            #[cfg(test)]
            prepare: None,
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("statement_timeout", &self.statement_timeout)
            .field("busy_timeout", &self.busy_timeout)
            .field("queue_timeout", &self.queue_timeout)
            .field("readers", &self.readers)
            .field("queue", &self.queue)
            .field("batch", &self.batch)
            .field("batch_time", &self.batch_time)
            .finish_non_exhaustive()
    }
}

/// Why the store could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The folder of the file cannot be made.
    Folder(PathBuf, std::io::Error),
    /// SQLite cannot open the file, or it is no database.
    File(PathBuf, String),
    /// The file system does not allow write-ahead logging (network file systems); the mode it stayed in.
    NoWal(PathBuf, String),
    /// A thread could not be started.
    Thread(std::io::Error),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Folder(path, error) => {
                write!(
                    f,
                    "the folder {} of the database cannot be made: {error}",
                    path.display()
                )
            }
            OpenError::File(path, reason) => {
                write!(f, "the database {} cannot be opened: {reason}", path.display())
            }
            OpenError::NoWal(path, mode) => write!(
                f,
                "the database {} cannot use a write-ahead log (journal mode stays `{mode}`); \
                 it must lie on a local disk, not on a network file system",
                path.display()
            ),
            OpenError::Thread(error) => write!(f, "a database thread cannot be started: {error}"),
        }
    }
}

impl std::error::Error for OpenError {}
