//! Custom providers, from the config to the wire.
//!
//! Invariant: the config is compiled as the server compiles it, and what is sent is read from the wire.
//! Not here: where lines lead; see the client's own tests.

#[path = "../../src/fake.rs"]
mod fake;

use backflow_connect::{StandIns, client, connectors};
use backflow_engine::connector::{Asked, Connector, Frozen, Misfit, Outcome};
use backflow_expr::{Value, json};
use backflow_plan::Plan;
use backflow_plan::manifest::Repeat;
use backflow_plan::model::{
    Answer, BodyRule, Call, Place, Results, Retry, Shape, Work, WorkAction, WorkStep, Workflow,
};
use backflow_testkit::Project;
use fake::{Does, Fake};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

const WITHIN: Duration = Duration::from_secs(10);

const CRM: &str = r#"{
  "name": "crm", "baseUrl": "{{env.CRM_URL}}",
  "auth": {"type": "bearer", "token": "{{env.CRM_TOKEN}}"},
  "headers": {"X-Team": "{{constants.team}}", "X-Key": "{{env.CRM_KEY}}"},
  "idempotencyHeader": "Idempotency-Key",
  "actions": {
    "add": {
      "method": "POST", "path": "/lists/{{params.list}}/contacts",
      "headers": {"X-Source": "{{params.source}}", "x-team": "own"},
      "query": {"notify": false, "tag": "{{params.tag}}"},
      "body": {"email": "{{params.email}}", "tags": ["a", "{{params.tag}}"]},
      "params": {
        "list": {"type": "string", "required": true}, "email": {"type": "string"}, "tag": {}, "source": {"type": "string"}
      }
    },
    "all": {"method": "GET", "path": "/contacts/{{params.id}}"},
    "form": {"method": "PATCH", "path": "/form", "form": "{{params}}", "repeat": "doubled"},
    "put": {"method": "PUT", "path": "/put", "body": "{{params}}"}
  }
}"#;

