//! Tests of the readers, through whole files: forms of files, webhooks, settings.

mod integration;
mod route;
mod webhook;

use super::*;
use crate::document::{Method, Operation, StepAction, Tenancy};

fn read_as(text: &str, role: Role) -> (Document, Vec<(String, String)>) {
    read_all(&[(text, role)])
}

fn read_all(texts: &[(&str, Role)]) -> (Document, Vec<(String, String)>) {
    let mut sources = SourceMap::default();
    let files: Vec<(FileId, Role)> = texts
        .iter()
        .map(|(text, role)| (sources.add("x.json", *text), *role))
        .collect();
    let mut diagnostics = Diagnostics::default();
    let document = read(&sources, &files, &mut diagnostics);
    let faults = diagnostics
        .iter()
        .map(|d| {
            let place = d.span().map_or("", |span| sources.slice(span));
            (d.code.id.to_owned(), place.to_owned())
        })
        .collect();
    (document, faults)
}

fn included(text: &str) -> Document {
    let (document, faults) = read_as(text, Role::Included);
    assert_eq!(faults, [], "{text}");
    document
}

#[track_caller]
fn faulty(text: &str, expected: &[(&str, &str)]) -> Document {
    let (document, faults) = read_as(text, Role::Included);
    let faults: Vec<(&str, &str)> = faults.iter().map(|(c, p)| (c.as_str(), p.as_str())).collect();
    assert_eq!(faults, expected, "{text}");
    document
}

#[test]
fn files_hold_keys_a_route_a_list_of_routes_or_a_workflow() {
    let a = r#"{"path": "/a", "method": "GET", "cache": {"ttl": 5}}"#;
    assert_eq!(included(a).routes[0].method.value, Method::Get);
    assert_eq!(included(&format!("[{a}, {a}]")).routes.len(), 2);
    assert_eq!(
        included(&format!("{{\"$schema\": \"x\", \"routes\": [{a}]}}"))
            .routes
            .len(),
        1
    );
    let workflow = r#"{"id": "w", "steps": [{"type": "lock", "lock": "{{input.a}}"}]}"#;
    assert_eq!(included(workflow).workflows[0].name.as_ref().unwrap().value, "w");
    faulty("{}", &[("E0104", "{}")]);
    faulty("[]", &[("E0104", "[]")]);
    faulty("3", &[("E0104", "3")]);
    faulty("{\"rotues\": []}", &[("E0201", "rotues")]);
    faulty("{\"routes\": [], \"path\": \"/a\"}", &[("E0201", "path")]);
    let (_, faults) = read_as("[]", Role::Project);
    assert_eq!(faults[0].0, "E0203");
    let (document, faults) = read_as(a, Role::Project);
    assert!(document.routes.is_empty() && faults.len() == 2, "{faults:?}");
}

#[test]
fn a_webhook_outside_of_its_list_is_named_and_still_read() {
    let text = r#"{"name": "n", "path": "/h", "provider": "strip", "secret": "s", "actions": []}"#;
    let (document, faults) = read_as(text, Role::Included);
    let codes: Vec<&str> = faults.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["E0202", "E0204"]);
    assert_eq!(document.webhooks[0].provider.value, "stripe");
}

