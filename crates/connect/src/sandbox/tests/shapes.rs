//! The two generations of answers, expansion, and events in them.
//!
//! Role: which fields are where.
//! Invariant: none of the sandbox's own fields goes out.
//! Not here: what the fields mean.

use super::{Desk, NEW, word};
use serde_json::{Value, json};

const PAID: &str = "default_payment_method=pm_card_visa&metadata[org_id]=o1";

fn invoice(desk: &mut Desk) -> Value {
    let subscription = desk.subscribe(PAID);
    desk.get(&format!("invoices/{}", word(&subscription, "latest_invoice")))
}

#[test]
fn an_invoice_before_basil() {
    let found = invoice(&mut Desk::new());
    assert!(word(&found, "payment_intent").starts_with("pi_"));
    assert!(word(&found, "subscription").starts_with("sub_"));
    assert_eq!(found["subscription_details"]["metadata"], json!({"org_id": "o1"}));
    assert!(found.get("parent").is_none() && found.get("confirmation_secret").is_none());
    assert_eq!(found["lines"]["data"][0]["price"]["id"], "price_a");
}

#[test]
fn an_invoice_since_basil() {
    let found = invoice(&mut Desk::newer());
    for gone in [
        "payment_intent",
        "subscription",
        "subscription_details",
        "charge",
        "paid",
    ] {
        assert!(found.get(gone).is_none(), "{gone}");
    }
    let details = &found["parent"]["subscription_details"];
    assert!(word(details, "subscription").starts_with("sub_"));
    assert_eq!(details["metadata"], json!({"org_id": "o1"}));
    assert_eq!(
        found["lines"]["data"][0]["pricing"]["price_details"]["price"],
        "price_a"
    );
}

#[test]
fn periods_are_on_the_items_since_basil() {
    let old = Desk::new().subscribe(PAID);
    let new = Desk::newer().subscribe(PAID);
    assert!(
        old["current_period_end"].is_i64() && old["items"]["data"][0].get("current_period_end").is_none()
    );
    assert!(
        new.get("current_period_end").is_none() && new["items"]["data"][0]["current_period_end"].is_i64()
    );
}

#[test]
fn expanding_what_a_version_removed_is_an_error() {
    let mut desk = Desk::newer();
    let id = word(&desk.subscribe(PAID), "id");
    let (status, error) = desk.fail(
        "GET",
        &format!("subscriptions/{id}?expand[]=latest_invoice.payment_intent"),
        "",
    );
    assert_eq!(status, 400);
    assert_eq!(
        error["message"],
        "This property cannot be expanded (payment_intent)."
    );
    let found = desk.get(&format!(
        "subscriptions/{id}?expand[]=latest_invoice.confirmation_secret&expand[]=latest_invoice.payments"
    ));
    let invoice = &found["latest_invoice"];
    assert!(word(&invoice["confirmation_secret"], "client_secret").contains("_secret_"));
    assert!(word(&invoice["payments"]["data"][0]["payment"], "payment_intent").starts_with("pi_"));
    desk.version = "2025-02-24.acacia";
    let found = desk.get(&format!(
        "subscriptions/{id}?expand[]=latest_invoice.payment_intent.latest_charge.customer"
    ));
    let customer = &found["latest_invoice"]["payment_intent"]["latest_charge"]["customer"];
    assert_eq!(customer["object"], "customer");
}

#[test]
fn lists_expand_below_data() {
    let mut desk = Desk::new();
    desk.subscribe(PAID);
    let list = desk.get("subscriptions?expand[]=data.customer&expand[]=data.items.data.price");
    assert_eq!(list["data"][0]["customer"]["object"], "customer");
    desk.fail("GET", "subscriptions?expand[]=customer", "");
    desk.fail(
        "GET",
        "subscriptions?expand[]=data.latest_invoice.payment_intent.latest_charge.customer",
        "",
    );
}

#[test]
fn a_customer_s_subscriptions_come_when_they_are_asked_for() {
    let mut desk = Desk::newer();
    let subscription = desk.subscribe(PAID);
    let customer = word(&subscription, "customer");
    assert!(
        desk.get(&format!("customers/{customer}"))
            .get("subscriptions")
            .is_none()
    );
    let found = desk.get(&format!("customers/{customer}?expand[]=subscriptions"));
    assert_eq!(found["subscriptions"]["data"][0]["id"], subscription["id"]);
}

#[test]
fn an_event_read_through_the_api_is_in_the_account_s_version() {
    let mut desk = Desk::new();
    desk.subscribe(PAID);
    desk.version = NEW;
    let event = &desk.get("events?type=invoice.paid")["data"][0].clone();
    assert_eq!(event["api_version"], "2025-02-24.acacia");
    assert!(word(&event["data"]["object"], "subscription").starts_with("sub_"));
    assert!(event["data"]["previous_attributes"].get("status").is_some());
}

#[test]
fn events_are_found_by_type_and_name_their_request() {
    let mut desk = Desk {
        key: Some("k1".to_owned()),
        ..Desk::new()
    };
    let answer = desk.ask("POST", "customers", "name=a");
    let request = super::header(&answer, "Request-Id").map(str::to_owned);
    desk.key = None;
    desk.make("products", "name=p");
    let count = |page: &Value| page["data"].as_array().map(Vec::len);
    assert_eq!(count(&desk.get("events")), Some(2));
    assert_eq!(count(&desk.get("events?type=product.created")), Some(1));
    assert_eq!(count(&desk.get("events?type=customer.*")), Some(1));
    let found = desk.get("events?types[]=customer.created&types[]=customer.deleted&created[gte]=0");
    assert_eq!(
        found["data"][0]["request"],
        json!({"id": request, "idempotency_key": "k1"})
    );
    assert_eq!(desk.fail("GET", "events?type=a&types[]=b", "").0, 400);
    let id = word(&found["data"][0], "id");
    assert_eq!(desk.get(&format!("events/{id}"))["data"]["object"]["name"], "a");
}

#[test]
fn no_field_of_the_sandbox_s_own_goes_out() {
    let mut desk = Desk::new();
    desk.subscribe(PAID);
    desk.make(
        "checkout/sessions",
        "mode=subscription&success_url=x&line_items[0][price]=price_a",
    );
    for path in [
        "subscriptions",
        "invoices",
        "prices",
        "checkout/sessions",
        "events?limit=100",
        "products",
    ] {
        let text = desk.get(path).to_string();
        assert!(!text.contains("\"_"), "{path}: {text}");
    }
}
