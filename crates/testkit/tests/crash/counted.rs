//! One counter, many callers, and kills of who counts.
//!
//! Role: callers count in one row while the server, or its database, is killed again and again.
//! Invariant: what was acknowledged is there, once; what is there was acknowledged or said to be unknown.
//! Not here: workflows.

use super::http;
use super::stage::Stage;
use backflow_engine::{Clock, SystemClock};
use backflow_testkit::cluster::{Cluster, End, Options};
use backflow_testkit::{Backend, Home, bearer};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const CALLERS: usize = 32;
const KILLS: u64 = 6;

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Victim {
    Server,
    Database,
}

/// What callers were told.
#[derive(Debug, Default)]
struct Told {
    /// The sums of those that were acknowledged.
    sums: Vec<i64>,
    /// How many may have counted.
    open: usize,
}

/// Plays it: how many were acknowledged, and how many may have counted.
pub(crate) fn play(backend: Backend, victim: Victim) -> (usize, usize) {
    let cluster = (backend == Backend::Postgres).then(|| Cluster::start(&Options::default()));
    let home = match &cluster {
        Some(cluster) => Home::Postgres(cluster.create()),
        None => Home::new(backend),
    };
    let stage = Stage::at("counted", (home, 1), &[]);
    let over = AtomicBool::new(false);
    let told: Vec<Told> = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..CALLERS)
            .map(|_| scope.spawn(|| count(&stage, &over)))
            .collect();
        for kill in 0..KILLS {
            std::thread::sleep(Duration::from_millis(400 + 37 * kill));
            match (victim, &cluster) {
                (Victim::Database, Some(cluster)) => cluster.restart(End::Crash),
                _ => {
                    stage.process(0).kill("it counts");
                    stage.process(0).start();
                }
            }
        }
        std::thread::sleep(Duration::from_secs(1));
        over.store(true, Ordering::SeqCst);
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    judge(&stage, &told)
}

/// One caller, until all is over.
fn count(stage: &Stage, over: &AtomicBool) -> Told {
    let claims = format!(r#"{{"tenant_id": "{}"}}"#, stage.org);
    let token = bearer(SystemClock.now(), "ada", &claims);
    let mut told = Told::default();
    while !over.load(Ordering::SeqCst) {
        let Some(address) = stage.process(0).address() else {
            std::thread::sleep(Duration::from_millis(5));
            continue;
        };
        let ask = ("POST", "/usage/track");
        let answer = http::ask(
            address,
            ask,
            &token,
            r#"{"feature": "api"}"#,
            Duration::from_secs(30),
        );
        let Some(answer) = answer else {
            told.open += 1;
            continue;
        };
        let text = answer.text();
        match answer.status() {
            200 => {
                let row: serde_json::Value = serde_json::from_str(&text).unwrap();
                told.sums.push(row["used"].as_i64().unwrap());
            }
            500 if text.contains("outcome_unknown") => told.open += 1,
            503 => std::thread::sleep(Duration::from_millis(20)),
            other => panic!("{other} {text}\n{}", stage.report()),
        }
    }
    told
}

fn judge(stage: &Stage, told: &[Told]) -> (usize, usize) {
    let sums: Vec<i64> = told.iter().flat_map(|one| one.sums.iter().copied()).collect();
    let open: usize = told.iter().map(|one| one.open).sum();
    let probe = stage.probe();
    let stored = usize::try_from(probe.number("SELECT used FROM usage_records")).unwrap();
    let distinct: BTreeSet<i64> = sums.iter().copied().collect();
    assert_eq!(
        distinct.len(),
        sums.len(),
        "a sum was told twice\n{}",
        stage.report()
    );
    assert!(
        (sums.len()..=sums.len() + open).contains(&stored),
        "{} acknowledged, {open} unknown, {stored} stored\n{}",
        sums.len(),
        stage.report()
    );
    assert!(
        sums.len() > CALLERS,
        "hardly anything was counted: {}",
        sums.len()
    );
    (sums.len(), open)
}
