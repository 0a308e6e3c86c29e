//! Paths, methods, and what every reply carries.

use crate::support::{FakeStore, Frame, World, ask, pattern, plan, route};
use backflow_engine::store::StoreError;
use backflow_engine::{BuildError, Outside, Runtime, Secret, Settings};
use backflow_plan::model::{Answer, Operation, Plan, Route, Shape};
use std::time::{Duration, Instant};

/// Answers the values of its parameters.
fn echo(method: &str, path: &str) -> Route {
    let names: Vec<String> = pattern(path).params().map(str::to_owned).collect();
    let mut frame = Frame::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut shapes = vec![Shape::Constant(path.into())];
    shapes.extend(
        names
            .iter()
            .map(|name| Shape::Program(frame.template(&format!("{{{{params.{name}}}}}")))),
    );
    Route {
        answer: Answer::Template(Shape::List(shapes)),
        ..route(method, path, frame)
    }
}

fn world(routes: Vec<Route>) -> World {
    World::new(plan(routes), FakeStore::new())
}

#[test]
fn paths_lead_to_routes() {
    let world = world(vec![
        echo("GET", "/"),
        echo("GET", "/orgs"),
        echo("GET", "/orgs/:slug"),
        echo("GET", "/orgs/mine"),
        echo("DELETE", "/orgs/:orgId"),
        echo("GET", "/orgs/:org/members/:user"),
        echo("GET", "/orgs/:id/invites"),
        echo("GET", "/100%/{x}"),
    ]);
    for (path, expected) in [
        ("/", r#"200 ["/"]"#),
        ("/orgs", r#"200 ["/orgs"]"#),
        ("/orgs/", r#"200 ["/orgs"]"#),
        ("/orgs/acme", r#"200 ["/orgs/:slug","acme"]"#),
        ("/orgs/acme/", r#"200 ["/orgs/:slug","acme"]"#),
        ("/orgs/mine", r#"200 ["/orgs/mine"]"#),
        ("/orgs/min%65", r#"200 ["/orgs/mine"]"#),
        ("/%6Frgs/a%20b", r#"200 ["/orgs/:slug","a b"]"#),
        ("/orgs/a+b", r#"200 ["/orgs/:slug","a+b"]"#),
        ("/orgs/a%2Fb", r#"200 ["/orgs/:slug","a/b"]"#),
        ("/orgs/%2E%2E", r#"200 ["/orgs/:slug",".."]"#),
        ("/orgs/a%252Fb", r#"200 ["/orgs/:slug","a%2Fb"]"#),
        ("/orgs/1/members/2", r#"200 ["/orgs/:org/members/:user","1","2"]"#),
        ("/orgs/1/invites", r#"200 ["/orgs/:id/invites","1"]"#),
        ("/100%25/%7Bx%7D", r#"200 ["/100%/{x}"]"#),
        ("/orgs//invites", "404 not_found"),
        ("/orgs//", "404 not_found"),
        ("", "404 not_found"),
        ("orgs", "404 not_found"),
        ("/Orgs", "404 not_found"),
        ("/orgs/a/b/c/d", "404 not_found"),
        ("/orgs/%00", "400 bad_path"),
        ("/orgs/%zz", "400 bad_path"),
        ("/orgs/%ff", "400 bad_path"),
    ] {
        assert_eq!(world.outcome(ask("GET", path)), expected, "{path}");
    }
    assert_eq!(
        world.outcome(ask("DELETE", "/orgs/mine")),
        r#"200 ["/orgs/:orgId","mine"]"#
    );
}

#[test]
fn aliases_lead_to_the_same_route_with_the_same_parameters() {
    let mut aliased = echo("GET", "/orgs/:a/x/:b");
    aliased.aliases = vec![pattern("/api/v1/orgs/:a/x/:b"), pattern("/swapped/:b/:a")];
    let world = world(vec![aliased]);
    assert_eq!(
        world.outcome(ask("GET", "/api/v1/orgs/1/x/2")),
        r#"200 ["/orgs/:a/x/:b","1","2"]"#
    );
    assert_eq!(
        world.outcome(ask("GET", "/swapped/2/1")),
        r#"200 ["/orgs/:a/x/:b","1","2"]"#
    );
}

#[test]
fn methods_are_told() {
    let world = world(vec![echo("GET", "/a"), echo("POST", "/a"), echo("PUT", "/b")]);
    let refused = world.ask(ask("DELETE", "/a"));
    assert_eq!(
        (refused.outcome().as_str(), refused.header("allow")),
        ("405 method_not_allowed", "GET, HEAD, POST, OPTIONS")
    );
    assert_eq!(world.ask(ask("BREW", "/b")).header("allow"), "PUT, OPTIONS");
    assert_eq!(world.outcome(ask("HEAD", "/b")), "405 ");
    let options = world.ask(ask("OPTIONS", "/a"));
    assert_eq!(
        (options.status(), options.header("allow"), options.text().as_str()),
        (204, "GET, HEAD, POST, OPTIONS", "")
    );
    assert_eq!(options.header("content-type"), "");
    assert_eq!(world.outcome(ask("OPTIONS", "/c")), "404 not_found");
    let head = world.ask(ask("HEAD", "/a"));
    assert_eq!(
        (head.status(), head.text().as_str(), head.header("content-length")),
        (200, "", "6")
    );
}

#[test]
fn every_reply_has_an_id() {
    let world = world(vec![echo("GET", "/a")]);
    assert_eq!(world.ask(ask("GET", "/a")).header("x-request-id"), "request-1");
    let refused = world.ask(ask("GET", "/b").header("x-request-id", "mine-7"));
    assert_eq!(refused.header("x-request-id"), "mine-7");
    assert_eq!(refused.value().member("requestId").as_text(), Some("mine-7"));
    assert_eq!(refused.header("cache-control"), "no-store");
    for bad in ["", "a b", "ä", &"x".repeat(129)] {
        assert_eq!(
            world
                .ask(ask("GET", "/a").header("x-request-id", bad))
                .header("x-request-id"),
            "request-1"
        );
    }
}

#[test]
fn answers_to_known_callers_are_private() {
    let world = world(vec![echo("GET", "/a")]);
    let anonymous = world.ask(ask("GET", "/a"));
    assert_eq!(
        (
            anonymous.header("cache-control"),
            anonymous.header("content-type")
        ),
        ("", "application/json")
    );
    let known = world.ask(ask("GET", "/a").user());
    assert_eq!(known.header("cache-control"), "private, no-cache");
    assert_eq!(known.header("vary"), "Authorization, X-Tenant-ID");
}

#[test]
fn stores_that_fail_are_reported_without_their_words() {
    let with = |error| {
        let mut reading = route("GET", "/a", Frame::default());
        reading.steps = vec![crate::support::step(Operation::Select, "s", vec![])];
        World::new(plan(vec![reading]), FakeStore::new().failing(error)).ask(ask("GET", "/a"))
    };
    let busy = with(StoreError::Unavailable(3));
    assert_eq!(
        (busy.outcome().as_str(), busy.header("retry-after")),
        ("503 unavailable", "3")
    );
    assert_eq!(
        with(StoreError::OutcomeUnknown("x".into())).outcome(),
        "500 outcome_unknown"
    );
    assert_eq!(with(StoreError::TimedOut).outcome(), "504 timeout");
    let failed = with(StoreError::Failed("disk /dev/sda".into()));
    assert_eq!(failed.outcome(), "500 internal");
    assert!(!failed.text().contains("sda"));
}

#[test]
fn plans_that_cannot_run_are_refused() {
    let build = |plan, settings| {
        Runtime::build(
            plan,
            settings,
            Outside::new(
                std::sync::Arc::new(FakeStore::new()),
                std::sync::Arc::new(crate::support::FixedClock),
                std::sync::Arc::new(crate::support::CountedIds::default()),
            ),
        )
        .map(drop)
    };
    let twice = plan(vec![echo("GET", "/a/:x"), echo("GET", "/a/:y")]);
    assert_eq!(
        build(twice, Settings::default()),
        Err(BuildError::Path("GET /a/:y".into()))
    );
    let weak = Settings {
        jwt_secret: Some(Secret::new("short")),
        ..Settings::default()
    };
    assert_eq!(build(Plan::default(), weak), Err(BuildError::WeakSecret));
}

#[test]
fn ten_thousand_routes_route_like_ten() {
    let routes = |count: usize| {
        (0..count)
            .map(|at| echo("GET", &format!("/tables{}/t{at}/:id/rows/:row", at % 97)))
            .collect::<Vec<_>>()
    };
    let (few, many) = (routes(10), routes(10_000));
    let start = Instant::now();
    let many = world(many);
    let built = start.elapsed();
    let few = world(few);
    let time = |world: &World, path: &str| {
        let best = (0..50).map(|_| {
            let start = Instant::now();
            assert_eq!(world.ask(ask("GET", path)).status(), 200);
            start.elapsed()
        });
        best.min().unwrap()
    };
    let (fast, slow) = (
        time(&few, "/tables7/t7/1/rows/2"),
        time(&many, "/tables8/t9999/1/rows/2"),
    );
    // Generous: this is an unoptimized build on a shared machine.
    assert!(built < Duration::from_secs(2), "{built:?}");
    assert!(slow < fast * 10 + Duration::from_micros(200), "{fast:?} {slow:?}");
    println!("built in {built:?}; {fast:?} with ten routes, {slow:?} with ten thousand");
}
