//! Tenants: how a request names one, who is a member, and the order of refusals.

use crate::support::{
    FakeStore, Frame, NOW, USER, World, ask, bind, field, found, late, plan, route, row, single, step,
};
use backflow_catalog::ColumnType;
use backflow_engine::store::StatementError;
use backflow_expr::Key;
use backflow_plan::model::{
    Answer, BindValue, BodyRule, Guard, Input, Naming, Operation, Place, Route, RuleKind, Shape, Source,
};

const ORG: &str = "00000000-0000-4000-8000-0000000000a1";
const OTHER: &str = "00000000-0000-4000-8000-0000000000a2";

fn guard(naming: Naming, roles: Option<Vec<String>>) -> Guard {
    Guard {
        naming,
        name_type: ColumnType::Uuid,
        user_type: ColumnType::Uuid,
        key_type: ColumnType::Uuid,
        role_type: Some(ColumnType::Text),
        statement: single("guard"),
        context: vec![ColumnType::Text],
        roles,
    }
}

/// `POST /orgs/:org` writes `name` of the body with the tenant.
fn writes(naming: Naming, roles: Option<Vec<String>>) -> Route {
    let mut frame = Frame::new(&["org"]);
    let name = BindValue::Needed(frame.template("{{body.name}}"));
    let role = BindValue::Needed(frame.template("{{tenant.role}} of {{context.organization.name}}"));
    let org = BindValue::SameTenant(frame.template("{{body.org}}"));
    let binds = vec![
        bind("tenant", BindValue::Tenant, ColumnType::Uuid),
        bind("data.name", name, ColumnType::Text),
        bind("data.role", role, ColumnType::Text),
        bind("data.organization_id", org, ColumnType::Uuid),
    ];
    let text = RuleKind::Text {
        min: None,
        max: None,
        format: None,
        pattern: None,
    };
    Route {
        auth: true,
        place: Place::One(Box::new(guard(naming, roles))),
        input: Input {
            body: BodyRule::Any,
            params: vec![field("org", true, text)],
            ..Input::default()
        },
        steps: vec![step(Operation::Insert, "insert", binds)],
        ..route("POST", "/orgs/:org", frame)
    }
}

