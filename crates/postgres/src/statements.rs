//! Prepared statements of one connection.
//!
//! Role: finds or prepares the statement of a call.
//! Invariant: a cached statement keeps its `Arc`, so that no other statement can get the same address; on the
//! request path no text is hashed.
//! Not here: running statements, what errors mean.

use backflow_sql::ir::Statement;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::OnceCell;
use tokio_postgres::{Client, Error, Statement as Handle};

/// Statements that a connection keeps prepared.
const KEPT: usize = 512;

/// The prepared statements.
#[derive(Default)]
pub(crate) struct Statements {
    kept: Mutex<HashMap<usize, Arc<Kept>>>,
    clock: AtomicU64,
}

struct Kept {
    statement: Arc<Statement>,
    /// Filled by whoever comes first; the others wait for it.
    handle: OnceCell<Handle>,
    used: AtomicU64,
}

impl Statements {
    /// The handle of a statement.
    pub(crate) async fn prepared(
        &self,
        client: &Client,
        statement: &Arc<Statement>,
    ) -> Result<Handle, Error> {
        let kept = self.entry(statement);
        let handle = kept.handle.get_or_try_init(|| client.prepare(&statement.text));
        handle.await.cloned()
    }

    /// Forgets all statements: the schema has changed, or the server has forgotten them.
    pub(crate) fn forget(&self) {
        let forgotten = std::mem::take(&mut *self.locked());
        // Outside of the lock: each is a message to the server.
        drop(forgotten);
    }

    fn entry(&self, statement: &Arc<Statement>) -> Arc<Kept> {
        let now = self.clock.fetch_add(1, Relaxed);
        let address = Arc::as_ptr(statement).addr();
        let mut old = Vec::new();
        let mut kept = self.locked();
        if !kept.contains_key(&address) {
            make_room(&mut kept, KEPT, &mut old);
        }
        let entry = kept.entry(address).or_insert_with(|| {
            Arc::new(Kept {
                statement: Arc::clone(statement),
                handle: OnceCell::new(),
                used: AtomicU64::new(now),
            })
        });
        entry.used.store(now, Relaxed);
        let entry = Arc::clone(entry);
        drop(kept);
        drop(old);
        entry
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<usize, Arc<Kept>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes out the statements of plans that are gone; if there are none, the half that was not used for longest.
fn make_room(kept: &mut HashMap<usize, Arc<Kept>>, capacity: usize, old: &mut Vec<Arc<Kept>>) {
    if kept.len() < capacity {
        return;
    }
    old.extend(
        kept.extract_if(|_, kept| Arc::strong_count(&kept.statement) == 1)
            .map(|(_, kept)| kept),
    );
    if kept.len() < capacity {
        return;
    }
    let mut ages: Vec<u64> = kept.values().map(|kept| kept.used.load(Relaxed)).collect();
    ages.sort_unstable();
    let bound = ages.get(ages.len() / 2).copied().unwrap_or(u64::MAX);
    old.extend(
        kept.extract_if(|_, kept| kept.used.load(Relaxed) < bound)
            .map(|(_, kept)| kept),
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(text: &str) -> Arc<Statement> {
        Arc::new(Statement {
            text: text.to_owned(),
            json: false,
            cells: 0,
            ..Statement::default()
        })
    }

    #[test]
    fn statements_of_dropped_plans_go_first() {
        let statements = Statements::default();
        let live: Vec<_> = (0..3).map(|n| statement(&format!("SELECT {n}"))).collect();
        drop(statements.entry(&statement("SELECT 'gone'")));
        for one in &live {
            drop(statements.entry(one));
        }
        let mut old = Vec::new();
        make_room(&mut statements.locked(), 4, &mut old);
        let texts: Vec<_> = old.iter().map(|kept| kept.statement.text.as_str()).collect();
        assert_eq!(texts, ["SELECT 'gone'"]);
        assert_eq!(statements.locked().len(), 3);
    }

    #[test]
    fn many_statements_stay_bounded() {
        let statements = Statements::default();
        let all: Vec<_> = (0..KEPT * 3).map(|n| statement(&format!("SELECT {n}"))).collect();
        for one in &all {
            let entry = statements.entry(one);
            assert!(Arc::ptr_eq(&entry.statement, one));
            assert!(statements.locked().len() <= KEPT);
        }
        let last = all.last().expect("statements");
        assert!(Arc::ptr_eq(&statements.entry(last), &statements.entry(last)));
    }
}
