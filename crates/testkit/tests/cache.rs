//! Kept answers are those that would be computed.
//!
//! Role: random reads and writes of many callers, of whom some hang up, on a server that keeps answers; every answer is
//! compared with that of a server on the same database that keeps none. With one process and with two, on each database.
//! `CACHE_OPS=100000` does so many, `CACHE_SEED=7` others, `DATABASE=sqlite` on one database.
//! Not here: golden documents (`spec/cache`).
//!
//! Each tenant has a thread of its own, so what its rows should be is known; threads share tables, versions and memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

#[path = "crash/rng.rs"]
#[allow(dead_code, reason = "the crash tests draw more than these")]
mod rng;

use backflow_testkit::{Answer, Backend, Project, World, person};
use rng::Rng;
use std::time::{Duration, Instant};

const TENANTS: usize = 12;
/// How old an answer may be that does not say it is coherent, on a process that has not written.
const OLDEST: Duration = Duration::from_secs(1);

const SCHEMA: &str = "
CREATE TABLE teams (id UUID PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE members (team_id UUID NOT NULL REFERENCES teams(id), user_id UUID NOT NULL, role TEXT NOT NULL, PRIMARY KEY (team_id, user_id));
CREATE TABLE labels (id INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE notes (
  id INTEGER NOT NULL, team_id UUID NOT NULL REFERENCES teams(id), author UUID NOT NULL, label INTEGER NOT NULL REFERENCES labels(id),
  text TEXT NOT NULL, PRIMARY KEY (team_id, id)
);
CREATE TABLE lines (
  team_id UUID NOT NULL REFERENCES teams(id), note INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (team_id, note, at),
  FOREIGN KEY (team_id, note) REFERENCES notes(team_id, id) ON DELETE CASCADE
);";

const PROJECT: &str = r#"{
  "cache": { "enabled": ENABLED, "maxMemoryMB": 1 },
  "tenancy": { "table": "teams", "members": { "table": "members", "tenant": "team_id", "user": "user_id", "role": "role" } }
}"#;

const ROUTES: &str = r#"[
  { "path": "/:team/notes", "method": "get", "tenant": "{{params.team}}", "requireAuth": true, "cache": { "ttl": 600 }, "supabaseQueries": [READ] },
  { "path": "/:team/coherent", "method": "get", "tenant": "{{params.team}}", "requireAuth": true, "cache": { "coherent": true }, "supabaseQueries": [READ] },
  { "path": "/:team/mine", "method": "get", "tenant": "{{params.team}}", "requireAuth": true, "cache": { "coherent": true },
    "supabaseQueries": [{ "table": "notes", "operation": "select", "select": "id, text", "alias": "mine",
      "filters": [{ "column": "author", "operator": "eq", "value": "{{auth.sub}}" }], "order": "id" }],
    "response": { "role": "{{tenant.role}}", "notes": "{{results.mine}}" } },
  { "path": "/:team/notes/:id", "method": "put", "tenant": "{{params.team}}", "requireAuth": true, "validation": RULES,
    "supabaseQueries": [{ "table": "notes", "operation": "upsert", "onConflict": ["team_id", "id"],
      "data": { "id": "{{params.id}}", "author": "{{auth.sub}}", "label": "{{body.number}}", "text": "{{body.text}}" } }] },
  { "path": "/:team/notes/:id/lines", "method": "post", "tenant": "{{params.team}}", "requireAuth": true, "validation": RULES,
    "supabaseQueries": [{ "table": "lines", "operation": "upsert", "onConflict": ["team_id", "note", "at"], "ignoreDuplicates": true,
      "data": { "note": "{{params.id}}", "at": "{{body.number}}" } }] },
  { "path": "/:team/notes/:id", "method": "delete", "tenant": "{{params.team}}", "requireAuth": true,
    "supabaseQueries": [{ "table": "notes", "operation": "delete", "filters": [{ "column": "id", "operator": "eq", "value": "{{params.id}}" }] }] },
  { "path": "/labels/:id", "method": "put", "requireAuth": true, "validation": RULES,
    "supabaseQueries": [{ "table": "labels", "operation": "upsert", "onConflict": ["id"], "data": { "id": "{{params.id}}", "text": "{{body.text}}" } }] },
  { "path": "/:team/members/:user", "method": "put", "tenant": "{{params.team}}", "requireAuth": true, "rbac": { "roles": ["owner"] }, "validation": RULES,
    "supabaseQueries": [{ "table": "members", "operation": "upsert", "onConflict": ["team_id", "user_id"],
      "data": { "user_id": "{{params.user}}", "role": "{{body.text}}" } }] },
  { "path": "/:team/members/:user", "method": "delete", "tenant": "{{params.team}}", "requireAuth": true, "rbac": { "roles": ["owner"] },
    "supabaseQueries": [{ "table": "members", "operation": "delete", "filters": [{ "column": "user_id", "operator": "eq", "value": "{{params.user}}" }] }] }
]"#;

