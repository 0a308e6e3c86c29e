//! What a journal costs.
//!
//! Role: durable commits and time of the page's workflows, beside those of their database steps alone.
//! Invariant: commits are counted by the database: frames of SQLite's log that end one, transaction ids of PostgreSQL.
//! Not here: kills.

use super::caller::{Kind, Order};
use super::http;
use super::stage::Stage;
use backflow_testkit::cluster::{Cluster, Options};
use backflow_testkit::{Backend, Home, Probe};
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// How many requests are counted.
const COUNT: u32 = 20;

/// The database steps of the two workflows.
const ALONE: &str = r#"[
  { "path": "/organizations/:orgId/alone/invites", "method": "post", "requireAuth": true,
    "workflow": { "steps": [{ "id": "create-invite", "type": "database", "params": {
      "table": "invitations", "operation": "insert",
      "data": { "organization_id": "{{params.orgId}}", "email": "{{body.email}}", "token": "{{uuid()}}",
        "expires_at": "{{dateAdd(now(), '7d')}}" } } }] } },
  { "path": "/organizations/:orgId/alone/subscription", "method": "post", "requireAuth": true,
    "workflow": { "steps": [{ "id": "save", "type": "database", "params": {
      "table": "subscriptions", "operation": "insert",
      "data": { "organization_id": "{{params.orgId}}", "plan": "{{body.plan}}", "stripe_customer_id": "cus",
        "stripe_subscription_id": "sub" } } }] } }
]"#;

/// What counts a database's commits.
enum Counter {
    Log(PathBuf),
    Ids(Probe),
}

impl Counter {
    fn read(&self) -> u64 {
        match self {
            Counter::Log(path) => ends(&std::fs::read(path).unwrap_or_default()),
            Counter::Ids(probe) => {
                let next = probe
                    .number("SELECT CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint)");
                u64::try_from(next).unwrap()
            }
        }
    }
}

/// Frames of a log that end a commit: they say how large the database is then.
fn ends(log: &[u8]) -> u64 {
    let word = |at: usize| {
        log.get(at..at + 4)
            .and_then(|word| word.try_into().ok())
            .map_or(0, u32::from_be_bytes)
    };
    let page = word(8) as usize;
    let frames = (32..)
        .step_by(page + 24)
        .take_while(|at| at + 24 + page <= log.len());
    let own = frames.filter(|at| (word(at + 8), word(at + 12)) == (word(16), word(20)));
    own.filter(|at| word(at + 4) > 0).count() as u64
}

/// What requests cost, each.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) commits: f64,
    pub(crate) median: Duration,
}

/// A workflow, and its database steps alone.
pub(crate) fn compare(backend: Backend) -> Vec<(Kind, Cost, Cost)> {
    let home = match backend {
        Backend::Postgres => Home::Postgres(Cluster::start(&Options::default()).create()),
        other => Home::new(other),
    };
    let counter = match &home {
        Home::Sqlite(folder) => Counter::Log(folder.path().join("app.db-wal")),
        Home::Postgres(_) | Home::Pooled(..) => Counter::Ids(home.probe()),
    };
    let stage = Stage::at("commits", (home, 1), &[("routes/alone.json", ALONE)]);
    let mut costs = Vec::new();
    for kind in Kind::ALL {
        let whole = cost(&stage, &counter, kind, "whole");
        let alone = cost(&stage, &counter, kind, "alone");
        costs.push((kind, whole, alone));
    }
    costs
}

fn cost(stage: &Stage, counter: &Counter, kind: Kind, form: &str) -> Cost {
    let address = stage.process(0).address().unwrap();
    let ask = |number: u32| {
        let order = Order::new(kind, &format!("{form}{number}"));
        let org = if form == "alone" {
            format!("{}/alone", stage.org)
        } else {
            stage.org.clone()
        };
        let path = order.path(&org);
        let begun = Instant::now();
        let limit = Duration::from_secs(30);
        let answer = http::ask(address, ("POST", &path), &stage.token, &order.body(), limit).unwrap();
        assert_eq!(answer.status(), 201, "{}\n{}", answer.text(), stage.report());
        begun.elapsed()
    };
    ask(0);
    if matches!(counter, Counter::Log(_)) {
        drop(stage.probe().rows("PRAGMA wal_checkpoint(TRUNCATE)"));
    }
    let before = counter.read();
    let mut times: Vec<Duration> = (1..=COUNT).map(ask).collect();
    let commits = counter.read() - before;
    times.sort_unstable();
    Cost {
        commits: commits as f64 / f64::from(COUNT),
        median: times[times.len() / 2],
    }
}
