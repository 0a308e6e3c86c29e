//! A database whose commits fail now and then.
//!
//! Invariant: what it says was not committed was not; of what it says nothing is known, either may be.
//! Not here: which operations come.

use crate::rng::Rng;
use backflow_engine::permit::Permit;
use backflow_engine::store::{BoxFuture, Store, StoreError};
use backflow_engine::transaction::Transaction;
use std::sync::{Arc, Mutex};

/// Of a hundred transactions that write, so many fail.
const PERCENT: u64 = 10;

/// The database behind it, and when it fails.
pub(crate) struct Flaky {
    behind: Arc<dyn Store>,
    rng: Mutex<Rng>,
}

/// How a transaction fails.
enum Failure {
    /// It is not run.
    Refused,
    /// It is run, and nobody hears of it.
    Unheard,
    /// It is not run, and nobody hears of that.
    Lost,
}

impl Flaky {
    pub(crate) fn new(behind: Arc<dyn Store>, rng: Rng) -> Self {
        Self {
            behind,
            rng: Mutex::new(rng),
        }
    }

    fn draw(&self) -> Option<Failure> {
        let mut rng = self.rng.lock().expect("a test's lock");
        rng.percent(PERCENT).then(|| match rng.below(3) {
            0 => Failure::Refused,
            1 => Failure::Unheard,
            _ => Failure::Lost,
        })
    }
}

impl Store for Flaky {
    fn run<'a>(
        &'a self,
        permit: Permit,
        transaction: Transaction,
    ) -> BoxFuture<'a, Result<Transaction, StoreError>> {
        let failure = match transaction.reads_only() {
            true => None,
            false => self.draw(),
        };
        Box::pin(async move {
            let unknown = || StoreError::OutcomeUnknown("a test's failure".to_owned());
            match failure {
                None => self.behind.run(permit, transaction).await,
                Some(Failure::Refused) => Err(StoreError::Unavailable(1)),
                Some(Failure::Lost) => Err(unknown()),
                Some(Failure::Unheard) => {
                    self.behind.run(permit, transaction).await?;
                    Err(unknown())
                }
            }
        })
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.behind.ping()
    }
}
