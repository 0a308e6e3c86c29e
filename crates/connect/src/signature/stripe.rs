//! `Stripe-Signature: t=1700000000,v1=…,v1=…`
//!
//! Role: HMAC-SHA256 over instant, dot and body; any `v1` may match any secret, other schemes do not count.
//! Invariant: a delivery is believed for five minutes, both ways; whatever this believes, Stripe's own clients believe,
//! but for an empty secret, which here signs nothing.
//! Not here: signing (the sandbox).

use super::{MOST, hex, in_time, is_among, only};
use aws_lc_rs::hmac::{Context, HMAC_SHA256, Key};
use backflow_engine::Secret;
use backflow_engine::signature::{Delivery, Forged};

/// How many seconds a delivery may be off.
const TOLERANCE: u32 = 300;

pub(super) fn check(delivery: &Delivery<'_>) -> Result<(), Forged> {
    let header = only(delivery.headers, "stripe-signature")?;
    let (mut instants, mut digests) = (Vec::new(), Vec::new());
    for part in header.split(',') {
        match part.split_once('=') {
            Some(("t", instant)) => instants.push(instant),
            Some(("v1", digest)) => digests.push(digest),
            _ => {}
        }
    }
    let [instant] = instants.as_slice() else {
        return Err(Forged("the signature has no instant, or several"));
    };
    match digests.len() {
        0 => return Err(Forged("there is no signature of version 1")),
        1..=MOST => {}
        _ => return Err(Forged("there are too many signatures")),
    }
    in_time(instant, TOLERANCE, delivery.now)?;
    is_text(delivery.body)?;
    let secrets = delivery.secrets.iter().map(Secret::expose);
    for secret in secrets.filter(|secret| !secret.trim().is_empty()) {
        let mut context = Context::with_key(&Key::new(HMAC_SHA256, secret.as_bytes()));
        for part in [instant.as_bytes(), b".", delivery.body] {
            context.update(part);
        }
        if is_among(&hex(context.sign().as_ref()), &digests) {
            return Ok(());
        }
    }
    Err(Forged("no signature was made with a secret of ours"))
}

/// Bytes that others would change before they look at them are no event: the clients check the text that they read.
fn is_text(body: &[u8]) -> Result<(), Forged> {
    match std::str::from_utf8(body) {
        Ok("") => Err(Forged("there is no body")),
        Ok(text) if !text.starts_with('\u{feff}') => Ok(()),
        _ => Err(Forged("the body is no text, or begins with a byte order mark")),
    }
}
