//! Statements that take too long, and servers that do not answer.

use crate::testing::{Bench, Script, call, insert, sleep};
use backflow_engine::store::{StatementError, Store, StoreError};
use backflow_testkit::proxy::{Mode, Then};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_stopped() {
    // With the server's own limit, and, behind what may be a pooler, with ours alone.
    for settings in [
        "statement_timeout=300ms",
        "statement_timeout=300ms&pgbouncer=true",
    ] {
        let bench = Bench::new(settings).await;
        let begun = Instant::now();
        for script in [
            Script::read(sleep(20.0)),
            Script::alone(sleep(20.0)),
            Script::new(vec![insert("a"), sleep(20.0)]),
            Script::new(vec![sleep(20.0)]).reading(),
        ] {
            let script = bench.run(script).await.expect("run");
            assert_eq!(script.error(), StatementError::TimedOut);
        }
        assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
        bench.until_none("state <> 'idle'", Duration::from_secs(2)).await;
        assert_eq!(bench.probe.number("SELECT count(*) FROM t"), 0);
        bench.run(Script::new(vec![insert("a")])).await.expect("run");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_behind_a_stopped_read_is_answered() {
    let bench = Bench::new("statement_timeout=400ms&pool_max=4").await;
    let slow = bench.start(Script::read(sleep(20.0)));
    // Before the connection counts as stalled.
    let behind: Vec<_> = (0..20)
        .map(|_| bench.start(Script::read(call("SELECT 1", 1, vec![]))))
        .collect();
    for one in behind {
        assert!(one.await.expect("no panic").expect("run").answers[0].is_ok());
    }
    assert_eq!(
        slow.await.expect("no panic").expect("run").error(),
        StatementError::TimedOut
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_is_given_up() {
    let bench = Bench::through_proxy("statement_timeout=300ms").await;
    bench.run(Script::alone(insert("before"))).await.expect("run");
    bench
        .run(Script::read(call("SELECT 1", 1, vec![])))
        .await
        .expect("run");
    bench.proxy().set(Mode::Stall);
    let begun = Instant::now();
    let read = bench.start(Script::read(call("SELECT 1", 1, vec![])));
    let alone = bench.start(Script::alone(insert("alone")));
    let whole = bench.start(Script::new(vec![insert("whole")]));
    assert!(bench.store.ping().await.is_err());
    assert!(
        begun.elapsed() < Duration::from_millis(1500),
        "{:?}",
        begun.elapsed()
    );
    let end =
        |error: Option<StoreError>| matches!(error, Some(StoreError::TimedOut | StoreError::Unavailable(1)));
    assert!(end(read.await.expect("no panic").err()));
    assert!(end(whole.await.expect("no panic").err()));
    // It may have been sent, if there was a connection at all.
    let told = alone.await.expect("no panic").err();
    assert!(
        matches!(
            told,
            Some(StoreError::OutcomeUnknown(_) | StoreError::Unavailable(1))
        ),
        "{told:?}"
    );
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    bench.proxy().set(Mode::Pass);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    bench.run(Script::new(vec![insert("after")])).await.expect("run");
    assert!(bench.store.ping().await.is_ok());
    bench
        .until_none("state LIKE 'idle in%'", Duration::from_secs(2))
        .await;
    assert_eq!(
        bench
            .probe
            .number("SELECT count(*) FROM t WHERE id IN ('before', 'after')"),
        2
    );
    assert_eq!(bench.probe.number("SELECT count(*) FROM t WHERE id = 'whole'"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_without_an_answer_is_unknown() {
    for (then, committed) in [(Then::CutBefore, 0), (Then::CutAfter, 1), (Then::StallAfter, 1)] {
        let bench = Bench::through_proxy("statement_timeout=300ms").await;
        bench.run(Script::new(vec![insert("before")])).await.expect("run");
        bench.proxy().when("COMMIT\0", then);
        let told = bench.run(Script::new(vec![insert("row")])).await.err();
        assert!(
            matches!(told, Some(StoreError::OutcomeUnknown(_))),
            "{then:?}: {told:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(
            bench.probe.number("SELECT count(*) FROM t WHERE id = 'row'"),
            committed,
            "{then:?}"
        );
        bench.run(Script::new(vec![insert("after")])).await.expect("run");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_stands_alone_without_an_answer_is_unknown() {
    for (then, committed) in [(Then::CutBefore, 0), (Then::CutAfter, 1)] {
        // Behind a pooler its COMMIT goes over the wire together with it.
        let bench = Bench::through_proxy("pgbouncer=true").await;
        bench.proxy().when("COMMIT\0", then);
        let told = bench.run(Script::alone(insert("row"))).await.err();
        assert!(
            matches!(told, Some(StoreError::OutcomeUnknown(_))),
            "{then:?}: {told:?}"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert_eq!(
            bench.probe.number("SELECT count(*) FROM t"),
            committed,
            "{then:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_committed_for_certain_runs_again() {
    for then in [Then::CutBefore, Then::CutAfter] {
        let bench = Bench::through_proxy("pgbouncer=true").await;
        bench.proxy().when("SELECT 42", then);
        let read = bench
            .run(Script::read(call("SELECT 42", 1, vec![])))
            .await
            .expect("run");
        assert_eq!(read.rewound, 1);
        bench.proxy().when("INSERT INTO t", then);
        let whole = bench
            .run(Script::new(vec![insert("row"), insert("two")]))
            .await
            .expect("run");
        assert_eq!(whole.rewound, 1);
        assert!(bench.proxy().said());
        assert_eq!(bench.probe.table("SELECT id FROM t ORDER BY id"), "row\ntwo\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_a_lock_too_long_is_told_to_come_again() {
    for settings in ["statement_timeout=2s", "statement_timeout=2s&pgbouncer=true"] {
        let bench = Bench::new(settings).await;
        bench.probe.execute("INSERT INTO t VALUES ('a', 0)");
        bench.probe.execute("BEGIN; UPDATE t SET n = 1");
        let add = || call("UPDATE t SET n = n + 1", 0, vec![]);
        for script in [
            Script::alone(add()),
            Script::new(vec![insert("b"), add()]),
            Script::new(vec![add(), insert("b")]),
        ] {
            let told = bench.run(script).await.err();
            assert_eq!(told, Some(StoreError::Unavailable(1)), "{settings}");
        }
        bench.probe.execute("ROLLBACK");
        bench.run(Script::alone(add())).await.expect("run");
        assert_eq!(bench.probe.table("SELECT id, n FROM t"), "a | 1\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_constraint_that_waits_for_the_end_refuses_a_write_behind_a_pooler() {
    for settings in ["", "pgbouncer=true"] {
        let bench = Bench::new(settings).await;
        bench
            .probe
            .execute("ALTER TABLE t ADD CONSTRAINT once UNIQUE (n) DEFERRABLE INITIALLY DEFERRED");
        bench.probe.execute("INSERT INTO t VALUES ('a', 1)");
        let again = call("INSERT INTO t VALUES ('b', 1)", 0, vec![]);
        let script = bench.run(Script::alone(again)).await.expect("run");
        assert_eq!(script.error(), StatementError::Unique(vec!["n".to_owned()]));
        assert_eq!(bench.probe.number("SELECT count(*) FROM t"), 1);
        let fine = call("INSERT INTO t VALUES ('b', 2)", 0, vec![]);
        bench.run(Script::alone(fine)).await.expect("run");
    }
}
