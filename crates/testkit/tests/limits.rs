//! Many at once against a limit: what is admitted never passes it, and what is refused would have.
//!
//! Every test runs within one process and over two on the same database, of each kind. A
//! CHECK would be no witness: databases judge it on the offered row of an upsert, too, before they look for the stored one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use backflow_testkit::{Answer, Project, World, person};
use std::sync::Barrier;

const TEAM: &str = "00000000-0000-4000-8000-00000000000a";
const LIMIT: i64 = 1_000;
const THREADS: usize = 64;

const TABLES: &str = "
CREATE TABLE teams (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), name TEXT NOT NULL, most INTEGER);
CREATE TABLE members (
  id UUID PRIMARY KEY DEFAULT gen_random_uuid(), team_id UUID NOT NULL REFERENCES teams(id), user_id UUID NOT NULL,
  role TEXT, UNIQUE (team_id, user_id)
);
CREATE TABLE meters (
  team_id UUID NOT NULL REFERENCES teams(id), name TEXT NOT NULL, used INTEGER NOT NULL DEFAULT 0 CHECK (used >= 0),
  most INTEGER DEFAULT 1000, PRIMARY KEY (team_id, name)
);
CREATE TABLE uses (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), team_id UUID NOT NULL REFERENCES teams(id), amount INTEGER NOT NULL);
";

const ROUTES: &str = r#"[
  { "path": "/teams/:id/upsert/:name", "method": "post", "requireAuth": true, "validation": VALIDATION,
    "supabaseQueries": [{ "table": "meters", "operation": "upsert",
      "data": { "name": "{{params.name}}", "used": "used + {{body.amount}}" }, "onConflict": ["team_id", "name"],
      "require": "used <= most" }] },
  { "path": "/teams/:id/update/:name", "method": "post", "requireAuth": true, "validation": VALIDATION,
    "supabaseQueries": [{ "table": "meters", "operation": "update", "data": { "used": "used + {{body.amount}}" },
      "filters": [{ "column": "name", "operator": "eq", "value": "{{params.name}}" }], "single": true,
      "require": "used <= {{context.team.most}}" }] },
  { "path": "/teams/:id/noted/:name", "method": "post", "requireAuth": true, "validation": VALIDATION,
    "supabaseQueries": [
      { "table": "uses", "operation": "insert", "data": { "amount": "{{body.amount}}" } },
      { "table": "meters", "operation": "update", "data": { "used": "used + {{body.amount}}" },
        "filters": [{ "column": "name", "operator": "eq", "value": "{{params.name}}" }], "single": true, "select": "used",
        "require": "used <= most" }] },
  { "path": "/teams/:id/step/:name", "method": "post", "requireAuth": true, "validation": VALIDATION,
    "workflow": { "steps": [
      { "id": "note", "type": "database", "params": { "table": "uses", "operation": "insert", "data": { "amount": "{{body.amount}}" } } },
      { "id": "count", "type": "database", "params": { "table": "meters", "operation": "upsert",
        "data": { "name": "{{params.name}}", "used": "used + {{body.amount}}" }, "onConflict": ["team_id", "name"],
        "require": "used <= most", "select": "used" } }] } },
  { "path": "/teams/:id/meters/:name", "method": "delete", "requireAuth": true,
    "supabaseQueries": [{ "table": "meters", "operation": "delete", "filters": [{ "column": "name", "operator": "eq", "value": "{{params.name}}" }] }] },
  { "path": "/teams/:id/meters/:name", "method": "put", "requireAuth": true,
    "supabaseQueries": [{ "table": "meters", "operation": "upsert", "data": { "name": "{{params.name}}", "used": 0, "most": 1000000 },
      "onConflict": ["team_id", "name"] }] }
]"#;

fn project() -> Project {
    let validation = r#"{ "body": { "amount": { "type": "integer", "minimum": 1, "required": true } } }"#;
    Project::default()
        .file("backflow.json", "{}")
        .file("migrations/0001_start.sql", TABLES)
        .file("routes/all.json", &ROUTES.replace("VALIDATION", validation))
}

/// One process, then two; on each database.
fn worlds() -> Vec<Vec<World>> {
    World::alone_and_beside(|backend| project().compile_for(backend.dialect()))
}

fn fill(world: &World, meters: &str) {
    let owner = person("ada");
    world.database().execute(&format!(
        "INSERT INTO teams (id, name, most) VALUES ('{TEAM}', 'Acme', {LIMIT});
         INSERT INTO members (team_id, user_id, role) VALUES ('{TEAM}', '{owner}', 'owner');{meters}"
    ));
}

fn send(world: &World, method: &str, what: &str, body: &str) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (token, target) = (world.token("ada", ""), format!("/teams/{TEAM}/{what}"));
    runtime.block_on(world.send(method, &target, &[("Authorization", &token)], body))
}

/// What a caller asked for and was told.
struct Told {
    cost: i64,
    status: u16,
    body: serde_json::Value,
}

