//! Subscriptions and time.
//!
//! Role: states, and what moves them.
//! Invariant: `incomplete_expired` and `canceled` are for good.
//! Not here: shapes.

use super::{Desk, read, word};
use serde_json::{Value, json};

#[test]
fn default_incomplete_waits_for_its_first_payment() {
    let mut desk = Desk::new();
    let made = desk.subscribe("payment_behavior=default_incomplete&expand[]=latest_invoice.payment_intent");
    let intent = &made["latest_invoice"]["payment_intent"];
    assert_eq!(
        (&made["status"], &made["latest_invoice"]["status"]),
        (&json!("incomplete"), &json!("open"))
    );
    assert_eq!(intent["status"], "requires_payment_method");
    let confirm = format!("payment_intents/{}/confirm", word(intent, "id"));
    assert_eq!(
        desk.fail("POST", &confirm, "payment_method=pm_card_chargeDeclined")
            .0,
        402
    );
    let path = format!("subscriptions/{}", word(&made, "id"));
    assert_eq!(desk.get(&path)["status"], "incomplete");
    desk.make(&confirm, "payment_method=pm_card_visa");
    assert_eq!(desk.get(&path)["status"], "active");
    let told = desk.told();
    let place = |kind: &str| told.iter().position(|own| own == kind);
    assert!(place("customer.subscription.created") < place("invoice.paid"));
    assert!(place("payment_intent.succeeded") < place("invoice.paid"));
    assert!(place("invoice.paid") < place("customer.subscription.updated"));
}

#[test]
fn an_incomplete_subscription_expires_after_23_hours() {
    let mut desk = Desk::new();
    let made = desk.subscribe("payment_behavior=default_incomplete");
    let path = format!("subscriptions/{}", word(&made, "id"));
    desk.advance(22);
    assert_eq!(desk.get(&path)["status"], "incomplete");
    desk.advance(1);
    assert_eq!(desk.get(&path)["status"], "incomplete_expired");
    let invoice = format!("invoices/{}", word(&made, "latest_invoice"));
    assert_eq!(desk.get(&invoice)["status"], "void");
    assert_eq!(
        desk.fail("POST", &format!("{invoice}/pay"), "payment_method=pm_card_visa")
            .0,
        400
    );
    assert_eq!(desk.fail("POST", &path, "cancel_at_period_end=true").0, 400);
    assert_eq!(desk.fail("DELETE", &path, "").0, 404);
}

#[test]
fn allow_incomplete_needs_a_card_and_tries_it() {
    let mut desk = Desk::new();
    let customer = desk.customer();
    let form = format!("customer={customer}&items[0][price]=price_a");
    let (status, error) = desk.fail("POST", "subscriptions", &form);
    assert_eq!((status, &error["code"]), (400, &json!("resource_missing")));
    let state =
        |desk: &mut Desk, more: &str| word(&desk.make("subscriptions", &format!("{form}&{more}")), "status");
    assert_eq!(state(&mut desk, "default_payment_method=pm_card_visa"), "active");
    assert_eq!(
        state(&mut desk, "default_payment_method=pm_card_chargeDeclined"),
        "incomplete"
    );
    assert_eq!(
        state(&mut desk, "default_payment_method=pm_card_authenticationRequired"),
        "incomplete"
    );
    let before = desk.world.count("subscription");
    let declined =
        format!("{form}&default_payment_method=pm_card_chargeDeclined&payment_behavior=error_if_incomplete");
    assert_eq!(desk.fail("POST", "subscriptions", &declined).0, 402);
    assert_eq!(desk.world.count("subscription"), before);
}

#[test]
fn a_subscription_is_billed_at_the_end_of_each_period() {
    let mut desk = Desk::new();
    let made = desk.subscribe("default_payment_method=pm_card_visa");
    desk.advance(24 * 63);
    let invoices = desk.get("invoices");
    let reasons: Vec<&Value> = invoices["data"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| &one["billing_reason"])
        .collect();
    assert_eq!(
        reasons,
        ["subscription_cycle", "subscription_cycle", "subscription_create"]
    );
    assert_eq!(
        desk.told().iter().filter(|kind| *kind == "invoice.paid").count(),
        3
    );
    let path = format!("subscriptions/{}", word(&made, "id"));
    desk.make(&path, "cancel_at_period_end=true");
    desk.advance(24 * 32);
    assert_eq!(desk.get(&path)["status"], "canceled");
    assert_eq!(desk.get("invoices")["data"].as_array().map(Vec::len), Some(3));
}

