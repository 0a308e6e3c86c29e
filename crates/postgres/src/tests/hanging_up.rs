//! Callers that do not wait for the answer.

use crate::testing::{Bench, Script, call, insert, sleep, text};
use backflow_engine::pause::jittered;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn answers_are_never_mixed_and_nothing_stays_open() {
    for settings in ["pool_max=4", "pgbouncer=true&pool_max=4"] {
        let bench = Bench::new(settings).await;
        let echo = crate::testing::statement("SELECT $1::text FROM pg_sleep($2)", false, 1);
        let job = |n: usize| {
            let mut call = call(
                "",
                1,
                vec![text(&format!("value {n}")), backflow_sql::ir::Datum::Float(0.002)],
            );
            call.statement = echo.clone();
            match n % 4 {
                0 => Script::read(call),
                1 => Script::alone(call),
                2 => Script::new(vec![call.clone(), call]).reading(),
                _ => Script::new(vec![insert(&format!("row {n}")), call]),
            }
        };
        let patient: Vec<_> = (0..400).map(|n| (n, bench.start(job(n)))).collect();
        for round in 0..40 {
            let hasty: Vec<_> = (0..10)
                .map(|n| bench.start(job(1_000 + round * 10 + n)))
                .collect();
            tokio::time::sleep(jittered(Duration::from_millis(8))).await;
            hasty.iter().for_each(tokio::task::JoinHandle::abort);
        }
        for (n, job) in patient {
            let script = job.await.expect("no panic").expect("run");
            assert_eq!(script.cell(), text(&format!("value {n}")), "{settings}");
        }
        bench.until_none("state <> 'idle'", Duration::from_secs(2)).await;
        assert_eq!(
            bench.probe.number(
                "SELECT count(*) FROM t WHERE id LIKE 'row ___' OR id LIKE 'row __' OR id LIKE 'row _'"
            ),
            100
        );
        assert_eq!(bench.store.stats().waiting, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_nobody_waits_for_is_rolled_back_and_stopped() {
    for settings in ["pool_max=2", "pgbouncer=true&pool_max=2"] {
        let bench = Bench::new(settings).await;
        let script = Script::new(vec![insert("gone"), sleep(20.0)]);
        let progress = script.progress();
        let job = bench.start(script);
        while progress.lock().expect("lock").len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        let begun = Instant::now();
        job.abort();
        // The only connection is there for the next soon, and the row it wrote is free.
        bench
            .run(Script::new(vec![insert("gone")]).rolling_back())
            .await
            .expect("run");
        assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
        bench.until_none("state <> 'idle'", Duration::from_secs(2)).await;
        assert_eq!(bench.probe.number("SELECT count(*) FROM t"), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_the_queue_takes_no_place() {
    let bench = Bench::tuned("pool_max=2", |options| options.queue = 5).await;
    let script = Script::new(vec![sleep(3.0)]);
    let progress = script.progress();
    let busy = bench.start(script);
    while progress.lock().expect("lock").is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    for _ in 0..20 {
        let waiting = bench.start(Script::new(vec![insert("never")]));
        tokio::time::sleep(Duration::from_millis(5)).await;
        waiting.abort();
    }
    bench.run(Script::new(vec![insert("there")])).await.expect("run");
    busy.await.expect("no panic").expect("run");
    assert_eq!(bench.probe.table("SELECT id FROM t"), "there\n");
}
