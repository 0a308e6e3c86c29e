//! What Stripe's answers become, and how an earlier request is found again.

use super::*;
use crate::fake::{Does, Fake, line};
use backflow_engine::connector::{Earlier, Refusal};
use backflow_expr::{Value, json};
use backflow_plan::manifest::{ParamKind, Repeat};

const WITHIN: Duration = Duration::from_secs(10);

fn value(text: &str) -> Value {
    json::parse(text.as_bytes(), 64).unwrap()
}

fn freeze(action: &str, params: &str, earlier: &[Earlier]) -> Result<Frozen, Misfit> {
    let stripe = Stripe::new(line("http://127.0.0.1:9"), Secret::new("sk_hunter2"), None);
    stripe.freeze(&Asked {
        action,
        params: &value(params),
        run: "run_1",
        key: "run_1:step:0",
        earlier,
    })
}

fn body(action: &str, params: &str, earlier: &[Earlier]) -> String {
    let frozen = freeze(action, params, earlier).unwrap();
    String::from_utf8(frozen.body.to_vec()).unwrap()
}

fn misfit(action: &str, params: &str) -> String {
    freeze(action, params, &[]).unwrap_err().param
}

fn stripe(fake: &Fake) -> Stripe {
    Stripe::new(fake.line(), Secret::new("sk_hunter2"), None)
}

async fn outcome(action: &str, params: &str, does: impl Fn(&str) -> Does + Send + Sync + 'static) -> Outcome {
    let fake = Fake::start(does);
    let frozen = freeze(action, params, &[]).unwrap();
    stripe(&fake).send(&frozen, WITHIN).await
}

