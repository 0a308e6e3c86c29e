//! All that a sandbox knows.
//!
//! Role: [`World`]: objects by kind, what arrived, e-mails, idempotency keys, faults, deliveries, and its clock.
//! Invariant: one request changes it under one lock and leaves one line in the journal, so that a killed process has
//! done a request wholly or not at all; everything in it is bounded.
//! Not here: what the providers' rules are, sockets.

use super::faults::Fault;
use super::journal::Journal;
use super::keys::Keys;
use super::options::{Options, Target};
use super::outbox::Outbox;
use super::ring::Ring;
use super::sent::{Email, Sent};
use backflow_engine::{Clock, Ids};
use indexmap::IndexMap;
use serde_json::{Value, json};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// Bytes of state, estimated, after which nothing more is created.
const ROOM: usize = 512 * 1024 * 1024;
/// What an object is taken to weigh beside what was sent.
const OBJECT: usize = 2048;
/// Events that are kept, and how many of the oldest go at once.
const EVENTS: (usize, usize) = (50_000, 5_000);
/// Requests and e-mails that are listed, and their bytes.
const LISTED: (usize, usize) = (50_000, 64 * 1024 * 1024);
/// Targets of webhooks.
pub(crate) const TARGETS: usize = 32;
/// As far as the clock may be moved: a century.
const FARTHEST: i64 = 100 * 366 * 86_400;

/// The request that is being answered; events name it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Current {
    pub(crate) request: Option<String>,
    pub(crate) key: Option<String>,
}

/// All that a sandbox knows.
pub(crate) struct World {
    base: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    moved: i64,
    shelves: HashMap<String, IndexMap<String, Value>>,
    due: BTreeSet<(i64, String, String)>,
    weight: usize,
    journal: Option<Journal>,
    pub(crate) changes: u64,
    pub(crate) current: Current,
    pub(crate) origin: String,
    pub(crate) api_version: String,
    pub(crate) keys: Keys,
    pub(crate) sent: Ring<Sent>,
    pub(crate) emails: Ring<Email>,
    pub(crate) faults: Vec<Fault>,
    pub(crate) targets: Vec<Target>,
    pub(crate) outbox: Outbox,
}

