//! Signatures in headers of their own.
//!
//! Role: the vectors that providers publish, what differs from them, and any bytes at all.
//! Invariant: the expected digests of vectors are the providers', not ours.
//! Not here: which provider signs how (its manifest).

use super::super::hex;
use super::{NOW, Schemes, headers, is_believed};
use aws_lc_rs::hmac;
use backflow_engine::Secret;
use backflow_engine::signature::{Delivery, Signatures};
use backflow_plan::manifest::{Algorithm, Encoding, HeaderSignature, SecretForm, Signature, Signed};
use jiff::Timestamp;
use proptest::prelude::*;

fn scheme(header: &str, prefix: &str) -> HeaderSignature {
    HeaderSignature {
        header: header.to_owned(),
        algorithm: Algorithm::Sha256,
        encoding: Encoding::Hex,
        prefix: prefix.to_owned(),
        signed: vec![Signed::Body],
        timestamp: None,
        secret: SecretForm::Text,
    }
}

fn text(text: &str) -> Signed {
    Signed::Text(text.to_owned())
}

fn of_header(name: &str) -> Signed {
    Signed::Header(name.to_owned())
}

fn slack() -> HeaderSignature {
    HeaderSignature {
        timestamp: Some(("x-slack-request-timestamp".to_owned(), 300)),
        signed: vec![
            text("v0:"),
            of_header("x-slack-request-timestamp"),
            text(":"),
            Signed::Body,
        ],
        ..scheme("x-slack-signature", "v0=")
    }
}

fn standard() -> HeaderSignature {
    HeaderSignature {
        encoding: Encoding::Base64,
        secret: SecretForm::Base64,
        timestamp: Some(("webhook-timestamp".to_owned(), 300)),
        signed: vec![
            of_header("webhook-id"),
            text("."),
            of_header("webhook-timestamp"),
            text("."),
            Signed::Body,
        ],
        ..scheme("webhook-signature", "v1,")
    }
}

fn at(scheme: &HeaderSignature, now: i64, pairs: &[(&str, &str)], body: &[u8], secret: &str) -> bool {
    let delivery = Delivery {
        signature: &Signature::Header(scheme.clone()),
        secrets: &[Secret::new(secret)],
        headers: &headers(pairs),
        body,
        now: Timestamp::from_second(now).unwrap(),
    };
    Schemes.check(&delivery).is_ok()
}

/// "Validating webhook deliveries", GitHub Docs.
#[test]
fn github_s_vector_verifies() {
    let github = scheme("x-hub-signature-256", "sha256=");
    let digest = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    let believed = |digest: &str, body: &[u8], secret: &str| {
        at(&github, NOW, &[("x-hub-signature-256", digest)], body, secret)
    };
    let secret = "It's a Secret to Everybody";
    assert!(believed(digest, b"Hello, World!", secret));
    assert!(believed(
        &format!("sha256={}", super::part(digest, 7..).to_uppercase()),
        b"Hello, World!",
        secret
    ));
    assert!(!believed(digest, b"Hello, World", secret));
    assert!(!believed(digest, b"Hello, World!", "It's a secret to everybody"));
    assert!(!believed(super::part(digest, 7..), b"Hello, World!", secret));
    assert!(!believed(super::part(digest, ..69), b"Hello, World!", secret));
    assert!(!believed(&format!("{digest}00"), b"Hello, World!", secret));
    assert!(!believed("sha256=", b"Hello, World!", secret));
}

/// "Verifying requests from Slack", Slack's developer documentation.
#[test]
fn slack_s_vector_verifies() {
    const SENT: i64 = 1_531_420_618;
    let body = b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V\
        &channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=\
        &response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN\
        &trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c";
    let digest = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    let secret = "8f742231b10e8888abcd99yyyzzz85a5";
    let pairs = [
        ("x-slack-signature", digest),
        ("x-slack-request-timestamp", "1531420618"),
    ];
    for off in [-300, 0, 300] {
        assert!(at(&slack(), SENT + off, &pairs, body, secret), "{off}");
    }
    for off in [-301, 301] {
        assert!(!at(&slack(), SENT + off, &pairs, body, secret), "{off}");
    }
    let later = [pairs[0], ("x-slack-request-timestamp", "1531420619")];
    let twice = [pairs[0], pairs[1], pairs[1]];
    for damaged in [&pairs[..1], &pairs[1..], &later, &twice] {
        assert!(!at(&slack(), SENT, damaged, body, secret), "{damaged:?}");
    }
}

