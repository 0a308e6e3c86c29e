//! Bodies, query strings, parameters and their rules.

use crate::support::{FakeStore, Frame, World, ask, field, plan, route, rule};
use backflow_engine::BodyError;
use backflow_expr::{Number, Value};
use backflow_plan::model::{Answer, BodyRule, Field, Format, Input, Route, Rule, RuleKind, Shape};

const ANY_TEXT: RuleKind = RuleKind::Text {
    min: None,
    max: None,
    format: None,
    pattern: None,
};
const NUMBER: RuleKind = RuleKind::Number {
    whole: false,
    min: None,
    max: None,
};
const WHOLE: RuleKind = RuleKind::Number {
    whole: true,
    min: None,
    max: None,
};

fn list(items: RuleKind) -> RuleKind {
    RuleKind::List {
        min: None,
        max: Some(2),
        items: Some(Box::new(rule(items))),
    }
}

/// `POST /echo/:id` answers body, query and parameter as expressions see them.
fn world(input: Input) -> World {
    let mut frame = Frame::new(&["id"]);
    let shapes = ["body", "query", "params.id"].map(|path| {
        (
            path.to_owned(),
            Shape::Program(frame.template(&format!("{{{{{path}}}}}"))),
        )
    });
    let answer = Answer::Template(Shape::Object(shapes.into()));
    World::new(
        plan(vec![Route {
            input,
            answer,
            ..route("POST", "/echo/:id", frame)
        }]),
        FakeStore::new(),
    )
}

fn body(rules: Vec<Field>) -> Input {
    Input {
        body: BodyRule::Fields(rules),
        ..Input::default()
    }
}

fn send(world: &World, json: &str) -> String {
    let answer = world.ask(ask("POST", "/echo/1").json(json));
    if answer.status() == 400 && answer.value().member("code").as_text() == Some("validation_failed") {
        assert_eq!(answer.value().member("error").as_text(), Some("Bad Request"));
        assert_eq!(
            answer.value().member("message").as_text(),
            Some("Validation failed")
        );
        return answer.details();
    }
    answer.value().member("body").to_json()
}

