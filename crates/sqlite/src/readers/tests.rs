//! Snapshots, limits and refusals of readers.

use crate::options::Options;
use crate::testing::{Bench, ENDLESS, Script, call, insert};
use backflow_engine::store::{StatementError, StoreError, Turn};
use backflow_sql::ir::Datum;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn statements_of_one_read_see_one_snapshot() {
    let bench = Bench::new(Options::default());
    let (looked, has_looked) = tokio::sync::oneshot::channel();
    let (go_on, going_on) = std::sync::mpsc::channel::<()>();
    let counts = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&counts);
    let mut looked = Some(looked);
    let count = call("SELECT count(*) FROM t", false, 1, vec![]);
    let job = Script::new(move |turn, last| {
        if let Some(Ok(set)) = last {
            seen.lock().expect("lock").push(set.rows[0].cells[0].clone());
        }
        if turn == 1 {
            looked.take().expect("once").send(()).expect("listening");
            going_on.recv().expect("told");
        }
        if turn < 2 {
            Turn::Run(count.clone())
        } else {
            Turn::Commit
        }
    });
    let pool = Arc::clone(&bench.pool);
    let reading = tokio::spawn(async move { pool.run(job.reading()).await });
    has_looked.await.expect("first look");
    bench
        .pool
        .run(Script::write(insert("new")))
        .await
        .expect("readers do not hold up the writer");
    go_on.send(()).expect("reader waits");
    reading.await.expect("join").expect("read");
    assert_eq!(*counts.lock().expect("lock"), vec![Datum::Int(0), Datum::Int(0)]);
    assert_eq!(bench.ids(), ["new"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_seen_by_the_next_read() {
    let bench = Bench::new(Options::default());
    for n in 1..50 {
        bench
            .pool
            .run(Script::write(insert(&n.to_string())))
            .await
            .expect("kept");
        let count = call("SELECT count(*) FROM t", false, 1, vec![]);
        let read = Script::new(move |turn, last| match turn {
            0 => Turn::Run(count.clone()),
            _ => {
                let rows = last.expect("asked").expect("read").rows;
                assert_eq!(rows[0].cells[0], Datum::Int(n));
                Turn::Commit
            }
        });
        bench.pool.run(read.reading()).await.expect("no panic");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_statements_are_stopped() {
    let bench = Bench::new(Options {
        statement_timeout: Duration::from_millis(50),
        ..Options::default()
    });
    let seen = Arc::new(Mutex::new(None));
    let log = Arc::clone(&seen);
    let begun = Instant::now();
    let job = Script::new(move |turn, last| match turn {
        0 => Turn::Run(call(ENDLESS, false, 1, vec![])),
        _ => {
            *log.lock().expect("lock") = last.and_then(Result::err);
            Turn::RollBack
        }
    });
    bench.pool.run(job.reading()).await.expect("answered");
    assert_eq!(*seen.lock().expect("lock"), Some(StatementError::TimedOut));
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_refuse_to_write_and_outlive_panics() {
    let bench = Bench::new(Options {
        readers: 1,
        ..Options::default()
    });
    let wrote = bench.pool.run(Script::write(insert("a")).reading()).await.err();
    assert!(matches!(wrote, Some(StoreError::Failed(_))), "{wrote:?}");
    let panicked = bench
        .pool
        .run(Script::new(|_, _| panic!("boom")).reading())
        .await
        .err();
    assert_eq!(panicked, Some(StoreError::Failed("panic: boom".to_owned())));
    let read = Script::write(call("SELECT id FROM t", false, 1, vec![])).reading();
    bench.pool.run(read).await.expect("the reader lives on");
    assert!(bench.ids().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn all_readers_close() {
    let bench = Bench::new(Options {
        readers: 5,
        ..Options::default()
    });
    tokio::time::timeout(Duration::from_secs(5), bench.pool.close())
        .await
        .expect("closes");
}