#[test]
fn both_forms_of_an_action_become_a_workflow() {
    let hook = |action: &str| {
        format!(
            r#"{{"webhooks": [{{"name": "n", "path": "/h", "provider": "stripe",
                "secret": ["{{{{env.A}}}}", "b"], "actions": [{action}]}}]}}"#
        )
    };
    let document = included(&hook(
        r#"{"condition": "{{payload.a}}", "type": "database", "action": "insert",
            "params": {"table": "t", "data": "{{payload}}"}}"#,
    ));
    let webhook = &document.webhooks[0];
    assert_eq!(webhook.secrets.len(), 2);
    let step = &webhook.actions[0].workflow.steps[0];
    assert!(webhook.actions[0].condition.is_some() && step.condition.is_none());
    assert!(
        matches!(&step.action, StepAction::Database(query) if query.operation.value == Operation::Insert)
    );
    let document = included(&hook(
        r#"{"type": "slack", "action": "sendMessage", "params": {"text": "x"}}"#,
    ));
    let step = &document.webhooks[0].actions[0].workflow.steps[0];
    assert!(matches!(&step.action, StepAction::Integration(ask) if ask.provider.value == "slack"));
    faulty(
        &hook(r#"{"type": "database", "params": {"table": "t"}}"#),
        &[("E0202", "{")],
    );
    faulty(&hook("{}"), &[("E0202", "{")]);
    faulty(
        &hook(r#"{"workflow": {"steps": [{"lock": "a"}]}, "type": "slack"}"#),
        &[("E0214", "type")],
    );
}

#[test]
fn settings_are_read() {
    let (document, faults) = read_as(
        r#"{
            "include": ["routes/*.json"], "database": {"url": "{{env.DATABASE_URL}}"}, "sqlite": {"dbPath": "a.db"},
            "jwt": {"secret": "{{env.S}}", "algorithms": ["HS256"]},
            "tenancy": {"table": "orgs", "members": {"table": "m", "role": "r"}, "params": ["orgId"],
                "capabilities": {"invites": "token", "links": ["a", "b"]}, "tables": {"plans": false, "x": "org"}},
            "relationships": [{"table": "a", "column": "b", "references": "c.d"}],
            "constants": {"x": 1}, "publicEnv": ["APP_URL"], "secretColumns": {"t": ["c"]},
            "credentials": {"stripe": {"secretKey": "{{env.K}}"}}, "rateLimit": {"default": {"windowMs": 1, "max": 2}},
            "cache": {"enabled": true, "ttl": 3}, "cors": {"origins": ["https://a"]}, "routeAliases": {"o": "/v1/o"}
        }"#,
        Role::Project,
    );
    assert_eq!(faults, []);
    let project = &document.project;
    let Some(Tenancy::Declared(tenancy)) = &project.tenancy else {
        panic!("no tenancy");
    };
    assert_eq!(tenancy.capabilities[1].1.len(), 2);
    assert!(tenancy.tables[0].1.is_none() && tenancy.tables[1].1.is_some());
    assert_eq!(project.relationships[0].to_column.value, "d");
    assert_eq!(project.database.sqlite_path.as_ref().unwrap().value, "a.db");
    assert_eq!(document.aliases[0].path.as_str(), "/v1/o");
    let (document, _) = read_as("{\"tenancy\": false}", Role::Project);
    assert!(matches!(document.project.tenancy, Some(Tenancy::Off(_))));
}

#[test]
fn wrong_settings_are_refused() {
    for (text, code, place) in [
        ("{\"tenancy\": true}", "E0203", "true"),
        ("{\"tenancy\": {\"tables\": {\"a\": true}}}", "E0203", "true"),
        ("{\"jwt\": {\"algorithms\": [\"RS256\"]}}", "E0204", "RS256"),
        (
            "{\"relationships\": [{\"table\": \"a\", \"column\": \"b\", \"references\": \"c\"}]}",
            "E0211",
            "c",
        ),
        (
            "{\"sqlite\": {\"path\": \"a\", \"dbPath\": \"b\"}}",
            "E0214",
            "dbPath",
        ),
        (
            "{\"database\": {\"url\": \"a\"}, \"supabase\": {\"dbUrl\": \"b\"}}",
            "E0214",
            "supabase",
        ),
        ("{\"credentials\": {\"stripe\": \"key\"}}", "E0203", "\"key\""),
        ("{\"publicEnv\": \"A\"}", "E0203", "\"A\""),
        (
            "{\"rateLimit\": {\"perEndpoint\": {\"/a\": {\"max\": 0}}}}",
            "E0211",
            "0",
        ),
        (
            "{\"rateLimit\": {\"default\": {\"max\": 1}, \"max\": 2}}",
            "E0214",
            "max",
        ),
        ("{\"rateLimit\": {\"by\": \"ip\"}}", "E0204", "ip"),
        ("{\"rateLimit\": {\"perEndpoint\": []}}", "E0203", "["),
        (
            "{\"rateLimit\": {\"default\": {\"default\": {}}}}",
            "E0201",
            "default",
        ),
        (
            "{\"rateLimit\": {\"skipSuccessfulRequests\": true, \"skipFailedRequests\": true}}",
            "E0213",
            "skipFailedRequests",
        ),
        ("{\"server\": {\"trustedProxies\": 99}}", "E0211", "99"),
        (
            "{\"server\": {\"trustedProxies\": [\"10.0.0.0/33\"]}}",
            "E0211",
            "10.0.0.0/33",
        ),
        ("{\"server\": {\"trustedProxies\": \"1\"}}", "E0203", "\"1\""),
        ("{\"server\": {\"trustProxy\": 1}}", "E0201", "trustProxy"),
        ("{\"sqlite\": {\"path\": \"\"}}", "E0211", "\"\""),
        ("{\"include\": 3}", "E0203", "3"),
    ] {
        let (_, faults) = read_as(text, Role::Project);
        assert_eq!(faults, [(code.to_owned(), place.to_owned())], "{text}");
    }
}

