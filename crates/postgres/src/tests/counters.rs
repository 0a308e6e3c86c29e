//! Many callers who count in one row.

use crate::testing::{Bench, Script, call, sleep, text};
use backflow_engine::store::{Call, StatementError, StoreError};
use backflow_sql::ir::{AtOnce, Datum, Shares, Statement};
use backflow_testkit::cluster::{Cluster, End, Options};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// Counts in a row, unless the caller is named `stranger`; a negative sum is against the table's CHECK.
const COUNT: &str = "INSERT INTO counters AS c (id, n) SELECT $1::text, $2::int4 WHERE $3::text <> 'stranger' \
    ON CONFLICT (id) DO UPDATE SET n = c.n + excluded.n RETURNING n::int8";
const TABLE: &str = "CREATE TABLE counters (id text PRIMARY KEY, n int4 CHECK (n >= 0))";
/// The same for many callers at once.
const COUNT_AT_ONCE: &str = "WITH i AS (SELECT *, sum(p2::int4) OVER (PARTITION BY p1) AS total, \
    sum(p2::int4) OVER (PARTITION BY p1 ORDER BY n) AS upto, row_number() OVER (PARTITION BY p1 ORDER BY n) AS place \
    FROM unnest($1::text[], $2::text[], $3::text[]) WITH ORDINALITY AS i(p1, p2, p3, n) WHERE p3 <> 'stranger'), \
    w AS (INSERT INTO counters AS c (id, n) SELECT p1, total FROM i WHERE place = 1 ORDER BY i.n \
    ON CONFLICT (id) DO UPDATE SET n = c.n + excluded.n RETURNING id, c.n AS sum) \
    SELECT (w.sum - (i.total - i.upto))::int8, i.n FROM i JOIN w ON w.id = i.p1";
const POOLED: &str = "pgbouncer=true&pool_max=6";
/// Settings, and whether there is a statement for many.
const WAYS: [(&str, bool); 4] = [("", false), (POOLED, false), ("", true), (POOLED, true)];

/// A statement that counts, and how it is shared.
struct Counter {
    statement: Arc<Statement>,
    shares: Arc<Shares>,
}

impl Counter {
    fn new(text: &str, cells: usize, at_once: bool) -> Self {
        let at_once = at_once.then(|| AtOnce {
            statement: crate::testing::statement(COUNT_AT_ONCE, false, 2),
            adds: [1].into(),
            counted: None,
            opening: None,
        });
        Counter {
            statement: crate::testing::statement(text, false, cells),
            shares: Arc::new(Shares {
                at_once,
                ..Shares::of([0])
            }),
        }
    }
}

async fn bench(settings: &str, at_once: bool) -> (Bench, Counter) {
    let bench = Bench::new(settings).await;
    bench.probe.execute(TABLE);
    (bench, Counter::new(COUNT, 1, at_once))
}

fn counting(counter: &Counter, row: &str, more: i64, who: &str) -> Call {
    let mut counting = call("", 1, vec![text(row), Datum::Int(more), text(who)]);
    counting.statement = Arc::clone(&counter.statement);
    counting.alone = true;
    counting.shares = Some(Arc::clone(&counter.shares));
    counting
}

fn count(bench: &Bench, counter: &Counter, row: &str, more: i64) -> Running {
    bench.start(Script::new(vec![counting(counter, row, more, "somebody")]))
}

type Running = JoinHandle<Result<Script, StoreError>>;

async fn end(running: Running) -> Script {
    running.await.expect("no panic").expect("run")
}

fn stored(bench: &Bench) -> String {
    bench.probe.table("SELECT id, n FROM counters ORDER BY id")
}

/// Somebody else's lock on a row, for so long.
fn hold(bench: &Bench, row: &str, seconds: f64) -> Running {
    let lock = call(
        "SELECT id FROM counters WHERE id = $1::text FOR UPDATE",
        1,
        vec![text(row)],
    );
    bench.start(Script::new(vec![lock, sleep(seconds)]))
}

