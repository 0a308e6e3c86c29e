//! A store that tells of all that is written through it.
//!
//! Role: goes between everything that writes and the database.
//! Invariant: see [`Wrote`](super::Wrote).
//! Not here: what is done about a change.

use super::Versions;
use crate::permit::Permit;
use crate::store::{BoxFuture, Store, StoreError};
use crate::transaction::Transaction;
use std::sync::Arc;

/// The store.
pub(crate) struct Watched {
    store: Arc<dyn Store>,
    versions: Arc<Versions>,
}

impl Watched {
    pub(super) fn new(store: Arc<dyn Store>, versions: Arc<Versions>) -> Self {
        Watched { store, versions }
    }
}

impl Store for Watched {
    fn run<'a>(
        &'a self,
        permit: Permit,
        mut transaction: Transaction,
    ) -> BoxFuture<'a, Result<Transaction, StoreError>> {
        transaction.tell(&self.versions);
        self.store.run(permit, transaction)
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), StoreError>> {
        self.store.ping()
    }
}
