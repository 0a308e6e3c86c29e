//! Signatures that verify, and many that must not.
//!
//! Role: Stripe's scheme, and what both kinds of schemes are asked by.
//! Invariant: what is believed was signed by whoever knows the secret, lately, and byte for byte.
//! Not here: the verdicts of Stripe's own client (`tests/peers`), schemes in other headers (`header.rs`).

mod header;

use super::Schemes;
use crate::sandbox::signature;
use backflow_engine::Secret;
use backflow_engine::signature::{Delivery, Signatures};
use backflow_plan::manifest::Signature;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use proptest::prelude::*;

const NOW: i64 = 1_700_000_000;
const SECRET: &str = "whsec_test";
const BODY: &[u8] = br#"{"id":"evt_1","type":"invoice.paid"}"#;

fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(
            HeaderName::try_from(*name).unwrap(),
            HeaderValue::try_from(*value).unwrap(),
        );
    }
    headers
}

fn is_believed(scheme: &Signature, pairs: &[(&str, &str)], body: &[u8], secrets: &[&str]) -> bool {
    let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::new(*secret)).collect();
    let delivery = Delivery {
        signature: scheme,
        secrets: &secrets,
        headers: &headers(pairs),
        body,
        now: Timestamp::from_second(NOW).unwrap(),
    };
    Schemes.check(&delivery).is_ok()
}

fn stripe(header: &str, body: &[u8]) -> bool {
    is_believed(
        &Signature::Stripe,
        &[("stripe-signature", header)],
        body,
        &[SECRET],
    )
}

#[test]
fn what_is_signed_lately_with_any_secret_is_believed() {
    let good = signature(SECRET, NOW, BODY);
    assert!(stripe(&good, BODY));
    for off in [-300, 300] {
        assert!(stripe(&signature(SECRET, NOW + off, BODY), BODY), "{off}");
    }
    let digest = good.split_once("v1=").unwrap().1;
    let among = format!("t={NOW},v0=00,v1={},v1={digest},scheme=x", "0".repeat(64));
    assert!(stripe(&among, BODY));
    let other = [("stripe-signature", good.as_str())];
    assert!(is_believed(
        &Signature::Stripe,
        &other,
        BODY,
        &["", "old", SECRET]
    ));
}

/// A name, the header, the body, the secrets.
type Forgery = (&'static str, String, Vec<u8>, Vec<&'static str>);

/// Some letters of a text.
fn part(text: &str, of: impl std::slice::SliceIndex<str, Output = str>) -> &str {
    text.get(of).unwrap()
}

/// Headers that do not fit.
fn misfits() -> Vec<(&'static str, String)> {
    let good = signature(SECRET, NOW, BODY);
    let digest = good.split_once("v1=").unwrap().1.to_owned();
    vec![
        ("stale", signature(SECRET, NOW - 301, BODY)),
        ("future", signature(SECRET, NOW + 301, BODY)),
        ("stale by years", signature(SECRET, 1, BODY)),
        ("fresh instant, old digest", format!("t={},v1={digest}", NOW + 1)),
        ("version 0", format!("t={NOW},v0={digest}")),
        ("version 2", format!("t={NOW},v2={digest}")),
        ("no version", format!("t={NOW},{digest}")),
        ("no instant", format!("v1={digest}")),
        ("two instants", format!("t={NOW},t={NOW},v1={digest}")),
        ("empty instant", format!("t=,v1={digest}")),
        ("negative instant", format!("t=-{NOW},v1={digest}")),
        ("instant with a sign", format!("t=+{NOW},v1={digest}")),
        ("instant with a fraction", format!("t={NOW}.0,v1={digest}")),
        ("instant of letters", format!("t=now,v1={digest}")),
        ("instant too large", format!("t=99999999999999999999,v1={digest}")),
        ("instant in milliseconds", format!("t={NOW}000,v1={digest}")),
        ("truncated", format!("t={NOW},v1={}", part(&digest, ..62))),
        ("odd", format!("t={NOW},v1={}", part(&digest, ..63))),
        ("longer", format!("t={NOW},v1={digest}00")),
        ("no digits", format!("t={NOW},v1={}", "g".repeat(64))),
        (
            "upper case",
            format!("t={NOW},v1={}", digest.to_ascii_uppercase()),
        ),
        ("blanks", format!("t={NOW}, v1={digest}")),
        ("empty digest", format!("t={NOW},v1=")),
        (
            "17 signatures",
            format!("t={NOW}{},v1={digest}", ",v1=00".repeat(16)),
        ),
        (
            "instant with a zero before",
            signature(SECRET, NOW, BODY).replace("t=", "t=0"),
        ),
        ("one digit wrong", format!("t={NOW},v1=f{}", part(&digest, 1..))),
        ("only commas", ",,,".to_owned()),
        ("garbage", "garbage".to_owned()),
        ("too long", format!("t={NOW},v1={digest},{}", "x".repeat(5000))),
    ]
}

