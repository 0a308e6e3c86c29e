//! What stands between a process and its database.
//!
//! Invariant: what is held back was done; only its answer is not told yet.
//! Not here: what is tested with it.

use backflow_engine::permit::Permit;
use backflow_engine::store::{BoxFuture, Store, StoreError, Turn};
use backflow_engine::transaction::Transaction;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// A store whose reads fail, or whose answers are late, when it is told so.
pub(crate) struct Gate {
    behind: Arc<dyn Store>,
    /// Reads fail.
    pub(crate) fails: AtomicBool,
    /// Nobody hears of a transaction on the project's own tables.
    pub(crate) holds: AtomicBool,
    /// How many answers are held back.
    pub(crate) held: AtomicUsize,
    /// How many leases were renewed.
    pub(crate) beats: AtomicUsize,
}

impl Gate {
    pub(crate) fn new(behind: Arc<dyn Store>) -> Self {
        Self {
            behind,
            fails: AtomicBool::new(false),
            holds: AtomicBool::new(false),
            held: AtomicUsize::new(0),
            beats: AtomicUsize::new(0),
        }
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, so: impl Fn(&Self) -> bool) {
        for _ in 0..1000 {
            if so(self) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it never was so");
    }
}

/// The text of a transaction's first statement.
fn first(transaction: &mut Transaction) -> String {
    let text = match transaction.next(None) {
        Turn::Run(call) => call.statement.text.to_string(),
        _ => String::new(),
    };
    transaction.rewind();
    text
}

impl Store for Gate {
    fn run<'a>(
        &'a self,
        permit: Permit,
        mut transaction: Transaction,
    ) -> BoxFuture<'a, Result<Transaction, StoreError>> {
        let (reads, text) = (transaction.reads_only(), first(&mut transaction));
        Box::pin(async move {
            if reads && self.fails.load(Ordering::SeqCst) {
                return Err(StoreError::Failed("a test's failure".to_owned()));
            }
            let outcome = self.behind.run(permit, transaction).await;
            // Leases are renewed together, each found by its token alone.
            if text.contains(r#""token" IN "#) || text.contains(r#""token" = ANY"#) {
                self.beats.fetch_add(1, Ordering::SeqCst);
            }
            if !reads && !text.contains("_backflow_") && self.holds.load(Ordering::SeqCst) {
                self.held.fetch_add(1, Ordering::SeqCst);
                self.until(|gate| !gate.holds.load(Ordering::SeqCst)).await;
            }
            outcome
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.behind.ping()
    }
}
