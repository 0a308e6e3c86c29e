//! Hostile bodies, parameters and headers on every route: no failure of ours, no secret, no row that was not meant.
//!
//! What is sent is in `inputs.rs`, what is judged in `siege.rs`.

mod inputs;
mod siege;

use backflow_plan::model::Route;
use backflow_testkit::crawl::{self, Attempt, Caller, FIXTURES, Fixture, Marks, Sent, reads};
use backflow_testkit::{Backend, World};
use http::{HeaderMap, HeaderName, HeaderValue};
use inputs::{Headers, bodies, headers, texts, values};
use serde_json::{Map, Value};
use siege::{Shot, Siege};

/// Whose requests these are.
const OWNER: Caller = Caller::Member {
    tenant: 0,
    role: "owner",
};

/// One of so many inputs, beginning with a place that differs from route to route.
#[derive(Clone, Copy)]
struct Part {
    from: usize,
    of: usize,
}

impl Part {
    fn take<T>(self, all: Vec<T>) -> impl Iterator<Item = T> {
        all.into_iter().skip(self.from % self.of).step_by(self.of)
    }
}

/// The headers of the owner's request, some of them replaced; what can be no header is left out.
fn map(world: &World, sent: &Sent, more: &Headers) -> HeaderMap {
    let mut map = HeaderMap::new();
    let (name, claims) = OWNER.token(sent.claim.as_deref()).expect("the owner has a token");
    let token = HeaderValue::from_str(&world.token(&name, &claims)).expect("a token is a header");
    map.insert("authorization", token);
    map.insert("content-type", HeaderValue::from_static("application/json"));
    for (name, _) in more {
        map.remove(*name);
    }
    for (name, value) in more {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            map.append(HeaderName::from_static(name), value);
        }
    }
    map
}

/// A text as part of a URL: as it is where it can be, and with every byte escaped.
fn encoded(text: &str) -> [String; 2] {
    let plain = |byte: u8| byte.is_ascii_graphic() && !b"?#/ ".contains(&byte);
    let some = text.bytes().map(|b| {
        if plain(b) {
            char::from(b).to_string()
        } else {
            format!("%{b:02X}")
        }
    });
    [
        some.collect(),
        text.bytes().map(|byte| format!("%{byte:02x}")).collect(),
    ]
}

fn own(fixture: &Fixture, route: &Route) -> Sent {
    let attempt = Attempt {
        path: 0,
        ids: 0,
        refs: (0, 0),
        header: None,
        claim: Some(0),
        body: None,
    };
    crawl::sent(fixture, route, &OWNER, &attempt, &[Marks::new(0), Marks::new(1)])
}

/// The bodies of a request: whole ones, each member left out, each member something else.
fn all_bodies(route: &Route, body: &str, part: Part) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = part.take(bodies()).collect();
    let members: Map<String, Value> = serde_json::from_str(body).expect("the fixture's body is JSON");
    for name in members.keys() {
        let mut rest = members.clone();
        rest.remove(name);
        // What is missing is never "no filter".
        all.push(Value::Object(rest.clone()).to_string().into_bytes());
        for value in part.take(values()).filter(|_| reads(route, name)) {
            let mut parts: Vec<String> = rest
                .iter()
                .map(|(name, value)| format!("\"{name}\":{value}"))
                .collect();
            parts.push(format!("\"{name}\":{value}"));
            all.push(format!("{{{}}}", parts.join(",")).into_bytes());
        }
    }
    all
}

/// Targets with each segment, and then the query string, replaced by a text.
fn targets(target: &str, part: Part) -> Vec<String> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let segments: Vec<&str> = path.split('/').collect();
    let mut all = Vec::new();
    for text in part.take(texts()).filter(|text| text.len() <= 20_000) {
        for text in encoded(&text) {
            for at in 1..segments.len() {
                let mut changed = segments.clone();
                changed[at] = &text;
                all.push(format!("{}?{query}", changed.join("/")));
            }
            all.push(format!(
                "{path}?project={text}&q={text}&limit={text}&like={text}&{text}={text}"
            ));
        }
    }
    all
}

async fn besiege(world: &World, siege: &mut Siege<'_>, route: &Route, part: Part) {
    let sent = own(siege.fixture, route);
    let plain = map(world, &sent, &Vec::new());
    let (method, target, body) = (sent.method, sent.target.as_str(), sent.body.clone().into_bytes());
    if !body.is_empty() {
        for body in all_bodies(route, &sent.body, part) {
            siege
                .send(
                    route,
                    Shot {
                        method,
                        target,
                        headers: &plain,
                        body,
                    },
                )
                .await;
        }
    }
    for target in targets(&sent.target, part) {
        siege
            .send(
                route,
                Shot {
                    method,
                    target: &target,
                    headers: &plain,
                    body: body.clone(),
                },
            )
            .await;
    }
    for more in part.take(headers()) {
        let headers = map(world, &sent, &more);
        siege
            .send(
                route,
                Shot {
                    method,
                    target,
                    headers: &headers,
                    body: body.clone(),
                },
            )
            .await;
    }
    for method in ["OPTIONS", "TRACE", "CONNECT", "PROPFIND", "get", "X"] {
        siege
            .send(
                route,
                Shot {
                    method,
                    target,
                    headers: &plain,
                    body: Vec::new(),
                },
            )
            .await;
    }
}

#[test]
fn nothing_that_comes_in_is_our_fault() {
    let inputs = texts().len() + values().len() + bodies().len() + headers().len();
    assert!(inputs >= 200, "{inputs} inputs");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for backend in Backend::chosen() {
        for fixture in &FIXTURES {
            let compiled = fixture.project().compile_for(backend.dialect());
            let routes = compiled
                .plan
                .as_ref()
                .expect("the fixture has no faults")
                .routes
                .clone();
            let world = World::start_on(backend, compiled);
            let mut siege = Siege::new(&world, fixture);
            let of = parts(backend, fixture);
            for (from, route) in routes.iter().enumerate() {
                runtime.block_on(besiege(&world, &mut siege, route, Part { from, of }));
            }
            println!(
                "{} on {}: {} requests of {inputs} hostile inputs",
                fixture.name,
                backend.name(),
                siege.sent
            );
        }
    }
}

/// The starting project's routes get everything on SQLite, those of the larger one a part each; on PostgreSQL, whose
/// answers take longer to look behind, a part of that, and through the pooler a smaller one.
fn parts(backend: Backend, fixture: &Fixture) -> usize {
    match (fixture.name, backend) {
        ("seed", Backend::Sqlite) => 1,
        ("seed", Backend::Postgres) => 5,
        ("seed", Backend::Pooled) => 25,
        (_, Backend::Sqlite) => 7,
        (_, Backend::Postgres) => 35,
        (_, Backend::Pooled) => 75,
    }
}