fn plan(integration: &str, extra: &str) -> Plan {
    let config = format!(r#"{{"tenancy": false, "constants": {{"team": "red"}}, {extra}}}"#);
    let names = ["CRM_URL", "CRM_TOKEN", "CRM_KEY"];
    let project = names
        .iter()
        .fold(Project::default(), |project, name| project.env(name, "set"));
    let project = project.file("backflow.json", &config);
    let compiled = project.file("integrations/crm.json", integration).compile();
    let report = compiled.report();
    compiled.plan.expect(&report)
}

fn env(fake: &Fake) -> HashMap<String, String> {
    let url = format!("http://127.0.0.1:{}/api/", fake.port);
    let all = [
        ("CRM_URL", url.as_str()),
        ("CRM_TOKEN", "hunter2"),
        ("CRM_KEY", "hunter3 "),
    ];
    all.map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

fn crm(fake: &Fake, integration: &str) -> Arc<dyn Connector> {
    let connected = connectors(&plan(integration, ""), &env(fake), &StandIns::new());
    let connected = connected.expect("good credentials");
    Arc::clone(connected.connectors.get("crm").expect("it is there"))
}

fn freeze(crm: &dyn Connector, action: &str, params: &str) -> Result<Frozen, Misfit> {
    crm.freeze(&Asked {
        action,
        params: &json::parse(params.as_bytes(), 64).expect("JSON"),
        run: "run_1",
        key: "run_1:step:0",
        earlier: &[],
    })
}

#[tokio::test]
async fn an_action_becomes_a_request() {
    let fake = Fake::saying(200, "", r#"{"id": 7}"#);
    let crm = crm(&fake, CRM);
    let params = r#"{"list": "a/b ?ä", "email": "x@y.z", "tag": "a&b", "source": "web"}"#;
    let frozen = freeze(&*crm, "add", params).unwrap();
    let printed = format!("{frozen:?}");
    assert!(!printed.contains("hunter"), "{printed}");
    assert_eq!(
        frozen.path,
        "/lists/a%2Fb%20%3F%C3%A4/contacts?notify=false&tag=a%26b"
    );
    assert_eq!(frozen.key.as_deref(), Some("run_1:step:0"));
    let done = crm.send(&frozen, WITHIN).await;
    assert_eq!(done, Outcome::Done(Value::object([("id", 7.into())])));
    let heard = fake.heard().pop().unwrap();
    assert!(heard.starts_with("POST /api/lists/a%2Fb%20%3F%C3%A4/contacts?notify=false&tag=a%26b HTTP/1.1"));
    for header in [
        "authorization: Bearer hunter2",
        "x-key: hunter3",
        "x-team: own",
        "x-source: web",
        "idempotency-key: run_1:step:0",
        "content-type: application/json",
        "accept: application/json",
    ] {
        assert!(
            heard.contains(&format!("\r\n{header}\r\n")),
            "{header} in {heard}"
        );
    }
    assert!(!heard.contains("x-team: red"), "{heard}");
    assert!(
        heard.ends_with(r#"{"email":"x@y.z","tags":["a","a&b"]}"#),
        "{heard}"
    );
}

#[tokio::test]
async fn what_is_absent_is_left_out_or_refused() {
    let fake = Fake::saying(204, "", "");
    let crm = crm(&fake, CRM);
    let frozen = freeze(&*crm, "add", r#"{"list": "1"}"#).unwrap();
    assert_eq!(frozen.path, "/lists/1/contacts?notify=false");
    assert_eq!(std::str::from_utf8(&frozen.body), Ok(r#"{"tags":["a",null]}"#));
    assert!(frozen.headers.iter().all(|(name, _)| name != "X-Source"));
    assert_eq!(crm.send(&frozen, WITHIN).await, Outcome::Done(Value::Null));
    for params in ["{}", r#"{"list": null}"#, r#"{"list": ""}"#] {
        assert_eq!(
            freeze(&*crm, "add", params).unwrap_err().param,
            "list",
            "{params}"
        );
    }
    for dots in [".", "..", "%2e%2e"] {
        let frozen = freeze(&*crm, "all", &format!("{{\"id\": \"{dots}\"}}"));
        let stays = frozen.map(|frozen| frozen.path);
        assert!(
            stays.is_err() || stays == Ok("/contacts/%252e%252e".to_owned()),
            "{dots}: {stays:?}"
        );
    }
    let header = freeze(&*crm, "add", r#"{"list": "1", "source": "a\r\nX: y"}"#);
    assert_eq!(header.unwrap_err().param, "X-Source");
    assert_eq!(freeze(&*crm, "nothing", "{}").unwrap_err().param, "action");
}

#[test]
fn all_parameters_may_be_sent_as_they_are() {
    let fake = Fake::saying(200, "", "{}");
    let crm = crm(&fake, CRM);
    let frozen = freeze(&*crm, "form", r#"{"a": {"b": [1, "x y"]}, "c": true}"#).unwrap();
    assert_eq!(
        std::str::from_utf8(&frozen.body),
        Ok("a[b][0]=1&a[b][1]=x%20y&c=true")
    );
    assert_eq!(frozen.key, None);
    let frozen = freeze(&*crm, "put", r#"{"z": 1.50, "a": null}"#).unwrap();
    assert_eq!(std::str::from_utf8(&frozen.body), Ok(r#"{"z":1.50,"a":null}"#));
    let manifest = plan(CRM, "").customs.remove(0).manifest;
    let repeats: Vec<Repeat> = manifest.actions.iter().map(|action| action.repeat).collect();
    assert_eq!(
        repeats,
        [Repeat::Keyed, Repeat::Harmless, Repeat::Doubled, Repeat::Harmless]
    );
    let id = manifest.action("all").unwrap().params.first().cloned().unwrap();
    assert!(id.required && id.name == "id");
    assert!(!manifest.action("add").unwrap().open);
}

#[tokio::test]
async fn every_kind_of_credential_is_added_when_it_is_sent() {
    for (auth, expected) in [
        (
            r#"{"type": "basic", "username": "ann", "password": "{{env.CRM_TOKEN}}"}"#,
            "authorization: Basic YW5uOmh1bnRlcjI=",
        ),
        (
            r#"{"type": "header", "name": "X-Api-Key", "value": "{{env.CRM_TOKEN}}"}"#,
            "x-api-key: hunter2",
        ),
        (
            r#"{"type": "query", "name": "key", "value": "{{env.CRM_TOKEN}}"}"#,
            "GET /api/contacts/1?key=hunter2 HTTP/1.1",
        ),
    ] {
        let fake = Fake::saying(200, "", "{}");
        let integration = format!(
            r#"{{"name": "crm", "baseUrl": "{{{{env.CRM_URL}}}}", "auth": {auth},
                "actions": {{"all": {{"method": "GET", "path": "/contacts/{{{{params.id}}}}"}}}}}}"#
        );
        let crm = crm(&fake, &integration);
        let frozen = freeze(&*crm, "all", r#"{"id": 1}"#).unwrap();
        assert!(!format!("{frozen:?}").contains("hunter2"));
        crm.send(&frozen, WITHIN).await;
        let heard = fake.heard().pop().unwrap();
        assert!(heard.contains(expected), "{expected} in {heard}");
    }
}

#[tokio::test]
async fn answers_become_outcomes() {
    let outcome = async |action: &str, does: fn() -> Does| {
        let fake = Fake::start(move |_| does());
        let crm = crm(&fake, CRM);
        let frozen = freeze(&*crm, action, r#"{"list": "1", "id": 1}"#).unwrap();
        crm.send(&frozen, WITHIN).await
    };
    let refused = outcome("add", || {
        Does::Says(
            422,
            "",
            r#"{"error": {"message": "hunter2 no", "code": "bad"}}"#.to_owned(),
        )
    });
    let Outcome::Refused(refusal) = refused.await else {
        unreachable!("it is refused");
    };
    assert_eq!(
        (refusal.message.as_str(), refusal.code.as_deref()),
        ("*** no", Some("bad"))
    );
    let text = outcome("all", || Does::Says(200, "", "plain".to_owned())).await;
    assert_eq!(text, Outcome::Done("plain".into()));
    assert!(matches!(
        outcome("add", || Does::Says(500, "", String::new())).await,
        Outcome::Again { .. }
    ));
    assert!(matches!(
        outcome("all", || Does::Says(502, "", String::new())).await,
        Outcome::Again { .. }
    ));
    assert!(matches!(
        outcome("form", || Does::Says(500, "", String::new())).await,
        Outcome::Unknown(_)
    ));
    assert!(matches!(
        outcome("form", || Does::Says(429, "", String::new())).await,
        Outcome::Again { .. }
    ));
    assert!(matches!(
        outcome("form", || Does::Says(409, "", String::new())).await,
        Outcome::Refused(_)
    ));
    assert!(matches!(
        outcome("add", || Does::Says(409, "", String::new())).await,
        Outcome::Again { .. }
    ));
    assert!(matches!(
        outcome("form", || Does::HangsUp).await,
        Outcome::Unknown(_)
    ));
    assert!(matches!(
        outcome("all", || Does::Says(302, "", String::new())).await,
        Outcome::Refused(_)
    ));
}

#[test]
fn connectors_are_made_of_credentials_and_what_stands_in() {
    let fake = Fake::saying(200, "", "{}");
    let extra = r#""credentials": {"stripe": {"secretKey": "{{env.CRM_TOKEN}}", "baseUrl": "http://localhost:4010"}}"#;
    let stand_in = Value::object([
        ("apiKey", "SG.x".into()),
        ("baseUrl", Value::from("http://127.0.0.1:9")),
    ]);
    let stand_ins = StandIns::from([("sendgrid".to_owned(), stand_in)]);
    let connected = connectors(&plan(CRM, extra), &env(&fake), &stand_ins).unwrap();
    let mut names: Vec<&String> = connected.connectors.keys().collect();
    names.sort();
    assert_eq!(names, ["crm", "sendgrid", "stripe"]);
    assert!(connected.missing.is_empty());

    let mut empty = env(&fake);
    empty.insert("CRM_TOKEN".to_owned(), " ".to_owned());
    empty.insert(
        "CRM_URL".to_owned(),
        "https://user:hunter2@example.com".to_owned(),
    );
    let errors = connectors(&plan(CRM, extra), &empty, &StandIns::new()).unwrap_err();
    let said: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "stripe: `secretKey` has no value",
            "crm: `baseUrl` cannot be used: it must not hold a user name"
        ]
    );
}

#[test]
fn providers_that_are_called_without_credentials_are_told() {
    let call = |provider: &str| Call {
        provider: provider.to_owned(),
        action: "createCustomer".to_owned(),
        params: Shape::Object(Vec::new()),
        required: Vec::new(),
        repeat: Repeat::Keyed,
        results: Results::default(),
    };
    let step = WorkStep {
        id: "a".to_owned(),
        label: "steps.a".to_owned(),
        condition: None,
        retry: Retry {
            attempts: 1,
            backoff: 0,
        },
        timeout: None,
        tolerated: false,
        compensate: Some(Box::new(call("sendgrid"))),
        action: WorkAction::Call(Box::new(call("stripe"))),
    };
    let plan = Plan {
        workflows: vec![Workflow {
            name: "w".to_owned(),
            place: Place::Nowhere,
            input: BodyRule::Unread,
            frame: Vec::new(),
            work: Work {
                input: None,
                steps: vec![step],
                timeout: 1,
                join: true,
                durable: true,
                intent: Vec::new(),
            },
            answer: Answer::LastStep,
        }],
        ..Plan::default()
    };
    let stand_in = Value::object([("secretKey", Value::from("sk"))]);
    let stand_ins = StandIns::from([("stripe".to_owned(), stand_in)]);
    let connected = connectors(&plan, &HashMap::new(), &stand_ins).unwrap();
    assert_eq!(connected.missing, ["sendgrid", "stripe"]);
    assert!(connected.connectors.contains_key("stripe") && connected.connectors.len() == 1);
}
