//! What may go wrong between an event and what it leads to, one thing at a time.
//!
//! Role: failing look-ups, objects that others hold, backlogs, replays, leases, erasing; on every database.
//! Invariant: each test fails if the one thing that it is about is not cared for.
//! Not here: all of it at once (`storm`), processes that are killed (`crash`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod alone;
mod answers;
mod gate;
mod held;
mod known;
mod many;
mod names;

use backflow_connect::sandbox::signature;
use backflow_engine::{Clock, EventDesk, EventInfo};
use backflow_testkit::{Backend, Home, Project, World};
use std::sync::Arc;

const SECRET: &str = "whsec_inbox";

const SCHEMA: &str = "
CREATE TABLE teams (id UUID PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE members (team_id UUID NOT NULL REFERENCES teams(id), user_id UUID NOT NULL, role TEXT, PRIMARY KEY (team_id, user_id));
CREATE TABLE plans (team_id UUID PRIMARY KEY REFERENCES teams(id), stripe_customer_id TEXT UNIQUE, used INTEGER NOT NULL);
CREATE TABLE letters (team_id UUID PRIMARY KEY REFERENCES teams(id), sent INTEGER NOT NULL);
";

const ROWS: &str = "
INSERT INTO teams (id, name) VALUES
  ('00000000-0000-4000-8000-00000000000a', 'Acme'), ('00000000-0000-4000-8000-00000000000b', 'Bolt');
INSERT INTO plans (team_id, stripe_customer_id, used) VALUES
  ('00000000-0000-4000-8000-00000000000a', 'cus_a', 0), ('00000000-0000-4000-8000-00000000000b', 'cus_b', 0);
INSERT INTO letters (team_id, sent) VALUES ('00000000-0000-4000-8000-00000000000a', 0);
";

const PROJECT: &str = r#"{
  "tenancy": { "table": "teams", "members": { "table": "members", "tenant": "team_id", "user": "user_id", "role": "role" } },
  "credentials": { "sendgrid": { "apiKey": "{{env.MAIL_KEY}}", "fromEmail": "us@example.com", "fromName": "Us" } }
}"#;

/// An invoice that is paid counts once; a customer that changes is written to, and that is noted.
const WEBHOOKS: &str = r#"{ "webhooks": [{
  "name": "billing", "path": "/hooks", "provider": "stripe", "secret": "{{env.HOOK_SECRET}}", "keepDays": 30,
  "actions": [
    { "condition": "payload.type === 'invoice.paid'", "workflow": { "steps": [
      { "id": "count", "type": "database", "params": { "table": "plans", "operation": "update",
        "data": { "used": "used + 1" },
        "filters": [{ "column": "team_id", "operator": "eq", "value": "{{payload.data.object.metadata.team}}" }] } } ] } },
    { "condition": "payload.type === 'customer.updated'", "workflow": { "steps": [
      { "id": "mail", "type": "integration", "integration": "sendgrid", "action": "sendEmail",
        "params": { "to": "somebody@example.com", "subject": "Hello", "text": "{{payload.id}}" } },
      { "id": "note", "type": "database", "params": { "table": "letters", "operation": "update",
        "data": { "sent": "sent + 1" },
        "filters": [{ "column": "team_id", "operator": "eq", "value": "{{tenant.id}}" }] } } ] } },
    { "condition": "payload.type === 'customer.deleted'", "workflow": { "steps": [
      { "id": "none", "type": "database", "params": { "table": "letters", "operation": "update",
        "data": { "sent": 100 },
        "filters": [{ "column": "team_id", "operator": "eq", "value": "{{tenant.id}}" }] } } ] } }
  ]
}, {
  "name": "archive", "path": "/archive", "provider": "stripe", "secret": "{{env.HOOK_SECRET}}", "keepDays": 90,
  "actions": [{ "condition": "payload.type === 'nothing'", "workflow": { "steps": [
      { "id": "count", "type": "database", "params": { "table": "plans", "operation": "update", "data": { "used": 0 },
        "filters": [{ "column": "team_id", "operator": "eq", "value": "{{tenant.id}}" }] } } ] } }]
}]}"#;

fn project() -> Project {
    Project::default()
        .file("backflow.json", PROJECT)
        .file("migrations/0001_init.sql", SCHEMA)
        .file("webhooks/stripe.json", WEBHOOKS)
        .env("HOOK_SECRET", SECRET)
        .env("MAIL_KEY", "SG.key")
}

/// A world on each database, with its rows.
fn worlds() -> Vec<World> {
    let backends = Backend::chosen().into_iter();
    let backends = backends.filter(|backend| *backend != Backend::Pooled);
    let start = |backend: Backend| {
        let world = World::start_in(
            Arc::new(Home::new(backend)),
            project().compile_for(backend.dialect()),
        );
        world.database().execute(ROWS);
        world
    };
    backends.map(start).collect()
}

/// A second process on the database of a world; what it does with the database passes a gate.
fn beside(world: &World) -> (World, Arc<gate::Gate>) {
    let compiled = project().compile_for(world.home().backend().dialect());
    let mut gate = None;
    let world = world.beside_with(compiled, |store| {
        let made = Arc::new(gate::Gate::new(store));
        gate = Some(Arc::clone(&made));
        made
    });
    (world, gate.unwrap())
}

/// Delivers an event; what the sender is told.
async fn deliver(world: &World, path: &str, event: &serde_json::Value) -> String {
    let body = event.to_string();
    let signed = signature(SECRET, world.clock.now().as_second(), body.as_bytes());
    let headers = [("Stripe-Signature", signed.as_str())];
    let answer = world.send("POST", path, &headers, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["status"].as_str().unwrap().to_owned()
}

/// An event about an object of a customer's.
fn event(id: &str, kind: &str, created: i64, object: serde_json::Value) -> serde_json::Value {
    serde_json::json!({"id": id, "type": kind, "created": 1_795_457_000 + created, "data": {"object": object}})
}

/// An invoice of Acme's.
fn paid(id: &str, created: i64) -> serde_json::Value {
    let invoice = serde_json::json!({"id": "in_1", "object": "invoice", "customer": "cus_a"});
    event(id, "invoice.paid", created, invoice)
}

fn desk(world: &World) -> EventDesk {
    world.runtime.events().unwrap()
}

async fn shown(world: &World, id: &str) -> EventInfo {
    desk(world).show(id).await.unwrap().unwrap().info
}

/// How often Acme has paid.
fn used(world: &World) -> i64 {
    world
        .database()
        .number("SELECT used FROM plans WHERE stripe_customer_id = 'cus_a'")
}

/// As the inbox writes instants.
fn instant(world: &World, seconds: i64) -> String {
    let at = world.clock.now() + jiff::SignedDuration::from_secs(seconds);
    at.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}