/// Bodies and secrets that do not fit.
fn others() -> Vec<Forgery> {
    let good = signature(SECRET, NOW, BODY);
    let body = |body: &[u8]| (good.clone(), body.to_vec(), vec![SECRET]);
    let secret = |secrets: Vec<&'static str>| (good.clone(), BODY.to_vec(), secrets);
    let all = [
        ("swapped body", body(br#"{"id":"evt_2","type":"invoice.paid"}"#)),
        (
            "re-encoded body",
            body(br#"{"id": "evt_1", "type": "invoice.paid"}"#),
        ),
        (
            "members swapped",
            body(br#"{"type":"invoice.paid","id":"evt_1"}"#),
        ),
        (
            "trailing newline",
            body(b"{\"id\":\"evt_1\",\"type\":\"invoice.paid\"}\n"),
        ),
        (
            "byte order mark",
            body(b"\xef\xbb\xbf{\"id\":\"evt_1\",\"type\":\"invoice.paid\"}"),
        ),
        (
            "escaped letter",
            body(br#"{"id":"evt_1","type":"invoice.p\u0061id"}"#),
        ),
        ("empty body", body(b"")),
        ("shorter body", body(BODY.split_last().unwrap().1)),
        ("other secret", secret(vec!["whsec_other"])),
        ("no secret", secret(vec![])),
        ("empty secret", {
            let header = signature("", NOW, BODY);
            (header, BODY.to_vec(), vec![""])
        }),
        ("blank secret", {
            let header = signature(" \n", NOW, BODY);
            (header, BODY.to_vec(), vec![" \n"])
        }),
        ("signature of an empty body", {
            (signature(SECRET, NOW, b""), BODY.to_vec(), vec![SECRET])
        }),
        ("an empty body that is signed", {
            (signature(SECRET, NOW, b""), Vec::new(), vec![SECRET])
        }),
        ("a byte order mark that is signed", {
            let body = b"\xef\xbb\xbf{}";
            (signature(SECRET, NOW, body), body.to_vec(), vec![SECRET])
        }),
        ("no text, but signed", {
            let body = b"{\"a\":\"\xff\"}";
            (signature(SECRET, NOW, body), body.to_vec(), vec![SECRET])
        }),
        ("secret in another case", secret(vec!["WHSEC_TEST"])),
        ("secret with a blank", secret(vec!["whsec_test "])),
    ];
    all.map(|(name, (header, body, secrets))| (name, header, body, secrets))
        .into()
}

fn forgeries() -> Vec<Forgery> {
    let headers = misfits().into_iter();
    let headers = headers.map(|(name, header)| (name, header, BODY.to_vec(), vec![SECRET]));
    headers.chain(others()).collect()
}

#[test]
fn forged_and_damaged_deliveries_are_not_believed() {
    let all = forgeries();
    assert!(all.len() >= 30, "{}", all.len());
    for (name, header, body, secrets) in all {
        let header = [("stripe-signature", header.as_str())];
        assert!(
            !is_believed(&Signature::Stripe, &header, &body, &secrets),
            "{name} was believed"
        );
    }
}

#[test]
fn the_header_is_there_once() {
    let good = signature(SECRET, NOW, BODY);
    let scheme = Signature::Stripe;
    assert!(!is_believed(&scheme, &[], BODY, &[SECRET]));
    assert!(!is_believed(&scheme, &[("x-signature", &good)], BODY, &[SECRET]));
    let twice = [
        ("stripe-signature", good.as_str()),
        ("stripe-signature", good.as_str()),
    ];
    assert!(!is_believed(&scheme, &twice, BODY, &[SECRET]));
    assert!(!is_believed(
        &scheme,
        &[("stripe-signature", "")],
        BODY,
        &[SECRET]
    ));
}

proptest! {
    #[test]
    fn a_flipped_bit_is_not_believed(at in 0..BODY.len() * 8) {
        let mut body = BODY.to_vec();
        body[at / 8] ^= 1 << (at % 8);
        prop_assert!(!stripe(&signature(SECRET, NOW, BODY), &body));
    }

    #[test]
    fn a_flipped_bit_of_the_header_is_not_believed(at in 0..(76 + 3) * 7usize) {
        // What stays a header: the seven lower bits of each of its letters.
        let mut header = signature(SECRET, NOW, BODY).into_bytes();
        prop_assume!(at / 7 < header.len());
        header[at / 7] ^= 1 << (at % 7);
        let header = String::from_utf8(header).expect("ASCII stays ASCII");
        prop_assume!(HeaderValue::try_from(header.as_str()).is_ok());
        prop_assert!(!stripe(&header, BODY));
    }

    #[test]
    fn nothing_that_was_not_signed_is_believed(header in "[ -~]{0,200}", body: Vec<u8>) {
        prop_assert!(!stripe(&header, &body));
    }

    #[test]
    fn any_parts_in_any_order_are_judged(parts in "(t=|v1=|v0=|1700000000|,|=|-|[0-9a-f]{64}| ){0,12}", body: Vec<u8>) {
        prop_assert!(!stripe(&parts, &body));
    }
}
