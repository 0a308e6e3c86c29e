//! Tests of the reader of webhooks: signatures, events, tenants.

use super::{faulty, included};
use crate::document::{DigestWord, HashWord, SignedPart, Webhook, WebhookTenant};

fn hook(provider: &str, more: &str) -> String {
    format!(
        r#"{{"webhooks": [{{"name": "n", "path": "/h", "provider": "{provider}", "secret": "s", "actions": [] {more}}}]}}"#
    )
}

fn read(provider: &str, more: &str) -> Webhook {
    included(&hook(provider, more)).webhooks.remove(0)
}

#[test]
fn a_signature_has_defaults_and_is_read_into_its_parts() {
    let signature = read("custom", r#", "signature": {"header": "X-Sig"}"#)
        .signature
        .unwrap();
    assert_eq!(signature.header, "x-sig");
    assert_eq!(
        (signature.algorithm, signature.encoding),
        (HashWord::Sha256, DigestWord::Hex)
    );
    assert_eq!(
        (signature.prefix.as_str(), signature.secret_is_base64),
        ("", false)
    );
    assert_eq!(
        (signature.signed, signature.timestamp),
        (vec![SignedPart::Body], None)
    );
    let signature = read(
        "custom",
        r#", "signature": {"header": "s", "algorithm": "sha1", "encoding": "base64", "secretEncoding": "base64",
            "prefix": "v1,", "timestamp": {"header": "X-Sent"}, "signed": "v0:{headers.X-Id}é{timestamp}:{body}"}"#,
    );
    let signature = signature.signature.unwrap();
    assert_eq!(signature.timestamp, Some(("x-sent".to_owned(), 300)));
    let text = |text: &str| SignedPart::Text(text.to_owned());
    let header = |name: &str| SignedPart::Header(name.to_owned());
    let expected = [
        text("v0:"),
        header("x-id"),
        text("é"),
        header("x-sent"),
        text(":"),
        SignedPart::Body,
    ];
    assert_eq!(signature.signed, expected);
    assert!(signature.secret_is_base64 && signature.algorithm == HashWord::Sha1);
}

#[test]
fn what_a_stranger_could_fill_in_is_refused() {
    let signed = |more: &str, fault: (&str, &str)| {
        faulty(
            &hook("custom", &format!(r#", "signature": {{"header": "s", {more}}}"#)),
            &[fault],
        );
    };
    signed(r#""signed": """#, ("E0901", ""));
    signed(r#""signed": "body""#, ("E0901", "body"));
    signed(r#""signed": "{body""#, ("E0901", "{body"));
    signed(r#""signed": "{headers.}{body}""#, ("E0901", "{headers.}"));
    signed(r#""signed": "{timestamp}{body}""#, ("E0901", "{timestamp}"));
    signed(r#""timestamp": {"header": "t"}"#, ("E0901", "t"));
    signed(
        r#""timestamp": {"header": "t", "tolerance": 0}, "signed": "{timestamp}{body}""#,
        ("E0211", "0"),
    );
    signed(r#""algorithm": "md5""#, ("E0204", "md5"));
    included(&hook(
        "custom",
        r#", "signature": {"header": "s", "timestamp": {"header": "T"}, "signed": "{headers.t}{body}"}"#,
    ));
    faulty(&hook("custom", ""), &[("E0202", "{")]);
    faulty(&hook("twilio", ""), &[("E0901", "twilio")]);
    faulty(
        &hook("slack", r#", "signature": {"header": "s"}"#),
        &[("E0213", "signature")],
    );
}

#[test]
fn a_tenant_is_a_template_or_rows_by_some_column() {
    let tenant = read("stripe", r#", "tenant": "{{payload.a}}""#).tenant;
    assert!(matches!(tenant, Some(WebhookTenant::Key(text)) if text.as_str() == "{{payload.a}}"));
    let tenant = read(
        "stripe",
        r#", "tenant": {"table": "t", "by": {"a": "1", "b": "2"}}"#,
    )
    .tenant;
    assert!(matches!(tenant, Some(WebhookTenant::Rows(rows)) if rows.by.len() == 2));
    faulty(
        &hook("stripe", r#", "tenant": {"table": "t", "by": {}}"#),
        &[("E0211", "{")],
    );
    faulty(
        &hook("stripe", r#", "tenant": {"table": "t"}"#),
        &[("E0202", "{")],
    );
    faulty(&hook("stripe", r#", "tenant": 3"#), &[("E0203", "3")]);
}

#[test]
fn events_name_their_templates_and_days_have_bounds() {
    let webhook = read(
        "github",
        r#", "event": {"object": "{{payload.a}}"}, "keepDays": 3650"#,
    );
    let event = webhook.event.unwrap();
    assert!(event.object.is_some() && event.id.is_none() && event.kind.is_none() && event.created.is_none());
    assert_eq!(webhook.keep_days.unwrap().value, 3650);
    faulty(&hook("github", r#", "keepDays": 3651"#), &[("E0211", "3651")]);
    faulty(
        &hook("github", r#", "event": {"kind": "a"}"#),
        &[("E0201", "kind")],
    );
}