fn project(keeps: bool) -> Project {
    let read = r#"{ "table": "notes", "operation": "select", "select": "id, text, labels(text), lines(at)", "order": "id" }"#;
    let rules = r#"{ "body": { "text": { "type": "string" }, "number": { "type": "integer" } } }"#;
    let routes = ROUTES.replace("READ", read).replace("RULES", rules);
    Project::default()
        .file("backflow.json", &PROJECT.replace("ENABLED", &keeps.to_string()))
        .file("migrations/0001_start.sql", SCHEMA)
        .file("routes/all.json", &routes)
}

/// A tenant and what was asked of it.
struct Tenant<'w> {
    number: usize,
    id: String,
    /// Those that keep answers.
    nodes: &'w [World],
    /// The one that keeps none.
    plain: &'w World,
    rng: Rng,
    /// What the list was and until when, the newest last; by whoever wrote.
    past: Vec<(String, Instant)>,
    /// When each process wrote last what the list is read from.
    wrote: Vec<Option<Instant>>,
    /// A write whose caller has hung up may come until then.
    unsure: Option<Instant>,
    hits: usize,
    compared: usize,
}

async fn ask(world: &World, (method, what, who): (&str, &str, &str), body: &str) -> Answer {
    let token = world.token(who, "");
    world.send(method, what, &[("Authorization", &token)], body).await
}

