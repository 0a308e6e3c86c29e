//! Whatever comes in, an answer goes out, and it is never our fault.

use crate::support::{FakeStore, Frame, World, ask, bind, field, plan, route, step};
use backflow_catalog::ColumnType;
use backflow_plan::model::{BindValue, BodyRule, Format, Input, Operation, Route, RuleKind};
use proptest::prelude::*;

const TYPES: [ColumnType; 12] = [
    ColumnType::Bool,
    ColumnType::Int2,
    ColumnType::Int8,
    ColumnType::Float4,
    ColumnType::Float8,
    ColumnType::Numeric(Some((6, 2))),
    ColumnType::Uuid,
    ColumnType::Date,
    ColumnType::Time,
    ColumnType::TimestampTz,
    ColumnType::Bytea,
    ColumnType::Jsonb,
];

const FORMATS: [Format; 9] = [
    Format::Email,
    Format::Uuid,
    Format::Date,
    Format::Time,
    Format::DateTime,
    Format::Uri,
    Format::Hostname,
    Format::Ipv4,
    Format::Ipv6,
];

/// `POST /a/:p` offers one of parameter, query and body to a column of one type.
fn world(ty: usize, from: usize) -> World {
    let mut frame = Frame::new(&["p"]);
    let program = frame.template(["{{params.p}}", "{{query.q}}", "{{body.x}}"][from]);
    let value = bind("data.x", BindValue::Optional(program), TYPES[ty].clone());
    let binds = vec![step(Operation::Insert, "insert", vec![value])];
    let input = Input {
        body: BodyRule::Any,
        ..Input::default()
    };
    let binding = Route {
        input,
        steps: binds,
        ..route("POST", "/a/:p", frame)
    };
    let mut rules = Route {
        ..route("POST", "/f", Frame::default())
    };
    let text = |format| RuleKind::Text {
        min: None,
        max: Some(9),
        format: Some(format),
        pattern: None,
    };
    rules.input.query = Some(FORMATS.map(|format| field("q", false, text(format))).into());
    World::new(plan(vec![binding, rules]), FakeStore::new())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn requests(ty in 0..TYPES.len(), from in 0..3usize, path in "\\PC{0,40}|/a/([a-z0-9%/.+-]|%[0-9a-fA-F]{2}){0,20}", query in "[ -~]{0,40}", body in "\\PC{0,40}") {
        let world = world(ty, from);
        let target = format!("{path}?{query}");
        let status = world.ask(ask("POST", &target).json(&body)).status();
        prop_assert!(status < 500, "{status}");
    }

    #[test]
    fn values(ty in 0..TYPES.len(), from in 0..3usize, text in "\\PC{0,30}|[0-9eE.+:TZ-]{0,30}|[0-9a-fA-F-]{36}", json in "[0-9eE.+-]{1,20}|\"[ -!#-\\[\\]-~]{0,20}\"") {
        let world = world(ty, from);
        let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for target in [format!("/a/{encoded}"), format!("/a/1?q={encoded}"), format!("/f?q={encoded}")] {
            let status = world.ask(ask("POST", &target).json(&format!("{{\"x\":{json}}}"))).status();
            prop_assert!(status < 500, "{status}");
        }
    }

    #[test]
    fn tokens(token in "[ -~]{0,60}|([A-Za-z0-9_-]{0,20}\\.){0,4}") {
        let status = world(0, 0).ask(ask("POST", "/f").header("authorization", &format!("Bearer {token}"))).status();
        prop_assert_eq!(status, 401);
    }
}
