//! Tests of routes, queries, rules and steps: one mistake each, its code and place.

use super::*;
use crate::document::{Filter, Method, Operation, StepAction};

/// A GET route with more keys.
fn route(more: &str) -> String {
    format!("{{\"path\": \"/a\", \"method\": \"get\", {more}}}")
}

/// A route with one query with more keys.
fn query(more: &str) -> String {
    route(&format!(
        "\"supabaseQueries\": [{{\"table\": \"t\", \"operation\": \"upsert\", {more}}}]"
    ))
}

/// A route whose body has one field with these rules.
fn rule(rules: &str) -> String {
    route(&format!("\"validation\": {{\"body\": {{\"f\": {{{rules}}}}}}}"))
}

/// A route with one step.
fn step(step: &str) -> String {
    route(&format!("\"workflow\": {{\"steps\": [{step}]}}"))
}

#[test]
fn all_mistakes_of_a_file_are_reported_at_once() {
    faulty(
        r#"{"path": 1, "methd": "get", "requireAuth": "true", "status": 99, "transform": {}}"#,
        &[
            ("E0202", "{"),
            ("E0203", "1"),
            ("E0201", "methd"),
            ("E0203", "\"true\""),
            ("E0211", "99"),
            ("E0201", "transform"),
        ],
    );
}

#[test]
fn keys_of_wider_products_are_said_to_be_unsupported() {
    let mut sources = SourceMap::default();
    let file = sources.add("x.json", route("\"integrations\": []"));
    let mut diagnostics = Diagnostics::default();
    read(&sources, &[(file, Role::Included)], &mut diagnostics);
    let fault = diagnostics.iter().next().unwrap();
    assert_eq!(fault.code.id, "E0201");
    assert!(fault.notes[0].contains("not supported"), "{fault:?}");
}

