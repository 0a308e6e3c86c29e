//! Callers who want the same rows, and rows that somebody keeps.
//!
//! Invariant: what is counted is what was acknowledged; how long anything takes is not judged, the machine may be
//! busy.

use crate::cluster;
use crate::served::{Reply, Served};
use backflow_testkit::cluster::Options;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Whether it was done; else who asked was told to come again.
fn done(reply: &Reply) -> bool {
    match reply.status {
        200 => true,
        503 => {
            assert!(reply.retry_after.is_some(), "{}", reply.body);
            false
        }
        other => panic!("{other} {}", reply.body),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deadlocks_are_untied() {
    let cluster = cluster(Options::default().set("deadlock_timeout", "10ms")).await;
    let served = Served::on(&cluster, "").await;
    served
        .probe()
        .execute("INSERT INTO counters VALUES ('a', 0), ('b', 0)");
    let mut wins = 0;
    for _ in 0..10 {
        let pairs: Vec<_> = (0..12)
            .map(|at| {
                let served = served.clone();
                let path = if at % 2 == 0 { "/forth" } else { "/back" };
                tokio::spawn(async move { served.post(path, "{}").await })
            })
            .collect();
        for reply in pairs {
            // Who loses four times in a row is told to come again.
            wins += i64::from(done(&reply.await.unwrap()));
        }
    }
    println!("{wins} of 120 won");
    let deadlocks = served
        .probe()
        .number("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()");
    assert!(deadlocks > 0, "nothing was tied");
    assert!(wins > 60, "{wins} of 120");
    assert_eq!(
        served.probe().table("SELECT id, n FROM counters ORDER BY id"),
        format!("a | {wins}\nb | {wins}\n")
    );
    served.at_rest().await;
}

/// Callers who ask for the same again and again, and what they were told.
struct Callers {
    callers: Vec<JoinHandle<()>>,
    stop: Arc<AtomicBool>,
    done: Arc<AtomicU64>,
    refused: Arc<AtomicU64>,
}

impl Callers {
    fn start(served: &Served, paths: &[&'static str], count: usize) -> Self {
        let (stop, done_count, refused) = <(Arc<AtomicBool>, Arc<AtomicU64>, Arc<AtomicU64>)>::default();
        let callers = paths.iter().copied().cycle().take(count).map(|path| {
            let (served, stop) = (served.clone(), Arc::clone(&stop));
            let (done_count, refused) = (Arc::clone(&done_count), Arc::clone(&refused));
            tokio::spawn(async move {
                while !stop.load(Relaxed) {
                    let count = match done(&served.post(path, "{}").await) {
                        true => &done_count,
                        false => &refused,
                    };
                    count.fetch_add(1, Relaxed);
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
            })
        });
        Callers {
            callers: callers.collect(),
            stop: Arc::clone(&stop),
            done: Arc::clone(&done_count),
            refused: Arc::clone(&refused),
        }
    }

    /// How many were done and refused until now.
    fn counts(&self) -> (u64, u64) {
        (self.done.load(Relaxed), self.refused.load(Relaxed))
    }

    /// Waits until so many were told so; not forever.
    async fn until(&self, enough: impl Fn((u64, u64)) -> bool) {
        let begun = Instant::now();
        while !enough(self.counts()) {
            assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", self.counts());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn stop(self) -> (u64, u64) {
        self.stop.store(true, Relaxed);
        for caller in self.callers {
            caller.await.unwrap();
        }
        (self.done.load(Relaxed), self.refused.load(Relaxed))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_somebody_keeps_stops_only_those_who_want_it() {
    let cluster = cluster(Options::default()).await;
    // Who waits for a lock gives up after a third of that; who waits for a connection after five seconds.
    for settings in ["statement_timeout=3s", "statement_timeout=3s&pgbouncer=true"] {
        let served = Served::on(&cluster, settings).await;
        let owner = served.probe();
        owner.execute("INSERT INTO counters VALUES ('a', 0), ('b', 0), ('hot', 0), ('cold', 0), ('cool', 0)");
        owner.execute("BEGIN; UPDATE counters SET n = n WHERE id IN ('a', 'hot')");
        // One statement, and a transaction of two.
        let kept = Callers::start(&served, &["/bump/hot", "/forth"], 64);
        let others = Callers::start(&served, &["/bump/cold", "/bump/cool"], 8);
        kept.until(|(_, refused)| refused > 200).await;
        assert_eq!(kept.counts().0, 0, "somebody wrote a row that is kept");
        owner.execute("ROLLBACK");
        // They are refused for a moment more, and then hardly ever again.
        kept.until(|(done, _)| done > 500).await;
        let (done, _) = kept.stop().await;
        let (free, refused) = others.stop().await;
        println!("{settings}: {done} after the release, {free} beside it");
        assert!(free > 50 && refused == 0, "{free} done, {refused} refused");
        let sum = |ids: &str| format!("SELECT sum(n)::bigint FROM counters WHERE id IN ({ids})");
        let count = |ids: &str| u64::try_from(served.probe().number(&sum(ids))).unwrap();
        assert_eq!(count("'a', 'hot'"), done);
        assert_eq!(count("'cold', 'cool'"), free);
        served.at_rest().await;
    }
}
