//! Signatures of deliveries, as providers make them.
//!
//! Role: [`Schemes`] checks a delivery by its provider's scheme.
//! Invariant: only bytes as they arrived are looked at; an empty secret signs nothing; a delivery costs one digest for
//! each secret, however many signatures it brings, and each is compared in constant time.
//! Not here: what a delivery says.

mod header;
mod stripe;
#[cfg(test)]
mod tests;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use backflow_engine::signature::{Delivery, Forged, Signatures};
use backflow_plan::manifest::Signature;
use http::HeaderMap;
use jiff::Timestamp;

/// The most signatures that a delivery may bring: a provider sends one for each of its secrets.
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
        .ok_or(Forged("a header of the signature is missing"))?;
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

/// Judges the instant that a delivery says it was sent at: seconds since 1970 in digits as they are printed, not
/// further off than `tolerance`.
fn in_time(text: &str, tolerance: u32, now: Timestamp) -> Result<(), Forged> {
    let at: Option<u64> = text.parse().ok();
    let at = at
        .filter(|at| at.to_string() == text)
        .ok_or(Forged("the instant is no number"))?;
    let at = i64::try_from(at).map_err(|_| Forged("the instant is no number"))?;
    match now.as_second().abs_diff(at) <= u64::from(tolerance) {
        true => Ok(()),
        false => Err(Forged("it was sent too long ago, or is not sent yet")),
    }
}

/// Whether a digest is among those that a delivery brings, all of them as text.
fn is_among(digest: &str, brought: &[impl AsRef<str>]) -> bool {
    let equals = |one: &str| verify_slices_are_equal(digest.as_bytes(), one.as_bytes()).is_ok();
    brought.iter().any(|one| equals(one.as_ref()))
}

/// Bytes as hexadecimal digits in lower case.
fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
