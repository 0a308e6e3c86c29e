//! What others change.
//!
//! Role: asks the database's log of changes what other processes, and programs that are not ours, have written.
//! Invariant: whoever is told that a token is current may believe what is kept: everything that was committed longer
//! ago than the promised age is known.
//! Not here: the log itself (the sql crate, the stores).
//!
//! It asks when somebody wants to know and it has not asked for a while: twice a second where much is served, and once a
//! minute in any case, so that the log does not grow where nobody asks.

use super::Versions;
use super::versions::Owner;
use crate::event;
use crate::fault::Fault;
use crate::permit::Permit;
use crate::store::{Call, Row, Store};
use crate::transaction::Transaction;
use backflow_catalog::TableId;
use backflow_plan::model::Changes;
use backflow_sql::changes::ENDED;
use backflow_sql::ir::{Datum, Statement};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Entries are forgotten when they are older than that.
const MEMORY: Duration = Duration::from_secs(120);
/// Who has not asked for so long starts anew: something may have been forgotten meanwhile.
const ABSENCE: Duration = Duration::from_secs(60);

/// Up to where changes are known; only the database reads it.
pub(crate) type Token = Arc<str>;

/// Asks for changes.
pub(crate) struct Follower {
    since: Arc<Statement>,
    forget: Arc<Statement>,
    tables: HashMap<String, TableId>,
    /// The names of those that are logged for us.
    watched: Vec<String>,
    age: Duration,
    known: Mutex<Known>,
    /// Who asks; the others wait for what is learnt.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Known {
    /// The newest token, and when it was asked for.
    last: Option<(Token, Asked)>,
    /// One that is kept until what is behind it can be forgotten.
    old: Option<(Token, Asked)>,
    /// When the log could not be read.
    failed: Option<Asked>,
    /// Something that is read is not logged any more: another version of the project has taken over.
    ended: bool,
}

/// When something was asked for, by a clock that never jumps and by one that goes on while the machine sleeps.
#[derive(Debug, Clone, Copy)]
struct Asked(Instant, Timestamp);

impl Asked {
    fn longer_than(self, time: Duration, now: Timestamp) -> bool {
        let passed = Duration::try_from(now.duration_since(self.1)).unwrap_or(Duration::MAX);
        self.0.elapsed() >= time || passed >= time
    }
}

impl Follower {
    /// Nothing is known yet.
    pub(crate) fn new(changes: Changes, age: Duration) -> Self {
        let tables = changes.tables.into_iter().zip(0..);
        Follower {
            since: changes.since,
            forget: changes.forget,
            watched: changes.watches.into_iter().map(|watch| watch.table).collect(),
            tables: tables.map(|(name, at)| (name, TableId(at))).collect(),
            age,
            known: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
        }
    }

    /// The current token, once everything before it has been told to the versions. `None`: the log cannot be read, and
    /// nothing that is kept can be believed.
    pub(crate) async fn heard(
        &self,
        store: &Arc<dyn Store>,
        versions: &Versions,
        now: Timestamp,
    ) -> Option<Token> {
        if let Some(known) = self.current(now) {
            return known;
        }
        let _asking = self.asking.lock().await;
        // Somebody else may have asked meanwhile.
        if let Some(known) = self.current(now) {
            return known;
        }
        let begun = Asked(Instant::now(), now);
        match self.ask(store, versions, now).await {
            Ok(token) => {
                self.learnt(&token, begun, store);
                self.current(now).unwrap_or(Some(token))
            }
            Err(fault) => {
                event::changes_unknown(&fault);
                let mut known = self.known();
                known.last = None;
                known.failed = Some(begun);
                None
            }
        }
    }

    /// The next who wants to know asks anew.
    pub(crate) fn doubt(&self) {
        if let Some((_, asked)) = &mut self.known().last {
            asked.1 = Timestamp::MIN;
        }
    }

    /// What is known, if it is new enough: a token, or that there is none.
    fn current(&self, now: Timestamp) -> Option<Option<Token>> {
        let known = self.known();
        if known.ended || known.failed.is_some_and(|at| !at.longer_than(self.age, now)) {
            return Some(None);
        }
        let (token, at) = known.last.as_ref()?;
        (!at.longer_than(self.age, now)).then(|| Some(Arc::clone(token)))
    }

    async fn ask(&self, store: &Arc<dyn Store>, versions: &Versions, now: Timestamp) -> Result<Token, Fault> {
        let last = self.known().last.clone();
        let is_far =
            |at: Asked| at.0.elapsed() >= ABSENCE || (at.1 != Timestamp::MIN && at.longer_than(ABSENCE, now));
        let last = last.filter(|(_, at)| !is_far(*at)).map(|(token, _)| token);
        let call = Call {
            statement: Arc::clone(&self.since),
            values: vec![last.clone().map_or(Datum::Null, Datum::Text)],
            alone: true,
            shares: None,
        };
        let done = store.run(Permit::judged(), Transaction::reading(call)).await?;
        let rows = done.into_rows()?.rows;
        let next = match rows.first().and_then(|row| row.cells.first()) {
            Some(Datum::Text(token)) => Arc::clone(token),
            _ => return Err(Fault::internal("the log of changes gave no token")),
        };
        if last.is_none() {
            versions.all_changed();
        }
        rows.iter().for_each(|row| self.tell(row, versions));
        Ok(next)
    }

    fn tell(&self, row: &Row, versions: &Versions) {
        let Some(Datum::Text(name)) = row.cells.get(1) else {
            return;
        };
        let owner = match row.cells.get(2) {
            Some(Datum::Text(tenant)) => Owner::Tenant(tenant),
            _ => Owner::Anybody,
        };
        // Another version of the files may log what this one does not know, and does not read.
        if let Some(table) = self.tables.get(&**name) {
            versions.changed(*table, owner);
        }
        let ended = name.strip_prefix(ENDED);
        if ended.is_some_and(|table| self.watched.iter().any(|watched| watched == table)) {
            event::changes_end();
            self.known().ended = true;
        }
    }

    fn learnt(&self, token: &Token, begun: Asked, store: &Arc<dyn Store>) {
        let mut known = self.known();
        known.failed = None;
        known.last = Some((Arc::clone(token), begun));
        match &known.old {
            Some((_, at)) if at.0.elapsed() < MEMORY => return,
            Some((old, _)) => self.forget(Arc::clone(old), Arc::clone(store)),
            None => {}
        }
        known.old = Some((Arc::clone(token), begun));
    }

    /// Forgets what everybody knows; nobody waits for it.
    fn forget(&self, old: Token, store: Arc<dyn Store>) {
        let statement = Arc::clone(&self.forget);
        tokio::spawn(async move {
            loop {
                let call = Call {
                    statement: Arc::clone(&statement),
                    values: vec![Datum::Text(Arc::clone(&old))],
                    alone: true,
                    shares: None,
                };
                let done = store.run(Permit::judged(), Transaction::single(call)).await;
                match done.map_err(Fault::from).and_then(Transaction::into_rows) {
                    Ok(rows) if rows.rows.is_empty() => return,
                    Ok(_) => {}
                    Err(fault) => return event::changes_not_forgotten(&fault),
                }
            }
        });
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