#[test]
fn files_are_merged_and_names_and_settings_stand_once() {
    let one = r#"{"jwt": {"issuer": "a"}, "routeAliases": {"o": "/a"}, "publicEnv": ["A"]}"#;
    let two = r#"{"jwt": {"issuer": "b"}, "routeAliases": {"o": "/b"}, "publicEnv": ["B"]}"#;
    let broken = "{";
    let (document, faults) = read_all(&[
        (one, Role::Project),
        (broken, Role::Included),
        (two, Role::Included),
    ]);
    let codes: Vec<&str> = faults.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["E0101", "E0208", "E0208"]);
    assert_eq!(document.project.public_env.len(), 2);
}

#[test]
fn limits_are_read_in_all_their_forms() {
    let limits = |text: &str| {
        let (document, faults) = read_as(&format!("{{\"rateLimit\": {text}}}"), Role::Project);
        assert_eq!(faults, [], "{text}");
        document.project.rate_limit.unwrap()
    };
    let most = |limit: &crate::document::RateLimit| limit.max.as_ref().map(|max| max.value);
    let own = limits(r#"{"max": 5, "perEndpoint": {"/a": {"max": 2}}}"#);
    assert_eq!(own.default.as_ref().and_then(most), Some(5));
    let (path, limit) = &own.per_endpoint[0];
    assert_eq!((path.as_str(), most(limit), limit.enabled), ("/a", Some(2), true));
    assert_eq!(
        limits(r#"{"default": {"max": 5}}"#)
            .default
            .as_ref()
            .and_then(most),
        Some(5)
    );
    assert!(
        limits("{}").default.is_some(),
        "an object without members means its defaults"
    );
    assert!(
        limits(r#"{"enabled": true, "perEndpoint": {}}"#)
            .default
            .is_none()
    );
    let off = limits(r#"{"enabled": false, "default": {"enabled": false}}"#);
    assert!(!off.enabled && off.default.is_some_and(|limit| !limit.enabled));
    let (document, faults) = read_as(
        r#"{"path": "/a", "method": "get", "rateLimit": {"by": "tenant", "statusCode": 503}}"#,
        Role::Included,
    );
    assert_eq!(faults, []);
    let limit = document.routes[0].rate_limit.as_ref().unwrap();
    assert_eq!(limit.by.as_ref().unwrap().value, crate::document::CountBy::Tenant);
    assert_eq!(limit.status_code.as_ref().unwrap().value, 503);
}

#[test]
fn proxies_are_counted_or_named() {
    use crate::document::Proxies;
    let proxies = |text: &str| {
        let (document, faults) = read_as(&format!("{{\"server\": {text}}}"), Role::Project);
        assert_eq!(faults, [], "{text}");
        document.project.proxies
    };
    assert_eq!(proxies("{}"), Proxies::None);
    assert_eq!(proxies(r#"{"trustedProxies": 0}"#), Proxies::None);
    assert_eq!(proxies(r#"{"trustedProxies": []}"#), Proxies::None);
    assert_eq!(proxies(r#"{"trustedProxies": 2}"#), Proxies::Hops(2));
    let Proxies::Networks(networks) = proxies(r#"{"trustedProxies": ["::1", "10.1.0.0/16"]}"#) else {
        panic!("no networks");
    };
    let written: Vec<String> = networks.iter().map(ToString::to_string).collect();
    assert_eq!(written, ["::1/128", "10.1.0.0/16"]);
}