#[test]
fn a_customers_metadata_goes_to_the_subscription_of_the_same_run() {
    let made = |id: &str, metadata: &str| Earlier {
        action: "createCustomer".to_owned(),
        params: value(&format!("{{\"metadata\": {metadata}}}")),
        result: value(&format!("{{\"id\": \"{id}\"}}")),
    };
    let earlier = [
        made("cus_1", r#"{"org_id": "1"}"#),
        made("cus_2", r#"{"org_id": "2"}"#),
    ];
    let params = r#"{"customer": "cus_1", "price": "p"}"#;
    assert_eq!(
        body("createSubscription", params, &earlier),
        "customer=cus_1&items[0][price]=p&metadata[org_id]=1"
    );
    let own = r#"{"customer": "cus_1", "price": "p", "metadata": {"a": "b"}}"#;
    assert_eq!(
        body("createSubscription", own, &earlier),
        "customer=cus_1&items[0][price]=p&metadata[a]=b"
    );
    let foreign = r#"{"customer": "cus_3", "price": "p"}"#;
    assert_eq!(
        body("createSubscription", foreign, &earlier),
        "customer=cus_3&items[0][price]=p"
    );
}

#[test]
fn what_does_not_fit_is_told_before_anything_is_sent() {
    assert_eq!(misfit("retrieveCustomer", "{}"), "customer");
    assert_eq!(misfit("retrieveCustomer", r#"{"customer": ""}"#), "customer");
    assert_eq!(misfit("retrieveCustomer", r#"{"customer": ".."}"#), "customer");
    assert_eq!(misfit("retrieveCustomer", r#"{"customer": 7}"#), "customer");
    assert_eq!(
        misfit("retrieveCustomer", r#"{"customer": "a", "id": "b"}"#),
        "customer"
    );
    assert!(freeze("retrieveCustomer", r#"{"customer": "a", "id": "a"}"#, &[]).is_ok());
    let both = r#"{"customer": "c", "price": "p", "items": [{"price": "q"}]}"#;
    assert_eq!(misfit("createSubscription", both), "price");
    assert_eq!(
        misfit("createSubscription", r#"{"customer": "c", "quantity": 2}"#),
        "quantity"
    );
    assert_eq!(
        misfit("createSubscription", r#"{"price": "p", "priceId": "p"}"#),
        "priceId"
    );
    for path in [
        "/v2/x",
        "/v1/../x",
        "/v1/a?b=c",
        "/v1/a b",
        "/v1//a",
        "/v1/%2e%2E/a",
        "https://evil.example/v1/",
    ] {
        let params = format!("{{\"method\": \"POST\", \"path\": \"{path}\"}}");
        assert_eq!(misfit("request", &params), "path", "{path}");
    }
    assert_eq!(
        misfit("request", r#"{"method": "PUT", "path": "/v1/a"}"#),
        "method"
    );
    assert_eq!(misfit("createcustomer", "{}"), "action");
}

#[test]
fn the_same_call_gives_the_same_bytes_without_a_credential() {
    let params = r#"{"email": "a@b.c"}"#;
    let (one, two) = (
        freeze("createCustomer", params, &[]),
        freeze("createCustomer", params, &[]),
    );
    assert_eq!(one, two);
    let printed = format!("{one:?}");
    assert!(!printed.contains("hunter2"), "{printed}");
    assert_eq!(one.unwrap().key.as_deref(), Some("run_1:step:0"));
    assert_eq!(freeze("listPrices", "{}", &[]).unwrap().key, None);
}

#[tokio::test]
async fn answers_become_outcomes() {
    let card = r#"{"error": {"type": "card_error", "code": "card_declined", "param": "source",
        "message": "Declined with sk_hunter2"}}"#;
    let say = |status, headers: &'static str, body: &'static str| {
        move |_: &str| Does::Says(status, headers, body.to_owned())
    };
    let create = |does| outcome("createCustomer", "{}", does);
    assert_eq!(
        create(say(200, "", r#"{"id": "cus_1"}"#)).await,
        Outcome::Done(value(r#"{"id": "cus_1"}"#))
    );
    let refused = create(say(402, "Request-Id: req_1\r\n", card)).await;
    let expected = Refusal {
        status: Some(402),
        kind: Some("card_error".into()),
        code: Some("card_declined".into()),
        param: Some("source".into()),
        message: "Declined with ***".into(),
        timed_out: false,
        request_id: Some("req_1".into()),
    };
    assert_eq!(refused, Outcome::Refused(expected));
    for status in [400, 401, 403, 404, 422, 302] {
        assert!(
            matches!(create(say(status, "", card)).await, Outcome::Refused(_)),
            "{status}"
        );
    }
    for status in [409, 429] {
        let again = create(say(status, "Retry-After: 7\r\n", card)).await;
        let after = Some(Duration::from_secs(7));
        assert!(
            matches!(again, Outcome::Again { after: it, .. } if it == after),
            "{status}: {again:?}"
        );
        let final_word = create(say(status, "Stripe-Should-Retry: false\r\n", card)).await;
        assert!(matches!(final_word, Outcome::Refused(_)), "{status}");
    }
    assert!(matches!(create(say(500, "", card)).await, Outcome::Stored(_)));
    assert!(matches!(
        create(say(503, "Stripe-Should-Retry: false\r\n", "oops")).await,
        Outcome::Stored(_)
    ));
    for status in [400, 500] {
        let again = create(say(status, "Stripe-Should-Retry: true\r\n", card)).await;
        assert!(matches!(again, Outcome::Again { .. }), "{status}");
    }
    assert!(matches!(
        outcome("listPrices", "{}", say(500, "", card)).await,
        Outcome::Again { .. }
    ));
    assert!(matches!(
        create(say(200, "", "<html>")).await,
        Outcome::Unknown(_)
    ));
    assert!(matches!(
        outcome("createCustomer", "{}", |_| Does::HangsUp).await,
        Outcome::Unknown(_)
    ));
    let frozen = freeze("createCustomer", "{}", &[]).unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let nobody = Stripe::new(line(&format!("http://127.0.0.1:{free}")), Secret::new("k"), None);
    assert!(matches!(
        nobody.send(&frozen, WITHIN).await,
        Outcome::Again { .. }
    ));
}

#[tokio::test]
async fn a_request_is_found_by_its_key() {
    let event = |id: &str, key: &str| {
        format!(
            r#"{{"id": "{id}", "request": {{"idempotency_key": "{key}"}},
                "data": {{"object": {{"id": "sub_{id}", "object": "subscription"}}}}}}"#
        )
    };
    let fake = Fake::start(move |request| {
        let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
        let page = |events: String, more: bool| {
            Does::Says(200, "", format!("{{\"data\": [{events}], \"has_more\": {more}}}"))
        };
        match path.as_str() {
            path if path.contains("starting_after=evt_2") => page(event("evt_3", "run_1:step:0"), false),
            path if path.starts_with("/v1/events") => page(
                [event("evt_1", "other"), event("evt_2", "run_1:step:1")].join(","),
                true,
            ),
            path => Does::Says(200, "", format!("{{\"id\": \"now\", \"path\": \"{path}\"}}")),
        }
    });
    let params =
        r#"{"customer": "c", "price": "p", "expand": ["latest_invoice.payment_intent", "customer"]}"#;
    let mut frozen = freeze("createSubscription", params, &[]).unwrap();
    let since = jiff::Timestamp::from_second(1_700_000_300).unwrap();
    let found = stripe(&fake).look_up(&frozen, since, WITHIN).await;
    let Found::Done(object) = found else {
        panic!("{found:?}");
    };
    assert_eq!(
        object.member("path").as_text(),
        Some("/v1/subscriptions/sub_evt_3?expand[0]=latest_invoice.payment_intent&expand[1]=customer")
    );
    let first = fake.heard().first().cloned().unwrap();
    let asked =
        "GET /v1/events?type=customer.subscription.created&limit=100&created[gte]=1700000000 HTTP/1.1";
    assert!(first.starts_with(asked), "{first}");
    assert!(first.contains("authorization: Bearer sk_hunter2"), "{first}");
    assert!(!first.contains("idempotency-key"), "{first}");
    frozen.key = Some("nobody's".to_owned());
    assert_eq!(
        stripe(&fake).look_up(&frozen, since, WITHIN).await,
        Found::Nothing
    );
    let broken = Fake::saying(500, "", "{}");
    let unknown = stripe(&broken).look_up(&frozen, since, WITHIN).await;
    assert!(matches!(unknown, Found::Unknown(_)));
}

#[tokio::test]
async fn a_deletion_once_more_ends_as_the_first_did() {
    let missing = r#"{"error": {"type": "invalid_request_error", "code": "resource_missing"}}"#;
    let gone = move |request: &str| match request.split(' ').next() {
        Some("DELETE") => Does::Says(404, "", missing.to_owned()),
        _ => Does::Says(200, "", r#"{"id": "cus_1", "deleted": true}"#.to_owned()),
    };
    let done = Outcome::Done(value(r#"{"id": "cus_1", "deleted": true}"#));
    assert_eq!(outcome("deleteCustomer", r#"{"id": "cus_1"}"#, gone).await, done);
    let never = move |_: &str| Does::Says(404, "", missing.to_owned());
    let refused = outcome("deleteCustomer", r#"{"id": "cus_1"}"#, never).await;
    assert!(matches!(refused, Outcome::Refused(_)));
}

#[test]
fn the_manifest_holds_the_table() {
    let manifest = manifest();
    assert_eq!(manifest.actions.len(), actions::ACTIONS.len() + 1);
    let create = manifest.action("createSubscription").unwrap();
    assert_eq!(create.one_of, [["price", "priceId", "items"]]);
    assert_eq!(create.repeat, Repeat::Keyed);
    let customer = create
        .params
        .iter()
        .find(|param| param.name == "customer")
        .unwrap();
    assert!(customer.required && customer.kind == ParamKind::Text);
    let gone = create
        .retired
        .iter()
        .find(|gone| gone.value == "latest_invoice.payment_intent")
        .unwrap();
    assert_eq!(gone.instead, "latest_invoice.confirmation_secret");
    for action in &manifest.actions {
        let mut names: Vec<&str> = action.params.iter().map(|param| param.name.as_str()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "{} names a parameter twice", action.name);
        for member in action.result.iter().flatten() {
            assert!(!member.name.is_empty());
        }
    }
    let result = manifest.action("createInvoice").unwrap().result.clone().unwrap();
    assert!(result.len() > 80, "{}", result.len());
}
