//! Requests that mean no good.
//!
//! Role: any bytes are answered, and a page shows them as text.
//! Invariant: no panic.
//! Not here: sockets.

use super::super::asked::Asked;
use super::super::{control, form, sendgrid, stripe};
use super::Desk;
use proptest::prelude::*;

const PATHS: [&str; 12] = [
    "customers",
    "customers/x",
    "subscriptions",
    "subscriptions/sub_x",
    "invoices/in_x/pay",
    "payment_intents",
    "prices/price_x",
    "checkout/sessions",
    "refunds",
    "events",
    "//",
    "customers/%zz",
];

fn parameter() -> impl Strategy<Value = String> {
    let name = prop::sample::select(vec![
        "customer",
        "items[0][price]",
        "items[][quantity]",
        "items[0][price]",
        "expand[]",
        "expand[0]",
        "metadata[a]",
        "limit",
        "created[gte]",
        "starting_after",
        "amount",
        "currency",
        "confirm",
        "payment_method",
        "trial_end",
        "line_items[0][price]",
        "line_items[0][quantity]",
        "mode",
        "success_url",
        "expires_at",
        "trial_period_days",
        "payment_behavior",
        "collection_method",
        "unit_amount",
        "recurring[interval]",
        "recurring[interval_count]",
    ]);
    let value = prop_oneof![
        Just("price_x".to_owned()),
        Just("4294967295".to_owned()),
        Just("0".to_owned()),
        Just("true".to_owned()),
        Just("data.customer".to_owned()),
        Just("subscription".to_owned()),
        Just("usd".to_owned()),
        Just("CUS".to_owned()),
        Just("default_incomplete".to_owned()),
        Just("year".to_owned()),
        ".{0,20}",
    ];
    (name, value).prop_map(|(name, value)| format!("{name}={value}"))
}

proptest! {
    #[test]
    fn any_request_to_stripe_is_answered(
        method in prop::sample::select(vec!["GET", "POST", "DELETE", "PUT"]),
        path in prop::sample::select(PATHS.to_vec()),
        parameters in prop::collection::vec(parameter(), 0..12),
    ) {
        let mut desk = Desk::new();
        let customer = desk.customer();
        let form = parameters.join("&").replace("CUS", &customer);
        let answer = desk.ask(method, path, &form);
        prop_assert!((200..600).contains(&answer.status));
        desk.advance(24 * 400);
        desk.get("customers");
        control::counts(&desk.world);
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200), path in "/v[13]/.{0,20}") {
        let mut desk = Desk::new();
        drop(form::decode(&bytes));
        let headers = vec![
            ("authorization".to_owned(), "Bearer sk_test_x".to_owned()),
            ("idempotency-key".to_owned(), String::from_utf8_lossy(&bytes).into_owned()),
        ];
        let asked = Asked { method: "POST".into(), path, query: String::from_utf8_lossy(&bytes).into_owned(), headers, body: bytes };
        prop_assert!(stripe::answer(&mut desk.world, &asked, None).status >= 200);
        prop_assert!(sendgrid::answer(&mut desk.world, &asked, None).status >= 200);
    }
}

#[test]
fn the_page_shows_what_came_as_text() {
    let mut desk = Desk::new();
    desk.make(
        "customers",
        "name=%3Cscript%3Ealert(1)%3C/script%3E&email=%3Cb%3E@x",
    );
    let page = control::show(&desk.world);
    assert!(page.body.contains("&lt;b&gt;@x"));
    assert!(!page.body.contains("<script"), "{}", page.body);
}
