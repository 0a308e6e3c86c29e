//! What SendGrid's answers become, and what is told before anything is sent.

use super::*;
use crate::fake::{Does, Fake, line};
use backflow_expr::json;

fn freeze(action: &str, params: &str, from: bool) -> Result<Frozen, Misfit> {
    let sendgrid = SendGrid::new(line("http://127.0.0.1:9"), Secret::new("SG.hunter2"));
    let sendgrid = if from {
        sendgrid.with_sender("us@example.com", None)
    } else {
        sendgrid
    };
    sendgrid.freeze(&Asked {
        action,
        params: &json::parse(params.as_bytes(), 64).unwrap(),
        run: "run_1",
        key: "run_1:step:0",
        earlier: &[],
    })
}

#[test]
fn what_does_not_fit_is_told_before_anything_is_sent() {
    let misfit = |params: &str, from| freeze("sendEmail", params, from).unwrap_err().param;
    assert_eq!(misfit(r#"{"to": "a@b.c", "text": "x"}"#, false), "from");
    assert_eq!(misfit(r#"{"to": [], "text": "x"}"#, true), "to");
    assert_eq!(misfit(r#"{"to": ["", null], "text": "x"}"#, true), "to");
    assert_eq!(misfit(r#"{"to": 7, "text": "x"}"#, true), "to");
    assert_eq!(misfit(r#"{"to": {"name": "x"}, "text": "x"}"#, true), "to");
    assert_eq!(
        misfit(r#"{"to": "a@b.c", "cc": {"email": "c", "name": 1}}"#, true),
        "cc"
    );
    assert_eq!(misfit(r#"{"to": "a@b.c", "text": 1}"#, true), "text");
    assert_eq!(
        misfit(r#"{"to": "a@b.c", "customArgs": {"run": "mine"}}"#, true),
        "customArgs.run"
    );
}

#[test]
fn a_name_that_is_no_template_is_sent_as_it_stands() {
    let params = r#"{"to": "a@b.c", "templateId": "team-invite", "dynamicTemplateData": {"url": "u"}}"#;
    let frozen = freeze("sendTemplate", params, true).unwrap();
    let expected = concat!(
        r#"{"from":{"email":"us@example.com"},"personalizations":[{"to":[{"email":"a@b.c"}],"#,
        r#""dynamic_template_data":{"url":"u"}}],"custom_args":{"run":"run_1"},"template_id":"team-invite"}"#
    );
    assert_eq!(std::str::from_utf8(&frozen.body), Ok(expected));
    assert!(!format!("{frozen:?}").contains("hunter2"));
}

#[tokio::test]
async fn answers_become_outcomes() {
    let outcome = async |does: fn() -> Does| {
        let fake = Fake::start(move |_| does());
        let frozen = freeze(
            "sendEmail",
            r#"{"to": "a@b.c", "subject": "s", "text": "x"}"#,
            true,
        )
        .unwrap();
        let sendgrid = SendGrid::new(fake.line(), Secret::new("SG.hunter2"));
        sendgrid.send(&frozen, Duration::from_secs(10)).await
    };
    let accepted = outcome(|| Does::Says(202, "X-Message-Id: m1\r\n", String::new())).await;
    let result = Value::object([("status", 202.into()), ("messageId", Value::from("m1"))]);
    assert_eq!(accepted, Outcome::Done(result));
    let refused = outcome(|| {
        let body = r#"{"errors": [{"message": "SG.hunter2 is bad", "field": "from.email", "help": null}]}"#;
        Does::Says(400, "", body.to_owned())
    });
    let Outcome::Refused(refusal) = refused.await else {
        panic!("not refused");
    };
    assert_eq!(
        (refusal.message.as_str(), refusal.param.as_deref()),
        ("*** is bad", Some("from.email"))
    );
    let again = outcome(|| Does::Says(429, "Retry-After: 3\r\n", String::new())).await;
    assert!(matches!(again, Outcome::Again { after: Some(pause), .. } if pause.as_secs() == 3));
    assert!(matches!(
        outcome(|| Does::Says(500, "", String::new())).await,
        Outcome::Unknown(_)
    ));
    assert!(matches!(outcome(|| Does::HangsUp).await, Outcome::Unknown(_)));
}
