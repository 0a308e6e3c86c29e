//! What senders are told, and what a changed file finds of what was done.
//!
//! Not here: what events do (`spec/webhooks`).

use crate::{SECRET, deliver, desk, paid, project, shown, used, worlds};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use backflow_engine::Clock;

const SLACK: &str = r#"{ "webhooks": [{
  "name": "chat", "path": "/chat", "provider": "slack", "secret": "{{env.HOOK_SECRET}}",
  "actions": [{ "condition": "payload.type === 'nothing'", "type": "database", "action": "update",
    "params": { "table": "plans", "data": { "used": 0 },
      "filters": [{ "column": "stripe_customer_id", "operator": "eq", "value": "{{payload.event.customer}}" }] } }],
  "tenant": "{{payload.team}}"
}] }"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_answered_if_it_is_signed_and_is_no_event() {
    for first in worlds() {
        let project = project().file("webhooks/slack.json", SLACK);
        let world = first.beside(project.compile_for(first.home().backend().dialect()));
        let body =
            r#"{"token": "old", "challenge": "3eZbrw1aBm2rZgRNFdxV2595E9CY", "type": "url_verification"}"#;
        let at = world.clock.now().as_second().to_string();
        let digest = |secret: &str| {
            let key = Key::new(HMAC_SHA256, secret.as_bytes());
            let digest = sign(&key, format!("v0:{at}:{body}").as_bytes());
            let digits: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
            format!("v0={digits}")
        };
        let ask = async |secret: &str| {
            let signed = digest(secret);
            let headers = [
                ("X-Slack-Signature", signed.as_str()),
                ("X-Slack-Request-Timestamp", at.as_str()),
            ];
            world.send("POST", "/chat", &headers, body).await
        };
        let answer = ask(SECRET).await;
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (200, r#"{"challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY"}"#)
        );
        let refused = ask("another secret").await;
        assert_eq!(refused.status, 401);
        assert!(!refused.body.contains("3eZ"), "{}", refused.body);
        assert!(
            refused.headers.get("www-authenticate").is_none(),
            "no token would help: {:?}",
            refused.headers
        );
        assert_eq!(
            world.database().number("SELECT count(*) FROM _backflow_events"),
            0
        );
    }
}

/// Actions that count and that fail, in an order.
fn handler(order: [&str; 2]) -> String {
    let of = |what: &&str| match *what {
        "count" => {
            r#"{ "workflow": { "steps": [{ "id": "count", "type": "database", "params": { "table": "plans",
            "operation": "update", "data": { "used": "used + 1" },
            "filters": [{ "column": "stripe_customer_id", "operator": "eq", "value": "{{payload.data.object.customer}}" }] } }] } }"#
        }
        _ => {
            r#"{ "name": "letter", "type": "database", "action": "insert",
            "params": { "table": "letters", "data": { "team_id": "{{tenant.id}}", "sent": 1 } } }"#
        }
    };
    let actions: Vec<&str> = order.iter().map(of).collect();
    format!(
        r#"{{ "webhooks": [{{ "name": "billing", "path": "/hooks", "provider": "stripe", "secret": "{{{{env.HOOK_SECRET}}}}",
            "actions": [{}] }}] }}"#,
        actions.join(", ")
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_may_change_their_places_while_something_waits() {
    for first in worlds() {
        let beside = |order| {
            let project = project().file("webhooks/stripe.json", &handler(order));
            first.beside(project.compile_for(first.home().backend().dialect()))
        };
        let world = beside(["count", "letter"]);
        // Acme has a letter already.
        assert_eq!(deliver(&world, "/hooks", &paid("evt_1", 0)).await, "waiting");
        let waiting = shown(&world, "evt_1").await;
        assert_eq!(waiting.actions, [("count".to_owned(), "done")]);
        world.database().execute("DELETE FROM letters;");
        let changed = beside(["letter", "count"]);
        desk(&changed).retry("evt_1").await.unwrap();
        let done = shown(&changed, "evt_1").await;
        let both = ["count", "letter"].map(|mark| (mark.to_owned(), "done"));
        assert_eq!((done.state, done.actions), ("done", both.to_vec()));
        assert_eq!(used(&changed), 1, "what was done is not done again");
    }
}
