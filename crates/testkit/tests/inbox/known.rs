//! What is known of an object of a provider: for how long.
//!
//! Not here: how it becomes known (`spec/webhooks`), and which tenant it names (`alone`).

use crate::{beside, deliver, event, instant, used, worlds};
use backflow_testkit::World;
use std::time::Duration;

const ACME: &str = "00000000-0000-4000-8000-00000000000a";
const DAY: i64 = 24 * 3600;

/// Calls of ours put Acme's key on a customer, so many days ago.
fn put(world: &World, customer: &str, days: i64) {
    let at = instant(world, -days * DAY);
    world.database().execute(&format!(
        r#"INSERT INTO _backflow_known (key, metadata, tenant, at) VALUES ('stripe:{customer}', '{{"team":"{ACME}"}}', NULL, '{at}');"#
    ));
}

/// Delivers an invoice whose tenant only that tells.
async fn paid_by(world: &World, id: &str, customer: &str) -> String {
    let invoice = serde_json::json!({"id": format!("in_{id}"), "object": "invoice", "customer": customer});
    deliver(world, "/hooks", &event(id, "invoice.paid", 0, invoice)).await
}

fn known(world: &World) -> String {
    world
        .database()
        .table("SELECT key FROM _backflow_known ORDER BY key")
}

/// So many days go by; then a process starts, and erases what is old. What is still known.
async fn later(world: &World, days: i64) -> String {
    let (other, _gate) = beside(world);
    world.clock.advance(days * DAY * 1_000_000);
    // Erasing has no end that could be waited for: something that is due is gone by then.
    put(world, "a_mark", 401);
    other.runtime.start().await.unwrap();
    for _ in 0..500 {
        if !known(world).contains("a_mark") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    other.runtime.rest(Duration::from_secs(5)).await;
    known(world)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_needed_again_is_remembered_from_then_on() {
    for world in worlds() {
        put(&world, "cus_seen", 390);
        put(&world, "cus_unseen", 390);
        assert_eq!(paid_by(&world, "evt_1", "cus_seen").await, "done");
        // 410 days after the call: without the event it would have been forgotten as the other is.
        assert_eq!(later(&world, 20).await, "stripe:cus_seen\n");
        assert_eq!(paid_by(&world, "evt_2", "cus_unseen").await, "quarantined");
        // 390 days after it was needed.
        assert_eq!(later(&world, 370).await, "stripe:cus_seen\n");
        assert_eq!(paid_by(&world, "evt_3", "cus_seen").await, "done");
        assert_eq!(later(&world, 399).await, "stripe:cus_seen\n");
        // What is about somebody else does not renew it.
        assert_eq!(paid_by(&world, "evt_4", "cus_other").await, "quarantined");
        assert_eq!(later(&world, 2).await, "");
        assert_eq!(paid_by(&world, "evt_5", "cus_seen").await, "quarantined");
        assert_eq!(used(&world), 2);
    }
}