fn member(role: &str) -> FakeStore {
    FakeStore::new()
        .on("guard", found(&[row("", &[ORG, role, "Acme"])]))
        .on("insert", found(&[row(r#"{"id":1}"#, &[])]))
}

fn by_param(roles: Option<Vec<String>>, store: FakeStore) -> World {
    World::new(plan(vec![writes(Naming::Param(0), roles)]), store)
}

fn path() -> String {
    format!("/orgs/{}", ORG.to_uppercase())
}

#[test]
fn a_member_writes_into_the_tenant() {
    let world = by_param(Some(vec!["owner".into(), "admin".into()]), member("admin"));
    let answer = world.ask(ask("POST", &path()).user().json(r#"{"name":"x"}"#));
    assert_eq!(answer.outcome(), r#"201 {"id":1}"#);
    assert_eq!(
        world.log(),
        [
            "write".to_owned(),
            format!("guard('{ORG}', '{USER}')"),
            format!("insert('{ORG}', 'x', 'admin of Acme', '{ORG}')"),
            "commit".to_owned(),
        ]
    );
}

#[test]
fn nobody_and_strangers_get_the_same_404() {
    let world = by_param(None, FakeStore::new());
    let stranger = world.ask(ask("POST", &path()).user().json(r#"{"name":"x"}"#));
    assert_eq!(stranger.outcome(), "404 not_found");
    assert_eq!(
        world.log(),
        [
            "write".to_owned(),
            format!("guard('{ORG}', '{USER}')"),
            "roll back".to_owned()
        ]
    );
    let no_uuid = world.ask(ask("POST", "/orgs/acme").user().json(r#"{"name":"x"}"#));
    assert_eq!(no_uuid.text(), stranger.text());
    let claims = format!(r#"{{"sub":"ann","exp":{}}}"#, NOW + 9);
    assert_eq!(
        world.outcome(ask("POST", &path()).claims(&claims).json("{}")),
        "404 not_found"
    );
    assert_eq!(world.log(), [""; 0]);
}

#[test]
fn roles_are_the_live_ones() {
    let roles = || Some(vec!["owner".to_owned()]);
    let world = by_param(roles(), member("member"));
    let claims = format!(r#"{{"sub":"{USER}","exp":{},"role":"owner"}}"#, NOW + 9);
    assert_eq!(
        world.outcome(ask("POST", &path()).claims(&claims).json("{}")),
        "403 forbidden_role"
    );
    assert_eq!(
        by_param(roles(), member("NULL")).outcome(ask("POST", &path()).user().json("{}")),
        "403 forbidden_role"
    );
    assert_eq!(
        by_param(roles(), member("Owner")).outcome(ask("POST", &path()).user().json("{}")),
        "403 forbidden_role"
    );
}

#[test]
fn refusals_come_in_their_order() {
    // 404 route, 405, 401, tenant 404/403, 413/415/400, 422
    let bad_body = || ask("POST", "/orgs/x").body("{");
    let stranger = by_param(None, FakeStore::new());
    assert_eq!(
        stranger.outcome(ask("POST", "/nowhere").body("{")),
        "404 not_found"
    );
    assert_eq!(
        stranger.outcome(ask("PUT", "/orgs/x").body("{")),
        "405 method_not_allowed"
    );
    assert_eq!(stranger.outcome(bad_body()), "401 unauthorized");
    assert_eq!(
        stranger.outcome(ask("POST", &path()).user().body("{")),
        "404 not_found"
    );
    assert_eq!(stranger.outcome(bad_body().user()), "404 not_found");
    let weak = by_param(Some(vec!["owner".into()]), member("member"));
    assert_eq!(
        weak.outcome(ask("POST", &path()).user().body("{")),
        "403 forbidden_role"
    );
    let known = by_param(None, member("owner"));
    assert_eq!(
        known.outcome(ask("POST", &path()).user().body("{")),
        "415 unsupported_media_type"
    );
    assert_eq!(
        known.outcome(ask("POST", &path()).user().json("{")),
        "400 invalid_json"
    );
    assert_eq!(known.log().first().map(String::as_str), Some("read"));
    assert_eq!(
        known.outcome(ask("POST", &path()).user().json("{}")),
        "422 undefined_value"
    );
    let log = known.log();
    assert!(!log.iter().any(|line| line.starts_with("insert")), "{log:?}");
}

#[test]
fn a_tenant_in_data_must_be_the_routes() {
    let world = by_param(None, member("owner"));
    let send = |body: &str| world.outcome(ask("POST", &path()).user().json(body));
    assert_eq!(
        send(&format!(r#"{{"name":"x","org":"{}"}}"#, ORG.to_uppercase())),
        r#"201 {"id":1}"#
    );
    assert_eq!(
        send(&format!(r#"{{"name":"x","org":"{OTHER}"}}"#)),
        "403 wrong_tenant"
    );
    assert_eq!(send(r#"{"name":"x","org":null}"#), "422 invalid_value");
    assert_eq!(send(r#"{"name":"x","org":"acme"}"#), "422 invalid_value");
}

#[test]
fn a_foreign_tenant_is_refused_before_anything_is_written() {
    let mut route = writes(Naming::Param(0), None);
    let first = step(Operation::Insert, "first", vec![]);
    route.steps.insert(0, first);
    let world = World::new(
        plan(vec![route]),
        member("owner").on("first", found(&[row("{}", &[])])),
    );
    let body = format!(r#"{{"name":"x","org":"{OTHER}"}}"#);
    assert_eq!(
        world.outcome(ask("POST", &path()).user().json(&body)),
        "403 wrong_tenant"
    );
    assert!(!world.log().iter().any(|line| line.starts_with("first")));
}

#[test]
fn header_then_claim_name_the_tenant() {
    let naming = Naming::HeaderOrClaim(vec![Key::name("app"), Key::name("tenant_id")]);
    let world = World::new(plan(vec![writes(naming, None)]), member("owner"));
    let claims = |tenant: &str| {
        format!(
            r#"{{"sub":"{USER}","exp":{},"app":{{"tenant_id":{tenant}}}}}"#,
            NOW + 9
        )
    };
    let guarded = |world: &World| world.log().get(1).cloned().unwrap_or_default();
    let both = ask("POST", "/orgs/x")
        .claims(&claims(&format!("\"{ORG}\"")))
        .header("x-tenant-id", OTHER)
        .json("{}");
    world.ask(both);
    assert_eq!(guarded(&world), format!("guard('{OTHER}', '{USER}')"));
    world.ask(
        ask("POST", "/orgs/x")
            .claims(&claims(&format!("\"{ORG}\"")))
            .header("x-tenant-id", "")
            .json("{}"),
    );
    assert_eq!(guarded(&world), format!("guard('{ORG}', '{USER}')"));
    for none in ["null", "\"\""] {
        assert_eq!(
            world.outcome(ask("POST", "/orgs/x").claims(&claims(none)).json("{}")),
            "403 no_tenant"
        );
    }
    assert_eq!(
        world.outcome(ask("POST", "/orgs/x").user().json("{}")),
        "403 no_tenant"
    );
    assert_eq!(
        world.outcome(ask("POST", "/orgs/x").claims(&claims("7")).json("{}")),
        "404 not_found"
    );
    assert_eq!(world.log(), [""; 0]);
}

#[test]
fn a_template_may_name_the_tenant() {
    let mut frame = Frame::new(&["org"]);
    let program = frame.template("{{body.org}}");
    let mut route = Route {
        frame: frame.sources,
        ..writes(Naming::Program(program), None)
    };
    route.steps.clear();
    let world = World::new(plan(vec![route]), member("owner"));
    let send = |body: &str| world.outcome(ask("POST", "/orgs/x").user().json(body));
    assert_eq!(send(&format!(r#"{{"org":"{ORG}"}}"#)), "200 null");
    assert_eq!(send("{}"), "403 no_tenant");
    assert_eq!(send("{"), "400 invalid_json");
}

#[test]
fn a_guard_that_fails_is_no_verdict() {
    let failing = |error| {
        by_param(None, FakeStore::new().on("guard", Err(error)))
            .outcome(ask("POST", &path()).user().json("{}"))
    };
    assert_eq!(failing(StatementError::TimedOut), "504 timeout");
    assert_eq!(failing(StatementError::Other("boom".into())), "500 internal");
    let two = FakeStore::new().on(
        "guard",
        found(&[row("", &[ORG, "owner", "a"]), row("", &[OTHER, "owner", "b"])]),
    );
    assert_eq!(
        by_param(None, two).outcome(ask("POST", &path()).user().json("{}")),
        "500 internal"
    );
    let null = FakeStore::new().on("guard", found(&[row("", &["NULL", "owner", "a"])]));
    assert_eq!(
        by_param(None, null).outcome(ask("POST", &path()).user().json("{}")),
        "500 internal"
    );
}

#[test]
fn a_request_that_is_run_again_is_placed_again() {
    let world = by_param(None, member("owner").losing(2));
    let answer = world.ask(ask("POST", &path()).user().json(r#"{"name":"x"}"#));
    assert_eq!(answer.outcome(), r#"201 {"id":1}"#);
    let log = world.log();
    assert_eq!(log.iter().filter(|line| line.starts_with("guard")).count(), 3);
    let inserts: Vec<_> = log.iter().filter(|line| line.starts_with("insert")).collect();
    assert!(
        inserts.len() == 3 && inserts.iter().all(|line| *line == inserts[0]),
        "{log:?}"
    );
}

#[test]
fn what_the_guard_found_can_be_answered() {
    let mut frame = Frame::new(&["org"]);
    let answer = ["tenant.id", "tenant.role", "context.organization.name"]
        .map(|path| Shape::Program(frame.template(&format!("{{{{{path}}}}}"))));
    assert!(frame.sources.contains(&Source::Context(0)));
    let route = Route {
        auth: true,
        place: Place::One(Box::new(guard(Naming::Param(0), None))),
        answer: Answer::Template(Shape::List(answer.into())),
        ..route("GET", "/orgs/:org", frame)
    };
    let world = World::new(plan(vec![route]), member("owner"));
    assert_eq!(
        world.outcome(ask("GET", &path()).user()),
        format!(r#"200 ["{ORG}","owner","Acme"]"#)
    );
    assert_eq!(world.log().first().map(String::as_str), Some("read"));
}

#[test]
fn late_values_may_name_the_tenant_too() {
    let mut route = writes(Naming::Param(0), None);
    let mut frame = Frame::new(&["org"]);
    frame.sources.clone_from(&route.frame);
    let slot = frame.result("results.first.org");
    let named = BindValue::SameTenant(frame.template("{{results.first.org}}"));
    let mut first = step(Operation::Select, "first", vec![]);
    first.results.cells = vec![(0, ColumnType::Uuid, slot)];
    route.steps = vec![
        first,
        step(
            Operation::Insert,
            "insert",
            vec![late(bind("data.organization_id", named, ColumnType::Uuid))],
        ),
    ];
    route.frame = frame.sources;
    let with = |org: &str| {
        let store = member("owner").on("first", found(&[row("{}", &[org])]));
        let world = World::new(plan(vec![route.clone()]), store);
        (
            world.outcome(ask("POST", &path()).user().json("{}")),
            world.log().pop().unwrap_or_default(),
        )
    };
    assert_eq!(with(ORG), (r#"201 {"id":1}"#.to_owned(), "commit".to_owned()));
    assert_eq!(
        with(OTHER),
        ("403 wrong_tenant".to_owned(), "roll back".to_owned())
    );
    assert_eq!(
        with("NULL"),
        ("422 invalid_value".to_owned(), "roll back".to_owned())
    );
}
