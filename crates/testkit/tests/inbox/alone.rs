//! One event: its tenant cannot be looked for, or is told twice; it is run again by hand.
//!
//! Not here: several processes (`held`), many events (`many`).

use crate::{beside, deliver, desk, event, paid, shown, used, worlds};
use backflow_engine::{Clock, Replay};
use jiff::SignedDuration;
use std::sync::atomic::Ordering::SeqCst;

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_cannot_be_looked_for_is_looked_for_again() {
    for first in worlds() {
        let (world, gate) = beside(&first);
        gate.fails.store(true, SeqCst);
        assert_eq!(deliver(&world, "/hooks", &paid("evt_1", 0)).await, "waiting");
        gate.fails.store(false, SeqCst);
        let waiting = shown(&world, "evt_1").await;
        assert_eq!((waiting.state, waiting.tries, used(&world)), ("waiting", 1, 0));
        assert!(waiting.error.unwrap().contains("a test's failure"));
        // The object is nobody's: another event about it runs at once.
        assert_eq!(deliver(&world, "/hooks", &paid("evt_2", 1)).await, "done");
        world.clock.advance(2_000_000);
        desk(&world).catch_up().await.unwrap();
        let done = shown(&world, "evt_1").await;
        // The newer one has written what it would have written.
        assert_eq!((done.state, used(&world)), ("superseded", 1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn metadata_that_says_two_things_is_no_tenant() {
    let (acme, bolt) = (
        "00000000-0000-4000-8000-00000000000a",
        "00000000-0000-4000-8000-00000000000b",
    );
    for world in worlds() {
        let invoice = |own: &str, copy: &str| {
            serde_json::json!({"id": "in_1", "object": "invoice", "metadata": {"team": own},
                "subscription_details": {"metadata": {"team": copy}}})
        };
        let two = event("evt_1", "invoice.paid", 0, invoice(acme, bolt));
        assert_eq!(deliver(&world, "/hooks", &two).await, "quarantined");
        let why = shown(&world, "evt_1").await.error.unwrap();
        assert!(why.contains("names two tenants"), "{why}");
        let one = event("evt_2", "invoice.paid", 0, invoice(acme, acme));
        assert_eq!(deliver(&world, "/hooks", &one).await, "done");
        assert_eq!(used(&world), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_makes_no_call_again_and_keeps_what_is_known_of_it() {
    for world in worlds() {
        let customer = |id: &str, kind: &str, created| {
            let object = serde_json::json!({"id": "cus_a", "object": "customer"});
            event(id, kind, created, object)
        };
        let changed = customer("evt_1", "customer.updated", 0);
        assert_eq!(deliver(&world, "/hooks", &changed).await, "done");
        assert_eq!(world.providers.news().lines().count(), 2, "one letter");
        let deleted = customer("evt_2", "customer.deleted", 5);
        assert_eq!(deliver(&world, "/hooks", &deleted).await, "done");
        for (id, created) in [("evt_3", 0), ("evt_4", 1)] {
            assert_eq!(deliver(&world, "/hooks", &paid(id, created)).await, "done");
        }
        let which = Replay {
            since: world.clock.now() - SignedDuration::from_hours(1),
            until: None,
            hook: None,
            kind: None,
        };
        // The letter's table was written by a newer event, which is replayed as well.
        desk(&world).replay(&which, |_| {}).await.unwrap();
        assert_eq!(world.providers.news(), "", "no letter again");
        let sent = world.database().number("SELECT sent FROM letters");
        assert_eq!(
            (sent, used(&world)),
            (100, 4),
            "what has no call is done again, all of it"
        );
        // And here it is not: what is done stays done, for its call is.
        let only = Replay {
            kind: Some("customer.updated".to_owned()),
            ..which
        };
        desk(&world).replay(&only, |_| {}).await.unwrap();
        let after = shown(&world, "evt_1").await;
        assert_eq!(after.state, "done", "{after:?}");
        assert_eq!(world.providers.news(), "");
        assert_eq!(world.database().number("SELECT sent FROM letters"), 100);
    }
}