/// Every thread asks for 1 to 7 in its own order until not even 1 is left.
fn exhaust(worlds: &[World], route: &str) -> Vec<Told> {
    let start = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|thread| {
                let (world, start) = (&worlds[thread % worlds.len()], &start);
                scope.spawn(move || {
                    let mut told = Vec::new();
                    start.wait();
                    for turn in 0.. {
                        let cost = i64::try_from((thread * 3 + turn * 5) % 7).unwrap() + 1;
                        let answer = send(world, "POST", route, &format!(r#"{{"amount": {cost}}}"#));
                        let over = answer.status != 200 && (answer.status != 402 || cost == 1);
                        told.push(Told {
                            cost,
                            status: answer.status,
                            body: answer.json(),
                        });
                        if over {
                            break;
                        }
                    }
                    told
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    })
}

fn judge(world: &World, route: &str, all: &[Told]) {
    let (admitted, refused): (Vec<&Told>, Vec<&Told>) = all.iter().partition(|told| told.status == 200);
    let used = world
        .database()
        .number("SELECT used FROM meters WHERE name = 'api'");
    let sum: i64 = admitted.iter().map(|told| told.cost).sum();
    // A refusal of 1 says that nothing was left.
    assert_eq!((sum, used), (LIMIT, LIMIT), "{route}");
    let mut seen: Vec<i64> = admitted
        .iter()
        .map(|told| told.body["used"].as_i64().unwrap())
        .collect();
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(
        seen.len(),
        admitted.len(),
        "{route}: each answer is of a state of its own"
    );
    assert!(refused.len() >= THREADS, "{route}");
    for told in refused {
        let number = |name: &str| told.body[name].as_i64().unwrap_or(-1);
        assert_eq!(told.status, 402, "{route}: {}", told.body);
        assert_eq!(told.body["code"], "limit_exceeded", "{route}");
        assert_eq!(
            (number("limit"), number("requested")),
            (LIMIT, told.cost),
            "{route}: {}",
            told.body
        );
        assert_eq!(
            number("remaining"),
            LIMIT - number("used"),
            "{route}: {}",
            told.body
        );
        // The counter only grows: what is too much by these numbers was too much, or has become so before they
        // were read.
        assert!(
            told.cost > number("remaining") && number("remaining") >= 0,
            "{route}: {}",
            told.body
        );
    }
    if route.starts_with("noted") || route.starts_with("step") {
        let kept = world.database().number("SELECT sum(amount) FROM uses");
        assert_eq!(kept, LIMIT, "{route}: what was refused left nothing");
    }
}

#[test]
fn what_is_admitted_is_the_limit_to_the_last_one() {
    let row = format!("INSERT INTO meters VALUES ('{TEAM}', 'api', 0, {LIMIT});");
    for (route, meters) in [
        ("upsert/api", ""),
        ("upsert/api", row.as_str()),
        ("update/api", row.as_str()),
        ("noted/api", row.as_str()),
        ("step/api", ""),
    ] {
        for worlds in worlds() {
            fill(&worlds[0], meters);
            let all = exhaust(&worlds, route);
            judge(&worlds[0], route, &all);
        }
    }
}

/// A new row's own limit is 1,000; the row that is there has more, comes and goes. What only the one can hold is never
/// written into the other.
#[test]
fn a_row_that_goes_meanwhile_takes_its_limit_along() {
    const TURNS: usize = 40;
    let mut met = 0;
    for worlds in worlds() {
        fill(&worlds[0], "");
        let told: Vec<(&str, Answer)> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..24)
                .map(|thread| {
                    let world = &worlds[thread % worlds.len()];
                    scope.spawn(move || -> Vec<(&str, Answer)> {
                        let (method, what, body) = match thread / 2 % 6 {
                            0 => ("DELETE", "meters/api", ""),
                            1 => ("PUT", "meters/api", ""),
                            _ => ("POST", "upsert/api", r#"{"amount": 1500}"#),
                        };
                        let send = |_| (method, send(world, method, what, body));
                        (0..TURNS).map(send).collect()
                    })
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        let odd: Vec<_> = told
            .iter()
            .filter(|(_, answer)| !matches!(answer.status, 200 | 402))
            .collect();
        assert!(odd.is_empty(), "{odd:?}");
        let posts: Vec<&Answer> = told
            .iter()
            .filter(|(method, _)| *method == "POST")
            .map(|(_, answer)| answer)
            .collect();
        let written: Vec<serde_json::Value> = posts
            .iter()
            .filter(|post| post.status == 200)
            .map(|post| post.json())
            .collect();
        assert!(written.len() < posts.len(), "none met no row");
        met += written.len();
        for row in written {
            assert!(
                row["used"].as_i64().unwrap() <= row["most"].as_i64().unwrap(),
                "{row}"
            );
        }
    }
    assert!(met > 0, "none met the row");
}
