//! From the page's own route to the event that its subscription leads to.
//!
//! Role: a subscription is made by the starting project's route, paid in the sandbox, and what the sandbox tells of it
//! is delivered: in the form of versions before and since 2025-03-31.
//! Not here: what else an event may be (`spec/webhooks`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use backflow_connect::sandbox::Target;
use backflow_testkit::crawl::FIXTURES;
use backflow_testkit::{Backend, World};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

const SECRET: &str = "whsec_billing";

/// What arrived at an address: the signature and the body.
fn recorder() -> (String, Receiver<(String, String)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (sender, arrived) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let (mut length, mut signature) = (0, String::new());
            loop {
                let mut line = String::new();
                if reader.read_line(&mut line).unwrap_or(0) <= 2 {
                    break;
                }
                let (name, value) = line.split_once(':').unwrap_or((&line, ""));
                match name.to_ascii_lowercase().as_str() {
                    "content-length" => length = value.trim().parse().unwrap(),
                    "stripe-signature" => signature = value.trim().to_owned(),
                    _ => {}
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
            reader.get_mut().write_all(answer).unwrap();
            if sender
                .send((signature, String::from_utf8(body).unwrap()))
                .is_err()
            {
                return;
            }
        }
    });
    (url, arrived)
}

/// The next event of this type; those before it are delivered, too.
async fn next(world: &World, arrived: &Receiver<(String, String)>, kind: &str) -> (Value, Value) {
    loop {
        let (signature, body) = arrived.recv_timeout(Duration::from_secs(20)).unwrap();
        let headers = [("Stripe-Signature", signature.as_str())];
        let answer = world.send("POST", "/webhooks/stripe", &headers, &body).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let event: Value = serde_json::from_str(&body).unwrap();
        if event["type"] == kind {
            return (event, answer.json());
        }
    }
}

async fn organization(world: &World, who: &str) -> String {
    let body = format!(r#"{{"name": "{who}", "slug": "{who}"}}"#);
    let token = world.token(who, "");
    let headers = [("Authorization", token.as_str())];
    let answer = world.send("POST", "/organizations", &headers, &body).await;
    answer.json()["id"].as_str().unwrap().to_owned()
}

fn used(world: &World) -> String {
    world
        .database()
        .table("SELECT organization_id, used FROM usage_records ORDER BY feature")
}

async fn paid(backend: Backend, version: &str) {
    let project = FIXTURES[0].project().env("STRIPE_WEBHOOK_SECRET", SECRET);
    let world = World::start_on(backend, project.compile_for(backend.dialect()));
    let (url, arrived) = recorder();
    let sandbox = world.providers.sandbox();
    sandbox.webhook(Target {
        url,
        secret: SECRET.to_owned(),
        api_version: Some(version.to_owned()),
    });
    let (acme, bolt) = (
        organization(&world, "ada").await,
        organization(&world, "bob").await,
    );
    world.database().execute(&format!(
        "INSERT INTO usage_records (organization_id, feature, used, period) VALUES ('{acme}', 'a', 7, '2026-11'),
         ('{bolt}', 'b', 8, '2026-11');"
    ));
    let token = world.token("ada", "");
    let headers = [("Authorization", token.as_str())];
    let path = format!("/organizations/{acme}/subscription");
    let body = r#"{"price_id": "price_pro", "plan": "pro"}"#;
    let made = world.send("POST", &path, &headers, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let subscription = made.json()["stripe_subscription_id"].as_str().unwrap().to_owned();
    assert!(sandbox.pay(&subscription, "pm_card_visa"));
    let (event, answer) = next(&world, &arrived, "invoice.paid").await;
    let invoice = &event["data"]["object"];
    assert_eq!(invoice["metadata"], serde_json::json!({}), "{invoice}");
    let is_new = version.starts_with("2025-0") && version > "2025-03-31";
    assert_eq!(invoice["parent"].is_object(), is_new, "{invoice}");
    assert_eq!(invoice["subscription"].is_string(), !is_new, "{invoice}");
    assert_eq!(answer["status"], "done");
    let after = format!("{acme} | 0\n{bolt} | 8\n");
    assert_eq!(used(&world), after, "{} {version}", backend.name());
    // Without any metadata its customer's row tells whose it is.
    world
        .database()
        .execute("UPDATE usage_records SET used = used + 7;");
    let bare = serde_json::json!({"subscription_details": {"metadata": null}, "metadata": null});
    sandbox.emit("invoice.paid", None, Some(&bare)).unwrap();
    let (event, answer) = next(&world, &arrived, "invoice.paid").await;
    assert_eq!(answer["status"], "done", "{event}");
    let after = format!("{acme} | 0\n{bolt} | 15\n");
    assert_eq!(used(&world), after);
    // Whoever pays without being known here pays for nobody's usage.
    let stranger = serde_json::json!({"customer": "cus_of_nobody", "subscription": "sub_of_nobody",
        "subscription_details": {"metadata": null}});
    sandbox.emit("invoice.paid", None, Some(&stranger)).unwrap();
    let (event, answer) = next(&world, &arrived, "invoice.paid").await;
    assert_eq!(answer["status"], "quarantined", "{event}");
    assert_eq!(used(&world), after);
}

#[test]
fn a_paid_invoice_resets_the_usage_of_its_organization_alone() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for backend in Backend::chosen() {
        for version in ["2024-06-20", "2025-06-30.basil"] {
            runtime.block_on(paid(backend, version));
        }
    }
}
