//! Deliveries of Stripe's events.
//!
//! Role: the bytes of the n-th delivery: one event that no action waits for, or an invoice that was paid.
//! Invariant: every delivery is another event, signed when it is sent, since a signature is good for five minutes.
//! Not here: sending.

use crate::data::{ORGANIZATIONS, Organization, mix};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use chrono::Utc;
use std::io::Write;

/// What deliveries are signed with.
pub(crate) const SECRET: &str = "whsec_bench";

const PATH: &str = "/webhooks/stripe";

/// What a delivery is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// Nothing that an action waits for: it is only kept.
    Nothing,
    /// A paid invoice of an organisation: an action writes.
    Invoice,
}

/// Writes a delivery; `tag` sets its event apart from those of other turns.
pub(crate) fn deliver(out: &mut Vec<u8>, about: About, tag: &str, n: u64) {
    let now = Utc::now().timestamp();
    let body = body(about, tag, n, now);
    let mut signed = format!("{now}.").into_bytes();
    signed.extend_from_slice(body.as_bytes());
    let digest = sign(&Key::new(HMAC_SHA256, SECRET.as_bytes()), &signed);
    let digest: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    write!(
        out,
        "POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json; charset=utf-8\r\n\
         stripe-signature: t={now},v1={digest}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap_or_default();
}

fn body(about: About, tag: &str, n: u64, now: i64) -> String {
    let organization = Organization(mix(n) % ORGANIZATIONS).id();
    let (kind, object) = match about {
        About::Nothing => (
            "customer.updated",
            format!(
                r#"{{"id":"cus_{tag}_{n}","object":"customer","email":"a@example.com","metadata":{{}}}}"#
            ),
        ),
        About::Invoice => (
            "invoice.paid",
            format!(
                r#"{{"id":"in_{tag}_{n}","object":"invoice","status":"paid","amount_paid":2000,"subscription":"sub_{n}","metadata":{{"org_id":"{organization}"}},"subscription_details":{{"metadata":{{"org_id":"{organization}"}}}}}}"#
            ),
        ),
    };
    format!(
        r#"{{"id":"evt_{tag}_{n}","object":"event","api_version":"2025-02-24.acacia","created":{now},"type":"{kind}","livemode":false,"data":{{"object":{object}}}}}"#
    )
}