/// The vector in the tests of the libraries of Standard Webhooks.
#[test]
fn the_vector_of_standard_webhooks_verifies() {
    const SENT: i64 = 1_614_265_330;
    let (body, secret) = (
        br#"{"test": 2432232314}"#,
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    );
    let good = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    let believed = |signature: &str, id: &str, secret: &str| {
        let pairs = [
            ("webhook-id", id),
            ("webhook-timestamp", "1614265330"),
            ("webhook-signature", signature),
        ];
        at(&standard(), SENT, &pairs, body, secret)
    };
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    assert!(believed(good, id, secret));
    assert!(believed(good, id, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    assert!(believed(&format!("v1a,x v1,AAAA {good} v2,y"), id, secret));
    assert!(!believed(
        &format!("{} {good}", "v1,AAAA ".repeat(16)),
        id,
        secret
    ));
    assert!(!believed(good, "msg_other", secret));
    assert!(!believed(&good.replace("v1,", "v1a,"), id, secret));
    assert!(!believed(good.trim_end_matches('='), id, secret));
    for secret in [
        "",
        "whsec_",
        "whsec_not base64",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSx",
    ] {
        assert!(!believed(good, id, secret), "{secret:?}");
    }
}

#[test]
fn each_algorithm_is_its_own() {
    let all = [
        (Algorithm::Sha1, hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        (Algorithm::Sha256, hmac::HMAC_SHA256),
        (Algorithm::Sha512, hmac::HMAC_SHA512),
    ];
    for (said, _) in all {
        for (made, with) in all {
            let digest = hex(hmac::sign(&hmac::Key::new(with, b"s"), b"body").as_ref());
            let scheme = HeaderSignature {
                algorithm: said,
                ..scheme("x-signature", "")
            };
            let believed = at(&scheme, NOW, &[("x-signature", &digest)], b"body", "s");
            assert_eq!(believed, said == made, "{said:?} {made:?}");
        }
    }
}

#[test]
fn a_prefix_may_hold_a_blank_and_an_empty_secret_signs_nothing() {
    let digest =
        |secret: &[u8]| hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, secret), b"body").as_ref());
    let scheme = Signature::Header(scheme("authorization", "HMAC v="));
    let value = format!("HMAC v={}", digest(b"s"));
    assert!(is_believed(
        &scheme,
        &[("authorization", &value)],
        b"body",
        &["old", "s"]
    ));
    let value = format!("HMAC v={}", digest(b""));
    assert!(!is_believed(
        &scheme,
        &[("authorization", &value)],
        b"body",
        &["", " "]
    ));
    assert!(!is_believed(&scheme, &[("authorization", &value)], b"body", &[]));
}

fn any_scheme() -> impl Strategy<Value = HeaderSignature> {
    let algorithm = prop_oneof![
        Just(Algorithm::Sha1),
        Just(Algorithm::Sha256),
        Just(Algorithm::Sha512)
    ];
    let encoding = prop_oneof![Just(Encoding::Hex), Just(Encoding::Base64)];
    let secret = prop_oneof![Just(SecretForm::Text), Just(SecretForm::Base64)];
    let part = prop_oneof![
        "[ -~]{0,4}".prop_map(Signed::Text),
        "x-[a-z]|[ -~]{0,4}".prop_map(Signed::Header),
        Just(Signed::Body)
    ];
    let signed = proptest::collection::vec(part, 0..4);
    (algorithm, encoding, secret, "[ -~]{0,3}", signed).prop_map(
        |(algorithm, encoding, secret, prefix, signed)| HeaderSignature {
            algorithm,
            encoding,
            secret,
            signed,
            ..scheme("x-signature", &prefix)
        },
    )
}

proptest! {
    #[test]
    fn a_flipped_bit_is_not_believed(place in 0..32 * 8usize, in_body in 0..5 * 8usize) {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"s");
        let mut tag = hmac::sign(&key, b"hello").as_ref().to_vec();
        let mut body = b"hello".to_vec();
        let scheme = scheme("x-signature", "");
        let believed = |tag: &[u8], body: &[u8]| at(&scheme, NOW, &[("x-signature", &hex(tag))], body, "s");
        prop_assert!(believed(&tag, &body));
        body[in_body / 8] ^= 1 << (in_body % 8);
        prop_assert!(!believed(&tag, &body));
        tag[place / 8] ^= 1 << (place % 8);
        prop_assert!(!believed(&tag, b"hello"));
    }

    #[test]
    fn any_delivery_by_any_scheme_is_judged(
        scheme in any_scheme(), value in "[ -~]{0,100}", more in "[ -~]{0,20}", secret in "[ -~]{0,20}", body: Vec<u8>,
    ) {
        prop_assert!(!at(&scheme, NOW, &[("x-signature", &value), ("x-a", &more)], &body, &secret));
    }
}
