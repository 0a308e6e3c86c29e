//! What was changed, as numbers.
//!
//! Role: a number for everything that an answer may be read from; a change makes it larger.
//! Invariant: two equal [`Version`]s of the same reads mean that nothing of it was changed between them; that they
//! differ may mean nothing, as tenants share numbers.
//! Not here: who tells of changes (`wrote`, `follow`).
//!
//! Memory does not grow with the number of tenants: there is a fixed row of numbers, and table and key together say which
//! of them is a tenant's own.

use backflow_catalog::TableId;
use backflow_plan::model::CacheRead;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// Numbers for the tenants of all tables together; a power of two.
const TENANTS: usize = 8192;

/// The state of what an answer is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Version(u64);

/// Whose rows were changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner<'a> {
    /// This tenant's.
    Tenant(&'a str),
    /// Those of a tenant of which nobody has read anything yet.
    New,
    /// Anybody's.
    Anybody,
}

/// The numbers. All only grow, so their sum tells whether one of them has.
#[derive(Debug)]
pub(crate) struct Versions {
    /// Counts everything that may be anything.
    all: AtomicU64,
    tables: Vec<Numbers>,
    tenants: Box<[AtomicU64]>,
    hasher: RandomState,
}

#[derive(Debug, Default)]
struct Numbers {
    /// Counts every change.
    any: AtomicU64,
    /// Counts changes of which it is not known whose rows they touched.
    anybody: AtomicU64,
}

impl Versions {
    /// For so many tables.
    pub(crate) fn new(tables: usize) -> Self {
        Versions {
            all: AtomicU64::new(0),
            tables: (0..tables).map(|_| Numbers::default()).collect(),
            tenants: (0..TENANTS).map(|_| AtomicU64::new(0)).collect(),
            hasher: RandomState::new(),
        }
    }

    /// The version of what is read.
    pub(crate) fn of(&self, reads: &[CacheRead], tenant: Option<&str>) -> Version {
        let each = reads.iter().map(|read| {
            let Some(table) = self.tables.get(read.table.0 as usize) else {
                return 0;
            };
            match tenant.filter(|_| read.scoped) {
                Some(tenant) => table.anybody.load(SeqCst) + self.tenant(read.table, tenant).load(SeqCst),
                None => table.any.load(SeqCst),
            }
        });
        Version(self.all.load(SeqCst) + each.sum::<u64>())
    }

    /// Rows of a table were changed.
    pub(crate) fn changed(&self, table: TableId, owner: Owner<'_>) {
        let Some(numbers) = self.tables.get(table.0 as usize) else {
            return;
        };
        match owner {
            Owner::Tenant(tenant) => self.tenant(table, tenant).fetch_add(1, SeqCst),
            Owner::Anybody => numbers.anybody.fetch_add(1, SeqCst),
            Owner::New => 0,
        };
        numbers.any.fetch_add(1, SeqCst);
    }

    /// Anything may have been changed.
    pub(crate) fn all_changed(&self) {
        self.all.fetch_add(1, SeqCst);
    }

    fn tenant(&self, table: TableId, tenant: &str) -> &AtomicU64 {
        let hash = self.hasher.hash_one((table, tenant));
        let at = usize::try_from(hash % TENANTS as u64).unwrap_or(0);
        // There are as many as the remainder can be.
        self.tenants.get(at).unwrap_or(&self.all)
    }
}