#[test]
fn words_are_known_or_the_nearest_is_taken() {
    let document = faulty(
        r#"{"path": "/a", "method": "psot", "supabaseQueries": [{"table": "t", "operation": "selct"}]}"#,
        &[("E0204", "psot"), ("E0204", "selct")],
    );
    assert_eq!(document.routes[0].method.value, Method::Post);
    let queries = document.routes[0].queries.as_ref().unwrap();
    assert_eq!(queries[0].operation.value, Operation::Select);
    faulty(&query("\"count\": \"all\""), &[("E0204", "all")]);
    faulty(&rule("\"type\": \"strng\""), &[("E0204", "strng")]);
    faulty(&rule("\"format\": \"e-mial\""), &[("E0204", "e-mial")]);
    faulty(
        &step(r#"{"id": "a", "type": "databse", "params": {"table": "t", "operation": "insert"}}"#),
        &[("E0204", "databse")],
    );
}

#[test]
fn conflict_targets_have_one_form() {
    let columns = |text: &str| {
        let document = included(&query(text));
        let queries = document.routes[0].queries.as_ref().unwrap();
        let columns = queries[0].on_conflict.as_ref().unwrap();
        let names: Vec<String> = columns.iter().map(|column| column.value.clone()).collect();
        (names, queries[0].ignore_duplicates.map(|flag| flag.value))
    };
    let both = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(columns(r#""onConflict": ["a", "b"]"#), (both.clone(), None));
    assert_eq!(columns(r#""onConflict": "a, b""#), (both.clone(), None));
    let options = r#""upsertOptions": {"onConflict": "a,b", "ignoreDuplicates": true}"#;
    assert_eq!(columns(options), (both.clone(), Some(true)));
    let apart = r#""onConflict": "a,b", "upsertOptions": {"ignoreDuplicates": true}"#;
    assert_eq!(columns(apart), (both, Some(true)));
    faulty(
        &query(r#""onConflict": "a", "upsertOptions": {"onConflict": "a"}"#),
        &[("E0214", "upsertOptions")],
    );
    faulty(&query(r#""onConflict": []"#), &[("E0211", "[")]);
    faulty(&query(r#""onConflict": " ,""#), &[("E0211", "\" ,\"")]);
    faulty(&query(r#""onConflict": [1]"#), &[("E0203", "1")]);
}

#[test]
fn the_columns_of_a_comma_list_have_their_own_places() {
    let mut sources = SourceMap::default();
    let file = sources.add("x.json", query(r#""onConflict": "\u0061 ,  bc""#));
    let mut diagnostics = Diagnostics::default();
    let document = read(&sources, &[(file, Role::Included)], &mut diagnostics);
    let queries = document.routes[0].queries.as_ref().unwrap();
    let columns = queries[0].on_conflict.as_ref().unwrap();
    let places: Vec<&str> = columns.iter().map(|column| sources.slice(column.span)).collect();
    assert_eq!(places, ["\\u0061", "bc"]);
}

#[test]
fn filters_test_or_group() {
    let document = included(&query(
        r#""filters": [{"or": [{"column": "a", "operator": "is", "value": null}, {"and":
            [{"column": "b", "operator": "eq", "value": 1, "not": true, "optional": false}]}]}]"#,
    ));
    let queries = document.routes[0].queries.as_ref().unwrap();
    let Filter::Or(members, _) = &queries[0].filters[0] else {
        panic!("no group");
    };
    assert!(matches!(&members[1], Filter::And(inner, _) if inner.len() == 1));
    faulty(
        &query(r#""filters": [{"column": "a", "operator": "is"}, {"or": []}, {"or": [], "x": 1}, 1]"#),
        &[
            ("E0202", "{"),
            ("E0211", "{"),
            ("E0211", "{"),
            ("E0201", "x"),
            ("E0203", "1"),
        ],
    );
}

#[test]
fn data_order_and_amounts_have_their_types() {
    included(&query(
        r#""data": [{"a": 1}], "limit": "{{query.n}}", "order": [{"column": "a"}]"#,
    ));
    included(&query(r#""data": "{{payload}}", "limit": 0, "order": "a.desc""#));
    faulty(&query("\"data\": [1]"), &[("E0203", "1")]);
    faulty(&query("\"data\": 1"), &[("E0203", "1")]);
    faulty(&query("\"limit\": -1"), &[("E0211", "-1")]);
    faulty(&query("\"limit\": 1.5"), &[("E0211", "1.5")]);
    faulty(
        &query("\"order\": 1, \"limit\": true"),
        &[("E0203", "1"), ("E0203", "true")],
    );
}

#[test]
fn rules_may_be_called_request_but_not_both() {
    assert!(
        included(&route("\"request\": {\"query\": {}}")).routes[0]
            .validation
            .query
            .is_some()
    );
    faulty(
        &route("\"validation\": {}, \"request\": {}"),
        &[("E0214", "request")],
    );
}

#[test]
fn rules_do_not_contradict_each_other() {
    for good in [
        r#""type": "string", "required": true, "default": "a", "enum": ["a", null], "nullable": true"#,
        r#""type": "number", "minimum": 1, "maximum": 1, "default": 1"#,
        r#""type": "integer", "default": 2.0"#,
        r#""type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}"#,
        r#""pattern": "^a", "minimum": 2"#,
        r#""type": "string", "nullable": true, "default": null"#,
    ] {
        included(&rule(good));
    }
    for (bad, place) in [
        (r#""type": "number", "minimum": 2, "maximum": 1"#, "2"),
        (r#""type": "string", "minLength": 2, "maxLength": 1"#, "2"),
        (r#""type": "array", "minItems": 2, "maxItems": 1"#, "2"),
        (r#""type": "number", "pattern": "^a""#, "pattern"),
        (r#""type": "string", "items": {}"#, "items"),
        (r#""type": "boolean", "default": "true""#, "\"true\""),
        (r#""type": "integer", "default": 1.5"#, "1.5"),
        (r#""type": "string", "default": null"#, "null"),
        (r#""type": "string", "enum": ["a", 1]"#, "1"),
        (r#""type": "string", "enum": ["a", "a"]"#, "\"a\""),
        (r#""enum": []"#, "[]"),
        (r#""enum": ["a"], "default": "b""#, "\"b\""),
        (r#""minimum": 3, "default": 1"#, "1"),
        (r#""maxLength": 3, "default": "long""#, "\"long\""),
        (r#""maxItems": 0, "default": [1]"#, "["),
    ] {
        faulty(&rule(bad), &[("E0210", place)]);
    }
    faulty(&rule("\"minLength\": -1"), &[("E0211", "-1")]);
    faulty(&rule("\"minimum\": \"1\""), &[("E0203", "\"1\"")]);
}

#[test]
fn settings_of_a_route_need_what_they_rest_on() {
    faulty(&route("\"rbac\": {\"roles\": [\"a\"]}"), &[("E0213", "rbac")]);
    faulty(
        &route("\"requireAuth\": true, \"rbac\": {\"roles\": []}"),
        &[("E0211", "[")],
    );
    faulty(&route("\"cache\": {\"ttl\": 0}"), &[("E0211", "0")]);
    faulty(
        r#"{"path": "/", "method": "post", "cache": {}}"#,
        &[("E0213", "cache")],
    );
    included(r#"{"path": "/", "method": "post", "cache": {"enabled": false}}"#);
    faulty(&route("\"crossTenant\": {\"reason\": \" \"}"), &[("E0211", "{")]);
    faulty(&route("\"crossTenant\": {}"), &[("E0202", "{")]);
    faulty(&route("\"crossTenant\": true"), &[("E0203", "true")]);
    faulty(&route("\"status\": 600"), &[("E0211", "600")]);
}

#[test]
fn steps_have_four_kinds_and_unique_ids() {
    let document = included(&route(
        r#""workflow": {"steps": [
            {"type": "refuse", "status": 402, "code": "c", "condition": "{{body.a}}"},
            {"lock": "{{body.a}}"},
            {"id": "i", "type": "integration", "integration": "p", "action": "a", "retry": {"attempts": 3, "backoff": "1s"}}
        ], "timeout": 100, "join": false}"#,
    ));
    let workflow = document.routes[0].workflow.as_ref().unwrap();
    assert_eq!(workflow.steps[0].id.value, "step 1");
    let StepAction::Refuse(said) = &workflow.steps[0].action else {
        panic!("no refusal");
    };
    assert!(said.status.value == 402 && said.code.is_some() && said.message.is_none());
    assert!(matches!(&workflow.steps[1].action, StepAction::Lock(text) if text.as_str() == "{{body.a}}"));
    assert!(!workflow.join);
    let call = r#"{"id": "i", "type": "integration", "integration": "p", "action": "a"}"#;
    faulty(&step(&format!("{call}, {call}")), &[("E0208", "i")]);
    faulty(&step(""), &[("E0212", "[")]);
    faulty(&step(r#"{"type": "refuse", "status": 200}"#), &[("E0211", "200")]);
    faulty(
        &step(r#"{"type": "integration", "integration": "p"}"#),
        &[("E0202", "{"), ("E0202", "{")],
    );
    faulty(
        &step(&call.replace('}', r#", "onError": "skip", "timeout": "1 s"}"#)),
        &[("E0204", "skip"), ("E0211", "\"1 s\"")],
    );
    faulty(
        &step(&call.replace('}', r#", "retry": {"attempts": 0}}"#)),
        &[("E0211", "0")],
    );
    faulty(
        &step(r#"{"lock": "a", "onError": "continue"}"#),
        &[("E0213", "onError")],
    );
    faulty(
        &step(r#"{"type": "refuse", "status": 409, "timeout": "1s"}"#),
        &[("E0213", "timeout")],
    );
}

#[test]
fn durations_are_milliseconds() {
    let document = included(&route(
        r#""workflow": {"steps": [
            {"id": "i", "type": "integration", "integration": "p", "action": "a", "retry": {"attempts": 3, "backoff": "2s"},
             "timeout": "1m"}
        ], "timeout": 100}"#,
    ));
    let workflow = document.routes[0].workflow.as_ref().unwrap();
    assert_eq!(workflow.timeout.as_ref().unwrap().value, 100);
    let step = &workflow.steps[0];
    let retry = step.retry.as_ref().unwrap();
    let backoff = retry.backoff.as_ref().unwrap().value;
    assert_eq!((backoff, step.timeout.as_ref().unwrap().value), (2000, 60_000));
}

#[test]
fn a_step_is_undone_by_a_call() {
    let with = |compensate: &str| {
        step(&format!(
            r#"{{"id": "i", "type": "integration", "integration": "p", "action": "a", "compensate": {compensate}}}"#
        ))
    };
    let document = included(&with(
        r#"{"integration": "p", "action": "undo", "params": {"id": "1"}}"#,
    ));
    let workflow = document.routes[0].workflow.as_ref().unwrap();
    let undo = workflow.steps[0].compensate.as_ref().unwrap();
    assert_eq!(
        (undo.provider.value.as_str(), undo.action.value.as_str()),
        ("p", "undo")
    );
    faulty(&with(r#"{"integration": "p"}"#), &[("E0202", "{")]);
    faulty(
        &with(r#"{"type": "database", "params": {}}"#),
        &[("E0204", "database")],
    );
}

#[test]
fn a_route_starts_a_workflow_by_its_name() {
    let short = included(&route(r#""workflow": "welcome""#));
    let run = short.routes[0].run.as_ref().unwrap();
    assert!(run.name.value == "welcome" && run.input.is_none());
    let long = included(&route(
        r#""workflow": {"run": "welcome", "input": {"a": "{{body.a}}"}}"#,
    ));
    assert!(long.routes[0].run.as_ref().unwrap().input.is_some() && long.routes[0].workflow.is_none());
    faulty(
        &route(r#""workflow": {"run": "a", "steps": []}"#),
        &[("E0201", "steps")],
    );
    faulty(&route(r#""workflow": """#), &[("E0211", "\"\"")]);
    faulty(
        &step(r#"{"id": "a", "params": {}, "foo": 1}"#),
        &[("E0202", "{"), ("E0201", "foo")],
    );
}
