//! Idempotency keys.
//!
//! Role: what is kept, what is replayed, what is refused.
//! Invariant: a key has one effect at most.
//! Not here: keys in use while work is slow; that needs time (`tests/peers/sandbox/faults.mjs`).

use super::super::asked::Forced;
use super::{Desk, header, read};
use serde_json::json;

fn keyed(key: &str) -> Desk {
    Desk {
        key: Some(key.to_owned()),
        ..Desk::new()
    }
}

#[test]
fn the_first_answer_is_replayed_whatever_the_order_of_its_parameters() {
    let mut desk = keyed("k");
    let first = desk.ask("POST", "customers", "name=a&metadata[x]=1");
    let changes = desk.world.changes;
    let second = desk.ask("POST", "customers", "metadata[x]=1&name=a");
    assert_eq!(second.body, first.body);
    assert_eq!(header(&first, "Idempotent-Replayed"), None);
    assert_eq!(header(&second, "Idempotent-Replayed"), Some("true"));
    assert_eq!(header(&second, "Original-Request"), header(&first, "Request-Id"));
    assert_ne!(header(&second, "Request-Id"), header(&first, "Request-Id"));
    assert!(first.effect && !second.effect && second.replayed);
    assert_eq!(desk.world.changes, changes);
}

#[test]
fn other_parameters_or_another_path_are_an_idempotency_error() {
    let mut desk = keyed("k");
    desk.make("customers", "name=a");
    for (path, form) in [
        ("customers", "name=b"),
        ("customers", "name=a&phone=1"),
        ("products", "name=a"),
    ] {
        let (status, error) = desk.fail("POST", path, form);
        assert_eq!((status, &error["type"]), (400, &json!("idempotency_error")));
    }
}

#[test]
fn a_key_has_255_characters_at_most() {
    assert_eq!(keyed(&"k".repeat(255)).post("customers", "").0, 200);
    assert_eq!(keyed(&"k".repeat(256)).post("customers", "").0, 400);
}

#[test]
fn what_failed_before_the_work_is_not_kept() {
    let mut desk = keyed("k");
    desk.fail("POST", "customers", "nope=1");
    desk.fail("POST", "customers", "expand[]=nope");
    desk.fail("POST", "subscriptions", "customer=cus_x&items[0][price]=price_a");
    assert_eq!(desk.post("customers", "name=a").0, 200);
}

#[test]
fn a_declined_card_is_kept() {
    let mut desk = keyed("k");
    let form = "amount=5&currency=usd&confirm=true&payment_method=pm_card_chargeDeclined";
    let first = desk.ask("POST", "payment_intents", form);
    let second = desk.ask("POST", "payment_intents", form);
    assert_eq!((first.status, second.status), (402, 402));
    assert_eq!(first.body, second.body);
    assert!(second.replayed);
    assert_eq!(desk.world.count("payment_intent"), 1);
}

#[test]
fn a_500_is_kept_with_and_without_its_effect() {
    for effect in [false, true] {
        let mut desk = keyed("k");
        desk.forced = Some(Forced::Failed { effect });
        let first = desk.ask("POST", "customers", "");
        desk.forced = None;
        let second = desk.ask("POST", "customers", "");
        assert_eq!((first.status, second.status, second.replayed), (500, 500, true));
        assert_eq!(read(&first).1["error"]["type"], "api_error");
        assert_eq!(
            (first.effect, desk.world.count("customer")),
            (effect, usize::from(effect))
        );
    }
}

#[test]
fn a_key_is_forgotten_after_24_hours() {
    let mut desk = keyed("k");
    let first = desk.make("customers", "");
    desk.advance(23);
    assert_eq!(desk.make("customers", "")["id"], first["id"]);
    desk.advance(1);
    assert_ne!(desk.make("customers", "name=other")["id"], first["id"]);
}

#[test]
fn a_key_in_use_is_a_409_that_is_not_kept() {
    let mut desk = keyed("k");
    assert!(desk.world.keys.begin("k"));
    let (status, error) = desk.fail("POST", "customers", "");
    assert_eq!((status, &error["code"]), (409, &json!("idempotency_key_in_use")));
    desk.world.keys.end("k");
    assert_eq!(desk.post("customers", "").0, 200);
}

#[test]
fn keys_mean_nothing_but_for_post() {
    let mut desk = keyed("k");
    desk.get("customers");
    assert_eq!(desk.post("customers", "").0, 200);
    assert_eq!(desk.get("customers")["data"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_card_declined_by_a_fault_has_no_effect() {
    let mut desk = keyed("k");
    desk.forced = Some(Forced::Declined);
    let (status, error) = desk.fail("POST", "customers", "");
    assert_eq!(
        (status, &error["type"], &error["code"]),
        (402, &json!("card_error"), &json!("card_declined"))
    );
    assert_eq!(desk.world.count("customer"), 0);
}