#[test]
fn a_renewal_that_is_declined_is_past_due() {
    let mut desk = Desk::new();
    let made = desk.subscribe("default_payment_method=pm_card_visa");
    let path = format!("subscriptions/{}", word(&made, "id"));
    desk.make(&path, "default_payment_method=pm_card_chargeDeclined");
    desk.advance(24 * 32);
    assert_eq!(desk.get(&path)["status"], "past_due");
    assert!(desk.told().contains(&"invoice.payment_failed".to_owned()));
    let invoice = word(&desk.get(&path), "latest_invoice");
    desk.make(&format!("invoices/{invoice}/pay"), "payment_method=pm_card_visa");
    assert_eq!(desk.get(&path)["status"], "active");
}

#[test]
fn a_trial_costs_nothing_until_it_ends() {
    let mut desk = Desk::new();
    let made =
        desk.subscribe("trial_period_days=7&default_payment_method=pm_card_visa&expand[]=latest_invoice");
    assert_eq!(made["status"], "trialing");
    assert_eq!(
        (
            &made["latest_invoice"]["amount_due"],
            &made["latest_invoice"]["status"]
        ),
        (&json!(0), &json!("paid"))
    );
    desk.advance(24 * 7);
    assert_eq!(
        desk.get(&format!("subscriptions/{}", word(&made, "id")))["status"],
        "active"
    );
    assert_eq!(desk.get("invoices")["data"][0]["amount_paid"], 2000);
}

#[test]
fn the_invoice_keeps_the_metadata_of_its_finalisation() {
    let mut desk = Desk::new();
    let customer = word(&desk.make("customers", "metadata[org_id]=customer"), "id");
    let made = desk.make(
        "subscriptions",
        &format!(
            "customer={customer}&items[0][price]=price_a&metadata[a]=1&default_payment_method=pm_card_visa"
        ),
    );
    let id = word(&made, "id");
    desk.make(&format!("subscriptions/{id}"), "metadata[a]=2");
    let first = desk.get(&format!("invoices/{}", word(&made, "latest_invoice")));
    assert_eq!(first["subscription_details"]["metadata"], json!({"a": "1"}));
    assert_eq!(
        (&first["metadata"], &made["metadata"]),
        (&json!({}), &json!({"a": "1"})),
        "nothing of the customer's"
    );
    let draft = desk.make("invoices", &format!("subscription={id}"));
    desk.make(&format!("subscriptions/{id}"), "metadata[a]=3");
    let done = desk.make(&format!("invoices/{}/finalize", word(&draft, "id")), "");
    assert_eq!(done["subscription_details"]["metadata"], json!({"a": "3"}));
}

#[test]
fn lists_leave_out_what_is_cancelled_unless_asked() {
    let mut desk = Desk::new();
    let made = desk.subscribe("default_payment_method=pm_card_visa");
    let id = word(&made, "id");
    let (status, ended) = read(&desk.ask("DELETE", &format!("subscriptions/{id}"), ""));
    assert_eq!((status, &ended["status"]), (200, &json!("canceled")));
    let mut count = |query: &str| {
        desk.get(&format!("subscriptions{query}"))["data"]
            .as_array()
            .map(Vec::len)
    };
    assert_eq!(count(""), Some(0));
    assert_eq!(count("?status=all"), Some(1));
    assert_eq!(count("?status=ended"), Some(1));
    assert_eq!(count("?status=canceled&price=price_a"), Some(1));
    assert_eq!(count("?status=all&price=price_b"), Some(0));
    assert!(desk.told().contains(&"customer.subscription.deleted".to_owned()));
}

#[test]
fn items_can_be_changed_but_not_all_taken_away() {
    let mut desk = Desk::new();
    let made = desk.subscribe("default_payment_method=pm_card_visa");
    let (path, item) = (
        format!("subscriptions/{}", word(&made, "id")),
        word(&made["items"]["data"][0], "id"),
    );
    let changed = desk.make(
        &path,
        &format!("items[0][id]={item}&items[0][price]=price_b&items[0][quantity]=3"),
    );
    let now = &changed["items"]["data"][0];
    assert_eq!(
        (&now["price"]["id"], &now["quantity"], &now["id"]),
        (&json!("price_b"), &json!(3), &json!(item))
    );
    assert_eq!(
        desk.fail(
            "POST",
            &path,
            &format!("items[0][id]={item}&items[0][deleted]=true")
        )
        .0,
        400
    );
}
