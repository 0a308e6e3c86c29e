//! The store as the engine sees it.
//!
//! Role: opens, runs transactions, closes.
//! Invariant: no answer before its commit is certain.
//! Not here: which connection a transaction gets (run), what happens on it (drive).

use crate::aside::Aside;
use crate::batches::Batches;
use crate::connect::{ConnectError, Connected, Connector, Purpose};
use crate::drive::Tools;
use crate::errors::RETRY_AFTER;
use crate::event;
use crate::exclusive::Pool;
use crate::gate::Gate;
use crate::jam::Jams;
use crate::keys::Keys;
use crate::line::Width;
use crate::link::Link;
use crate::options::{OpenError, Options};
use crate::pace::Paces;
use crate::run::Lanes;
use crate::shared::Shared;
use backflow_engine::permit::Permit;
use backflow_engine::store::{BoxFuture, Store, StoreError};
use backflow_engine::transaction::Transaction;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long work in flight may take when the store closes.
const LAST_WORK: Duration = Duration::from_secs(5);

/// A PostgreSQL database.
///
/// It must be used inside a tokio runtime.
pub struct Postgres {
    pub(crate) connector: Arc<Connector>,
    /// What is kept of it; see `session`.
    pub(crate) session: Mutex<Option<Connected>>,
    lanes: Lanes,
    closed: AtomicBool,
    transactions: AtomicU64,
}

/// What the store has done since the start, and what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Transactions that ran to their end.
    pub transactions: u64,
    /// Those of them that shared a commit with others.
    pub gathered: u64,
    /// Those of them that were one statement with others.
    pub at_once: u64,
    /// Commits for several that failed; their transactions ran one by one.
    pub undone: u64,
    /// Connections that reads share.
    pub readers: usize,
    /// Connections that serve one transaction at a time.
    pub writers: usize,
    /// Transactions that wait for a connection.
    pub waiting: usize,
}

impl Postgres {
    /// Connects for the first time, and finds out whom it talks to. Beside that the session of the start is made,
    /// unless that has to wait for what is found out.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let connector = Arc::new(Connector::new(options)?);
        let session = async {
            let session = match connector.pooled() {
                true => None,
                // Why there is none is said where one is needed.
                false => connector.connect(Purpose::Work).await.ok(),
            };
            Ok::<_, ConnectError>(session)
        };
        let (first, session) = tokio::try_join!(connector.explore(), session)?;
        let session = session.filter(|_| !connector.pooled());
        let gate = Arc::<Gate>::default();
        let parts = || (Arc::clone(&connector), Arc::clone(&gate));
        let options = &connector.options;
        let ((reading, reading_gate), (writing, writing_gate)) = (parts(), parts());
        // Behind a pooler nothing is shared: what it does with several requests in flight is nobody's promise.
        let most = match connector.pooled() {
            true => options.writers + options.readers,
            false => options.writers,
        };
        let writers = Pool::new(writing, writing_gate, most);
        writers.adopt(Link::new(first, &connector));
        let (aside, aside_gate) = parts();
        let tools = Arc::new(Tools {
            connector: Arc::clone(&connector),
            aside: Aside::new(aside, aside_gate),
            keys: Keys::default(),
            paces: Paces::default(),
        });
        let width = Width {
            wide: most,
            narrow: options.batches.clamp(1, most),
        };
        let lanes = Lanes {
            batches: Batches::new(Arc::clone(&tools), Arc::clone(&writers), width),
            tools,
            readers: Shared::new(reading, reading_gate, options.readers),
            writers,
            jams: Jams::new(most, options.lock_timeout()),
        };
        event::opened(&options.to_string(), connector.pooled());
        Ok(Postgres {
            connector,
            session: Mutex::new(session),
            lanes,
            closed: AtomicBool::new(false),
            transactions: AtomicU64::new(0),
        })
    }

    /// Begins to make a second connection beside whatever is done until the first requests come: those and our own
    /// looks at the start are more than one.
    pub fn expect_requests(&self) {
        self.lanes.writers.expect();
    }

    /// Refuses new transactions, finishes those that run, closes the connections.
    pub async fn close(&self) {
        if self.closed.swap(true, Relaxed) {
            return;
        }
        self.lanes.readers.close(LAST_WORK).await;
        self.lanes.writers.close(LAST_WORK).await;
        self.lanes.tools.aside.close().await;
        drop(self.kept().take());
    }

    /// What the store has done, and what it holds.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let (writers, waiting) = self.lanes.writers.counts();
        Stats {
            transactions: self.transactions.load(Relaxed),
            gathered: self.lanes.batches.gathered(),
            at_once: self.lanes.batches.at_once(),
            undone: self.lanes.batches.undone(),
            readers: self.lanes.readers.count(),
            writers,
            waiting,
        }
    }

    /// Whether a transaction-mode pooler stands between: no session outlives a transaction then.
    #[must_use]
    pub fn pooled(&self) -> bool {
        self.connector.pooled()
    }

    pub(crate) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    pub(crate) fn tools(&self) -> &Tools {
        &self.lanes.tools
    }
}

impl Store for Postgres {
    fn run<'a>(
        &'a self,
        permit: Permit,
        transaction: Transaction,
    ) -> BoxFuture<'a, Result<Transaction, StoreError>> {
        Box::pin(async move {
            let _judged = permit;
            if self.closed.load(Relaxed) {
                return Err(StoreError::Unavailable(RETRY_AFTER));
            }
            let done = self.lanes.run(transaction).await?;
            self.transactions.fetch_add(1, Relaxed);
            Ok(done)
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let unavailable = StoreError::Unavailable(RETRY_AFTER);
            if self.closed.load(Relaxed) {
                return Err(unavailable);
            }
            self.lanes.tools.aside.ping().await.map_err(|_why| unavailable)
        })
    }
}

impl std::fmt::Debug for Postgres {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postgres")
            .field("options", &self.connector.options)
            .finish_non_exhaustive()
    }
}
