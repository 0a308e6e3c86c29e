//! What a request says of identity, tenant or role changes nothing where the route does not read it.
//!
//! Every route is asked as it should be, then with members, query values, headers and claims added that are called
//! like columns or privileges. Status, answer and all rows must be the same, but for ids that are new each time.

#![allow(
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "a test stops at the first surprise"
)]

use backflow_plan::model::Route;
use backflow_testkit::crawl::{self, Attempt, Caller, FIXTURES, Fixture, Marks, Sent, reads};
use backflow_testkit::{Backend, World};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;

/// Names of privileges that other products know; the names of all columns are added to them.
const PRIVILEGES: [&str; 34] = [
    "role",
    "roles",
    "is_admin",
    "isAdmin",
    "admin",
    "superuser",
    "scope",
    "permissions",
    "sub",
    "auth",
    "user",
    "user_id",
    "userId",
    "owner",
    "owner_id",
    "tenant",
    "tenant_id",
    "tenantId",
    "org_id",
    "orgId",
    "organization",
    "workspace",
    "account_id",
    "email",
    "email_verified",
    "__proto__",
    "constructor",
    "context",
    "results",
    "env",
    "constants",
    "params",
    "id",
    "created_at",
];

/// Headers by which other products know callers and tenants.
const HEADERS: [&str; 9] = [
    "x-user-id",
    "x-user-role",
    "x-role",
    "x-organization-id",
    "x-workspace-id",
    "x-hasura-role",
    "x-forwarded-user",
    "x-original-url",
    "cookie",
];

/// The columns of all tables.
fn columns(world: &World, fixture: &Fixture) -> Vec<String> {
    let database = world.database();
    let mut names: Vec<String> = PRIVILEGES.map(str::to_owned).to_vec();
    for (table, _) in fixture.tables {
        names.extend(database.columns(table));
    }
    names.sort();
    names.dedup();
    names
}

/// What a request left behind: status, answer, rows.
#[derive(Debug, PartialEq, Eq)]
struct Outcome(u16, String, Vec<String>);

struct Trial<'w> {
    world: &'w World,
    fixture: &'w Fixture,
    runtime: tokio::runtime::Runtime,
}

/// What is added to a request.
#[derive(Debug, Clone)]
struct Extra {
    body: Vec<(String, Value)>,
    query: Vec<(String, String)>,
    headers: Vec<(&'static str, String)>,
    claims: Vec<(String, Value)>,
}

impl Trial<'_> {
    fn run(&self, route: &Route, caller: &Caller, extra: &Extra) -> Outcome {
        let marks = [Marks::new(0), Marks::new(1)];
        let database = self.world.database();
        crawl::reset(&database, self.fixture, &marks);
        let attempt = Attempt {
            path: 0,
            ids: 0,
            refs: (0, 0),
            header: Some(0),
            claim: Some(0),
            body: None,
        };
        let sent = added(
            crawl::sent(self.fixture, route, caller, &attempt, &marks),
            route,
            extra,
        );
        let mut headers = sent.headers.clone();
        let (name, claims) = caller.token(sent.claim.as_deref()).unwrap();
        let mut claims: serde_json::Map<String, Value> = serde_json::from_str(&claims).unwrap();
        for (name, value) in &extra.claims {
            claims.entry(name.clone()).or_insert_with(|| value.clone());
        }
        headers.push((
            "Authorization",
            self.world.token(&name, &Value::Object(claims).to_string()),
        ));
        headers.extend(extra.headers.clone());
        let headers: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let answer = self
            .runtime
            .block_on(self.world.send(sent.method, &sent.target, &headers, &sent.body));
        let mut rows: Vec<String> = Vec::new();
        for (table, _) in self.fixture.tables {
            for row in database.rows(&format!("SELECT * FROM {table}")) {
                rows.push(masked(&format!("{table} {row:?}")));
            }
        }
        rows.sort();
        Outcome(answer.status, masked(&answer.body), rows)
    }
}

/// The request with the additions that the route does not read.
fn added(mut sent: Sent, route: &Route, extra: &Extra) -> Sent {
    if !sent.body.is_empty() {
        let mut body: serde_json::Map<String, Value> = serde_json::from_str(&sent.body).unwrap();
        for (name, value) in extra.body.iter().filter(|(name, _)| !reads(route, name)) {
            body.insert(name.clone(), value.clone());
        }
        sent.body = Value::Object(body).to_string();
    }
    for (name, value) in &extra.query {
        sent.target.push_str(&format!("&{name}={value}"));
    }
    sent
}

