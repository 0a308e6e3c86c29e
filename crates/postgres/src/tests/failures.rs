//! Servers that stop, refuse and disagree.

use crate::options::{OpenError, Options};
use crate::store::Postgres;
use crate::testing::{Bench, Script, call, insert, text};
use backflow_engine::store::{StatementError, Store, StoreError};
use backflow_testkit::cluster::{self, Cluster, End};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
async fn deadlocks_run_again() {
    let bench = Bench::new("").await;
    bench.probe.execute("INSERT INTO t VALUES ('a', 0), ('b', 0)");
    let add = |id: &str| call("UPDATE t SET n = n + 1 WHERE id = $1", 0, vec![text(id)]);
    let nap = || crate::testing::sleep(0.2);
    let forth = bench.start(Script::new(vec![add("a"), nap(), add("b")]));
    let back = bench.start(Script::new(vec![add("b"), nap(), add("a")]));
    let forth = forth.await.expect("no panic").expect("run");
    let back = back.await.expect("no panic").expect("run");
    assert!(forth.rewound + back.rewound >= 1);
    assert_eq!(
        bench.probe.table("SELECT id, n FROM t ORDER BY id"),
        "a | 2\nb | 2\n"
    );
}

/// Fails with 40001 until it was called so often; a sequence does not roll back.
fn unserializable(times: u32) -> String {
    format!(
        "CREATE SEQUENCE tries; CREATE FUNCTION try() RETURNS int4 LANGUAGE plpgsql AS $$ BEGIN
           IF nextval('tries') <= {times} THEN RAISE SQLSTATE '40001'; END IF; RETURN 1; END $$"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn serialization_failures_run_again_three_times() {
    for reads in [false, true] {
        for alone in [false, true] {
            for (failures, succeeds) in [(3, true), (4, false)] {
                let bench = Bench::new("").await;
                bench.probe.execute(&unserializable(failures));
                let mut call = call("SELECT try()", 1, vec![]);
                call.alone = alone;
                let mut script = Script::new(if alone {
                    vec![call]
                } else {
                    vec![insert("x"), call]
                });
                if reads && alone {
                    script = script.reading();
                }
                let end = bench.run(script).await;
                match end {
                    Ok(script) => assert!(succeeds && script.rewound == 3),
                    Err(error) => assert!(!succeeds && error == StoreError::Unavailable(1), "{error:?}"),
                }
                bench.until_none("state <> 'idle'", Duration::from_secs(1)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_serialization_failure_at_commit_runs_again() {
    let bench = Bench::new("").await;
    bench.probe.execute(&unserializable(2));
    bench.probe.execute(
        "CREATE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM try(); RETURN NULL; END $$;
         CREATE CONSTRAINT TRIGGER late AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED
           FOR EACH ROW EXECUTE FUNCTION late()",
    );
    let script = bench.run(Script::new(vec![insert("a")])).await.expect("run");
    assert_eq!(script.rewound, 2);
    assert_eq!(bench.probe.table("SELECT id FROM t"), "a\n");
    // In autocommit the commit comes after the rows.
    bench.probe.execute("ALTER SEQUENCE tries RESTART");
    let script = bench.run(Script::alone(insert("b"))).await.expect("run");
    assert_eq!(script.rewound, 2);
    assert_eq!(bench.probe.number("SELECT count(*) FROM t"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_constraint_that_waits_for_the_commit_is_never_acknowledged() {
    let bench = Bench::new("").await;
    bench
        .probe
        .execute("CREATE TABLE c (p text REFERENCES t DEFERRABLE INITIALLY DEFERRED)");
    let orphan = || call("INSERT INTO c VALUES ('nobody')", 0, vec![]);
    let whole = bench.run(Script::new(vec![orphan()])).await;
    assert!(matches!(whole.err(), Some(StoreError::Failed(_))));
    let alone = bench.run(Script::alone(orphan())).await.expect("run");
    assert_eq!(alone.error(), StatementError::ForeignKey);
    assert_eq!(bench.probe.number("SELECT count(*) FROM c"), 0);
    bench.run(Script::new(vec![insert("x")])).await.expect("run");
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_an_administrator_ends_are_replaced() {
    let bench = Bench::new("").await;
    bench
        .run(Script::read(call("SELECT 1", 1, vec![])))
        .await
        .expect("run");
    let end_all = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                   WHERE application_name = 'backflow' AND datname = current_database() AND pid <> pg_backend_pid()";
    let count = || format!("SELECT count(*) FROM ({end_all}) AS ended");
    for _ in 0..20 {
        let _ended = bench.probe.number(&count());
        // At once: the sockets may not have told yet.
        let read = bench
            .run(Script::read(call("SELECT 1", 1, vec![])))
            .await
            .expect("run");
        assert!(read.answers[0].is_ok());
        let whole = bench
            .run(Script::new(vec![insert("a")]).rolling_back())
            .await
            .expect("run");
        assert!(whole.answers[0].is_ok());
    }
    // In the middle of a statement: nothing of it was committed, which is known.
    let script = Script::alone(call("INSERT INTO t SELECT 'mid', 1 FROM pg_sleep(5)", 0, vec![]));
    let job = bench.start(script);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let _ended = bench.probe.number(&count());
    let begun = Instant::now();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let _ended = bench.probe.number(&count());
    let end = job.await.expect("no panic");
    assert!(matches!(end.err(), Some(StoreError::Unavailable(1))));
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(bench.probe.number("SELECT count(*) FROM t"), 0);
}

async fn own_cluster(options: cluster::Options) -> Arc<Cluster> {
    tokio::task::spawn_blocking(move || Cluster::start(&options))
        .await
        .expect("a cluster")
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_connections_leave_those_that_there_are() {
    let options = cluster::Options::default()
        .set("max_connections", "8")
        .set("superuser_reserved_connections", "0");
    let cluster = own_cluster(options).await;
    let bench = Bench::on(&cluster, "").await;
    let nap = || Script::new(vec![crate::testing::sleep(0.05)]);
    let jobs: Vec<_> = (0..60).map(|_| bench.start(nap())).collect();
    for job in jobs {
        job.await
            .expect("no panic")
            .expect("the few that there are serve all");
    }
    bench
        .run(Script::read(call("SELECT 1", 1, vec![])))
        .await
        .expect("run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_said_to_be_and_found_again() {
    let cluster = own_cluster(cluster::Options::default()).await;
    let bench = Bench::on(&cluster, "").await;
    bench.run(Script::new(vec![insert("before")])).await.expect("run");
    let control = Arc::clone(&cluster);
    tokio::task::spawn_blocking(move || control.stop(End::Fast))
        .await
        .expect("stopped");
    for _ in 0..20 {
        let begun = Instant::now();
        let read = bench.run(Script::read(call("SELECT 1", 1, vec![]))).await;
        assert_eq!(read.err(), Some(StoreError::Unavailable(1)));
        let write = bench.run(Script::alone(insert("away"))).await;
        assert_eq!(write.err(), Some(StoreError::Unavailable(1)));
        assert!(bench.store.ping().await.is_err());
        assert!(
            begun.elapsed() < Duration::from_millis(1500),
            "{:?}",
            begun.elapsed()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let control = Arc::clone(&cluster);
    tokio::task::spawn_blocking(move || control.resume())
        .await
        .expect("resumed");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    bench
        .run(Script::read(call("SELECT 1", 1, vec![])))
        .await
        .expect("run");
    bench.run(Script::new(vec![insert("after")])).await.expect("run");
    assert!(bench.store.ping().await.is_ok());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_cannot_open_is_told_why() {
    let cluster = Cluster::shared();
    let port = cluster.port();
    let open = async |text: &str| {
        Postgres::open(Options::parse(text).expect(text))
            .await
            .expect_err(text)
    };
    let refused = open(&format!("postgres://postgres@127.0.0.1:{port}/nowhere")).await;
    assert!(
        matches!(&refused, OpenError::Refused(why) if why.contains("3D000")),
        "{refused}"
    );
    let nobody = open("postgres://postgres@127.0.0.1:1/d").await;
    assert!(
        matches!(&nobody, OpenError::Away(why) if why.contains("127.0.0.1:1")),
        "{nobody}"
    );
    let tls = open(&format!(
        "postgres://postgres@127.0.0.1:{port}/postgres?sslmode=require"
    ))
    .await;
    assert!(
        matches!(&tls, OpenError::Refused(why) if why.contains("TLS")),
        "{tls}"
    );
    let no_file = open("postgres://postgres@127.0.0.1/postgres?sslmode=verify-ca&sslrootcert=/nowhere").await;
    assert!(matches!(no_file, OpenError::Certificates(_)), "{no_file}");
}
