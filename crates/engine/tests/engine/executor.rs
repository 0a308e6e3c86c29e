//! Conditions, binds, results and answers.

use crate::support::{FakeStore, Frame, NOW, USER, World, ask, bind, found, plan, route, row, step};
use backflow_catalog::ColumnType;
use backflow_expr::Value;
use backflow_plan::model::{BindValue, BodyRule, Input, Operation, Route, Shape, Step};
use backflow_sql::ir::Datum;

pub(crate) fn post(frame: Frame, steps: Vec<Step>) -> Route {
    let input = Input {
        body: BodyRule::Any,
        ..Input::default()
    };
    Route {
        input,
        steps,
        ..route("POST", "/run/:p", frame)
    }
}

pub(crate) fn world(route: Route, store: FakeStore) -> World {
    World::new(plan(vec![route]), store)
}

pub(crate) fn frame() -> Frame {
    Frame::new(&["p"])
}

/// Runs one insert with one bind, and tells its parameter or the refusal.
pub(crate) fn bound(
    template: &str,
    make: fn(backflow_expr::Program) -> BindValue,
    ty: ColumnType,
    body: &str,
) -> String {
    let mut frame = frame();
    let bind = bind("data.x", make(frame.template(template)), ty);
    let world = world(
        post(frame, vec![step(Operation::Insert, "insert", vec![bind])]),
        FakeStore::new(),
    );
    let outcome = world.outcome(ask("POST", "/run/7?q=8").header("x-h", "9").user().json(body));
    let log = world.log();
    match log.iter().find(|line| line.starts_with("insert")) {
        Some(line) => line.clone(),
        None => {
            assert!(log.is_empty(), "{log:?}");
            outcome
        }
    }
}

#[test]
fn values_get_the_type_of_their_column() {
    let needed = |template: &str, ty: ColumnType| {
        bound(
            template,
            BindValue::Needed,
            ty,
            r#"{"t":"5","n":5,"f":0.5,"z":null}"#,
        )
    };
    for (template, ty, expected) in [
        ("{{params.p}}", ColumnType::Int4, "insert(7)"),
        ("{{query.q}}", ColumnType::Int4, "insert(8)"),
        ("{{headers.x-h}}", ColumnType::Int4, "insert(9)"),
        ("{{params.p}}", ColumnType::Text, "insert('7')"),
        ("{{body.n}}", ColumnType::Int4, "insert(5)"),
        ("{{body.t}}", ColumnType::Int4, "422 invalid_value"),
        ("{{body.n}}", ColumnType::Text, "422 invalid_value"),
        ("{{body.f}}", ColumnType::Int4, "422 invalid_value"),
        ("{{body.z}}", ColumnType::Int4, "insert(NULL)"),
        ("{{body.none}}", ColumnType::Int4, "422 undefined_value"),
        ("{{query.none}}", ColumnType::Text, "422 undefined_value"),
        ("a {{body.none}}", ColumnType::Text, "422 undefined_value"),
        ("a {{body.z}}", ColumnType::Text, "422 invalid_value"),
        ("{{body.n + body.t}}", ColumnType::Int4, "422 invalid_value"),
        (
            "{{body}}",
            ColumnType::Jsonb,
            "insert('{\"f\": 0.5, \"n\": 5, \"t\": \"5\", \"z\": null}')",
        ),
        (
            "{{auth.sub}}",
            ColumnType::Uuid,
            "insert('00000000-0000-4000-8000-00000000aaaa')",
        ),
        (
            "{{now()}}",
            ColumnType::TimestampTz,
            "insert('2026-11-23T18:10:15.123456+00:00')",
        ),
        (
            "{{uuid()}}",
            ColumnType::Uuid,
            "insert('00000000-0000-4000-8000-000000000000')",
        ),
    ] {
        assert_eq!(needed(template, ty), expected, "{template}");
    }
}

