//! Signatures in a header of their own, as GitHub, Slack and many others make them.
//!
//! Role: HMAC over parts of the delivery; hexadecimal or Base64, behind a prefix.
//! Invariant: every header that is signed is there once; where an instant is signed, it is near.
//! Not here: which provider does it how (its manifest).

use super::{MOST, from_hex, in_time, only};
use aws_lc_rs::hmac::{HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, HMAC_SHA512, Key, verify};
use backflow_engine::signature::{Delivery, Forged};
use backflow_plan::manifest::{Algorithm, Encoding, HeaderSignature, SecretForm, Signed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What may stand before a secret in Base64.
const MARKED: &str = "whsec_";

pub(super) fn check(scheme: &HeaderSignature, delivery: &Delivery<'_>) -> Result<(), Forged> {
    let header = only(delivery.headers, &scheme.header)?;
    if let Some((name, tolerance)) = &scheme.timestamp {
        in_time(only(delivery.headers, name)?, i64::from(*tolerance), delivery.now)?;
    }
    let mut signed = Vec::with_capacity(delivery.body.len() + 64);
    for part in &scheme.signed {
        match part {
            Signed::Text(text) => signed.extend_from_slice(text.as_bytes()),
            Signed::Header(name) => signed.extend_from_slice(only(delivery.headers, name)?.as_bytes()),
            Signed::Body => signed.extend_from_slice(delivery.body),
        }
    }
    let digests: Vec<Vec<u8>> = header
        .split_ascii_whitespace()
        .take(MOST)
        .filter_map(|text| decoded(text.strip_prefix(scheme.prefix.as_str())?, scheme.encoding))
        .collect();
    if digests.is_empty() {
        return Err(Forged("there is no signature of this form"));
    }
    let secrets = delivery.secrets.iter().map(backflow_engine::Secret::expose);
    for secret in secrets.filter_map(|secret| key(secret, scheme)) {
        if digests
            .iter()
            .any(|digest| verify(&secret, &signed, digest).is_ok())
        {
            return Ok(());
        }
    }
    Err(Forged("no signature was made with a secret of ours"))
}

fn decoded(text: &str, encoding: Encoding) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Hex => from_hex(text),
        Encoding::Base64 => STANDARD.decode(text).ok(),
    }
}

/// The key that a secret stands for; `None`: it is empty, or no Base64.
fn key(secret: &str, scheme: &HeaderSignature) -> Option<Key> {
    let bytes = match scheme.secret {
        SecretForm::Text => secret.as_bytes().to_vec(),
        SecretForm::Base64 => {
            let digits = secret.strip_prefix(MARKED).unwrap_or(secret);
            STANDARD.decode(digits).ok()?
        }
    };
    let algorithm = match scheme.algorithm {
        Algorithm::Sha1 => HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Algorithm::Sha256 => HMAC_SHA256,
        Algorithm::Sha512 => HMAC_SHA512,
    };
    (!bytes.is_empty()).then(|| Key::new(algorithm, &bytes))
}
