//! `Stripe-Signature: t=1700000000,v1=…,v1=…`
//!
//! Role: HMAC-SHA256 over instant, dot and body; any `v1` may match any secret, other schemes do not count.
//! Invariant: a delivery is believed for five minutes, both ways.
//! Not here: signing (the sandbox).

use super::{MOST, from_hex, in_time, only};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, verify};
use backflow_engine::signature::{Delivery, Forged};

/// How many seconds a delivery may be off.
const TOLERANCE: i64 = 300;

pub(super) fn check(delivery: &Delivery<'_>) -> Result<(), Forged> {
    let header = only(delivery.headers, "stripe-signature")?;
    let parts = header
        .split(',')
        .map(|part| part.split_once('=').unwrap_or((part, "")));
    let (mut instants, mut digests) = (Vec::new(), Vec::new());
    for (name, value) in parts {
        match name.trim() {
            "t" => instants.push(value.trim()),
            "v1" => digests.push(from_hex(value.trim())),
            _ => {}
        }
    }
    let [instant] = instants.as_slice() else {
        return Err(Forged("the signature has no instant, or several"));
    };
    if digests.is_empty() {
        return Err(Forged("there is no signature of version 1"));
    }
    in_time(instant, TOLERANCE, delivery.now)?;
    let mut signed = Vec::with_capacity(instant.len() + 1 + delivery.body.len());
    signed.extend_from_slice(instant.as_bytes());
    signed.push(b'.');
    signed.extend_from_slice(delivery.body);
    let secrets = delivery.secrets.iter().map(backflow_engine::Secret::expose);
    for secret in secrets.filter(|secret| !secret.is_empty()) {
        let key = Key::new(HMAC_SHA256, secret.as_bytes());
        let mut digests = digests.iter().take(MOST).flatten();
        if digests.any(|digest| verify(&key, &signed, digest).is_ok()) {
            return Ok(());
        }
    }
    Err(Forged("no signature was made with a secret of ours"))
}
