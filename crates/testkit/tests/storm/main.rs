//! Whatever happens on the way, the rows are those of one delivery in order.
//!
//! Role: delivers random histories of events twice: once in order, each event once; and once shuffled, each up to five
//! times, 32 at once, with commits that fail and processes that go away; then compares all rows.
//! Through a pooler it is the same as without one. `STORM=10000` delivers so many histories, `STORM_SEED=7` others, `DATABASE=sqlite` on one database.
//! Not here: signatures (the connectors' tests), kill -9 of whole servers (`crash`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "../crash/rng.rs"]
#[allow(dead_code, reason = "the crash tests draw more than these")]
mod rng;

mod flaky;
mod history;

use backflow_connect::sandbox::signature;
use backflow_engine::{Clock, Request, handle};
use backflow_testkit::{Backend, Home, Project, World};
use bytes::Bytes;
use flaky::Flaky;
use history::History;
use http::{HeaderMap, HeaderValue, Method};
use rng::Rng;
use std::sync::Arc;
use tokio::runtime::Runtime;

const SECRET: &str = "whsec_storm";

/// Histories whose deliveries are mixed.
const TOGETHER: u64 = 20;

/// Deliveries at the same time.
const AT_ONCE: usize = 32;

const SCHEMA: &str = "
CREATE TABLE teams (id UUID PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE members (team_id UUID NOT NULL REFERENCES teams(id), user_id UUID NOT NULL, role TEXT, PRIMARY KEY (team_id, user_id));
CREATE TABLE subscriptions (
  team_id UUID PRIMARY KEY REFERENCES teams(id),
  stripe_customer_id TEXT UNIQUE, stripe_subscription_id TEXT UNIQUE, status TEXT NOT NULL, paid INTEGER NOT NULL
);
CREATE TABLE counters (team_id UUID PRIMARY KEY REFERENCES teams(id), used INTEGER NOT NULL);
CREATE TABLE log (event TEXT PRIMARY KEY, team_id UUID NOT NULL REFERENCES teams(id), kind TEXT NOT NULL);
";

const PROJECT: &str = r#"{
  "tenancy": { "table": "teams", "members": { "table": "members", "tenant": "team_id", "user": "user_id", "role": "role" } }
}"#;

const WEBHOOKS: &str = r#"{ "webhooks": [{
  "name": "billing", "path": "/hooks", "provider": "stripe", "secret": "{{env.HOOK_SECRET}}",
  "actions": [
    { "condition": "payload.type === 'customer.subscription.updated'", "workflow": { "steps": [
      { "id": "set", "type": "database", "params": { "table": "subscriptions", "operation": "update",
        "data": { "status": "{{payload.data.object.status}}" },
        "filters": [{ "column": "stripe_subscription_id", "operator": "eq", "value": "{{payload.data.object.id}}" }] } } ] } },
    { "condition": "payload.type === 'customer.subscription.deleted'", "workflow": { "steps": [
      { "id": "end", "type": "database", "params": { "table": "subscriptions", "operation": "update",
        "data": { "status": "canceled" },
        "filters": [{ "column": "stripe_subscription_id", "operator": "eq", "value": "{{payload.data.object.id}}" }] } } ] } },
    { "condition": "payload.type === 'invoice.paid'", "workflow": { "steps": [
      { "id": "count", "type": "database", "params": { "table": "subscriptions", "operation": "update",
        "data": { "paid": "paid + 1" },
        "filters": [{ "column": "team_id", "operator": "eq", "value": "{{payload.data.object.metadata.team}}" }] } },
      { "id": "use", "type": "database", "params": { "table": "counters", "operation": "update",
        "data": { "used": "used - 1" },
        "filters": [{ "column": "team_id", "operator": "eq", "value": "{{tenant.id}}" }] } } ] } },
    { "condition": "payload.type !== 'charge.updated'", "workflow": { "steps": [
      { "id": "note", "type": "database", "params": { "table": "log", "operation": "insert",
        "data": { "event": "{{payload.id}}", "team_id": "{{tenant.id}}", "kind": "{{payload.type}}" } } } ] } }
  ]
}]}"#;

