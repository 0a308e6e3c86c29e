//! Signatures of deliveries, as providers make them.
//!
//! Role: [`Schemes`] checks a delivery by its provider's scheme.
//! Invariant: only bytes as they arrived are looked at; digests are compared in constant time; an empty secret signs
//! nothing; a delivery costs a bounded number of digests.
//! Not here: what a delivery says.

mod header;
mod stripe;
#[cfg(test)]
mod tests;

use backflow_engine::signature::{Delivery, Forged, Signatures};
use backflow_plan::manifest::Signature;
use http::HeaderMap;
use jiff::Timestamp;

/// The most signatures of a delivery that are looked at: a provider sends one for each of its secrets.
const MOST: usize = 16;

/// The longest value of a header that is looked at.
const LONGEST: usize = 4096;

/// All schemes that are known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Schemes;

impl Signatures for Schemes {
    fn check(&self, delivery: &Delivery<'_>) -> Result<(), Forged> {
        match delivery.signature {
            Signature::Stripe => stripe::check(delivery),
            Signature::Header(scheme) => header::check(scheme, delivery),
        }
    }
}

/// The value of a header that must be there once.
fn only<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, Forged> {
    let mut values = headers.get_all(name).iter();
    let value = values
        .next()
        .ok_or(Forged("the header of the signature is missing"))?;
    if values.next().is_some() {
        return Err(Forged("a header of the signature is there twice"));
    }
    let value = value
        .to_str()
        .map_err(|_| Forged("a header of the signature is no text"))?;
    match value.len() {
        0 => Err(Forged("a header of the signature is empty")),
        1..=LONGEST => Ok(value),
        _ => Err(Forged("a header of the signature is too long")),
    }
}

/// The instant that a delivery says it was sent at: seconds since 1970 in digits, not further off than `tolerance`.
fn in_time(text: &str, tolerance: i64, now: Timestamp) -> Result<i64, Forged> {
    let digits = (1..=12).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    let at: i64 = match digits {
        true => text.parse().map_err(|_| Forged("the instant is no number"))?,
        false => return Err(Forged("the instant is no number")),
    };
    match now.as_second().abs_diff(at) <= tolerance.unsigned_abs() {
        true => Ok(at),
        false => Err(Forged("it was sent too long ago, or is not sent yet")),
    }
}

/// The bytes of hexadecimal digits.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let pairs = text.as_bytes().chunks_exact(2);
    let bytes = pairs.map(|pair| match pair {
        [high, low] => Some((digit(*high)? << 4) | digit(*low)?),
        _ => None,
    });
    bytes.collect()
}
