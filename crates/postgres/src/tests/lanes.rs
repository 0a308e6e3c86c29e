//! Which connections are used, and what comes back over them.

use crate::testing::{Bench, Script, call, insert, sleep, text};
use backflow_engine::store::{StatementError, StoreError};
use backflow_sql::ir::Datum;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn values_go_in_and_come_back() {
    for settings in ["", "pgbouncer=true"] {
        let bench = Bench::new(settings).await;
        let values = vec![
            Datum::Bool(true),
            Datum::Int(i64::MIN),
            Datum::Float(0.1),
            text("grün'; DROP TABLE t --"),
            Datum::Null,
            text("6B2E1F00-0000-4000-8000-000000000001"),
            text("2026-11-23T18:10:15.123456+00:00"),
            text(r#"{"b":1,"a":[true]}"#),
            text("12345678901234567890.10"),
        ];
        let mut all = call(
            "SELECT json_build_object('a', $4::text)::text, $1::bool, $2::int8, $3::float8, $4::text, $5::int4, \
             $6::uuid::text, ($7::timestamptz AT TIME ZONE 'UTC')::text, $8::jsonb::text, $9::numeric::text, \
             1::int2, 1.5::float4, 'n'::name, NULL::text, 'v'::varchar",
            14,
            values,
        );
        all.statement = crate::testing::statement(&all.statement.text, true, 14);
        let script = bench.run(Script::read(all)).await.expect("run");
        let rows = script.answers[0].as_ref().expect("rows");
        assert_eq!(rows.rows[0].json, r#"{"a" : "grün'; DROP TABLE t --"}"#);
        // The cluster's own settings are odd: dates are written its way, our statements write them otherwise.
        assert_eq!(rows.rows[0].cells.len(), 14);
        assert_eq!(
            rows.rows[0].cells[..6],
            [
                Datum::Bool(true),
                Datum::Int(i64::MIN),
                Datum::Float(0.1),
                text("grün'; DROP TABLE t --"),
                Datum::Null,
                text("6b2e1f00-0000-4000-8000-000000000001"),
            ]
        );
        assert_eq!(rows.rows[0].cells[7], text(r#"{"a": [true], "b": 1}"#));
        assert_eq!(rows.rows[0].cells[8], text("12345678901234567890.10"));
        assert_eq!(
            rows.rows[0].cells[9..],
            [
                Datum::Int(1),
                Datum::Float(1.5),
                text("n"),
                Datum::Null,
                text("v")
            ]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_json_of_null_is_empty_and_other_types_are_told() {
    let bench = Bench::new("").await;
    let mut null = call("SELECT NULL::text", 0, vec![]);
    null.statement = crate::testing::statement("SELECT NULL::text", true, 0);
    let script = bench.run(Script::read(null)).await.expect("run");
    assert_eq!(script.answers[0].as_ref().expect("rows").rows[0].json, "");
    let script = bench
        .run(Script::read(call("SELECT now()", 1, vec![])))
        .await
        .expect("run");
    match script.error() {
        StatementError::Other(why) => assert!(why.contains("timestamptz"), "{why}"),
        other => panic!("{other:?}"),
    }
    let missing = bench
        .run(Script::read(call(
            "SELECT $1::text, $2::text",
            1,
            vec![text("a")],
        )))
        .await;
    assert!(matches!(missing.expect("run").error(), StatementError::Other(_)));
    let further = bench
        .run(Script::read(call(
            "SELECT $1::text",
            1,
            vec![text("a"), text("b")],
        )))
        .await;
    assert_eq!(further.expect("run").cell(), text("a"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_bounded() {
    let bench = Bench::new("").await;
    let many = |rows: usize| {
        call(
            &format!("SELECT repeat('x', 1000000) FROM generate_series(1, {rows})"),
            1,
            vec![],
        )
    };
    assert!(bench.run(Script::read(many(30))).await.expect("run").answers[0].is_ok());
    let script = bench.run(Script::read(many(40))).await.expect("run");
    assert!(matches!(script.error(), StatementError::Other(why) if why.contains("limit")));
    assert!(bench.run(Script::read(many(1))).await.expect("run").answers[0].is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_commit_and_roll_back() {
    for settings in ["", "pgbouncer=true", "pool_max=2"] {
        let bench = Bench::new(settings).await;
        bench.run(Script::alone(insert("alone"))).await.expect("run");
        bench
            .run(Script::new(vec![insert("a"), insert("b")]))
            .await
            .expect("run");
        bench
            .run(Script::new(vec![insert("c"), insert("d")]).rolling_back())
            .await
            .expect("run");
        let twice = bench
            .run(Script::new(vec![insert("e"), insert("a")]))
            .await
            .expect("run");
        assert_eq!(twice.error(), StatementError::Unique(vec!["id".to_owned()]));
        assert_eq!(bench.probe.table("SELECT id FROM t ORDER BY id"), "a\nalone\nb\n");
        bench
            .until_none("state LIKE 'idle in%'", Duration::from_secs(1))
            .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_of_several_statements_see_one_snapshot() {
    let bench = Bench::new("").await;
    let isolation = || {
        call(
            "SELECT current_setting('transaction_isolation') || current_setting('transaction_read_only')",
            1,
            vec![],
        )
    };
    let reads = bench
        .run(Script::new(vec![isolation()]).reading())
        .await
        .expect("run");
    assert_eq!(reads.cell(), text("repeatable readon"));
    let writes = bench.run(Script::new(vec![isolation()])).await.expect("run");
    assert_eq!(writes.cell(), text("read committedoff"));
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_share_connections_and_pass_by_slow_ones() {
    let bench = Bench::new("").await;
    let slow: Vec<_> = (0..8).map(|_| bench.start(Script::read(sleep(4.0)))).collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    for n in 0..50 {
        let script = bench
            .run(Script::read(call("SELECT $1::int8", 1, vec![Datum::Int(n)])))
            .await
            .expect("run");
        assert_eq!(script.cell(), Datum::Int(n));
    }
    assert!(
        slow.iter().all(|one| !one.is_finished()),
        "they waited for slow ones"
    );
    for one in slow {
        assert!(one.await.expect("no panic").expect("run").answers[0].is_ok());
    }
    assert!(bench.store.stats().readers <= 4);
}

/// Who sleeps takes no core, so a second connection serves twice as many, whatever else the machine does.
#[tokio::test(flavor = "multi_thread")]
async fn reads_go_over_as_many_connections_as_the_database_serves_beside_each_other() {
    let bench = Bench::new("").await;
    let until = Instant::now() + Duration::from_secs(20);
    let read = sleep(0.0002);
    let ask = || bench.start(Script::read(read.clone()));
    let mut callers: VecDeque<_> = (0..16).map(|_| ask()).collect();
    while let Some(one) = callers.pop_front() {
        assert!(one.await.expect("no panic").expect("run").answers[0].is_ok());
        if bench.store.lanes().readers.used() == 1 && Instant::now() < until {
            callers.push_back(ask());
        }
    }
    assert_eq!(bench.store.lanes().readers.used(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_each_get_their_own_answer() {
    for settings in ["", "pgbouncer=true&pool_max=6"] {
        let bench = Bench::new(settings).await;
        let echo = || crate::testing::statement("SELECT $1::text", false, 1);
        let (one, two) = (echo(), echo());
        let jobs: Vec<_> = (0..400)
            .map(|n| {
                let mut call = call("", 1, vec![text(&format!("value {n}"))]);
                call.statement = if n % 2 == 0 { one.clone() } else { two.clone() };
                (
                    n,
                    bench.start(if n % 3 == 0 {
                        Script::new(vec![call])
                    } else {
                        Script::read(call)
                    }),
                )
            })
            .collect();
        for (n, job) in jobs {
            let script = job.await.expect("no panic").expect("run");
            assert_eq!(script.cell(), text(&format!("value {n}")));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_too_long_is_refused() {
    let patience = Duration::from_millis(200);
    let bench = Bench::tuned("pool_max=2", |options| options.queue_timeout = patience).await;
    let busy = bench.start(Script::new(vec![sleep(1.0)]));
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    let refused = bench.run(Script::new(vec![insert("late")])).await;
    assert_eq!(refused.err(), Some(StoreError::Unavailable(1)));
    assert!(begun.elapsed() < Duration::from_millis(500));
    busy.await.expect("no panic").expect("run");
    bench.run(Script::new(vec![insert("later")])).await.expect("run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_store_has_no_sessions() {
    let bench = Bench::new("").await;
    let jobs: Vec<_> = (0..10)
        .map(|n| bench.start(Script::new(vec![sleep(0.1), insert(&n.to_string())])))
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    bench.store.close().await;
    for job in jobs {
        job.await.expect("no panic").expect("what ran was finished");
    }
    bench.until_none("true", Duration::from_secs(1)).await;
    assert_eq!(bench.probe.number("SELECT count(*) FROM t"), 10);
}