#[test]
fn refusals_of_values_name_the_path_and_keep_the_value() {
    let mut frame = frame();
    let value = BindValue::Needed(frame.template("{{body.secret}}"));
    let insert = step(
        Operation::Insert,
        "insert",
        vec![bind("data.slug", value, ColumnType::Uuid)],
    );
    let world = world(post(frame, vec![insert]), FakeStore::new());
    let missing = world.ask(ask("POST", "/run/1").json("{}"));
    assert_eq!(
        (missing.outcome().as_str(), missing.details().as_str()),
        ("422 undefined_value", "data.slug undefined_value")
    );
    let misfit = world.ask(ask("POST", "/run/1").json(r#"{"secret":"hunter2"}"#));
    assert_eq!(misfit.details(), "data.slug invalid_value");
    assert_eq!(
        misfit.value().member("message").as_text(),
        Some("data.slug must be a uuid")
    );
    assert!(!misfit.text().contains("hunter2"));
}

#[test]
fn lists_counts_secrets_documents() {
    let list = |body: &str| bound("{{body.l}}", BindValue::List, ColumnType::Int4, body);
    assert_eq!(list(r#"{"l":[1,2.0]}"#), "insert('[1,2]')");
    assert_eq!(list(r#"{"l":[]}"#), "insert('[]')");
    assert_eq!(list(r#"{"l":[1,"2"]}"#), "422 invalid_value");
    assert_eq!(list(r#"{"l":1}"#), "422 invalid_value");
    assert_eq!(list(r#"{"l":null}"#), "422 invalid_value");
    assert_eq!(list("{}"), "422 undefined_value");
    let count = |template: &str, body: &str| bound(template, BindValue::Count, ColumnType::Int8, body);
    assert_eq!(count("{{query.q}}", "{}"), "insert(8)");
    assert_eq!(count("{{body.n}}", r#"{"n":0}"#), "insert(0)");
    assert_eq!(count("{{body.n}}", r#"{"n":-1}"#), "422 invalid_value");
    assert_eq!(count("{{body.n}}", r#"{"n":"1"}"#), "422 invalid_value");
    assert_eq!(count("{{body.n}}", r#"{"n":null}"#), "422 invalid_value");
    assert_eq!(count("{{body.n}}", "{}"), "422 undefined_value");
    let secret = |body: &str| bound("{{body.token}}", BindValue::Secret, ColumnType::Text, body);
    assert_eq!(secret(r#"{"token":"abc"}"#), "insert('abc')");
    assert_eq!(secret(r#"{"token":""}"#), "404 not_found");
    assert_eq!(secret(r#"{"token":null}"#), "404 not_found");
    assert_eq!(secret(r#"{"token":7}"#), "422 invalid_value");
    assert_eq!(secret(r#"{"token":["abc"]}"#), "422 invalid_value");
    assert_eq!(secret("{}"), "422 undefined_value");
    let document = |program| {
        BindValue::Document(Shape::Object(vec![
            ("bb".to_owned(), Shape::Program(program)),
            ("a".to_owned(), Shape::List(vec![Shape::Constant(Value::Null)])),
        ]))
    };
    assert_eq!(
        bound("{{body.x}}", document, ColumnType::Jsonb, r#"{"x":1}"#),
        "insert('{\"a\": [null], \"bb\": 1}')"
    );
    assert_eq!(
        bound("{{body.x}}", document, ColumnType::Jsonb, "{}"),
        "insert('{\"a\": [null]}')"
    );
}

#[test]
fn the_caller_the_instant_and_constants() {
    let binds = || {
        vec![
            bind("user", BindValue::Caller, ColumnType::Uuid),
            bind("now", BindValue::Now, ColumnType::Date),
            bind("c", BindValue::Constant(Datum::Int(3)), ColumnType::Int4),
        ]
    };
    let world = world(
        post(frame(), vec![step(Operation::Insert, "insert", binds())]),
        FakeStore::new(),
    );
    world.ask(ask("POST", "/run/1").user());
    assert_eq!(world.log()[1], format!("insert('{USER}', '2026-11-23', 3)"));
    assert_eq!(world.outcome(ask("POST", "/run/1")), "422 undefined_value");
    let claims = format!(r#"{{"sub":"ann","exp":{}}}"#, NOW + 9);
    assert_eq!(
        world.outcome(ask("POST", "/run/1").claims(&claims)),
        "422 invalid_value"
    );
}

/// An update of `a` and `b`, both optional.
fn update() -> Route {
    let mut frame = frame();
    let a = BindValue::Optional(frame.template("{{body.a}}"));
    let b = BindValue::Optional(frame.template("{{body.b}}"));
    let binds = vec![
        bind("data.a", a, ColumnType::Int4),
        bind("a given", BindValue::Given(0), ColumnType::Bool),
        bind("data.b", b, ColumnType::Text),
        bind("b given", BindValue::Given(2), ColumnType::Bool),
    ];
    let update = Step {
        any_given: vec![1, 3],
        ..step(Operation::Update, "update", binds)
    };
    post(frame, vec![update])
}

#[test]
fn what_is_absent_is_left_alone() {
    let world = world(update(), FakeStore::new().on("update", found(&[row("{}", &[])])));
    let send = |body: &str| {
        let outcome = world.outcome(ask("POST", "/run/1").json(body));
        world.log().get(1).cloned().unwrap_or(outcome)
    };
    assert_eq!(send(r#"{"a":1}"#), "update(1, true, NULL, false)");
    assert_eq!(send(r#"{"b":null}"#), "update(NULL, false, NULL, true)");
    assert_eq!(send("{}"), "422 nothing_to_update");
    assert_eq!(send(r#"{"c":1}"#), "422 nothing_to_update");
}

#[test]
fn a_step_that_is_skipped_early_is_not_judged() {
    let mut frame = frame();
    let skipped = Step {
        condition: Some(frame.condition("{{body.go}} === true")),
        ..step(
            Operation::Insert,
            "insert",
            vec![bind(
                "data.x",
                BindValue::Needed(frame.template("{{body.x}}")),
                ColumnType::Int4,
            )],
        )
    };
    let world = world(
        post(frame, vec![skipped]),
        FakeStore::new().on("insert", found(&[row("{}", &[])])),
    );
    assert_eq!(world.outcome(ask("POST", "/run/1").json("{}")), "200 null");
    assert_eq!(
        world.outcome(ask("POST", "/run/1").json(r#"{"go":true}"#)),
        "422 undefined_value"
    );
    assert_eq!(
        world.outcome(ask("POST", "/run/1").json(r#"{"go":true,"x":1}"#)),
        "201 {}"
    );
}

#[test]
fn everything_early_is_judged_before_the_first_statement() {
    let mut frame = frame();
    let bad = bind(
        "data.x",
        BindValue::Needed(frame.template("{{body.x}}")),
        ColumnType::Int4,
    );
    let slot = frame.result("results.first.id");
    let mut first = step(Operation::Insert, "first", vec![]);
    first.results.cells = vec![(0, ColumnType::Int4, slot)];
    let second = Step {
        condition: Some(frame.condition("{{results.first.id}}")),
        condition_late: true,
        ..step(Operation::Insert, "second", vec![bad])
    };
    let world = world(post(frame, vec![first, second]), FakeStore::new());
    assert_eq!(
        world.outcome(ask("POST", "/run/1").json(r#"{"x":"no"}"#)),
        "422 invalid_value"
    );
    assert_eq!(world.log(), [""; 0]);
}
