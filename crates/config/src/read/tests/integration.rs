//! Tests of the reader of integrations.

use super::*;
use crate::document::{Auth, RepeatWord};

const ACTION: &str = r#""actions": {"x": {"method": "get", "path": "/x"}}"#;

fn integration(rest: &str) -> String {
    format!(r#"{{"name": "crm", "baseUrl": "https://a.example", {rest}}}"#)
}

#[test]
fn a_file_may_be_one_integration() {
    let document = included(&integration(
        r#""auth": {"type": "basic", "username": "a", "password": "{{env.P}}"},
            "headers": {"X-A": "b"}, "idempotencyHeader": "Key",
            "actions": {"add": {"method": "Post", "path": "/a/{{params.b}}", "query": {"c": 1, "d": "e"}, "form": "{{params}}",
                "params": {"b": {"type": "string", "required": true}, "f": {}}, "repeat": "harmless"}}"#,
    ));
    let read = &document.integrations[0];
    assert!(matches!(&read.auth, Some(Auth::Basic(name, _)) if name.as_str() == "a"));
    assert_eq!((read.name.value.as_str(), read.headers.len()), ("crm", 1));
    let action = &read.actions[0];
    assert_eq!(action.method.value, Method::Post);
    assert_eq!(action.repeat.as_ref().unwrap().value, RepeatWord::Harmless);
    let params = action.params.as_ref().unwrap();
    assert!(params[0].required && !params[1].required && params[1].ty.is_none());
    let listed = format!("{{\"customIntegrations\": [{}]}}", integration(ACTION));
    assert_eq!(included(&listed).integrations.len(), 1);
}

#[test]
fn what_cannot_be_read_is_reported() {
    faulty(
        &integration(&format!("{ACTION}, \"headres\": {{}}")),
        &[("E0201", "headres")],
    );
    faulty(
        r#"{"baseUrl": "https://a.example"}"#,
        &[("E0202", "{"), ("E0202", "{")],
    );
    faulty(&integration("\"actions\": {}"), &[("E0212", "{")]);
    faulty(&integration("\"actions\": []"), &[("E0203", "[")]);
    let auth = |auth: &str| integration(&format!("\"auth\": {auth}, {ACTION}"));
    faulty(&auth(r#"{"type": "bearr", "token": "t"}"#), &[("E0204", "bearr")]);
    faulty(
        &auth(r#"{"type": "oauth2", "token": "t"}"#),
        &[("E0204", "oauth2")],
    );
    faulty(&auth(r#"{"type": "query", "name": "n"}"#), &[("E0202", "{")]);
    faulty(
        &auth(r#"{"type": "bearer", "token": "t", "name": "n"}"#),
        &[("E0201", "name")],
    );
    let action = |rest: &str| {
        integration(&format!(
            r#""actions": {{"x": {{"method": "post", "path": "/x", {rest}}}}}"#
        ))
    };
    faulty(&action(r#""body": 1, "form": {}"#), &[("E0214", "form")]);
    faulty(&action(r#""query": {"a": []}"#), &[("E0203", "[")]);
    faulty(
        &action(r#""params": {"a": {"type": "text"}}"#),
        &[("E0204", "text")],
    );
    faulty(&action(r#""repeat": "never""#), &[("E0204", "never")]);
    let twice = integration(ACTION);
    let (_, faults) = read_all(&[(&twice, Role::Included), (&twice, Role::Included)]);
    assert_eq!(faults[0].0, "E0208");
}
