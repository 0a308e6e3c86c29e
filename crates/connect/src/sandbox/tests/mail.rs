//! Mails.
//!
//! Role: what SendGrid takes and what it refuses.
//! Invariant: what is refused is not kept.
//! Not here: the vendor's client.

use super::super::asked::{Answer, Asked};
use super::super::sendgrid;
use super::{Desk, header, read};
use serde_json::{Value, json};

fn send(desk: &mut Desk, mail: &Value) -> Answer {
    let asked = Asked {
        method: "POST".into(),
        path: "/v3/mail/send".into(),
        headers: vec![("authorization".into(), "Bearer SG.x".into())],
        body: mail.to_string().into_bytes(),
        ..Asked::default()
    };
    sendgrid::answer(&mut desk.world, &asked, None)
}

fn mail() -> Value {
    json!({
        "from": {"email": "b@example.com"}, "subject": "Hello", "custom_args": {"run": "r1"},
        "personalizations": [{"to": [{"email": "a@example.com"}]}, {"to": [{"email": "c@example.com"}], "subject": "Own"}],
        "content": [{"type": "text/plain", "value": "Hi"}],
    })
}

#[test]
fn a_mail_is_202_without_a_body_and_kept_for_each_personalization() {
    let mut desk = Desk::new();
    let answer = send(&mut desk, &mail());
    assert_eq!(
        (answer.status, answer.body.as_str(), answer.effect),
        (202, "", true)
    );
    let kept: Vec<_> = desk.world.emails.iter().cloned().collect();
    assert_eq!(header(&answer, "X-Message-Id"), Some(kept[0].id.as_str()));
    assert_eq!(
        (kept[0].to[0].as_str(), kept[0].subject.as_deref()),
        ("a@example.com", Some("Hello"))
    );
    assert_eq!(
        (kept[1].to[0].as_str(), kept[1].subject.as_deref()),
        ("c@example.com", Some("Own"))
    );
    assert_eq!(kept[1].custom_args, json!({"run": "r1"}));
}

#[test]
fn what_is_wrong_names_its_field() {
    let cases = [
        ("/from", json!(null), "from.email"),
        ("/from/email", json!("nobody"), "from.email"),
        ("/personalizations", json!([]), "personalizations"),
        ("/personalizations/0/to", json!([]), "personalizations.0.to"),
        (
            "/personalizations/0/to/0/email",
            json!("x"),
            "personalizations.0.to.0.email",
        ),
        (
            "/personalizations/0/to",
            json!([{"email": "a@b.c"}, {"email": "A@b.c"}]),
            "personalizations.0.to",
        ),
        ("/content", json!([]), "content"),
        ("/content/0/value", json!(""), "content.0.value"),
        ("/subject", json!(""), "subject"),
    ];
    let mut desk = Desk::new();
    for (place, value, field) in cases {
        let mut wrong = mail();
        *wrong.pointer_mut(place).expect(place) = value;
        let (status, body) = read(&send(&mut desk, &wrong));
        assert_eq!(status, 400, "{place}");
        let errors = body["errors"].as_array().cloned().unwrap_or_default();
        assert!(
            errors
                .iter()
                .any(|error| error["field"] == field && error["help"].is_null()),
            "{place}: {body}"
        );
    }
    assert_eq!(desk.world.emails.total(), 0);
}

#[test]
fn a_template_stands_for_subject_and_content() {
    let mut desk = Desk::new();
    let person = json!([{"to": [{"email": "a@b.c"}], "dynamic_template_data": {"x": 1}}]);
    for (id, is_doubted) in [("d-1", false), ("team-invite", true)] {
        let answer = send(
            &mut desk,
            &json!({"from": {"email": "b@b.c"}, "template_id": id, "personalizations": person}),
        );
        assert_eq!(answer.status, 202);
        let kept = desk.world.emails.iter().next_back().cloned().expect("kept");
        assert_eq!(
            (kept.template.as_deref(), &kept.data, kept.warning.is_some()),
            (Some(id), &json!({"x": 1}), is_doubted)
        );
    }
}

#[test]
fn a_key_of_sendgrid_s_is_needed() {
    let mut desk = Desk::new();
    let asked = Asked {
        method: "POST".into(),
        path: "/v3/mail/send".into(),
        ..Asked::default()
    };
    let (status, body) = read(&sendgrid::answer(&mut desk.world, &asked, None));
    assert_eq!(status, 401);
    assert!(body["errors"][0]["message"].is_string());
}