impl World {
    /// An empty world.
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            base: Arc::clone(&options.clock),
            ids: Arc::clone(&options.ids),
            moved: 0,
            shelves: HashMap::new(),
            due: BTreeSet::new(),
            weight: 0,
            journal: None,
            changes: 0,
            current: Current::default(),
            origin: String::new(),
            api_version: options.api_version.clone(),
            keys: Keys::default(),
            sent: Ring::new(LISTED.0, LISTED.1),
            emails: Ring::new(LISTED.0, LISTED.1),
            faults: options.faults.clone(),
            targets: options.webhooks.clone(),
            outbox: Outbox::new(options.retries.clone()),
        }
    }

    /// From now on changes are written there.
    pub(crate) fn keep_in(&mut self, journal: Journal) {
        self.journal = Some(journal);
    }

    /// The sandbox's clock, in seconds.
    pub(crate) fn now(&self) -> i64 {
        self.real().as_second().saturating_add(self.moved)
    }

    /// The clock it was started with: for signatures and for pauses between deliveries.
    pub(crate) fn real(&self) -> jiff::Timestamp {
        self.base.now()
    }

    /// Moves the clock forward.
    pub(crate) fn advance(&mut self, by: Duration) {
        let by = i64::try_from(by.as_secs()).unwrap_or(FARTHEST);
        self.moved = self.moved.saturating_add(by).min(FARTHEST);
        self.note(json!({"clock": self.moved}));
    }

    /// A fresh id, `cus_…`.
    pub(crate) fn id(&self, prefix: &str) -> String {
        let digits: String = self
            .ids
            .uuid()
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(24)
            .collect();
        format!("{prefix}{digits}")
    }

    /// Whether something more may be created.
    pub(crate) fn is_full(&self) -> bool {
        self.weight >= ROOM
    }

    /// Counts what a request brought.
    pub(crate) fn weigh(&mut self, bytes: usize) {
        self.weight = self.weight.saturating_add(bytes + OBJECT);
    }

    /// An object.
    pub(crate) fn get(&self, kind: &str, id: &str) -> Option<&Value> {
        self.shelves.get(kind)?.get(id)
    }

    /// All of a kind, the oldest first.
    pub(crate) fn all(&self, kind: &str) -> impl DoubleEndedIterator<Item = &Value> {
        self.shelves.get(kind).into_iter().flat_map(IndexMap::values)
    }

    /// How many there are of each kind.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&str, usize)> {
        self.shelves
            .iter()
            .map(|(kind, shelf)| (kind.as_str(), shelf.len()))
    }

    /// Where an object stands among its kind.
    pub(crate) fn position(&self, kind: &str, id: &str) -> Option<usize> {
        self.shelves.get(kind)?.get_index_of(id)
    }

    /// Those at positions, of which the later is the newer.
    pub(crate) fn at(&self, kind: &str, position: usize) -> Option<&Value> {
        Some(self.shelves.get(kind)?.get_index(position)?.1)
    }

    /// How many of a kind.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.shelves.get(kind).map_or(0, IndexMap::len)
    }

    /// Takes an object in, or a newer state of it.
    pub(crate) fn put(&mut self, object: Value) {
        self.changes += 1;
        if self.journal.is_some() {
            self.note(json!({"object": object}));
        }
        self.place(object);
    }

    fn place(&mut self, object: Value) {
        let text = |key: &str| {
            object
                .get(key)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        let (kind, id) = (text("object"), text("id"));
        let shelf = self.shelves.entry(kind.clone()).or_default();
        if let Some(at) = shelf.get(&id).and_then(due_at) {
            self.due.remove(&(at, kind.clone(), id.clone()));
        }
        if let Some(at) = due_at(&object) {
            self.due.insert((at, kind.clone(), id.clone()));
        }
        if kind == "event" && shelf.len() >= EVENTS.0 {
            shelf.drain(..EVENTS.1);
        }
        shelf.insert(id, object);
    }

    /// What time has done its part for and was not treated yet: kind and id.
    pub(crate) fn next_due(&self) -> Option<(String, String)> {
        let (at, kind, id) = self.due.first()?;
        (*at <= self.now()).then(|| (kind.clone(), id.clone()))
    }

    /// Takes an entry into the line that [`World::commit`] writes.
    pub(crate) fn note(&mut self, entry: Value) {
        if let Some(journal) = &mut self.journal {
            journal.note(entry);
        }
    }

    /// Writes what was noted as one line.
    pub(crate) fn commit(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.commit();
        }
    }

    /// Takes back what a journal holds.
    pub(crate) fn replay(&mut self, entry: &Value) {
        if let Some(object) = entry.get("object") {
            self.weigh(0);
            self.place(object.clone());
        } else if let Some(moved) = entry.get("clock").and_then(Value::as_i64) {
            self.moved = moved.clamp(0, FARTHEST);
        } else if let Some(sent) = entry.get("sent") {
            self.sent.push(Sent::read(sent));
        } else if let Some(email) = entry.get("email") {
            self.emails.push(Email::read(email));
        } else if let Some(key) = entry.get("key") {
            self.keys.replay(key);
        } else if let Some(event) = entry.get("due").and_then(Value::as_str) {
            // Whoever was no target then does not get it now.
            let then = entry.get("to").and_then(Value::as_array);
            let was = |target: &&Target| {
                let mut urls = then.into_iter().flatten().filter_map(Value::as_str);
                urls.any(|url| url == target.url)
            };
            let targets: Vec<Target> = self.targets.iter().filter(was).cloned().collect();
            self.outbox.add(event, &targets, self.base.now());
        } else if let Some(done) = entry.get("done") {
            self.outbox.replay_done(done);
        }
    }
}

/// When time changes an object by itself.
fn due_at(object: &Value) -> Option<i64> {
    object.get("_due").and_then(Value::as_i64)
}
