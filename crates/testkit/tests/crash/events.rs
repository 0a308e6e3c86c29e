//! Events of a webhook, delivered to servers that are killed.
//!
//! Role: the same events twice: once in order to a server that lives, and once shuffled and with repeats to servers that
//! are killed at random, until each is acknowledged; then the rows of both are compared.
//! Invariant: only what was acknowledged is not sent again; what is drawn depends on the seed alone.
//! Not here: a database that fails, far more histories (`storm`).

use super::http;
use super::random::kill;
use super::rng::Rng;
use super::stage::Stage;
use backflow_connect::sandbox::signature;
use backflow_engine::{Clock, SystemClock};
use backflow_testkit::{Backend, Probe};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// As the stage's servers have it.
const SECRET: &str = "whsec_test";

/// How many deliver at once.
const SENDERS: usize = 8;

/// Whose events they are.
const CUSTOMERS: u64 = 6;

/// How long it may take until nothing is due any more.
const SETTLING: Duration = Duration::from_secs(60);

const TABLES: &str = "
CREATE TABLE accounts (
  organization_id UUID PRIMARY KEY REFERENCES organizations(id),
  stripe_customer_id TEXT UNIQUE NOT NULL, status TEXT NOT NULL, paid INTEGER NOT NULL
);
CREATE TABLE told (event TEXT PRIMARY KEY, organization_id UUID NOT NULL REFERENCES organizations(id));
";

const WEBHOOK: &str = r#"{ "webhooks": [{
  "name": "crash", "path": "/webhooks/crash", "provider": "stripe", "secret": "{{env.STRIPE_WEBHOOK_SECRET}}",
  "actions": [
    { "condition": "payload.type === 'customer.subscription.updated'", "workflow": { "steps": [
      { "id": "set", "type": "database", "params": { "table": "accounts", "operation": "update",
        "data": { "status": "{{payload.data.object.status}}" },
        "filters": [{ "column": "organization_id", "operator": "eq", "value": "{{tenant.id}}" }] } } ] } },
    { "condition": "payload.type === 'invoice.paid'", "workflow": { "steps": [
      { "id": "count", "type": "database", "params": { "table": "accounts", "operation": "update",
        "data": { "paid": "paid + 1" },
        "filters": [{ "column": "organization_id", "operator": "eq", "value": "{{tenant.id}}" }] } } ] } },
    { "workflow": { "steps": [
      { "id": "note", "type": "database", "params": { "table": "told", "operation": "insert",
        "data": { "event": "{{payload.id}}", "organization_id": "{{tenant.id}}" } } } ] } }
  ]
}]}"#;

/// Does something while servers are killed: how often one was, and what it gave.
pub(crate) fn under_kills<T>(stage: &Stage, seed: u64, act: impl FnOnce() -> T) -> (usize, T) {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let killer = scope.spawn(|| kill(stage, seed, &over));
        let done = std::thread::scope(|_| act());
        over.store(true, Ordering::SeqCst);
        (killer.join().unwrap(), done)
    })
}

/// Plays it: how often a server was killed, and how often was delivered.
pub(crate) fn play((backend, servers): (Backend, usize), count: u64, seed: u64) -> (usize, usize) {
    let files = [
        ("migrations/0002_events.sql", TABLES),
        ("webhooks/crash.json", WEBHOOK),
    ];
    let label = format!(
        "{count} events on {}, {servers} servers, seed {seed}",
        backend.name()
    );
    let stage = Stage::with(&label, (backend, servers), &files);
    for side in ["calm", "storm"] {
        stage.probe().execute(&rows_of(side));
    }
    for body in events("calm", count, seed) {
        insist(&stage, 0, &body);
    }
    settle(&stage);
    let (kills, deliveries) = under_kills(&stage, seed, || deliver(&stage, count, seed));
    settle(&stage);
    let (calm, storm) = (end(&stage.probe(), "calm"), end(&stage.probe(), "storm"));
    assert!(calm.contains("evt__0"), "the calm side did nothing:\n{calm}");
    assert_eq!(calm, storm, "{}", stage.report());
    (kills, deliveries)
}