#[test]
fn all_failures_are_told_at_once() {
    let world = world(Input {
        params: vec![field(
            "id",
            true,
            RuleKind::Text {
                min: None,
                max: None,
                format: Some(Format::Uuid),
                pattern: None,
            },
        )],
        query: Some(vec![field("page", true, WHOLE)]),
        body: BodyRule::Fields(vec![
            field(
                "email",
                true,
                RuleKind::Text {
                    min: None,
                    max: Some(5),
                    format: Some(Format::Email),
                    pattern: None,
                },
            ),
            field("name", true, ANY_TEXT),
            field("tags", false, list(ANY_TEXT)),
        ]),
    });
    let answer = world.ask(ask("POST", "/echo/7?page=x").json(r#"{"email":"nobody","tags":[1,"a",null]}"#));
    assert_eq!(answer.outcome(), "400 validation_failed");
    assert_eq!(
        answer.details(),
        "params.id format; query.page type; body.email max_length; body.email format; body.name required; \
         body.tags max_items; body.tags[0] type; body.tags[2] type"
    );
    let first = answer.value().member("details").index(0);
    assert_eq!(first.member("message").as_text(), Some("must be a uuid"));
}

#[test]
fn what_is_not_declared_is_dropped_and_defaults_fill_in() {
    let quantity = Field {
        default: Some(Value::int(1)),
        ..field("quantity", false, NUMBER)
    };
    let inner = RuleKind::Object(Some(vec![
        field("x", true, ANY_TEXT),
        field("y", false, ANY_TEXT),
    ]));
    let rules = vec![
        quantity,
        field("inner", false, inner),
        field("free", false, RuleKind::Object(None)),
    ];
    let world = world(body(rules));
    assert_eq!(send(&world, r#"{"z":1}"#), r#"{"quantity":1}"#);
    assert_eq!(send(&world, r#"{"quantity":2.50}"#), r#"{"quantity":2.50}"#);
    assert_eq!(
        send(&world, r#"{"inner":{"z":1,"x":"a"}}"#),
        r#"{"quantity":1,"inner":{"x":"a"}}"#
    );
    assert_eq!(
        send(&world, r#"{"free":{"z":[]}}"#),
        r#"{"quantity":1,"free":{"z":[]}}"#
    );
    assert_eq!(
        send(&world, r#"{"inner":{"y":1}}"#),
        "body.inner.x required; body.inner.y type"
    );
    assert_eq!(send(&world, r#"{"inner":[]}"#), "body.inner type");
}

#[test]
fn null_is_not_absent() {
    let nullable = Field {
        rule: Rule {
            nullable: true,
            ..rule(ANY_TEXT)
        },
        ..field("maybe", true, ANY_TEXT)
    };
    let defaulted = Field {
        default: Some(Value::from("d")),
        ..field("other", false, ANY_TEXT)
    };
    let world = world(body(vec![nullable, defaulted]));
    assert_eq!(send(&world, r#"{"maybe":null}"#), r#"{"maybe":null,"other":"d"}"#);
    assert_eq!(send(&world, r#"{"maybe":"x","other":null}"#), "body.other type");
    assert_eq!(send(&world, "{}"), "body.maybe required");
}

#[test]
fn bounds_choices_and_patterns() {
    let short = RuleKind::Text {
        min: Some(2),
        max: Some(3),
        format: None,
        pattern: Frame::regex("^[a-zä]+$"),
    };
    let range = RuleKind::Number {
        whole: true,
        min: Number::parse("1"),
        max: Number::parse("10"),
    };
    let choice = |values: Vec<Value>, kind| Field {
        rule: Rule {
            choices: Some(values),
            ..rule(kind)
        },
        ..field("c", false, NUMBER)
    };
    let world = world(body(vec![
        field("s", false, short),
        field("n", false, range),
        choice(vec![1.into(), 2.into()], NUMBER),
        field("b", false, RuleKind::Bool),
        field(
            "l",
            false,
            RuleKind::List {
                min: Some(1),
                max: None,
                items: None,
            },
        ),
    ]));
    for (json, expected) in [
        (
            r#"{"s":"äb","n":10,"c":1.0,"b":false,"l":[null]}"#,
            r#"{"s":"äb","n":10,"c":1.0,"b":false,"l":[null]}"#,
        ),
        (r#"{"s":"a"}"#, "body.s min_length"),
        (r#"{"s":"abcd"}"#, "body.s max_length"),
        (r#"{"s":"AB"}"#, "body.s pattern"),
        (r#"{"s":"ab\n"}"#, "body.s pattern"),
        (r#"{"s":7}"#, "body.s type"),
        (r#"{"n":0}"#, "body.n minimum"),
        (r#"{"n":11}"#, "body.n maximum"),
        (r#"{"n":1.5}"#, "body.n type"),
        (r#"{"n":2.0}"#, r#"{"n":2.0}"#),
        (r#"{"n":1e30}"#, "body.n maximum"),
        (r#"{"n":"5"}"#, "body.n type"),
        (r#"{"n":true}"#, "body.n type"),
        (r#"{"c":3}"#, "body.c enum"),
        (r#"{"c":"1"}"#, "body.c type"),
        (r#"{"b":"true"}"#, "body.b type"),
        (r#"{"b":0}"#, "body.b type"),
        (r#"{"l":[]}"#, "body.l min_items"),
        (r#"{"l":{}}"#, "body.l type"),
    ] {
        assert_eq!(send(&world, json), expected, "{json}");
    }
}

#[test]
fn texts_of_the_url_become_what_the_rule_says() {
    let world = world(Input {
        params: vec![field("id", true, WHOLE)],
        query: Some(vec![
            field("flag", false, RuleKind::Bool),
            field("n", false, NUMBER),
            field("ids", false, list(WHOLE)),
            field("s", false, ANY_TEXT),
        ]),
        body: BodyRule::Unread,
    });
    let send = |target: &str| {
        let answer = world.ask(ask("POST", target));
        if answer.status() == 200 {
            answer.text()
        } else {
            answer.details()
        }
    };
    assert_eq!(
        send("/echo/07?flag=true&n=1.50&ids=1&ids=2&s=7&x=1&s=8"),
        "params.id type"
    );
    assert_eq!(
        send("/echo/7?flag=true&n=1.50&ids=1&ids=2&s=7&x=1&s=8"),
        r#"{"query":{"flag":true,"n":1.50,"ids":[1,2],"s":"7"},"params.id":7}"#
    );
    assert_eq!(send("/echo/7?ids=1"), r#"{"query":{"ids":[1]},"params.id":7}"#);
    assert_eq!(
        send("/echo/x?flag=1&n=&ids=a&ids=1.5"),
        "params.id type; query.flag type; query.n type; query.ids[0] type; query.ids[1] type"
    );
    assert_eq!(world.outcome(ask("POST", "/echo/7?s=%ff")), "400 bad_query");
}

#[test]
fn without_rules_values_are_taken_as_they_come() {
    let world = world(Input {
        body: BodyRule::Any,
        ..Input::default()
    });
    assert_eq!(
        world.outcome(ask("POST", "/echo/x?a=1&a=2")),
        r#"200 {"query":{"a":"1"},"params.id":"x"}"#
    );
    assert_eq!(
        send(&world, r#"{"a":{"b":[1.0,null]}}"#),
        r#"{"a":{"b":[1.0,null]}}"#
    );
    for body in ["[]", "1", "null", "\"a\""] {
        assert_eq!(send(&world, body), "body type", "{body}");
    }
}

#[test]
fn bodies_that_are_not_json() {
    let world = world(Input {
        body: BodyRule::Any,
        ..Input::default()
    });
    let typed = |content_type: &str| {
        world.outcome(
            ask("POST", "/echo/1")
                .header("content-type", content_type)
                .body("{}"),
        )
    };
    for good in [
        "application/json",
        "Application/JSON; charset=UTF-8",
        "application/json;charset=\"utf-8\"",
        "application/vnd.api+json",
        "application/json; profile=x",
    ] {
        assert!(typed(good).starts_with("200"), "{good}");
    }
    for bad in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/+json",
        "application/jsonx",
        "",
        "application/json; charset=latin1",
        "json",
    ] {
        assert_eq!(typed(bad), "415 unsupported_media_type", "{bad}");
    }
    assert_eq!(
        world.outcome(ask("POST", "/echo/1").body("{}")),
        "415 unsupported_media_type"
    );
    let two = ask("POST", "/echo/1")
        .json("{}")
        .header("content-type", "text/plain");
    assert_eq!(world.outcome(two), "415 unsupported_media_type");
    assert!(
        world
            .outcome(ask("POST", "/echo/1").header("content-type", "text/plain"))
            .starts_with("200")
    );
    let json = |body: &str| world.outcome(ask("POST", "/echo/1").json(body));
    assert_eq!(json("{"), "400 invalid_json");
    assert_eq!(json("{} {}"), "400 invalid_json");
    assert_eq!(json("{\"a\":\"\\u0000\"}"), "400 nul_character");
    let deep = |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
    assert!(json(&deep(64)).starts_with("200"));
    assert_eq!(json(&deep(65)), "400 json_too_deep");
    let large = |size: usize| json(&format!("{{\"a\":\"{}\"}}", "x".repeat(size - 8)));
    assert!(large(1024 * 1024).starts_with("200"));
    assert_eq!(large(1024 * 1024 + 1), "413 payload_too_large");
    assert_eq!(
        world.outcome(ask("POST", "/echo/1").broken(BodyError::Broken)),
        "400 broken_body"
    );
    assert_eq!(
        world.outcome(ask("POST", "/echo/1").broken(BodyError::TimedOut)),
        "408 body_timeout"
    );
}

#[test]
fn a_body_that_nobody_reads_is_not_looked_at() {
    let world = world(Input::default());
    assert!(
        world
            .outcome(ask("POST", "/echo/1").body("{{{"))
            .starts_with("200")
    );
    assert!(
        world
            .outcome(ask("POST", "/echo/1").broken(BodyError::TooLarge))
            .starts_with("200")
    );
}

#[test]
fn an_absent_body_fails_what_is_required() {
    let world = world(body(vec![field("name", true, ANY_TEXT)]));
    assert_eq!(world.ask(ask("POST", "/echo/1")).details(), "body.name required");
    let long = format!(
        "{{{}}}",
        (0..200)
            .map(|at| format!("\"k{at}\":1"))
            .collect::<Vec<_>>()
            .join(",")
    );
    assert_eq!(send(&world, &long), "body.name required");
}
