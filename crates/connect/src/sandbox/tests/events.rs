//! What events look like, and in which order, how often and to whom they go.
//!
//! Role: the payloads of both generations, and the sandbox's own addresses for deliveries.
//! Invariant: an event goes to those who were targets when it was told.
//! Not here: signatures and sockets (`tests/peers/sandbox`).

use super::super::control;
use super::super::options::Target;
use super::super::stripe::{Shape, rewrite};
use super::super::world::World;
use super::{Asked, DEFAULT_VERSION, Desk, NEW, Options, read, word};
use serde_json::{Value, json};

/// The newest event of a type, as an endpoint of a version gets it.
fn delivered(desk: &Desk, kind: &str, version: &str) -> Value {
    let found = desk.world.all("event").rfind(|event| event["type"] == kind);
    let mut event = found.cloned().unwrap_or_default();
    rewrite(&mut event, Shape::of(version).unwrap_or(Shape::Acacia), version);
    assert_eq!(event["api_version"], version, "{event}");
    event["data"]["object"].clone()
}

fn target(port: u16) -> Target {
    Target {
        url: format!("http://127.0.0.1:{port}/hook"),
        secret: "whsec_x".to_owned(),
        api_version: None,
    }
}

/// The answer to a request to the sandbox itself.
fn control(desk: &mut Desk, path: &str, body: &Value) -> (u16, Value) {
    let asked = Asked {
        method: "POST".to_owned(),
        path: format!("/_sandbox/{path}"),
        query: String::new(),
        headers: Vec::new(),
        body: body.to_string().into_bytes(),
    };
    let segments: Vec<&str> = path.split('/').collect();
    read(&control::change(&mut desk.world, &asked, &segments))
}

#[test]
fn invoice_paid_has_the_shape_of_its_endpoint_with_and_without_metadata() {
    for metadata in [json!({}), json!({"org_id": "o1"})] {
        let mut desk = Desk::new();
        let more = match metadata.get("org_id") {
            Some(_) => "default_payment_method=pm_card_visa&metadata[org_id]=o1",
            None => "default_payment_method=pm_card_visa",
        };
        let made = word(&desk.subscribe(more), "id");
        let old = delivered(&desk, "invoice.paid", DEFAULT_VERSION);
        assert_eq!(
            (&old["subscription"], &old["subscription_details"]["metadata"]),
            (&json!(made), &metadata)
        );
        assert_eq!(old.get("parent"), None);
        let new = delivered(&desk, "invoice.paid", NEW);
        let details = &new["parent"]["subscription_details"];
        assert_eq!(
            (&details["subscription"], &details["metadata"]),
            (&json!(made), &metadata)
        );
        assert_eq!(
            (new.get("subscription"), new.get("subscription_details")),
            (None, None)
        );
        for invoice in [old, new] {
            assert_eq!(
                invoice["metadata"],
                json!({}),
                "an invoice's own metadata is its own"
            );
        }
    }
}

#[test]
fn a_subscription_tells_its_whole_life() {
    let mut desk = Desk::new();
    let made = word(
        &desk.subscribe("metadata[org_id]=o1&payment_behavior=default_incomplete"),
        "id",
    );
    let path = format!("subscriptions/{made}");
    let (status, paid) = control(&mut desk, &format!("subscriptions/{made}/pay"), &json!({}));
    assert_eq!((status, &paid["status"]), (200, &json!("active")));
    desk.ask("DELETE", &path, "");
    let told = desk.told();
    let place = |kind: &str| told.iter().position(|own| own == kind);
    let life = [
        "customer.subscription.created",
        "invoice.paid",
        "customer.subscription.updated",
        "customer.subscription.deleted",
    ];
    let places: Vec<Option<usize>> = life.iter().map(|kind| place(kind)).collect();
    assert!(
        places.iter().all(Option::is_some) && places.is_sorted(),
        "{told:?}"
    );
    for kind in ["created", "updated", "deleted"] {
        let object = delivered(&desk, &format!("customer.subscription.{kind}"), NEW);
        assert_eq!(
            (&object["id"], &object["metadata"]["org_id"]),
            (&json!(made), &json!("o1"))
        );
    }
    assert_eq!(
        control(&mut desk, &format!("subscriptions/{made}/pay"), &json!({})).0,
        404
    );
}

#[test]
fn a_card_that_does_not_pay_leaves_the_subscription_incomplete() {
    let mut desk = Desk::new();
    let made = word(&desk.subscribe("payment_behavior=default_incomplete"), "id");
    let pay = format!("subscriptions/{made}/pay");
    for card in ["pm_card_chargeDeclined", "pm_card_authenticationRequired"] {
        assert_eq!(control(&mut desk, &pay, &json!({"card": card})).0, 402, "{card}");
    }
    assert_eq!(desk.get(&format!("subscriptions/{made}"))["status"], "incomplete");
    assert!(!desk.told().contains(&"invoice.paid".to_owned()));
}

#[test]
fn an_event_goes_again_more_often_and_later() {
    let mut desk = Desk::new();
    desk.world.targets.push(target(1));
    desk.customer();
    let now = desk.world.real();
    let first = desk.world.outbox.take(now);
    let id = first.first().map(|one| one.event.clone()).unwrap_or_default();
    let resend = format!("events/{id}/resend");
    assert_eq!(control(&mut desk, &resend, &json!({"times": 2})).0, 200);
    assert_eq!(desk.world.outbox.take(now).len(), 2);
    assert_eq!(control(&mut desk, &resend, &json!({"after": "30s"})).0, 200);
    assert_eq!(desk.world.outbox.take(now).len(), 0);
    let later = now + jiff::SignedDuration::from_secs(30);
    assert_eq!(desk.world.outbox.take(later).len(), 1);
    for wrong in [
        json!({"times": 0}),
        json!({"times": 101}),
        json!({"after": "soon"}),
    ] {
        assert_eq!(control(&mut desk, &resend, &wrong).0, 400, "{wrong}");
    }
    assert_eq!(control(&mut desk, "events/evt_none/resend", &json!({})).0, 404);
    let order = json!({"hold": false, "order": "sideways"});
    assert_eq!(control(&mut desk, "deliveries", &order).0, 400);
}

#[test]
fn after_a_restart_events_go_to_those_who_were_targets_then() {
    let waiting = |entry: Value| {
        let mut world = World::new(&Options {
            webhooks: vec![target(1), target(2)],
            ..Options::default()
        });
        world.replay(&entry);
        world.outbox.pending("evt_1")
    };
    assert_eq!(waiting(json!({"due": "evt_1", "to": [target(2).url]})), 1);
    assert_eq!(waiting(json!({"due": "evt_1", "to": [target(3).url]})), 0);
    assert_eq!(waiting(json!({"due": "evt_1"})), 0);
}
