//! Keys, versions, parameters and lists.
//!
//! Role: what is refused, with which status, type, code and parameter.
//! Invariant: a refusal here has no effect.
//! Not here: idempotency.

use super::{Desk, header, read, word};
use serde_json::json;

#[test]
fn a_request_without_a_test_key_is_401() {
    let mut desk = Desk::new();
    let mut asked = super::Asked {
        method: "GET".into(),
        path: "/v1/customers".into(),
        ..Default::default()
    };
    for key in ["", "Bearer sk_live_x", "Bearer nonsense"] {
        asked.headers = vec![("authorization".into(), key.into())];
        let answer = super::stripe::answer(&mut desk.world, &asked, None);
        assert_eq!(answer.status, 401);
        assert_eq!(read(&answer).1["error"]["type"], "invalid_request_error");
        assert!(header(&answer, "WWW-Authenticate").is_some());
        assert!(!answer.body.contains("sk_live_x"), "a key is not said back");
    }
}

#[test]
fn every_answer_names_its_request_and_version() {
    let mut desk = Desk::new();
    for (method, path) in [
        ("POST", "customers"),
        ("GET", "customers/cus_nobody"),
        ("GET", "nowhere"),
    ] {
        let answer = desk.ask(method, path, "");
        assert!(header(&answer, "Request-Id").is_some_and(|id| id.starts_with("req_")));
        assert_eq!(header(&answer, "Stripe-Version"), Some("2025-02-24.acacia"));
    }
    desk.version = "newest";
    assert_eq!(desk.fail("GET", "customers", "").0, 400);
}

#[test]
fn what_is_wrong_has_its_status_and_code() {
    let mut desk = Desk::new();
    let customer = desk.customer();
    let subscription = format!("customer={customer}&items[0][price]=nonsense");
    let cases = [
        ("GET", "customers/cus_x", "", 404, "resource_missing", "id"),
        (
            "POST",
            "subscriptions",
            "customer=cus_x&items[0][price]=price_a",
            400,
            "resource_missing",
            "customer",
        ),
        (
            "POST",
            "subscriptions",
            subscription.as_str(),
            400,
            "resource_missing",
            "items[0][price]",
        ),
        (
            "POST",
            "subscriptions",
            "items[0][price]=price_a",
            400,
            "parameter_missing",
            "customer",
        ),
        ("POST", "customers", "nope=1", 400, "parameter_unknown", "nope"),
        ("POST", "customers", "email=nobody", 400, "email_invalid", "email"),
        (
            "POST",
            "payment_intents",
            "amount=x&currency=usd",
            400,
            "parameter_invalid_integer",
            "amount",
        ),
        (
            "POST",
            "payment_intents",
            "amount=5&currency=",
            400,
            "parameter_invalid_empty",
            "currency",
        ),
    ];
    let before = desk.world.changes;
    for (method, path, form, status, code, param) in cases {
        let (found, error) = desk.fail(method, path, form);
        assert_eq!(
            (found, &error["code"], &error["param"]),
            (status, &json!(code), &json!(param)),
            "{path} {form}"
        );
        assert_eq!(error["type"], "invalid_request_error");
    }
    assert_eq!(desk.world.changes, before, "nothing happened");
    let (status, error) = desk.fail("GET", "nowhere", "");
    assert_eq!((status, &error["type"]), (404, &json!("invalid_request_error")));
}

#[test]
fn metadata_has_50_keys_of_40_and_500_characters() {
    let mut desk = Desk::new();
    let keys = |count: usize| {
        (0..count)
            .map(|key| format!("metadata[k{key}]=v&"))
            .collect::<String>()
    };
    let made = desk.make("customers", &keys(50));
    let id = word(&made, "id");
    desk.make(
        "customers",
        &format!("metadata[{}]={}", "k".repeat(40), "v".repeat(500)),
    );
    for wrong in [
        keys(51),
        format!("metadata[{}]=v", "k".repeat(41)),
        format!("metadata[k]={}", "v".repeat(501)),
    ] {
        assert_eq!(desk.fail("POST", "customers", &wrong).0, 400);
    }
    assert_eq!(
        desk.fail("POST", &format!("customers/{id}"), "metadata[more]=v")
            .0,
        400,
        "it would be 51"
    );
    let swapped = desk.make(&format!("customers/{id}"), "metadata[k0]=&metadata[more]=v");
    assert!(swapped["metadata"].get("k0").is_none() && swapped["metadata"]["more"] == "v");
    assert_eq!(
        desk.make(&format!("customers/{id}"), "metadata=")["metadata"],
        json!({})
    );
}

#[test]
fn a_list_has_pages_of_1_to_100() {
    let mut desk = Desk::new();
    for _ in 0..12 {
        desk.customer();
    }
    let page = desk.get("customers");
    let ids = |page: &serde_json::Value| -> Vec<String> {
        page["data"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| word(one, "id"))
            .collect()
    };
    assert_eq!(
        (&page["object"], &page["url"], &page["has_more"]),
        (&json!("list"), &json!("/v1/customers"), &json!(true))
    );
    assert_eq!(ids(&page).len(), 10);
    let last = ids(&page)[9].clone();
    let rest = desk.get(&format!("customers?starting_after={last}"));
    assert_eq!((ids(&rest).len(), &rest["has_more"]), (2, &json!(false)));
    let back = desk.get(&format!("customers?limit=3&ending_before={last}"));
    assert_eq!(ids(&back), ids(&page)[6..9]);
    assert_eq!(back["has_more"], true);
    for wrong in [
        "limit=0",
        "limit=101",
        "starting_after=cus_x",
        &format!("starting_after={last}&ending_before={last}"),
    ] {
        assert_eq!(
            desk.fail("GET", &format!("customers?{wrong}"), "").0,
            400,
            "{wrong}"
        );
    }
}

#[test]
fn created_takes_ranges() {
    let mut desk = Desk::new();
    let first = desk.make("customers", "")["created"].as_i64().expect("a time");
    desk.advance(1);
    desk.make("customers", "");
    let mut count = |range: String| {
        desk.get(&format!("customers?{range}"))["data"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(count(format!("created={first}")), Some(1));
    assert_eq!(count(format!("created[gt]={first}")), Some(1));
    assert_eq!(count(format!("created[gte]={first}")), Some(2));
    assert_eq!(count(format!("created[lt]={first}")), Some(0));
    assert_eq!(
        count(format!("created[gte]={first}&created[lte]={first}")),
        Some(1)
    );
}

#[test]
fn a_deleted_customer_is_a_stub_and_in_no_list() {
    let mut desk = Desk::new();
    let id = desk.customer();
    let subscription = desk.make(
        "subscriptions",
        &format!("customer={id}&items[0][price]=price_a&payment_behavior=default_incomplete"),
    );
    let (status, gone) = read(&desk.ask("DELETE", &format!("customers/{id}"), ""));
    assert_eq!((status, &gone["deleted"]), (200, &json!(true)));
    assert_eq!(
        desk.get(&format!("customers/{id}")),
        json!({"id": id, "object": "customer", "deleted": true})
    );
    assert_eq!(desk.get("customers")["data"], json!([]));
    assert_eq!(
        desk.get(&format!("subscriptions/{}", word(&subscription, "id")))["status"],
        "canceled"
    );
    assert_eq!(desk.fail("POST", &format!("customers/{id}"), "name=x").0, 404);
}
