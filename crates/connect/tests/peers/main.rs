//! What goes over the wire is what the official clients of Stripe and SendGrid send, and what is believed is what they
//! believe (`signatures.rs`).
//!
//! Role: makes each call of tests/peers/providers/cases twice, with the official client and with ours, and compares
//! what a server was asked.
//! Input: the cases, the clients from npm (two major versions of Stripe's).
//! Invariant: method, path, body and the headers that a provider reads are equal byte for byte; only who is asking
//! (user agent, key, telemetry) and how the connection is used differ.
//! Not here: what providers answer.

mod node;
mod recorder;
mod signatures;

use backflow_connect::client::{Destination, Dialer, Line, Naming, guard};
use backflow_connect::sendgrid::SendGrid;
use backflow_connect::stripe::Stripe;
use backflow_engine::Secret;
use backflow_engine::connector::{Asked, Connector, Outcome};
use backflow_expr::{Value, json};
use recorder::{Recorded, Recorder};
use std::time::Duration;

/// What a provider reads, beside the body.
const HEADERS: [&str; 5] = [
    "accept",
    "content-type",
    "content-length",
    "stripe-version",
    "idempotency-key",
];

const KEY: &str = "run_018f:create:0";
const STRIPE: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 29\r\n\r\n{\"id\":\"x_1\",\"object\":\"thing\"}";
const SENDGRID: &str = "HTTP/1.1 202 Accepted\r\nX-Message-Id: m1\r\nContent-Length: 0\r\n\r\n";

fn cases(provider: &str) -> Vec<Value> {
    let text = std::fs::read(node::folder().join(format!("cases/{provider}.json"))).expect("the cases");
    let cases = json::parse(&text, 64).expect("they are JSON");
    cases.as_list().expect("a list").to_vec()
}

fn line(port: u16) -> Line {
    let destination = Destination::parse(&format!("http://127.0.0.1:{port}"), Naming::Named);
    Line::new(
        destination.expect("an address"),
        Dialer::new(guard::system_lookup()),
    )
}

/// What a provider sees of a request; a length is left out where there is no body.
fn seen(recorded: &Recorded) -> (String, Vec<(&str, String)>, String) {
    let headers = HEADERS.iter().filter_map(|name| {
        let value = recorded.headers.get(*name)?;
        let is_nothing = *name == "content-length" && value == "0";
        (!is_nothing).then(|| (*name, value.clone()))
    });
    (recorded.line.clone(), headers.collect(), recorded.body.clone())
}

fn compare(client: &str, ours: &dyn Connector, recorder: &Recorder, least: usize) {
    let provider = client.split('-').next().unwrap_or_default();
    let cases = cases(provider);
    assert!(cases.len() >= least, "{} cases", cases.len());
    node::call_all(client, recorder.port);
    let theirs = recorder.take();
    assert_eq!(
        theirs.len(),
        cases.len(),
        "{client} made another number of requests"
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    for (case, theirs) in cases.iter().zip(&theirs) {
        let name = case.member("name");
        let (action, params) = (
            case.member("ours").member("action"),
            case.member("ours").member("params"),
        );
        let asked = Asked {
            action: action.as_text().expect("an action"),
            params: &params,
            run: "run_018f",
            key: KEY,
            earlier: &[],
        };
        let frozen = ours.freeze(&asked).expect("every case fits");
        let outcome = runtime.block_on(ours.send(&frozen, Duration::from_secs(10)));
        assert!(matches!(outcome, Outcome::Done(_)), "{name:?}: {outcome:?}");
        let sent = recorder.take();
        assert_eq!(sent.len(), 1, "{name:?}");
        let sent = sent.first().expect("one request");
        assert_eq!(
            seen(sent),
            seen(theirs),
            "{client}, {name:?}: ours left, theirs right"
        );
        assert_eq!(
            sent.body.as_bytes(),
            &frozen.body[..],
            "{name:?}: sent as it was frozen"
        );
    }
}

#[test]
fn stripe_is_asked_as_its_own_client_asks() {
    for client in ["stripe", "stripe-next"] {
        let recorder = Recorder::start(STRIPE);
        let ours = Stripe::new(line(recorder.port), Secret::new("sk_test_peer"), None);
        compare(client, &ours, &recorder, 25);
    }
}

#[test]
fn sendgrid_is_asked_as_its_own_client_asks() {
    let recorder = Recorder::start(SENDGRID);
    let templates = Value::object([("team-invite", "d-5678".into())]);
    let ours = SendGrid::new(line(recorder.port), Secret::new("SG.peer"))
        .with_sender("no-reply@example.com", Some("Acme"))
        .with_templates(templates.as_object().expect("an object").clone());
    compare("sendgrid", &ours, &recorder, 25);
}
