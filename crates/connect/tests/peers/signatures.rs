//! Signatures of deliveries: our verdict is that of Stripe's own client.
//!
//! Role: lets each of its two versions sign, forge and judge deliveries, and judges them as well.
//! Input: `signatures.mjs`.
//! Invariant: where we decide otherwise, the case says so and why; we never believe what the client does not.
//! Not here: schemes of other providers.

use crate::node;
use backflow_connect::signature::Schemes;
use backflow_engine::Secret;
use backflow_engine::signature::{Delivery, Signatures};
use backflow_expr::{Value, json};
use backflow_plan::manifest::Signature;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_list().expect("a list").iter();
    items
        .map(|item| item.as_text().expect("a text").to_owned())
        .collect()
}

/// Whether we believe a case.
fn is_believed(case: &Value) -> bool {
    let mut headers = HeaderMap::new();
    for value in texts(&case.member("headers")) {
        headers.append(
            "stripe-signature",
            HeaderValue::try_from(value).expect("a header"),
        );
    }
    let body = STANDARD.decode(case.member("body").as_text().expect("a body"));
    let now: i64 = case.member("now").to_json().parse().expect("seconds");
    let secrets: Vec<Secret> = texts(&case.member("secrets"))
        .into_iter()
        .map(Secret::new)
        .collect();
    let delivery = Delivery {
        signature: &Signature::Stripe,
        secrets: &secrets,
        headers: &headers,
        body: &body.expect("Base64"),
        now: Timestamp::from_second(now).expect("an instant"),
    };
    Schemes.check(&delivery).is_ok()
}

#[test]
fn what_stripe_s_client_believes_is_believed_and_nothing_else() {
    for client in ["stripe", "stripe-next"] {
        let cases = json::parse(&node::told("signatures.mjs", client), 64).expect("the cases are JSON");
        let cases = cases.as_list().expect("a list");
        let (mut believed, mut refused, mut differ) = (0, 0, 0);
        for case in cases {
            let name = case.member("name");
            let theirs = case.member("theirs") == Value::Bool(true);
            let ours = is_believed(case);
            println!("{client}, {name:?}: ours {ours}, theirs {theirs}");
            match case.member("ours") {
                Value::Undefined => assert_eq!(ours, theirs, "{client}, {name:?}: ours left, theirs right"),
                _ => {
                    let said = (theirs, ours);
                    assert_eq!(said, (true, false), "{client}, {name:?}: it is no difference");
                    differ += 1;
                }
            }
            match ours {
                true => believed += 1,
                false => refused += 1,
            }
        }
        assert!(believed >= 35 && refused >= 60, "{believed}, {refused}");
        assert!((10..20).contains(&differ), "{differ}");
    }
}