fn project() -> Project {
    Project::default()
        .file("backflow.json", PROJECT)
        .file("migrations/0001_init.sql", SCHEMA)
        .file("webhooks/stripe.json", WEBHOOKS)
        .env("HOOK_SECRET", SECRET)
}

/// A delivery.
#[derive(Clone)]
struct Delivery {
    body: Bytes,
}

/// A process: its tasks end with it, wherever they are.
struct Process {
    world: World,
    runtime: Runtime,
}

impl Process {
    fn new(first: &World, rng: Option<Rng>) -> Self {
        let compiled = project().compile_for(first.home().backend().dialect());
        let world = first.beside_with(compiled, |store| match rng {
            Some(rng) => Arc::new(Flaky::new(store, rng)),
            None => store,
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        Self { world, runtime }
    }

    /// Delivers, so many at once; those that were not acknowledged come back. A process that is killed leaves the
    /// rest undelivered.
    fn deliver(&self, deliveries: Vec<Delivery>, kill: Option<std::time::Duration>) -> Vec<Delivery> {
        let left = Arc::new(std::sync::Mutex::new(deliveries.clone()));
        let acknowledged = Arc::new(std::sync::Mutex::new(vec![false; deliveries.len()]));
        let next = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let now = self.world.clock.now().as_second();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..AT_ONCE {
            let (left, done, next) = (Arc::clone(&left), Arc::clone(&acknowledged), Arc::clone(&next));
            let served = Arc::clone(&self.world.runtime);
            let work = async move {
                loop {
                    let at = next.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                    let Some(delivery) = left.lock().unwrap().get(at).cloned() else {
                        return;
                    };
                    let status = send(&served, &delivery, now).await;
                    assert!(
                        status == 200 || status >= 500,
                        "a delivery was answered by {status}"
                    );
                    done.lock().unwrap()[at] = status == 200;
                }
            };
            tasks.spawn_on(work, self.runtime.handle());
        }
        self.runtime.block_on(async {
            let all = async { while tasks.join_next().await.transpose().unwrap().is_some() {} };
            match kill {
                Some(after) => drop(tokio::time::timeout(after, all).await),
                None => all.await,
            }
        });
        let done = acknowledged.lock().unwrap();
        let pairs = deliveries.into_iter().zip(done.iter());
        pairs
            .filter(|(_, done)| !**done)
            .map(|(delivery, _)| delivery)
            .collect()
    }

    /// Runs what is due until nothing waits but what is in quarantine.
    fn settle(&self) {
        let desk = self.world.runtime.events().unwrap();
        for _ in 0..200 {
            self.world.clock.advance(6_000_000);
            drop(self.runtime.block_on(desk.catch_up()));
            let waiting = self
                .runtime
                .block_on(desk.list(Some("waiting"), None, 1))
                .unwrap();
            if waiting.is_empty() {
                return;
            }
        }
        let waiting = self
            .runtime
            .block_on(desk.list(Some("waiting"), None, 5))
            .unwrap();
        panic!("events wait for ever: {waiting:#?}");
    }
}

async fn send(runtime: &backflow_engine::Runtime, delivery: &Delivery, now: i64) -> u16 {
    let mut headers = HeaderMap::new();
    let signed = signature(SECRET, now, &delivery.body);
    headers.insert("stripe-signature", HeaderValue::try_from(signed).unwrap());
    let request = Request {
        method: &Method::POST,
        path: "/hooks",
        query: None,
        headers: &headers,
        body: delivery.body.clone(),
        peer: std::net::IpAddr::from([127, 0, 0, 1]),
    };
    handle(runtime, request).await.status.as_u16()
}

fn deliveries(history: &History) -> Vec<Delivery> {
    let bodies = history.events.iter().map(|event| Bytes::from(event.to_string()));
    bodies.map(|body| Delivery { body }).collect()
}

fn shuffle<T>(items: &mut [T], rng: &mut Rng) {
    for at in (1..items.len()).rev() {
        items.swap(at, usize::try_from(rng.below(at as u64 + 1)).unwrap());
    }
}

/// Delivers histories in order, with nothing in the way.
fn in_order(first: &World, histories: &[History]) {
    let process = Process::new(first, None);
    for history in histories {
        for delivery in deliveries(history) {
            assert!(process.deliver(vec![delivery], None).is_empty());
        }
    }
    process.settle();
}

/// Delivers them with everything in the way; how many processes went away.
fn in_a_storm(first: &World, histories: &[History], rng: &mut Rng) -> usize {
    let mut all = Vec::new();
    for delivery in histories.iter().flat_map(deliveries) {
        let times = usize::try_from(1 + rng.below(5)).unwrap();
        all.extend(std::iter::repeat_n(delivery, times));
    }
    shuffle(&mut all, rng);
    let mut killed = 0;
    while !all.is_empty() {
        let process = Process::new(first, Some(Rng::new(rng.next(), 1)));
        let kill = rng.percent(80).then(|| rng.millis(1, 200));
        killed += usize::from(kill.is_some());
        all = process.deliver(all, kill);
        process.runtime.shutdown_background();
        // The leases of whoever was killed run out.
        process.world.clock.advance(6_000_000);
    }
    let process = Process::new(first, Some(Rng::new(rng.next(), 1)));
    process.settle();
    killed
}

/// All rows of a side, with what only names the side left out.
fn rows(world: &World, side: &str) -> String {
    let digit = if side == "storm" { '1' } else { '2' };
    let of = |query: &str| world.database().table(query);
    let all = [
        of(&format!(
            "SELECT stripe_subscription_id, status, paid FROM subscriptions WHERE stripe_customer_id LIKE 'cus_{side}%' ORDER BY 1"
        )),
        of(&format!(
            "SELECT CAST(team_id AS text), used FROM counters WHERE CAST(team_id AS text) LIKE '{digit}%' ORDER BY 1"
        )),
        of(&format!(
            "SELECT event, kind, CAST(team_id AS text) FROM log WHERE event LIKE 'evt_{side}%' ORDER BY 1"
        )),
        of(&format!(
            "SELECT event, CASE state WHEN 'superseded' THEN 'done' ELSE state END, count(*) FROM _backflow_events WHERE event LIKE 'evt_{side}%' GROUP BY 1, 2 ORDER BY 1"
        )),
    ];
    all.join("\n")
        .replace(&format!("_{side}"), "_")
        .replace(&format!("{digit}0000000-"), "x")
}

#[allow(
    clippy::disallowed_methods,
    reason = "a test's switches come from the environment"
)]
fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