/// Without ids that are new each time, and times that the database gives to the fixture's rows.
fn masked(text: &str) -> String {
    let known = |word: &str| {
        word.starts_with("c0de") || word.starts_with("a57a") || word.starts_with("00000000-0000-4000-a000")
    };
    let split = |c: char| !c.is_ascii_alphanumeric() && c != '-';
    let new = |word: &&str| {
        word.len() == 36 && word.matches('-').count() == 4 && !known(word) || word.starts_with("request-")
    };
    let mut out = text.to_owned();
    let new: Vec<String> = text.split(split).filter(new).map(str::to_owned).collect();
    for word in new {
        out = out.replace(&word, "new");
    }
    while let Some(at) = out.find("2026-11-").or_else(|| out.find("2026-12-")) {
        let end = out[at..].find('+').map_or(out.len(), |plus| at + plus + 6);
        out.replace_range(at..end.min(out.len()), "then");
    }
    out
}

fn extras(names: Vec<String>) -> impl Strategy<Value = Extra> {
    let other = Marks::new(1);
    let texts = [
        other.key(),
        other.user("owner"),
        other.id(1),
        other.id(2),
        other.text("name"),
        "owner".to_owned(),
        "true".to_owned(),
        String::new(),
    ];
    let text = prop::sample::select(texts.to_vec());
    let value = prop_oneof![
        text.clone().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        Just(Value::Null),
        text.clone()
            .prop_map(|text| serde_json::json!({ "role": "owner", "id": text })),
        text.clone().prop_map(|text| serde_json::json!([text, "owner"])),
    ];
    let name = prop::sample::select(names);
    let member = || (name.clone(), value.clone());
    (
        prop::collection::vec(member(), 0..6),
        prop::collection::vec((name.clone(), text.clone()), 0..3),
        prop::collection::vec((prop::sample::select(HEADERS.to_vec()), text), 0..3),
        prop::collection::vec(member(), 0..3),
    )
        .prop_map(|(body, query, headers, claims)| Extra {
            body,
            query,
            headers,
            claims,
        })
}

/// Claims that the caller's identity rests on, and query values that routes read.
fn harmless(extra: &mut Extra) {
    let identity = [
        "sub",
        "email",
        "email_verified",
        "tenant_id",
        "exp",
        "nbf",
        "iat",
        "name",
        "user_metadata",
    ];
    extra
        .claims
        .retain(|(name, _)| !identity.contains(&name.as_str()));
    extra
        .query
        .retain(|(name, _)| !["project", "q", "limit", "like"].contains(&name.as_str()));
}

#[test]
fn only_what_a_route_reads_changes_anything() {
    let nothing = Extra {
        body: Vec::new(),
        query: Vec::new(),
        headers: Vec::new(),
        claims: Vec::new(),
    };
    for backend in Backend::chosen() {
        for fixture in &FIXTURES {
            unread_is_unread(backend, fixture, &nothing);
        }
    }
}

/// How often a route is tried as one caller; the databases that are slower see the same routes and callers.
fn cases(backend: Backend) -> u32 {
    match backend {
        Backend::Sqlite => 8,
        Backend::Postgres => 3,
        Backend::Pooled => 1,
    }
}

fn unread_is_unread(backend: Backend, fixture: &Fixture, nothing: &Extra) {
    let compiled = fixture.project().compile_for(backend.dialect());
    let routes = compiled
        .plan
        .as_ref()
        .expect("the fixture has no faults")
        .routes
        .clone();
    let world = World::start_on(backend, compiled);
    let names = columns(&world, fixture);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let trial = Trial {
        world: &world,
        fixture,
        runtime,
    };
    let callers = [
        Caller::Member {
            tenant: 0,
            role: "owner",
        },
        Caller::Member {
            tenant: 0,
            role: "viewer",
        },
        Caller::Member {
            tenant: 1,
            role: "member",
        },
        Caller::Invitee(0),
    ];
    for route in &routes {
        for caller in &callers {
            trial.run(route, caller, nothing); // The directory knows the caller from now on.
            let expected = trial.run(route, caller, nothing);
            let mut runner = TestRunner::new(Config {
                cases: cases(backend),
                failure_persistence: None,
                ..Config::default()
            });
            let outcome = runner.run(&extras(names.clone()), |mut extra| {
                harmless(&mut extra);
                let actual = trial.run(route, caller, &extra);
                prop_assert!(
                    actual == expected,
                    "{} as {caller:?}: {expected:?}\nbut {actual:?}",
                    route.name()
                );
                Ok(())
            });
            outcome.unwrap_or_else(|fault| panic!("{fault}"));
        }
    }
    println!(
        "{} on {}: {} routes as {} callers, {} names",
        fixture.name,
        backend.name(),
        routes.len(),
        callers.len(),
        names.len()
    );
}
