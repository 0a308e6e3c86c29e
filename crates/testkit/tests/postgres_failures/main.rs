//! PostgreSQL in trouble, as callers see it.
//!
//! Whatever happens to the database: callers are told quickly, what was acknowledged is there, what was refused is
//! not, nobody gets another's answer, and everything recovers without a restart.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod load;
mod locks;
mod served;

use backflow_testkit::cluster::{Cluster, End, Options};
use backflow_testkit::proxy::{Mode, Proxy, Then};
use load::Load;
use served::{Served, unique};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio_postgres::NoTls;

/// How soon a caller is told that the database is away.
const SOON: Duration = Duration::from_millis(1500);

/// How soon after its return everything works again.
const BACK: Duration = Duration::from_secs(2);

/// Runs what blocks beside the test's own tasks.
pub(crate) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

async fn cluster(options: Options) -> Arc<Cluster> {
    blocking(move || Cluster::start(&options)).await
}

fn durable() -> Options {
    Options {
        durable: true,
        ..Options::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_restarts_under_load_lose_nothing() {
    let cluster = cluster(durable()).await;
    let served = Served::on(&cluster, "").await;
    let load = Load::start(&served, 64);
    for round in 0..10 {
        tokio::time::sleep(Duration::from_millis(400)).await;
        let end = if round % 2 == 0 { End::Fast } else { End::Crash };
        let control = Arc::clone(&cluster);
        blocking(move || control.restart(end)).await;
        let back = Instant::now();
        tokio::time::sleep(BACK + Duration::from_millis(300)).await;
        let late = load.refusals_since(back + BACK);
        assert!(late.is_empty(), "round {round}: {late:?}");
    }
    let told = load.stop().await;
    assert!(
        told.acknowledged.len() > 1_000,
        "{} writes",
        told.acknowledged.len()
    );
    assert!(told.reads > 1_000, "{} reads", told.reads);
    println!(
        "{} acknowledged writes, {} reads",
        told.acknowledged.len(),
        told.reads
    );
    told.compare(&served);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_told_soon_and_found_again() {
    let cluster = cluster(durable()).await;
    let served = Served::on(&cluster, "").await;
    let load = Load::start(&served, 64);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let control = Arc::clone(&cluster);
    blocking(move || control.stop(End::Fast)).await;
    let gone = Instant::now();
    while gone.elapsed() < Duration::from_secs(4) {
        let begun = Instant::now();
        let read = served.get("/constant-row").await;
        let write = served.post("/notes", &unique()).await;
        for reply in [read, write] {
            assert_eq!(reply.status, 503, "{}", reply.body);
            assert!(reply.retry_after.is_some());
        }
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(load.slowest_since(gone) < SOON);
    let control = Arc::clone(&cluster);
    blocking(move || control.resume()).await;
    let back = Instant::now();
    tokio::time::sleep(BACK + Duration::from_millis(500)).await;
    let late = load.refusals_since(back + BACK);
    assert!(late.is_empty(), "{late:?}");
    load.stop().await.compare(&served);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_breaks_at_any_moment_never_acknowledges_wrongly() {
    let cluster = cluster(durable()).await;
    let proxy = Proxy::start(cluster.port()).await;
    let served = Served::through(&cluster, &proxy, "statement_timeout=500ms").await;
    let load = Load::start(&served, 32);
    for round in 0..30_u64 {
        tokio::time::sleep(Duration::from_millis(50 + round * 7 % 60)).await;
        match round % 5 {
            0 => {
                proxy.set(Mode::Cut);
                tokio::time::sleep(Duration::from_millis(20)).await;
                proxy.set(Mode::Pass);
            }
            1 => proxy.when("COMMIT\0", Then::CutAfter),
            2 => proxy.when("COMMIT\0", Then::CutBefore),
            3 => proxy.when("COMMIT\0", Then::StallAfter),
            _ => {
                proxy.set(Mode::Stall);
                tokio::time::sleep(Duration::from_millis(100)).await;
                proxy.set(Mode::Pass);
            }
        }
    }
    let mended = Instant::now();
    tokio::time::sleep(BACK + Duration::from_millis(500)).await;
    let late = load.refusals_since(mended + BACK);
    assert!(late.is_empty(), "{late:?}");
    let told = load.stop().await;
    assert!(!told.unknown.is_empty(), "no commit was cut off");
    told.compare(&served);
    served.at_rest().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_who_hang_up_leave_nothing_behind() {
    let cluster = cluster(Options::default()).await;
    for settings in ["pool_max=6", "pool_max=6&pgbouncer=true"] {
        let served = Served::on(&cluster, settings).await;
        let load = Load::start(&served, 24);
        for round in 0..150_u64 {
            let hasty: Vec<_> = (0..8)
                .map(|at| {
                    let served = served.clone();
                    tokio::spawn(async move {
                        match at % 2 {
                            0 => served.get("/slow").await,
                            _ => served.post("/both", &unique()).await,
                        }
                    })
                })
                .collect();
            tokio::time::sleep(Duration::from_micros(200 + round * 613 % 9_000)).await;
            for one in hasty {
                one.abort();
            }
        }
        let told = load.stop().await;
        assert!(told.refusals.is_empty(), "{:?}", told.refusals);
        told.compare(&served);
        served.at_rest().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_connections_are_told_and_pass() {
    let options = Options::default()
        .set("max_connections", "12")
        .set("superuser_reserved_connections", "0");
    let cluster = cluster(options).await;
    let served = Served::on(&cluster, "pool_max=8").await;
    served.disconnect().await;
    // Others take all that there are.
    let mut crowd = Vec::new();
    while let Ok((client, connection)) = tokio_postgres::connect(&cluster.url("postgres"), NoTls).await {
        crowd.push((client, tokio::spawn(connection)));
    }
    assert!(crowd.len() > 8, "{}", crowd.len());
    let replies: Vec<_> = (0..40)
        .map(|_| {
            let served = served.clone();
            tokio::spawn(async move {
                let begun = Instant::now();
                (served.post("/notes", &unique()).await, begun.elapsed())
            })
        })
        .collect();
    for reply in replies {
        let (reply, took) = reply.await.unwrap();
        assert!(
            matches!(reply.status, 201 | 503),
            "{} {}",
            reply.status,
            reply.body
        );
        assert!(took < SOON, "{took:?}");
    }
    drop(crowd);
    tokio::time::sleep(BACK).await;
    let load = Load::start(&served, 32);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let told = load.stop().await;
    assert!(told.refusals.is_empty(), "{:?}", told.refusals);
    told.compare(&served);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_that_is_refused_is_told_and_may_become_right() {
    let cluster = cluster(Options::default()).await;
    let served = Served::with_password(&cluster, "first").await;
    assert_eq!(served.post("/notes", &unique()).await.status, 201);
    served.change_password("second");
    served.disconnect().await;
    for _ in 0..10 {
        let begun = Instant::now();
        let reply = served.post("/notes", &unique()).await;
        assert_eq!(reply.status, 503, "{}", reply.body);
        assert!(reply.retry_after.is_some() && !reply.body.contains("password"));
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    }
    served.change_password("first");
    tokio::time::sleep(BACK).await;
    assert_eq!(served.post("/notes", &unique()).await.status, 201);
}