#[test]
fn a_storm_leaves_the_rows_of_one_ordered_delivery() {
    let (histories, seed) = (number("STORM", 1000), number("STORM_SEED", 1));
    let backends = Backend::chosen()
        .into_iter()
        .filter(|backend| *backend != Backend::Pooled);
    for backend in backends {
        let begun = std::time::Instant::now();
        let (mut events, mut killed) = (0, 0);
        let mut rng = Rng::new(seed, 0);
        let mut at = 0;
        while at < histories {
            // A database for so many: rows of all of them are compared at once.
            let first = World::start_in(
                Arc::new(Home::new(backend)),
                project().compile_for(backend.dialect()),
            );
            let batch = at..histories.min(at + 10 * TOGETHER);
            at = batch.end;
            for start in batch.step_by(usize::try_from(TOGETHER).unwrap()) {
                let numbers = start..at.min(start + TOGETHER);
                let of = |name: &'static str| numbers.clone().map(move |n| History::new(seed, n, name));
                let (storm, calm): (Vec<_>, Vec<_>) = (of("storm").collect(), of("calm").collect());
                let sql: String = storm.iter().chain(&calm).map(History::rows).collect();
                first.database().execute(&sql);
                events += storm.iter().map(|history| history.events.len()).sum::<usize>();
                in_order(&first, &calm);
                killed += in_a_storm(&first, &storm, &mut rng);
            }
            let (storm, calm) = (rows(&first, "storm"), rows(&first, "calm"));
            let differs = storm
                .lines()
                .zip(calm.lines())
                .find(|(storm, calm)| storm != calm);
            assert_eq!(
                differs,
                None,
                "histories to {at} of seed {seed} on {}",
                backend.name()
            );
            assert_eq!(storm.lines().count(), calm.lines().count());
        }
        println!(
            "{}: {histories} histories, {events} events, {killed} processes killed, {:.0} s",
            backend.name(),
            begun.elapsed().as_secs_f32()
        );
    }
}
