//! Settings of the store, and why it may not open.
//!
//! Role: plain data with defaults; [`Options::parse`] makes it from a connection string.
//! Invariant: a password is never printed; the defaults are safe for production.
//! Not here: the environment (cli), connecting.

mod durations;
mod read;
mod text;

use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;
use tokio_postgres::Config;

/// The longest wait for a lock.
const LONGEST_LOCK: Duration = Duration::from_millis(2_500);

/// Settings of the store.
#[derive(Clone)]
pub struct Options {
    /// Where to connect, in the order in which they are tried.
    pub(crate) addresses: Vec<Address>,
    /// User, password, database and the like, without hosts.
    pub(crate) config: Config,
    pub(crate) encryption: Encryption,
    /// Whether a transaction-mode pooler stands between; `None`: find out.
    pub(crate) pooler: Option<bool>,
    /// How long one statement may run before it is stopped.
    pub statement_timeout: Duration,
    /// How long one try to connect may take.
    pub connect_timeout: Duration,
    /// How long a transaction may wait for a connection before it is refused.
    pub queue_timeout: Duration,
    /// How many connections serve transactions, one at a time each.
    pub writers: usize,
    /// How many connections are shared by reads of one statement, at most.
    pub readers: usize,
    /// How many batches of a statement that counts are under way at a time where many wait.
    pub batches: usize,
    /// How many transactions may wait for a connection.
    pub queue: usize,
}

/// A place where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) host: Host,
    pub(crate) port: u16,
}

/// What an address names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// A name, for certificates and to be looked up, and the number to connect to instead, if one is given.
    Tcp(String, Option<std::net::IpAddr>),
    /// A folder with Unix sockets.
    Folder(PathBuf),
}

/// How much of TLS is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Encryption {
    pub(crate) mode: Mode,
    pub(crate) roots: Roots,
    /// TLS from the first byte, without asking first.
    pub(crate) direct: bool,
}

/// `sslmode`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Disable,
    /// Encrypted if the server can, else not.
    Prefer,
    /// Encrypted, to whomever.
    Require,
    /// Encrypted, to somebody whom the roots vouch for.
    VerifyCa,
    /// Encrypted, to the host that was named.
    VerifyFull,
}

/// Whose certificates are believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Those of the operating system.
    System,
    /// Those in a file.
    File(PathBuf),
}

impl Options {
    /// Reads a connection string: a URL (`postgres://user:password@host/database?sslmode=require`) or words
    /// (`host=… user=…`), as libpq reads them. Our own keys are `pool_max`, `statement_timeout`, `pgbouncer`.
    ///
    /// # Errors
    /// Unknown keys, values that cannot be; the text never holds the password.
    pub fn parse(text: &str) -> Result<Self, OpenError> {
        text::pairs(text).and_then(read::options).map_err(OpenError::Text)
    }

    /// Options of a server with everything else left to the defaults.
    pub(crate) fn of(addresses: Vec<Address>, config: Config, encryption: Encryption) -> Self {
        let cores = std::thread::available_parallelism().map_or(2, NonZeroUsize::get);
        Options {
            addresses,
            config,
            encryption,
            pooler: None,
            statement_timeout: Duration::from_secs(5),
            connect_timeout: Duration::from_secs(5),
            queue_timeout: Duration::from_secs(5),
            writers: 16,
            readers: cores.clamp(2, 4),
            batches: cores.clamp(2, 4),
            queue: 4096,
        }
    }

    /// How long a statement may wait for a lock that somebody keeps: so much less than for its end that it is told
    /// apart even by one that waits twice (first in the queue for the row, then for the row itself), and less than
    /// others wait for a connection.
    pub(crate) fn lock_timeout(&self) -> Duration {
        (self.statement_timeout / 3).min(LONGEST_LOCK)
    }

    /// The server's limits of time for a statement, each set by such a word.
    pub(crate) fn limits(&self, set: &str, between: &str) -> String {
        let millis = |span: Duration| span.as_millis().max(1);
        let (statement, lock) = (millis(self.statement_timeout), millis(self.lock_timeout()));
        format!("{set} statement_timeout={statement}{between}{set} lock_timeout={lock}")
    }

    /// Splits as many connections as there may be at most among transactions and shared reads.
    pub fn limit_connections(&mut self, most: usize) {
        let most = most.max(2);
        self.readers = self.readers.min(most.div_ceil(5)).max(1);
        self.writers = most - self.readers;
    }
}

impl fmt::Display for Options {
    /// Whom we talk to, for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let database = self.config.get_dbname().or(self.config.get_user());
        write!(f, "database {} at ", database.unwrap_or("(of the user)"))?;
        for (at, address) in self.addresses.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{address}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            Host::Tcp(name, _) if name.contains(':') => write!(f, "[{name}]:{}", self.port),
            Host::Tcp(name, _) => write!(f, "{name}:{}", self.port),
            Host::Folder(path) => write!(f, "{}/.s.PGSQL.{}", path.display(), self.port),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("server", &self.to_string())
            .field("user", &self.config.get_user())
            .field("encryption", &self.encryption)
            .field("pooler", &self.pooler)
            .field("statement_timeout", &self.statement_timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("queue_timeout", &self.queue_timeout)
            .field("writers", &self.writers)
            .field("readers", &self.readers)
            .field("batches", &self.batches)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}

/// Why the store could not be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OpenError {
    /// The connection string cannot be used.
    Text(String),
    /// Certificates cannot be read.
    Certificates(String),
    /// Nobody answers, or not now.
    Away(String),
    /// The server refuses us: password, database, rights.
    Refused(String),
    /// The server is older than 15, or no PostgreSQL.
    Version(String),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::Text(why) => write!(f, "the connection string cannot be used: {why}"),
            OpenError::Certificates(why) => write!(f, "the certificates for TLS cannot be used: {why}"),
            OpenError::Away(why) => write!(f, "the database does not answer: {why}"),
            OpenError::Refused(why) => write!(f, "the database refuses the connection: {why}"),
            OpenError::Version(why) => write!(f, "PostgreSQL 15 or later is needed: {why}"),
        }
    }
}

impl std::error::Error for OpenError {}
