//! Events that lead to a call to a provider, delivered to servers that are killed.
//!
//! Role: every event makes a customer at Stripe and notes whom; each is delivered several times, over a way to the provider
//! that cuts, delays and refuses, to servers that are killed at random.
//! Invariant: only what was acknowledged is not sent again; in the end each event has one customer and one row.
//! Not here: events that only touch rows (`events`), workflows of requests (`random`).

use super::events::{insist, settle, under_kills};
use super::random::trouble;
use super::rng::Rng;
use super::stage::Stage;
use backflow_testkit::Backend;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many deliver at once.
const SENDERS: usize = 8;

const TABLES: &str = "
CREATE TABLE accounts (
  organization_id UUID PRIMARY KEY REFERENCES organizations(id), stripe_customer_id TEXT UNIQUE NOT NULL
);
CREATE TABLE called (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), organization_id UUID NOT NULL REFERENCES organizations(id),
  event TEXT NOT NULL, customer TEXT NOT NULL
);
";

/// A row would not be refused a second time.
const WEBHOOK: &str = r#"{ "webhooks": [{
  "name": "crash", "path": "/webhooks/crash", "provider": "stripe", "secret": "{{env.STRIPE_WEBHOOK_SECRET}}",
  "actions": [{ "condition": "payload.type === 'invoice.paid'", "workflow": { "steps": [
    { "id": "make", "type": "integration", "integration": "stripe", "action": "createCustomer",
      "params": { "description": "{{payload.id}}" } },
    { "id": "note", "type": "database", "params": { "table": "called", "operation": "insert",
      "data": { "organization_id": "{{tenant.id}}", "event": "{{payload.id}}", "customer": "{{steps.make.result.id}}" } } }
  ] } }]
}]}"#;

/// Plays it: how often a server was killed, how often was delivered, how many requests the provider got.
pub(crate) fn play((backend, servers): (Backend, usize), count: usize, seed: u64) -> [usize; 3] {
    let files = [
        ("migrations/0002_called.sql", TABLES),
        ("webhooks/crash.json", WEBHOOK),
    ];
    let label = format!(
        "{count} events that call on {}, {servers} servers, seed {seed}",
        backend.name()
    );
    let stage = Stage::with(&label, (backend, servers), &files);
    stage.probe().execute(&format!(
        "INSERT INTO accounts (organization_id, stripe_customer_id) VALUES ('{}', 'cus_ours');",
        stage.org
    ));
    (0..servers).for_each(|number| trouble(&stage, number, seed));
    let (kills, deliveries) = under_kills(&stage, seed, || deliver(&stage, count, seed));
    (0..servers).for_each(|number| stage.gate(number).clear());
    settle(&stage);
    judge(&stage, count);
    let passed = (0..servers).map(|number| stage.gate(number).passed().len());
    [kills, deliveries, passed.sum()]
}

/// Each event up to three times, shuffled; how often something was sent.
fn deliver(stage: &Stage, count: usize, seed: u64) -> usize {
    let mut rng = Rng::new(seed, 10);
    let mut all: Vec<usize> = (0..count)
        .flat_map(|at| std::iter::repeat_n(at, 1 + rng.below(3) as usize))
        .collect();
    for at in (1..all.len()).rev() {
        all.swap(at, rng.below(at as u64 + 1) as usize);
    }
    let (next, sent) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::SeqCst);
                    let Some(number) = all.get(at) else { return };
                    std::thread::sleep(Rng::new(seed, 9000 + at as u64).millis(0, 400));
                    sent.fetch_add(insist(stage, at, &event(*number)), Ordering::SeqCst);
                }
            });
        }
    });
    sent.into_inner()
}

/// Each is about an invoice of its own, so none supersedes another.
fn event(number: usize) -> String {
    format!(
        r#"{{"id": "evt_{number}", "object": "event", "type": "invoice.paid", "created": {},
          "data": {{"object": {{"id": "in_{number}", "object": "invoice", "customer": "cus_ours"}}}}}}"#,
        1_795_000_000 + number
    )
}

fn judge(stage: &Stage, count: usize) {
    let mut made: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for customer in stage.sandbox.objects("customer") {
        let text = |name: &str| customer[name].as_str().unwrap_or("none").to_owned();
        made.entry(text("description")).or_default().push(text("id"));
    }
    let mut noted: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in stage.probe().rows("SELECT event, customer FROM called") {
        let [event, customer] = [0, 1].map(|at| row[at].clone().unwrap());
        noted.entry(event).or_default().push(customer);
    }
    let mut faults: Vec<String> = (0..count)
        .map(|number| format!("evt_{number}"))
        .filter_map(|event| {
            let (made, noted) = (made.get(&event), noted.get(&event));
            let is_right = made.is_some_and(|made| made.len() == 1) && made == noted;
            (!is_right).then(|| format!("{event}: customers {made:?}, rows {noted:?}"))
        })
        .collect();
    if made.len() != count {
        faults.push(format!("{} events have customers, of {count}", made.len()));
    }
    let states = stage
        .probe()
        .table("SELECT DISTINCT state FROM _backflow_events ORDER BY state");
    if states != "done\n" {
        faults.push(format!("events are {states}"));
    }
    stage.blameless(&faults);
}