#[tokio::test(flavor = "multi_thread")]
async fn each_has_its_own_exact_answer_and_refusals_count_nothing() {
    for (settings, at_once) in WAYS {
        let (bench, counter) = bench(settings, at_once).await;
        let callers: Vec<_> = (0..640)
            .map(|n| {
                let who = if n % 10 == 9 { "stranger" } else { "somebody" };
                (
                    who,
                    bench.start(Script::new(vec![counting(&counter, "hot", 1, who)])),
                )
            })
            .collect();
        let mut sums = BTreeSet::new();
        for (who, caller) in callers {
            let script = end(caller).await;
            match who {
                "stranger" => assert!(script.answers[0].as_ref().expect("no fault").rows.is_empty()),
                _ => match script.cell() {
                    Datum::Int(sum) => assert!(sums.insert(sum), "{sum} twice"),
                    other => panic!("{other:?}"),
                },
            }
            assert_eq!(script.answers.len(), 1);
        }
        assert_eq!(sums, (1..=576).collect::<BTreeSet<i64>>());
        assert_eq!(stored(&bench), "hot | 576\n");
        let gathered = bench.store.stats().gathered;
        assert!(gathered > 300, "{settings}: only {gathered} shared a commit");
        let as_one = bench.store.stats().at_once;
        assert_eq!(as_one > 300, at_once, "{settings}: {as_one} were one statement");
        bench.until_none("state <> 'idle'", Duration::from_secs(1)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lone_caller_shares_with_nobody() {
    let (bench, counter) = bench("", true).await;
    for sum in 1..=20 {
        assert_eq!(end(count(&bench, &counter, "a", 1)).await.cell(), Datum::Int(sum));
    }
    assert_eq!(bench.store.stats().gathered, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_of_many_rows_in_two_processes_are_never_tied() {
    let (bench, counter) = bench("", true).await;
    let other = bench.beside().await;
    let begun = Instant::now();
    let callers: Vec<_> = (0..4_000)
        .map(|n| {
            // The one upwards, the other downwards.
            let row = match n % 2 {
                0 => n / 2 % 50,
                _ => 49 - n / 2 % 50,
            };
            let row = format!("row {row}");
            let script = Script::new(vec![counting(&counter, &row, 1, "somebody")]);
            let other = Arc::clone(&other);
            match n % 2 {
                0 => bench.start(script),
                _ => tokio::spawn(async move { other.lanes().run(script).await }),
            }
        })
        .collect();
    for caller in callers {
        assert_eq!(end(caller).await.rewound, 0);
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(bench.probe.number("SELECT sum(n) FROM counters"), 4_000);
    assert_eq!(
        bench.probe.number("SELECT count(*) FROM counters WHERE n = 80"),
        50
    );
    let (one, two) = (bench.store.stats(), other.stats());
    assert!(one.gathered > 0 && two.gathered > 0, "{one:?} {two:?}");
    // Tied, most would be; on a busy machine one may wait too long for the other all the same.
    assert!(one.undone + two.undone < 3, "{one:?} {two:?}");
    other.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_fails_is_told_so_and_the_others_count() {
    for (settings, at_once) in WAYS {
        let (bench, counter) = bench(settings, at_once).await;
        let callers: Vec<_> = (0..64)
            .map(|n| {
                let more = if n == 40 { -1_000_000 } else { 1 };
                (more, count(&bench, &counter, "hot", more))
            })
            .collect();
        for (more, caller) in callers {
            let script = end(caller).await;
            match more {
                1 => assert!(matches!(script.cell(), Datum::Int(1..=63))),
                _ => assert!(matches!(script.error(), StatementError::Check(_))),
            }
        }
        assert_eq!(stored(&bench), "hot | 63\n");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_not_understood_is_one_callers_alone() {
    let (bench, _) = bench("", false).await;
    // A type that no statement of ours answers, but for one caller.
    let text_or_time = "INSERT INTO counters AS c (id, n) VALUES ($1::text, $2::int4) \
        ON CONFLICT (id) DO UPDATE SET n = c.n + excluded.n RETURNING n::int8, $3::text";
    let counter = Counter::new(text_or_time, 2, false);
    let callers: Vec<_> = (0..64)
        .map(|n| {
            let mut counting = counting(&counter, "hot", 1, "somebody");
            if n % 8 == 7 {
                // Too few values: it cannot even be sent.
                counting.values.pop();
            }
            (n, bench.start(Script::new(vec![counting])))
        })
        .collect();
    for (n, caller) in callers {
        let script = end(caller).await;
        match n % 8 {
            7 => assert!(matches!(script.error(), StatementError::Other(_))),
            _ => assert!(script.answers[0].is_ok()),
        }
    }
    assert_eq!(stored(&bench), "hot | 56\n");
    assert!(bench.store.stats().gathered > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_takes_nobody_along() {
    for (settings, at_once) in WAYS {
        let (bench, counter) = bench(settings, at_once).await;
        let (mut patient, mut hasty) = (Vec::new(), Vec::new());
        for _ in 0..200 {
            patient.push(count(&bench, &counter, "hot", 1));
            hasty.push(count(&bench, &counter, "hot", 1_000));
            tokio::time::sleep(Duration::from_micros(200)).await;
            if hasty.len() > 3 {
                hasty.swap_remove(0).abort();
            }
        }
        for caller in hasty {
            caller.abort();
        }
        for caller in patient {
            assert!(end(caller).await.answers[0].is_ok(), "{settings}");
        }
        bench.until_none("state <> 'idle'", Duration::from_secs(2)).await;
        let sum = bench.probe.number("SELECT n FROM counters");
        assert_eq!(sum % 1_000, 200, "{settings}: {sum}");
        assert_eq!(
            end(count(&bench, &counter, "hot", 1)).await.cell(),
            Datum::Int(sum + 1)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_somebody_keeps_holds_up_others_for_a_moment_only() {
    let (bench, counter) = bench("", true).await;
    bench
        .probe
        .execute("INSERT INTO counters VALUES ('kept', 0), ('free', 0)");
    let keeper = hold(&bench, "kept", 1.0);
    tokio::time::sleep(Duration::from_millis(100)).await;
    let begun = Instant::now();
    let mut free = Vec::new();
    let mut kept = Vec::new();
    for _ in 0..6 {
        kept.push(count(&bench, &counter, "kept", 1));
        free.extend((0..10).map(|_| count(&bench, &counter, "free", 1)));
    }
    for caller in free {
        end(caller).await;
    }
    assert!(
        begun.elapsed() < Duration::from_millis(700),
        "{:?}",
        begun.elapsed()
    );
    for caller in kept {
        end(caller).await;
    }
    end(keeper).await;
    assert_eq!(stored(&bench), "free | 60\nkept | 6\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_needs_more_statements_runs_by_itself() {
    let (bench, counter) = bench("", true).await;
    // As behind a limit: without a row the job asks why.
    let why = || call("SELECT 'why'", 1, vec![]);
    let refused: Vec<_> = (0..32)
        .map(|n| {
            let who = if n % 2 == 0 { "stranger" } else { "somebody" };
            let mut first = counting(&counter, "hot", 1, who);
            first.alone = false;
            bench.start(Script::new(if n % 2 == 0 {
                vec![first, why()]
            } else {
                vec![first]
            }))
        })
        .collect();
    for (n, caller) in refused.into_iter().enumerate() {
        let script = end(caller).await;
        match n % 2 {
            0 => assert_eq!(script.cell(), text("why")),
            _ => assert!(matches!(script.cell(), Datum::Int(_))),
        }
    }
    assert_eq!(stored(&bench), "hot | 16\n");
}

/// What callers were told: how many are certain to have counted, and how many may have.
async fn told(callers: Vec<Running>) -> (i64, i64) {
    let (mut certain, mut open) = (0, 0);
    for caller in callers {
        match caller.await.expect("no panic") {
            Ok(script) if script.answers[0].is_ok() => certain += 1,
            Err(StoreError::OutcomeUnknown(_)) => open += 1,
            Err(StoreError::Unavailable(_)) => {}
            other => panic!("{:?}", other.map(|script| script.error())),
        }
    }
    (certain, open)
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_end_lose_and_double_nothing() {
    let (bench, counter) = bench("", true).await;
    let end_all = "SELECT count(*) FROM (SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'backflow' AND datname = current_database() AND pid <> pg_backend_pid()) AS ended";
    let (mut certain, mut open) = (0, 0);
    for _ in 0..15 {
        let callers: Vec<_> = (0..200).map(|_| count(&bench, &counter, "hot", 1)).collect();
        tokio::time::sleep(Duration::from_millis(4)).await;
        let _ended = bench.probe.number(end_all);
        let (more, perhaps) = told(callers).await;
        certain += more;
        open += perhaps;
    }
    let stored = bench.probe.number("SELECT n FROM counters");
    assert!(certain > 0 && bench.store.stats().gathered > 0);
    assert!(
        (certain..=certain + open).contains(&stored),
        "{certain} + {open}: {stored}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_killed_keeps_what_was_acknowledged() {
    let cluster = tokio::task::spawn_blocking(|| Cluster::start(&Options::default()))
        .await
        .expect("a cluster");
    let bench = Bench::on(&cluster, "").await;
    bench.probe.execute(TABLE);
    let counter = Counter::new(COUNT, 1, true);
    let (mut certain, mut open) = (0, 0);
    for _ in 0..3 {
        let callers: Vec<_> = (0..600).map(|_| count(&bench, &counter, "hot", 1)).collect();
        tokio::time::sleep(Duration::from_millis(12)).await;
        let control = Arc::clone(&cluster);
        tokio::task::spawn_blocking(move || control.restart(End::Crash))
            .await
            .expect("there again");
        let (more, perhaps) = told(callers).await;
        certain += more;
        open += perhaps;
        while bench
            .run(Script::read(call("SELECT 1", 1, vec![])))
            .await
            .is_err()
        {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    let sum = call("SELECT coalesce(sum(n), 0)::int8 FROM counters", 1, vec![]);
    let Datum::Int(stored) = bench.run(Script::read(sum)).await.expect("run").cell() else {
        panic!("no sum");
    };
    assert!(certain > 0 && bench.store.stats().gathered > 0);
    assert!(
        (certain..=certain + open).contains(&stored),
        "{certain} + {open}: {stored}"
    );
}
