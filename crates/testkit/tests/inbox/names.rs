//! How an event is found: by what its provider calls it, by its own id, in a table that was made earlier.
//!
//! Invariant: no statement about one event reads the others' rows, and an event stays one row whatever index there is.
//! Not here: what arrives again (`spec/webhooks`), erasing (`many`).

use crate::{SECRET, deliver, desk, event, paid, project, shown, used, worlds};
use backflow_connect::sandbox::signature;
use backflow_engine::Clock;
use backflow_sql::ir::Statement;
use backflow_testkit::World;

/// The inbox as it was made when its key was the id alone.
const EARLIER: &str = r#"
ALTER TABLE _backflow_events RENAME TO newer;
CREATE TABLE "_backflow_events" ("id" TEXT NOT NULL, "hook" TEXT NOT NULL, "event" TEXT NOT NULL, "kind" TEXT,
  "object" TEXT NOT NULL, "created" TEXT NOT NULL, "received" TEXT NOT NULL, "headers" TEXT NOT NULL, "body" TEXT NOT NULL,
  "state" TEXT NOT NULL, "tenant" TEXT, "actions" TEXT, "tries" INTEGER NOT NULL, "since" TEXT NOT NULL, "due" TEXT,
  "error" TEXT, "ended" TEXT, PRIMARY KEY ("id")) STRICT;
INSERT INTO _backflow_events SELECT * FROM newer;
DROP TABLE newer;
CREATE INDEX "_backflow_events_0_idx" ON "_backflow_events" ("received");
CREATE INDEX "_backflow_events_1_idx" ON "_backflow_events" ("due") WHERE "due" IS NOT NULL;
CREATE INDEX "_backflow_events_2_idx" ON "_backflow_events" ("object", "due") WHERE "due" IS NOT NULL;
"#;

/// Bytes that nobody would write again like this.
const ODD: &str = "{ \"id\" : \"evt_odd\",\n\t\"type\":\"charge.updated\", \"n\": 1.50, \"n\": 1e2,\r\n \"é\": \"\\u00e9 \u{1f600}\" }";

async fn deliver_bytes(world: &World, body: &str) -> String {
    let signed = signature(SECRET, world.clock.now().as_second(), body.as_bytes());
    let headers = [("Stripe-Signature", signed.as_str())];
    let answer = world.send("POST", "/hooks", &headers, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()["status"].as_str().unwrap().to_owned()
}

/// An invoice of a customer that nobody knows.
fn stray() -> serde_json::Value {
    let invoice = serde_json::json!({"id": "in_9", "object": "invoice", "customer": "cus_later"});
    event("evt_stray", "invoice.paid", 0, invoice)
}

fn count(world: &World) -> i64 {
    world.database().number("SELECT count(*) FROM _backflow_events")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_that_was_made_earlier_goes_on() {
    for first in worlds() {
        assert_eq!(deliver_bytes(&first, ODD).await, "ignored");
        assert_eq!(deliver(&first, "/hooks", &stray()).await, "quarantined");
        if !first.database().is_postgres() {
            first.database().execute(EARLIER);
        }
        let world = first.beside(project().compile_for(first.home().backend().dialect()));
        let odd = desk(&world).show("evt_odd").await.unwrap().unwrap();
        assert_eq!(odd.body, ODD);
        assert_eq!(desk(&world).show(&odd.info.id).await.unwrap().unwrap().body, ODD);
        assert_eq!(deliver_bytes(&world, ODD).await, "duplicate");
        world
            .database()
            .execute("UPDATE plans SET stripe_customer_id = 'cus_later' WHERE stripe_customer_id = 'cus_b'");
        desk(&world).retry("evt_stray").await.unwrap().unwrap();
        assert_eq!(shown(&world, "evt_stray").await.state, "done");
        assert_eq!(deliver(&world, "/hooks", &stray()).await, "duplicate");
        assert_eq!(deliver(&world, "/hooks", &paid("evt_next", 1)).await, "done");
        assert_eq!((used(&world), count(&world)), (1, 3));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_at_two_webhooks_is_two_events() {
    for world in worlds() {
        let fresh = event("evt_1", "charge.updated", 0, serde_json::json!({"id": "ch_1"}));
        for path in ["/hooks", "/archive"] {
            assert_eq!(deliver(&world, path, &fresh).await, "ignored");
            assert_eq!(deliver(&world, path, &fresh).await, "duplicate");
        }
        let listed = desk(&world).list(None, None, 10).await.unwrap();
        assert_eq!(listed.len(), 2);
        for one in listed {
            assert_eq!(shown(&world, &one.id).await.hook, one.hook);
        }
        assert!(desk(&world).show("evt_1").await.is_err());
        let nobody = "00000000-0000-8000-8000-000000000000";
        assert!(desk(&world).show(nobody).await.unwrap().is_none());
    }
}

#[test]
fn one_event_is_found_without_the_others_rows() {
    for world in worlds() {
        if world.database().is_postgres() {
            continue;
        }
        let plan = project()
            .compile_for(world.home().backend().dialect())
            .plan
            .unwrap();
        let inbox = plan.journal.unwrap().inbox;
        let steps = |statement: &Statement| {
            // The longest number first: `?1` begins `?12`.
            let numbers = (1..=20).rev();
            let text = numbers.fold(statement.text.to_string(), |text, n| {
                text.replace(&format!("?{n}"), "'x'")
            });
            let steps = world.database().rows(&format!("EXPLAIN QUERY PLAN {text}"));
            let steps = steps.into_iter().filter_map(|row| row.into_iter().last()?);
            steps
                .filter(|step| step.contains("_backflow_events"))
                .collect::<Vec<_>>()
        };
        let found = [inbox.accept, inbox.read, inbox.settle, inbox.named, inbox.erase].map(|one| steps(&one));
        let [accept, rest @ ..] = found;
        assert!(accept.is_empty(), "{accept:?}");
        for steps in rest {
            let [step] = steps.as_slice() else {
                panic!("{steps:?}");
            };
            assert!(
                step.starts_with("SEARCH") && step.contains("_backflow_events_key (event=?"),
                "{step}"
            );
        }
        let own = steps(&inbox.own);
        let covering = "SCAN t0 USING COVERING INDEX _backflow_events_key";
        assert_eq!(own, [covering]);
    }
}
