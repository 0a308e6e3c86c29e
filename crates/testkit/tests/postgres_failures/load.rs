//! Callers that write, read what they wrote, and keep a record of what they were told.
//!
//! Invariant: an answer is judged when it comes: one about another's row ends the test.

use crate::served::{Reply, Served, unique};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Callers at work.
pub(crate) struct Load {
    callers: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    told: Arc<Mutex<Told>>,
}

/// What callers were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Ids of rows that are there.
    pub(crate) acknowledged: BTreeSet<String>,
    /// Ids of rows that are not.
    pub(crate) refused: BTreeSet<String>,
    /// Ids of rows of which nobody knows.
    pub(crate) unknown: BTreeSet<String>,
    /// When requests began that were not done, and with which status they ended.
    pub(crate) refusals: Vec<(Instant, u16)>,
    pub(crate) reads: usize,
    /// When requests began, and how long they took, if that was long.
    slow: Vec<(Instant, Duration)>,
}

impl Load {
    /// So many callers, without pauses between their requests.
    pub(crate) fn start(served: &Served, callers: usize) -> Self {
        let (stop, told) = (Arc::<AtomicBool>::default(), Arc::<Mutex<Told>>::default());
        let callers = (0..callers)
            .map(|at| {
                let (served, stop, told) = (served.clone(), Arc::clone(&stop), Arc::clone(&told));
                tokio::spawn(async move {
                    while !stop.load(Ordering::Relaxed) {
                        caller(&served, at, &told).await;
                    }
                })
            })
            .collect();
        Load { callers, stop, told }
    }

    /// Statuses of requests that began after a moment and were not done.
    pub(crate) fn refusals_since(&self, moment: Instant) -> Vec<u16> {
        let told = self.told.lock().unwrap();
        let since = told.refusals.iter().filter(|(begun, _)| *begun > moment);
        since.map(|(_, status)| *status).collect()
    }

    /// The longest that a request took that began after a moment.
    pub(crate) fn slowest_since(&self, moment: Instant) -> Duration {
        let told = self.told.lock().unwrap();
        let since = told.slow.iter().filter(|(begun, _)| *begun > moment);
        since.map(|(_, took)| *took).max().unwrap_or_default()
    }

    /// Waits for the last answers.
    pub(crate) async fn stop(self) -> Told {
        self.stop.store(true, Ordering::Relaxed);
        for caller in self.callers {
            caller.await.unwrap();
        }
        std::mem::take(&mut self.told.lock().unwrap())
    }
}

/// A write, and reads of it.
async fn caller(served: &Served, at: usize, told: &Mutex<Told>) {
    let body = unique();
    let id = body.trim_start_matches(r#"{"id":""#).trim_end_matches(r#""}"#);
    let path = if at.is_multiple_of(2) { "/notes" } else { "/both" };
    let written = ask(told, served.post(path, &body)).await;
    let set = |pick: fn(&mut Told) -> &mut BTreeSet<String>| {
        let mut told = told.lock().unwrap();
        pick(&mut told).insert(id.to_owned());
        if path == "/both" {
            pick(&mut told).insert(format!("{id}-2"));
        }
    };
    match written.status {
        201 => {
            assert!(
                written.body.contains(&format!(r#""id":"{id}""#)),
                "{id}: {}",
                written.body
            );
            set(|told| &mut told.acknowledged);
        }
        500 => {
            assert!(written.body.contains("outcome_unknown"), "{}", written.body);
            return set(|told| &mut told.unknown);
        }
        503 => {
            assert!(written.retry_after.is_some(), "{}", written.body);
            set(|told| &mut told.refused);
            return tokio::time::sleep(Duration::from_millis(10)).await;
        }
        504 => return set(|told| &mut told.refused),
        other => panic!("{other}: {}", written.body),
    }
    for _ in 0..3 {
        let read = ask(told, served.get(&format!("/notes/{id}"))).await;
        match read.status {
            200 => assert!(
                read.body.contains(&format!(r#""id":"{id}""#)),
                "{id}: {}",
                read.body
            ),
            503 | 504 => return,
            other => panic!("{other} for {id}, which is there: {}", read.body),
        }
        told.lock().unwrap().reads += 1;
    }
}

async fn ask(told: &Mutex<Told>, request: impl Future<Output = Reply>) -> Reply {
    let begun = Instant::now();
    let reply = request.await;
    let took = begun.elapsed();
    let mut told = told.lock().unwrap();
    if reply.status >= 500 {
        told.refusals.push((begun, reply.status));
    }
    if took > Duration::from_millis(500) {
        told.slow.push((begun, took));
    }
    reply
}

impl Told {
    /// Compares with what is there.
    pub(crate) fn compare(&self, served: &Served) {
        let there: BTreeSet<String> = served
            .probe()
            .rows("SELECT id FROM notes")
            .into_iter()
            .flatten()
            .flatten()
            .collect();
        let lost: Vec<_> = self.acknowledged.difference(&there).collect();
        assert!(lost.is_empty(), "acknowledged and not there: {lost:?}");
        let kept: Vec<_> = self.refused.intersection(&there).collect();
        assert!(kept.is_empty(), "refused and there: {kept:?}");
        // A transaction is there, or it is not.
        for id in &self.unknown {
            if let Some(first) = id.strip_suffix("-2") {
                assert_eq!(
                    there.contains(id),
                    there.contains(first),
                    "half of {first} is there"
                );
            }
        }
    }
}
