//! Many events: a backlog, and what is old.
//!
//! Not here: how fast (`bench`).

use crate::{deliver, desk, event, instant, paid, used, worlds};
use backflow_testkit::World;
use std::fmt::Write;
use std::time::Duration;

/// Puts in so many events; `columns` are those that tell them apart: object, received, state, due, ended.
fn put(world: &World, hook: &str, numbers: std::ops::Range<u32>, columns: &str) {
    let body = paid("evt_0", 0).to_string();
    let at = instant(world, 0);
    let mut rows = String::new();
    for n in numbers {
        let comma = if rows.is_empty() { "" } else { ", " };
        write!(
            rows,
            "{comma}('00000000-0000-4000-9000-{n:012}', '{hook}', 'evt_old_{n}', 'invoice.paid', '{at}', '[]', '{body}', 0, '{at}', {columns})"
        )
        .unwrap();
    }
    world.database().execute(&format!(
        "INSERT INTO _backflow_events (id, hook, event, kind, created, headers, body, tries, since, object, received, state, due, ended)
         VALUES {rows};"
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backlog_of_an_object_does_not_hide_others() {
    for world in worlds() {
        let (before, lease) = (instant(&world, -60), instant(&world, 3600));
        // Somebody who is gone, or busy, holds an object with a long backlog.
        put(
            &world,
            "billing",
            0..1200,
            &format!("'billing:in_busy', '{before}', 'waiting', '{before}', NULL"),
        );
        world.database().execute(&format!(
            "INSERT INTO _backflow_objects (object, token, lease, marks, at)
             VALUES ('billing:in_busy', '00000000-0000-4000-9000-000000000001', '{lease}', NULL, '{lease}');"
        ));
        let now = instant(&world, 0);
        put(
            &world,
            "billing",
            1200..1201,
            &format!("'billing:in_1', '{now}', 'waiting', '{now}', NULL"),
        );
        desk(&world).catch_up().await.unwrap();
        assert_eq!(used(&world), 1);
        put(
            &world,
            "billing",
            1201..1202,
            &format!("'billing:in_2', '{now}', 'waiting', '{now}', NULL"),
        );
        // Nor from those who look after what is due.
        world.runtime.start().await.unwrap();
        for _ in 0..500 {
            if used(&world) == 2 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(used(&world), 2);
        world.runtime.rest(Duration::from_secs(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_over_for_long_is_erased_however_much_it_is() {
    const DAY: i64 = 24 * 3600;
    for world in worlds() {
        let columns = |received: i64, ended: Option<i64>| {
            let at = |days: i64| format!("'{}'", instant(&world, -days * DAY));
            let due = if ended.is_some() {
                "NULL".to_owned()
            } else {
                at(-1)
            };
            let state = if ended.is_some() { "done" } else { "quarantined" };
            let ended = ended.map_or("NULL".to_owned(), at);
            format!("'billing:x', {}, '{state}', {due}, {ended}", at(received))
        };
        put(&world, "billing", 0..1300, &columns(40, Some(31)));
        put(&world, "gone", 1300..1310, &columns(100, Some(91)));
        // These stay: not over for long enough, not over at all, of a webhook that keeps for longer, one of none.
        put(&world, "billing", 2000..2001, &columns(40, Some(29)));
        put(&world, "billing", 2001..2002, &columns(40, None));
        put(&world, "archive", 2002..2003, &columns(89, Some(89)));
        put(&world, "gone", 2003..2004, &columns(89, Some(89)));
        let fresh = event("evt_new", "charge.updated", 0, serde_json::json!({"id": "ch_1"}));
        assert_eq!(deliver(&world, "/hooks", &fresh).await, "ignored");
        world.runtime.start().await.unwrap();
        let count = || world.database().number("SELECT count(*) FROM _backflow_events");
        for _ in 0..500 {
            if count() <= 5 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let left = world
            .database()
            .table("SELECT event FROM _backflow_events ORDER BY event");
        assert_eq!(
            left,
            "evt_new\nevt_old_2000\nevt_old_2001\nevt_old_2002\nevt_old_2003\n"
        );
        world.runtime.rest(Duration::from_secs(5)).await;
    }
}