/// Organizations with an account each.
fn rows_of(side: &str) -> String {
    let digit = if side == "calm" { 1 } else { 2 };
    let mut sql = String::new();
    for at in 0..CUSTOMERS {
        let id = format!("{digit}0000000-0000-4000-8000-{at:012}");
        sql.push_str(&format!(
            "INSERT INTO organizations (id, name, slug, owner_id, created_at)
               VALUES ('{id}', '{at}', '{side}-{at}', '{id}', '2026-01-01T00:00:00.000000+00:00');
             INSERT INTO accounts (organization_id, stripe_customer_id, status, paid) VALUES ('{id}', 'cus_{side}_{at}', 'new', 0);\n"
        ));
    }
    sql
}

/// The events of a side, in the order in which they were made.
fn events(side: &str, count: u64, seed: u64) -> Vec<String> {
    let mut rng = Rng::new(seed, 7);
    let one = |at: u64| {
        let (whose, status) = (rng.below(CUSTOMERS), rng.below(1000));
        let (kind, object) = match rng.percent(60) {
            true => (
                "customer.subscription.updated",
                format!(
                    r#""id": "sub_{side}_{whose}", "object": "subscription", "status": "status {status}""#
                ),
            ),
            false => (
                "invoice.paid",
                format!(r#""id": "in_{side}_{at}", "object": "invoice""#),
            ),
        };
        format!(
            r#"{{"id": "evt_{side}_{at}", "object": "event", "type": "{kind}", "created": {},
              "data": {{"object": {{{object}, "customer": "cus_{side}_{whose}"}}}}}}"#,
            1_795_000_000 + at * 60
        )
    };
    (0..count).map(one).collect()
}

/// All events of the storm, by many, each up to three times; how often something was sent.
fn deliver(stage: &Stage, count: u64, seed: u64) -> usize {
    let mut rng = Rng::new(seed, 8);
    let mut all: Vec<String> = Vec::new();
    for body in events("storm", count, seed) {
        let times = usize::try_from(1 + rng.below(3)).unwrap();
        all.extend(std::iter::repeat_n(body, times));
    }
    for at in (1..all.len()).rev() {
        all.swap(at, usize::try_from(rng.below(at as u64 + 1)).unwrap());
    }
    let (next, sent) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                while let Some(body) = all.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let at = next.load(Ordering::SeqCst);
                    std::thread::sleep(Rng::new(seed, 5000 + at as u64).millis(0, 400));
                    sent.fetch_add(insist(stage, at, body), Ordering::SeqCst);
                }
            });
        }
    });
    sent.into_inner()
}

/// Delivers until it is acknowledged; how often it was sent.
pub(crate) fn insist(stage: &Stage, first: usize, body: &str) -> usize {
    let begun = Instant::now();
    let mut times = 0;
    while begun.elapsed() < SETTLING {
        let server = (first + times) % stage.servers();
        times += 1;
        let signed = signature(SECRET, SystemClock.now().as_second(), body.as_bytes());
        let header = format!("stripe-signature: {signed}");
        let answer = stage.process(server).address().and_then(|address| {
            let target = ("POST", "/webhooks/crash");
            http::send(address, target, &header, body, Duration::from_secs(10))
        });
        match answer.map(|answer| answer.status()) {
            Some(200) => return times,
            None | Some(500..) => std::thread::sleep(Duration::from_millis(50)),
            Some(status) => panic!("a delivery was answered by {status}\n{}", stage.report()),
        }
    }
    panic!("a delivery was never acknowledged: {body}\n{}", stage.report());
}

/// Waits until nothing is due.
pub(crate) fn settle(stage: &Stage) {
    let begun = Instant::now();
    let due = "SELECT event, state, error FROM _backflow_events WHERE due IS NOT NULL ORDER BY event";
    loop {
        let left = stage.probe().table(due);
        if left.is_empty() {
            return;
        }
        assert!(
            begun.elapsed() < SETTLING,
            "{left} are due for ever\n{}",
            stage.report()
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// All rows of a side, with what only names the side left out.
fn end(probe: &Probe, side: &str) -> String {
    let accounts = format!(
        "SELECT stripe_customer_id, status, paid FROM accounts WHERE stripe_customer_id LIKE 'cus_{side}%' ORDER BY 1"
    );
    let told = format!("SELECT event FROM told WHERE event LIKE 'evt_{side}%' ORDER BY 1");
    // An event in whose place a newer one was written has at least left its line.
    let events =
        format!("SELECT event, state FROM _backflow_events WHERE event LIKE 'evt_{side}%' ORDER BY 1");
    let all = [accounts, told, events].map(|query| probe.table(&query));
    all.concat().replace(&format!("_{side}_"), "__")
}
