//! Signatures in a header of their own, as GitHub, Slack and many others make them.
//!
//! Role: HMAC over parts of the delivery; hexadecimal in either case, or Base64, behind a prefix.
//! Invariant: every header that is signed is there once; where an instant is signed, it is near.
//! Not here: which provider does it how (its manifest).

use super::{MOST, hex, in_time, is_among, only};
use aws_lc_rs::hmac::{Context, HMAC_SHA1_FOR_LEGACY_USE_ONLY, HMAC_SHA256, HMAC_SHA512, Key};
use backflow_engine::Secret;
use backflow_engine::signature::{Delivery, Forged};
use backflow_plan::manifest::{Algorithm, Encoding, HeaderSignature, SecretForm, Signed};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;

/// What may stand before a secret in Base64.
const MARKED: &str = "whsec_";

pub(super) fn check(scheme: &HeaderSignature, delivery: &Delivery<'_>) -> Result<(), Forged> {
    let header = only(delivery.headers, &scheme.header)?;
    if let Some((name, tolerance)) = &scheme.timestamp {
        in_time(only(delivery.headers, name)?, *tolerance, delivery.now)?;
    }
    let signed: Result<Vec<&[u8]>, Forged> = scheme
        .signed
        .iter()
        .map(|part| match part {
            Signed::Text(text) => Ok(text.as_bytes()),
            Signed::Header(name) => only(delivery.headers, name).map(str::as_bytes),
            Signed::Body => Ok(delivery.body),
        })
        .collect();
    let signed = signed?;
    let digests = digests(scheme, header);
    match digests.len() {
        0 => return Err(Forged("there is no signature of this form")),
        1..=MOST => {}
        _ => return Err(Forged("there are too many signatures")),
    }
    let secrets = delivery.secrets.iter().map(Secret::expose);
    for key in secrets.filter_map(|secret| key(secret, scheme)) {
        let mut context = Context::with_key(&key);
        signed.iter().for_each(|part| context.update(part));
        let tag = context.sign();
        let digest = match scheme.encoding {
            Encoding::Hex => hex(tag.as_ref()),
            Encoding::Base64 => STANDARD.encode(tag.as_ref()),
        };
        if is_among(&digest, &digests) {
            return Ok(());
        }
    }
    Err(Forged("no signature was made with a secret of ours"))
}

/// The digests of a header, as this digest would be written. A prefix with a blank in it leaves room for one only.
fn digests<'a>(scheme: &HeaderSignature, header: &'a str) -> Vec<Cow<'a, str>> {
    let prefix = scheme.prefix.as_str();
    let texts: Vec<&str> = match prefix.contains(char::is_whitespace) {
        true => vec![header],
        false => header.split_ascii_whitespace().collect(),
    };
    let digests = texts.into_iter().filter_map(|text| text.strip_prefix(prefix));
    let digests = digests.map(|digest| match scheme.encoding {
        Encoding::Hex => Cow::Owned(digest.to_ascii_lowercase()),
        Encoding::Base64 => Cow::Borrowed(digest),
    });
    digests.collect()
}

/// The key that a secret stands for; `None`: it is empty, or no Base64.
fn key(secret: &str, scheme: &HeaderSignature) -> Option<Key> {
    let bytes = match scheme.secret {
        SecretForm::Text => Cow::Borrowed(secret.as_bytes()),
        SecretForm::Base64 => {
            let digits = secret.strip_prefix(MARKED).unwrap_or(secret);
            Cow::Owned(STANDARD.decode(digits).ok()?)
        }
    };
    let algorithm = match scheme.algorithm {
        Algorithm::Sha1 => HMAC_SHA1_FOR_LEGACY_USE_ONLY,
        Algorithm::Sha256 => HMAC_SHA256,
        Algorithm::Sha512 => HMAC_SHA512,
    };
    let is_blank = secret.trim().is_empty() || bytes.is_empty();
    (!is_blank).then(|| Key::new(algorithm, &bytes))
}
