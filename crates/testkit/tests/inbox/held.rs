//! Objects that somebody else holds, or held.
//!
//! Not here: processes that are killed (`crash`).

use crate::{beside, deliver, desk, instant, paid, shown, used, worlds};
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

const OTHERS: &str = "00000000-0000-4000-9000-000000000001";

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_looks_at_the_event_when_the_object_is_its_own() {
    for world in worlds() {
        let (other, _gate) = beside(&world);
        world
            .database()
            .execute("UPDATE plans SET stripe_customer_id = 'cus_later' WHERE used = 0 AND stripe_customer_id = 'cus_a';");
        assert_eq!(deliver(&world, "/hooks", &paid("evt_1", 0)).await, "quarantined");
        world
            .database()
            .execute("UPDATE plans SET stripe_customer_id = 'cus_a' WHERE stripe_customer_id = 'cus_later';");
        let lease = instant(&world, 3600);
        world.database().execute(&format!(
            "INSERT INTO _backflow_objects (object, token, lease, marks, at)
             VALUES ('billing:in_1', '{OTHERS}', '{lease}', NULL, '{lease}');"
        ));
        let (first, second) = (desk(&world), desk(&other));
        let both = tokio::spawn(async move { tokio::join!(first.retry("evt_1"), second.retry("evt_1")) });
        tokio::time::sleep(Duration::from_millis(400)).await;
        world.database().execute("DELETE FROM _backflow_objects;");
        let (first, second) = both.await.unwrap();
        let outcomes = [first, second];
        let done = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!((done, used(&world)), (1, 1), "{outcomes:?}");
        let refused = outcomes.into_iter().find_map(Result::err).unwrap();
        assert!(refused.message().contains("nothing is left of it"), "{refused:?}");
        let told = deliver(&world, "/hooks", &paid("evt_2", 1)).await;
        assert_eq!(told, "done", "nobody keeps the object");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_is_not_renewed_once_it_is_given_up() {
    for first in worlds() {
        let (world, gate) = beside(&first);
        world.runtime.start().await.unwrap();
        gate.holds.store(true, SeqCst);
        let answer = async { deliver(&world, "/hooks", &paid("evt_1", 0)).await };
        let meanwhile = async {
            // It is done and the object given up, but its process has not heard of it, and goes on renewing.
            gate.until(|gate| gate.held.load(SeqCst) == 1).await;
            assert_eq!(used(&first), 1);
            let beats = gate.beats.load(SeqCst);
            gate.until(|gate| gate.beats.load(SeqCst) > beats + 1).await;
            let told = deliver(&first, "/hooks", &paid("evt_2", 1)).await;
            gate.holds.store(false, SeqCst);
            told
        };
        let (answer, told) = tokio::join!(answer, meanwhile);
        assert_eq!((answer.as_str(), told.as_str()), ("done", "done"));
        assert_eq!(shown(&first, "evt_2").await.state, "done");
        world.runtime.rest(Duration::from_secs(5)).await;
    }
}
