//! Group commit, and what may go wrong in it.

use crate::options::Options;
use crate::testing::{Bench, ENDLESS, Script, call, insert, patient};
use backflow_engine::store::{StatementError, StoreError, Turn};
use backflow_sql::ir::Datum;
use rusqlite::Connection;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Options under which COMMIT fails as long as the flag is set, and the count of commits tried.
fn failing_commits() -> (Options, Arc<AtomicBool>, Arc<AtomicUsize>) {
    let (fail, tries) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let shared = (Arc::clone(&fail), Arc::clone(&tries));
    let prepare = move |connection: &mut Connection| {
        let (fail, tries) = shared.clone();
        let hook = move || {
            tries.fetch_add(1, SeqCst);
            fail.load(SeqCst)
        };
        connection.commit_hook(Some(hook)).expect("hook");
    };
    (
        Options {
            prepare: Some(Arc::new(prepare)),
            ..patient()
        },
        fail,
        tries,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_share_one_commit() {
    let (options, _fail, tries) = failing_commits();
    let bench = Bench::new(options);
    let hold = bench.hold().await;
    let mut answers = Vec::new();
    for n in 0..200 {
        answers.push(bench.queue(Script::write(insert(&format!("{n:03}")))).await);
    }
    assert!(
        answers.iter().all(|answer| !answer.is_finished()),
        "nobody is answered before the commit"
    );
    hold.release().await.expect("held");
    for answer in answers {
        assert_eq!(answer.await.expect("join").expect("kept").rewound, 0);
    }
    assert_eq!(bench.ids().len(), 200);
    assert_eq!(tries.load(SeqCst), 1, "one durable commit for all");
    assert_eq!(bench.pool.stats().transactions, 201);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_bounded() {
    let bench = Bench::new(Options {
        batch: 8,
        ..patient()
    });
    let hold = bench.hold().await;
    let mut answers = Vec::new();
    for n in 0..23 {
        answers.push(bench.queue(Script::write(insert(&n.to_string()))).await);
    }
    hold.release().await.expect("held");
    for answer in answers {
        answer.await.expect("join").expect("kept");
    }
    assert_eq!(bench.pool.stats().commits, 3, "24 jobs by 8");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_caller_is_committed_at_once() {
    let bench = Bench::new(patient());
    bench.pool.run(Script::write(insert("warm"))).await.expect("kept");
    let begun = Instant::now();
    for n in 0..20 {
        bench
            .pool
            .run(Script::write(insert(&n.to_string())))
            .await
            .expect("kept");
    }
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert_eq!(bench.pool.stats().commits, 21);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_refusal_takes_nobody_along() {
    let bench = Bench::new(patient());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let refused = Script::new(move |turn, last| match turn {
        0 => Turn::Run(insert("gone")),
        1 => Turn::Run(insert("a")),
        _ => {
            log.lock()
                .expect("lock")
                .push(last.map(|result| result.map(drop)));
            Turn::RollBack
        }
    });
    let hold = bench.hold().await;
    let first = bench.queue(Script::write(insert("a"))).await;
    let second = bench.queue(refused).await;
    let third = bench.queue(Script::write(insert("b"))).await;
    hold.release().await.expect("held");
    for answer in [first, second, third] {
        answer.await.expect("join").expect("answered");
    }
    assert_eq!(
        bench.ids(),
        ["a", "b"],
        "what the refused one did before is undone"
    );
    let taken = StatementError::Unique(vec!["id".to_owned()]);
    assert_eq!(*seen.lock().expect("lock"), vec![Some(Err(taken))]);
    assert_eq!(bench.pool.stats().commits, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_one_job_only() {
    let bench = Bench::new(patient());
    let hold = bench.hold().await;
    let first = bench.queue(Script::write(insert("a"))).await;
    let panics = bench
        .queue(Script::new(|turn, _| match turn {
            0 => Turn::Run(insert("gone")),
            _ => panic!("boom"),
        }))
        .await;
    let third = bench.queue(Script::write(insert("b"))).await;
    hold.release().await.expect("held");
    first.await.expect("join").expect("kept");
    third.await.expect("join").expect("kept");
    let error = panics.await.expect("join").err();
    assert_eq!(error, Some(StoreError::Failed("panic: boom".to_owned())));
    assert_eq!(bench.ids(), ["a", "b"]);
    bench
        .pool
        .run(Script::write(insert("c")))
        .await
        .expect("the writer lives on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_commit_runs_again_one_by_one() {
    let (options, fail, tries) = failing_commits();
    let bench = Bench::new(options);
    // The hook fails the first commit only: the flag is cleared when a job is run for the second time.
    fail.store(true, SeqCst);
    let hold = bench.hold().await;
    let mut answers = Vec::new();
    for n in 0..10 {
        let fail = Arc::clone(&fail);
        let again = Arc::new(AtomicUsize::new(0));
        let call = insert(&n.to_string());
        let job = Script::new(move |turn, last| match (turn, last) {
            (0, _) => {
                if again.fetch_add(1, SeqCst) > 0 {
                    fail.store(false, SeqCst);
                }
                Turn::Run(call.clone())
            }
            (_, Some(Ok(_))) => Turn::Commit,
            _ => Turn::RollBack,
        });
        answers.push(bench.queue(job).await);
    }
    let refused = bench.queue(Script::write(insert("3"))).await;
    hold.release().await.expect("held");
    for answer in answers {
        assert_eq!(answer.await.expect("join").expect("kept").rewound, 1);
    }
    assert_eq!(
        refused.await.expect("join").expect("answered").rewound,
        1,
        "a refusal is judged again too"
    );
    assert_eq!(bench.ids().len(), 10);
    assert_eq!(tries.load(SeqCst), 11, "one lost, ten alone");
    assert_eq!(bench.pool.stats().batches_lost, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_never_succeeds_is_an_error() {
    let (options, fail, _tries) = failing_commits();
    let bench = Bench::new(options);
    fail.store(true, SeqCst);
    let error = bench.pool.run(Script::write(insert("a"))).await.err();
    assert!(matches!(error, Some(StoreError::Failed(_))), "{error:?}");
    assert!(bench.ids().is_empty());
    fail.store(false, SeqCst);
    bench
        .pool
        .run(Script::write(insert("a")))
        .await
        .expect("recovers");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_key_fails_its_own_job_only() {
    let bench = Bench::new(patient());
    let plain = Connection::open(bench.folder.file()).expect("open");
    plain
        .execute_batch("CREATE TABLE c (t TEXT REFERENCES t DEFERRABLE INITIALLY DEFERRED) STRICT")
        .expect("table");
    let hold = bench.hold().await;
    let first = bench.queue(Script::write(insert("a"))).await;
    let orphan = bench
        .queue(Script::write(call(
            "INSERT INTO c VALUES ('none')",
            false,
            0,
            vec![],
        )))
        .await;
    let third = bench.queue(Script::write(insert("b"))).await;
    hold.release().await.expect("held");
    first.await.expect("join").expect("kept");
    third.await.expect("join").expect("kept");
    assert!(matches!(
        orphan.await.expect("join").err(),
        Some(StoreError::Failed(_))
    ));
    assert_eq!(bench.ids(), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_write_takes_nobody_along() {
    let bench = Bench::new(Options {
        statement_timeout: Duration::from_millis(80),
        ..patient()
    });
    let seen = Arc::new(Mutex::new(None));
    let log = Arc::clone(&seen);
    let slow = format!("INSERT INTO t SELECT 'x', c FROM (SELECT ({ENDLESS}) AS c)");
    let slow = Script::new(move |turn, last| match turn {
        0 => Turn::Run(call(&slow, false, 0, vec![])),
        _ => {
            *log.lock().expect("lock") = last.and_then(Result::err);
            Turn::RollBack
        }
    });
    let hold = bench.hold().await;
    let first = bench.queue(Script::write(insert("a"))).await;
    let slow = bench.queue(slow).await;
    let third = bench.queue(Script::write(insert("b"))).await;
    hold.release().await.expect("held");
    for answer in [first, slow, third] {
        answer.await.expect("join").expect("answered");
    }
    assert_eq!(*seen.lock().expect("lock"), Some(StatementError::TimedOut));
    assert_eq!(bench.ids(), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_left_are_skipped() {
    let bench = Bench::new(patient());
    let hold = bench.hold().await;
    let left = bench.queue(Script::write(insert("left"))).await;
    let stayed = bench.queue(Script::write(insert("stayed"))).await;
    left.abort();
    drop(left.await);
    hold.release().await.expect("held");
    stayed.await.expect("join").expect("kept");
    assert_eq!(bench.ids(), ["stayed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_and_a_long_wait_are_refused() {
    let options = Options {
        queue: 2,
        queue_timeout: Duration::from_millis(50),
        ..patient()
    };
    let bench = Bench::new(options);
    let hold = bench.hold().await;
    let first = bench.queue(Script::write(insert("a"))).await;
    let second = bench.queue(Script::write(insert("b"))).await;
    let third = bench.pool.run(Script::write(insert("c"))).await.err();
    assert_eq!(third, Some(StoreError::Unavailable(1)), "no room");
    tokio::time::sleep(Duration::from_millis(80)).await;
    hold.release().await.expect("held");
    assert_eq!(
        first.await.expect("join").err(),
        Some(StoreError::Unavailable(1)),
        "waited too long"
    );
    assert_eq!(
        second.await.expect("join").err(),
        Some(StoreError::Unavailable(1))
    );
    assert!(bench.ids().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_recovers() {
    let prepare = |connection: &mut Connection| {
        connection
            .query_row("PRAGMA max_page_count = 30", [], |_| Ok(()))
            .expect("pragma");
    };
    let bench = Bench::new(Options {
        prepare: Some(Arc::new(prepare)),
        ..patient()
    });
    let big = vec![Datum::Text("x".repeat(200_000).into())];
    let big = Script::write(call("INSERT INTO t VALUES (?1, 1)", false, 0, big));
    let hold = bench.hold().await;
    let small = bench.queue(Script::write(insert("a"))).await;
    let big = bench.queue(big).await;
    hold.release().await.expect("held");
    assert_eq!(big.await.expect("join").err(), Some(StoreError::Unavailable(1)));
    small.await.expect("join").expect("kept");
    bench
        .pool
        .run(Script::write(insert("b")))
        .await
        .expect("recovers");
    assert_eq!(bench.ids(), ["a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_process_is_waited_for_then_refused() {
    let bench = Bench::new(Options {
        busy_timeout: Duration::from_millis(100),
        ..patient()
    });
    let other = Connection::open(bench.folder.file()).expect("open");
    other.execute_batch("BEGIN IMMEDIATE").expect("lock");
    let refused = bench.pool.run(Script::write(insert("a"))).await.err();
    assert_eq!(refused, Some(StoreError::Unavailable(1)));
    other.execute_batch("COMMIT").expect("unlock");
    bench.pool.run(Script::write(insert("a"))).await.expect("kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_finishes_what_waits() {
    let bench = Bench::new(patient());
    let hold = bench.hold().await;
    let mut answers = Vec::new();
    for n in 0..5 {
        answers.push(bench.queue(Script::write(insert(&n.to_string()))).await);
    }
    let pool = Arc::clone(&bench.pool);
    let closing = tokio::spawn(async move { pool.close().await });
    hold.release().await.expect("held");
    closing.await.expect("closed");
    for answer in answers {
        answer.await.expect("join").expect("kept");
    }
    let refused = bench.pool.run(Script::write(insert("late"))).await.err();
    assert_eq!(refused, Some(StoreError::Unavailable(1)));
    let left: Vec<_> = std::fs::read_dir(bench.folder.path())
        .expect("folder")
        .map(|entry| entry.expect("entry").file_name())
        .collect();
    assert_eq!(left, ["app.db"], "one file is left behind");
    assert_eq!(bench.ids().len(), 5);
}
