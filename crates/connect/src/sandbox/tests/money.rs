//! Payments, refunds, prices, checkout.
//!
//! Role: what money does.
//! Invariant: no more goes back than came.
//! Not here: subscriptions.

use super::super::options::SeedPrice;
use super::super::stripe::{catalog, checkout};
use super::{Desk, word};
use serde_json::json;

#[test]
fn an_intent_goes_from_state_to_state() {
    let mut desk = Desk::new();
    let made = desk.make("payment_intents", "amount=500&currency=USD");
    assert_eq!(
        (&made["status"], &made["currency"]),
        (&json!("requires_payment_method"), &json!("usd"))
    );
    let path = format!("payment_intents/{}", word(&made, "id"));
    assert_eq!(
        desk.fail("POST", &format!("{path}/confirm"), "").1["code"],
        "payment_intent_unexpected_state"
    );
    let waiting = desk.make(
        &format!("{path}/confirm"),
        "payment_method=pm_card_authenticationRequired",
    );
    assert_eq!(waiting["status"], "requires_action");
    let done = desk.make(&format!("{path}/confirm"), "payment_method=pm_card_visa");
    assert_eq!(
        (&done["status"], &done["amount_received"]),
        (&json!("succeeded"), &json!(500))
    );
    let (status, error) = desk.fail("POST", &format!("{path}/cancel"), "");
    assert_eq!(
        (status, &error["code"]),
        (400, &json!("payment_intent_unexpected_state"))
    );
    assert_eq!(error["payment_intent"]["status"], "succeeded");
}

#[test]
fn a_declined_card_leaves_the_intent_open() {
    let mut desk = Desk::new();
    let form = "amount=500&currency=usd&confirm=true&payment_method=pm_card_chargeDeclined";
    let (status, error) = desk.fail("POST", "payment_intents", form);
    assert_eq!(
        (status, &error["type"], &error["code"]),
        (402, &json!("card_error"), &json!("card_declined"))
    );
    let id = word(&error["payment_intent"], "id");
    assert_eq!(
        desk.get(&format!("payment_intents/{id}"))["status"],
        "requires_payment_method"
    );
    assert_eq!(
        desk.told(),
        ["payment_intent.created", "payment_intent.payment_failed"]
    );
}

#[test]
fn no_more_is_refunded_than_was_paid() {
    let mut desk = Desk::new();
    let intent = desk.make(
        "payment_intents",
        "amount=500&currency=usd&confirm=true&payment_method=pm_card_visa",
    );
    let form = format!("payment_intent={}", word(&intent, "id"));
    assert_eq!(desk.fail("POST", "refunds", &format!("{form}&amount=501")).0, 400);
    assert_eq!(desk.make("refunds", &format!("{form}&amount=200"))["amount"], 200);
    assert_eq!(desk.make("refunds", &form)["amount"], 300);
    assert_eq!(
        desk.fail("POST", "refunds", &form).1["code"],
        "charge_already_refunded"
    );
    assert_eq!(
        desk.get(&format!("charges/{}", word(&intent, "latest_charge")))["refunded"],
        true
    );
}

#[test]
fn any_price_is_known_until_there_is_one_of_our_own() {
    let mut desk = Desk::new();
    let assumed = desk.get("prices/price_anything");
    assert_eq!(
        (&assumed["unit_amount"], &assumed["currency"]),
        (&json!(2000), &json!("usd"))
    );
    assert_eq!(assumed["recurring"]["interval"], "month");
    let product = word(&desk.make("products", "name=p"), "id");
    let own = desk.make(
        "prices",
        &format!("product={product}&currency=eur&unit_amount=900&recurring[interval]=year"),
    );
    assert_eq!(own["type"], "recurring");
    desk.fail("GET", "prices/price_other", "");
    assert_eq!(
        desk.get("prices/price_anything")["unit_amount"],
        2000,
        "what was known stays"
    );
}

#[test]
fn seeded_prices_are_all_there_are() {
    let mut desk = Desk::new();
    let seed = SeedPrice {
        id: "price_pro".into(),
        unit_amount: 4900,
        currency: "usd".into(),
        interval: Some("month".into()),
    };
    catalog::seed(&mut desk.world, &seed);
    assert_eq!(
        desk.get("prices/price_pro?expand[]=product")["product"]["object"],
        "product"
    );
    assert_eq!(desk.fail("GET", "prices/price_basic", "").0, 404);
}

#[test]
fn a_subscription_takes_no_price_that_is_paid_once() {
    let mut desk = Desk::new();
    let price = desk.make("prices", "product_data[name]=p&currency=usd&unit_amount=5");
    let form = format!(
        "customer={}&items[0][price]={}",
        desk.customer(),
        word(&price, "id")
    );
    assert_eq!(
        desk.fail("POST", "subscriptions", &form).1["param"],
        "items[0][price]"
    );
}

#[test]
fn an_invoice_over_nothing_is_paid_when_it_is_finalised() {
    let mut desk = Desk::new();
    let form = format!("customer={}", desk.customer());
    let draft = desk.make("invoices", &form);
    let path = format!("invoices/{}", word(&draft, "id"));
    let done = desk.make(&format!("{path}/finalize"), "");
    assert_eq!(
        (&draft["status"], &done["status"], &done["payment_intent"]),
        (&json!("draft"), &json!("paid"), &json!(null))
    );
    assert_eq!(desk.fail("POST", &format!("{path}/finalize"), "").0, 400);
    assert_eq!(
        desk.fail("POST", &format!("{path}/pay"), "").1["code"],
        "invoice_already_paid"
    );
}

#[test]
fn a_checkout_session_is_paid_or_expires_once() {
    let mut desk = Desk::new();
    let form = "mode=subscription&success_url=http://localhost/&line_items[0][price]=price_a";
    let made = desk.make("checkout/sessions", form);
    let id = word(&made, "id");
    assert!(id.starts_with("cs_test_"));
    assert!(checkout::complete(&mut desk.world, &id).is_ok());
    assert!(checkout::complete(&mut desk.world, &id).is_err());
    let done = desk.get(&format!("checkout/sessions/{id}?expand[]=subscription"));
    assert_eq!(
        (&done["status"], &done["subscription"]["status"]),
        (&json!("complete"), &json!("active"))
    );
    let other = word(&desk.make("checkout/sessions", form), "id");
    desk.advance(24);
    assert_eq!(
        desk.get(&format!("checkout/sessions/{other}"))["status"],
        "expired"
    );
    assert!(desk.told().contains(&"checkout.session.expired".to_owned()));
}