impl Tenant<'_> {
    fn person(&self, which: &str) -> String {
        format!("{which}{:03}", self.number)
    }

    async fn step(&mut self) {
        let node = self.rng.below(self.nodes.len() as u64) as usize;
        match self.rng.below(10) {
            0..=6 => self.read(node).await,
            _ => self.write(node).await,
        }
    }

    async fn read(&mut self, node: usize) {
        let route = ["notes", "notes", "coherent", "mine"][self.rng.below(4) as usize];
        let which = ["own", "mem"][self.rng.below(2) as usize];
        let who = self.person(which);
        let path = format!("/{}/{route}", self.id);
        let begun = Instant::now();
        let reading = ask(&self.nodes[node], ("GET", &path, &who), "");
        if self.rng.below(5) == 0 {
            let patience = Duration::from_micros(self.rng.below(1500));
            drop(tokio::time::timeout(patience, reading).await);
            return;
        }
        let kept = reading.await;
        let plain = ask(self.plain, ("GET", &path, &who), "").await;
        self.compared += 1;
        self.hits += usize::from(kept.headers.get("x-cache").is_some_and(|word| word == "HIT"));
        if (kept.status, &kept.body) == (plain.status, &plain.body) {
            return;
        }
        if self.unsure.is_some_and(|until| begun < until) {
            return self.settle(node, &path, &who).await;
        }
        // A refusal names its request.
        if kept.status >= 400 && kept.status == plain.status {
            return;
        }
        let elsewhere = route == "notes" && self.nodes.len() > 1;
        let own = self.wrote[node];
        let is_recent = |(body, until): &(String, Instant)| {
            *body == kept.body && begun < *until + OLDEST && own.is_none_or(|own| own < *until)
        };
        assert!(
            elsewhere && kept.status == 200 && self.past.iter().any(is_recent),
            "{route} of tenant {} for {who}: {} {}\ninstead of {} {}",
            self.number,
            kept.status,
            kept.body,
            plain.status,
            plain.body
        );
    }

    /// A write of which nobody knows when it comes may have come between two reads; soon they are the same.
    async fn settle(&self, node: usize, path: &str, who: &str) {
        for _ in 0..60 {
            tokio::time::sleep(OLDEST / 20).await;
            let kept = ask(&self.nodes[node], ("GET", path, who), "").await;
            let plain = ask(self.plain, ("GET", path, who), "").await;
            if kept.status == plain.status && (kept.status >= 400 || kept.body == plain.body) {
                return;
            }
        }
        panic!("{path} for {who} does not become what it should be");
    }

    async fn write(&mut self, node: usize) {
        let owner = self.person("own");
        let id = self.rng.below(4);
        let member = person(&self.person("mem"));
        let text = format!("of {} {}", self.number, self.rng.below(1000));
        // Everybody changes the label of their own number.
        let number = self.number;
        let (method, path, body) = match self.rng.below(12) {
            0..=3 => (
                "PUT",
                format!("/{}/notes/{id}", self.id),
                format!(r#"{{"text": "{text}", "number": {number}}}"#),
            ),
            4 | 5 => (
                "POST",
                format!("/{}/notes/{id}/lines", self.id),
                format!(r#"{{"number": {}}}"#, self.rng.below(4)),
            ),
            6 | 7 => ("DELETE", format!("/{}/notes/{id}", self.id), String::new()),
            8 | 9 => (
                "PUT",
                format!("/labels/{number}"),
                format!(r#"{{"text": "{text}"}}"#),
            ),
            10 => (
                "PUT",
                format!("/{}/members/{member}", self.id),
                format!(r#"{{"text": "{}"}}"#, ["member", "guest"][id as usize % 2]),
            ),
            _ => ("DELETE", format!("/{}/members/{member}", self.id), String::new()),
        };
        let list = format!("/{}/notes", self.id);
        let before = ask(self.plain, ("GET", &list, &owner), "").await.body;
        let writing = ask(&self.nodes[node], (method, &path, &owner), &body);
        let patience = match self.rng.below(5) {
            0 => Duration::from_micros(self.rng.below(2500)),
            _ => Duration::from_secs(60),
        };
        let Ok(answer) = tokio::time::timeout(patience, writing).await else {
            self.unsure = Some(Instant::now() + OLDEST);
            self.past.push((before, Instant::now()));
            return;
        };
        assert!(
            [200, 201, 204, 404, 409].contains(&answer.status),
            "{method} {path}: {} {}",
            answer.status,
            answer.body
        );
        let now = Instant::now();
        self.past.push((before, now));
        self.past.retain(|(_, until)| now < *until + OLDEST * 2);
        if !path.contains("/members/") {
            self.wrote[node] = Some(now);
        }
    }
}

fn fill(world: &World) {
    let rows = (0..TENANTS).map(|number| {
        let id = id(number);
        let (own, mem) = (
            person(&format!("own{number:03}")),
            person(&format!("mem{number:03}")),
        );
        format!(
            "INSERT INTO teams VALUES ('{id}', 'team {number}');
             INSERT INTO labels VALUES ({number}, 'label {number}');
             INSERT INTO members VALUES ('{id}', '{own}', 'owner'), ('{id}', '{mem}', 'member');"
        )
    });
    world.database().execute(&rows.collect::<String>());
}

fn id(number: usize) -> String {
    format!("{number:08}-0000-4000-8000-000000000000")
}

#[allow(clippy::disallowed_methods, reason = "a test is told its size by who runs it")]
fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

#[allow(clippy::print_stdout, reason = "who runs many wants to see them go")]
fn storm(backend: Backend, processes: usize, steps: u64) {
    let compiled = |keeps| project(keeps).compile_for(backend.dialect());
    let first = World::start_keeping(backend, compiled(true), Duration::from_millis(500));
    let plain = first.beside(compiled(false));
    let mut nodes: Vec<World> = (1..processes).map(|_| first.beside(compiled(true))).collect();
    nodes.insert(0, first);
    fill(&plain);
    let seed = number("CACHE_SEED", 1);
    let begun = Instant::now();
    let results: Vec<(usize, usize)> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..TENANTS)
            .map(|number| {
                let (nodes, plain) = (nodes.as_slice(), &plain);
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                        .unwrap();
                    let mut tenant = Tenant {
                        number,
                        id: id(number),
                        nodes,
                        plain,
                        rng: Rng::new(seed, number as u64),
                        past: Vec::new(),
                        wrote: vec![None; nodes.len()],
                        unsure: None,
                        hits: 0,
                        compared: 0,
                    };
                    runtime.block_on(async {
                        for _ in 0..steps / TENANTS as u64 {
                            tenant.step().await;
                        }
                    });
                    (tenant.hits, tenant.compared)
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let hits: usize = results.iter().map(|(hits, _)| hits).sum();
    let compared: usize = results.iter().map(|(_, compared)| compared).sum();
    println!(
        "{backend:?}, {processes} processes: {steps} operations in {:.1} s, {compared} answers compared, {hits} of them kept ones",
        begun.elapsed().as_secs_f64()
    );
    assert!(
        hits * 20 > compared,
        "hardly anything was kept: nothing was tested"
    );
}

#[test]
fn kept_answers_are_those_that_would_be_computed() {
    let steps = number("CACHE_OPS", 3000);
    for backend in Backend::chosen() {
        storm(backend, 1, steps);
        storm(backend, 2, steps);
    }
}
