//! Deliveries of Stripe's to our webhook.
//!
//! Role: events, each of them another, and their signatures, made before a turn.
//! Invariant: an event is delivered once; its instant is that of the turn, so that it is believed like a real one.
//! Not here: sending; who runs what they lead to.

use crate::data::{ORGANIZATIONS, Organization, mix};
use anyhow::{Result, ensure};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use std::io::Write;
use std::time::Duration;

/// What deliveries are signed with.
pub(crate) const SECRET: &str = "whsec_bench";

/// Where the example receives them.
const PATH: &str = "/webhooks/stripe";

/// Deliveries that are prepared for each second: more than can be taken.
const A_SECOND: f64 = 60_000.0;

/// How long before and after the measured span deliveries may be needed.
const AROUND: Duration = Duration::from_millis(500);

/// What the events of a turn are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No action of the example is for it: it is kept.
    Kept,
    /// The example's update runs, for the organisation of a customer that is known.
    Run,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Kept => "invoice.created",
            Self::Run => "invoice.paid",
        }
    }
}

/// The deliveries of one turn.
pub(crate) struct Deliveries {
    kind: Kind,
    /// Set apart from other turns.
    tag: String,
    /// Seconds since 1970.
    at: i64,
    digests: Vec<[u8; 64]>,
}

impl Deliveries {
    /// Signs as many as a turn can need.
    pub(crate) fn sign(kind: Kind, tag: String, at: i64, turn: Duration) -> Result<Self> {
        let count = ((turn + AROUND).as_secs_f64() * A_SECOND) as u64;
        ensure!(
            turn.as_secs() < 240,
            "a signature is believed for five minutes; take shorter turns"
        );
        let key = Key::new(HMAC_SHA256, SECRET.as_bytes());
        let mut deliveries = Self {
            kind,
            tag,
            at,
            digests: Vec::new(),
        };
        let mut signed = Vec::new();
        let digest = |n| {
            signed.clear();
            write!(signed, "{at}.")?;
            deliveries.event(n, &mut signed)?;
            hexadecimal(sign(&key, &signed).as_ref())
        };
        deliveries.digests = (0..count).map(digest).collect::<Result<_>>()?;
        Ok(deliveries)
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.digests.len() as u64
    }

    /// Writes the n-th as a request; nothing if there is none.
    pub(crate) fn write(&self, n: u64, out: &mut Vec<u8>) {
        let digest = usize::try_from(n).ok().and_then(|at| self.digests.get(at));
        let mut body = Vec::with_capacity(2048);
        if let (Some(digest), Ok(())) = (digest, self.event(n, &mut body)) {
            let (at, digest) = (self.at, String::from_utf8_lossy(digest));
            write!(
                out,
                "POST {PATH} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json; charset=utf-8\r\n\
                 stripe-signature: t={at},v1={digest}\r\ncontent-length: {}\r\n\r\n",
                body.len()
            )
            .unwrap_or_default();
            out.extend_from_slice(&body);
        }
    }

    /// The n-th event, as Stripe writes those of its version 2025-02-24: an invoice of a subscription.
    fn event(&self, n: u64, out: &mut Vec<u8>) -> Result<()> {
        let Self { kind, tag, at, .. } = self;
        let owner = Organization(mix(n) % ORGANIZATIONS);
        let (customer, subscription) = (owner.customer(), owner.subscription());
        let (kind, id, end) = (kind.name(), format!("{tag}-{n}"), at + 2_592_000);
        write!(
            out,
            r#"{{
  "id": "evt_{id}", "object": "event", "api_version": "2025-02-24.acacia", "created": {at},
  "data": {{ "object": {{
    "id": "in_{id}", "object": "invoice", "account_country": "US", "amount_due": 2000, "amount_paid": 2000,
    "amount_remaining": 0, "attempt_count": 1, "attempted": true, "auto_advance": false, "billing_reason": "subscription_cycle",
    "charge": "ch_{id}", "collection_method": "charge_automatically", "created": {at}, "currency": "usd",
    "customer": "{customer}", "customer_email": "billing@example.com", "customer_name": "Bench", "description": null,
    "hosted_invoice_url": "https://invoice.stripe.com/i/acct_bench/test_{id}",
    "lines": {{ "object": "list", "data": [ {{
      "id": "il_{id}", "object": "line_item", "amount": 2000, "currency": "usd", "description": "1 × Pro (at $20.00 / month)",
      "invoice": "in_{id}", "livemode": false, "metadata": {{}}, "period": {{ "end": {end}, "start": {at} }},
      "price": {{ "id": "price_pro", "object": "price", "active": true, "currency": "usd", "unit_amount": 2000 }},
      "quantity": 1, "subscription": "{subscription}", "type": "subscription"
    }} ], "has_more": false, "total_count": 1, "url": "/v1/invoices/in_{id}/lines" }},
    "livemode": false, "metadata": {{}}, "number": "BENCH-{n}", "paid": true, "payment_intent": "pi_{id}",
    "period_end": {at}, "period_start": {at}, "status": "paid", "subscription": "{subscription}",
    "subscription_details": {{ "metadata": {{}} }}, "subtotal": 2000, "total": 2000
  }} }},
  "livemode": false, "pending_webhooks": 1, "request": {{ "id": null, "idempotency_key": null }}, "type": "{kind}"
}}"#
        )?;
        Ok(())
    }
}

fn hexadecimal(bytes: &[u8]) -> Result<[u8; 64]> {
    let mut digits = [0; 64];
    let mut room = digits.as_mut_slice();
    for byte in bytes {
        write!(room, "{byte:02x}")?;
    }
    Ok(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_delivery_is_another_event_and_is_signed() {
        let turn = Duration::from_millis(1);
        let all = Deliveries::sign(Kind::Run, "a-1".to_owned(), 1_700_000_000, turn).unwrap();
        let mut seen = HashSet::new();
        for n in 0..all.count() {
            let mut request = Vec::new();
            all.write(n, &mut request);
            let text = String::from_utf8(request).unwrap();
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            let event: serde_json::Value = serde_json::from_str(body).unwrap();
            assert!(seen.insert(event["id"].to_string()));
            assert!(head.ends_with(&format!("content-length: {}", body.len())));
            let (_, digest) = head.split_once(",v1=").unwrap();
            let digest = digest.split_once("\r\n").unwrap().0;
            let key = Key::new(HMAC_SHA256, SECRET.as_bytes());
            let wanted = hexadecimal(sign(&key, format!("1700000000.{body}").as_bytes()).as_ref());
            assert_eq!(digest.as_bytes(), wanted.unwrap());
        }
    }
}
