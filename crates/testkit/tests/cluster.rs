//! The private PostgreSQL and PgBouncer of tests start, end, and clear up behind a process that was killed.

use backflow_testkit::bouncer::Bouncer;
use backflow_testkit::cluster::{Cluster, End, Options};
use backflow_testkit::{Backend, Home, Probe};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

fn goes(folder: &Path) {
    let mut looks = 0..200;
    while folder.exists() && looks.next().is_some() {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(!folder.exists(), "{} is still there", folder.display());
}

#[test]
fn a_cluster_stops_and_crashes_and_comes_back() {
    let cluster = Cluster::start(&Options::default());
    let database = cluster.create();
    cluster.restart(End::Fast);
    cluster.restart(End::Crash);
    let like = cluster.create_from(database.name());
    assert_ne!(like.name(), database.name());
    let folder = cluster.socket().to_owned();
    drop((database, like, cluster));
    goes(&folder);
}

/// Not a test of its own: the process that the next one kills.
#[test]
#[ignore = "waits to be killed"]
fn held() {
    let cluster = Cluster::start(&Options::default());
    println!("folder {}", cluster.socket().display());
    std::thread::sleep(Duration::from_secs(60));
}

#[test]
fn nothing_is_left_of_a_process_that_was_killed() {
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["held", "--exact", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let folder = lines
        .map_while(Result::ok)
        .find_map(|line| line.split_once("folder ").map(|(_, folder)| folder.to_owned()))
        .expect("the server's folder");
    let pid = std::fs::read_to_string(Path::new(&folder).join("data/postmaster.pid")).unwrap();
    let server = pid.lines().next().unwrap().to_owned();
    process.kill().unwrap();
    process.wait().unwrap();
    goes(Path::new(&folder));
    let state = std::fs::read_to_string(format!("/proc/{server}/stat")).unwrap_or_default();
    // Gone, or dead and not yet buried by whoever inherited it.
    assert!(
        state.is_empty() || state.contains(") Z "),
        "the server still runs: {state}"
    );
}

#[test]
fn a_pooler_keeps_no_session() {
    let bouncer = Bouncer::shared();
    let database = bouncer.create();
    // Connections of the server are taken in turn: what a client sets is not what it meets next.
    let (pooled, direct) = (
        Probe::postgres(&bouncer.url(database.name())),
        Probe::postgres(&database.url()),
    );
    direct.execute("CREATE TABLE seen (session INT, patience TEXT)");
    for _ in 0..9 {
        pooled.execute("INSERT INTO seen SELECT pg_backend_pid(), current_setting('lock_timeout')");
    }
    assert!(direct.number("SELECT count(DISTINCT session) FROM seen") >= 3);
    assert!(direct.number("SELECT count(*) FROM seen WHERE patience = '7s'") > 0);
    let settings = Probe::postgres(&database.url()).table("SELECT current_setting('fsync'), version()");
    assert!(settings.starts_with("off | PostgreSQL"), "{settings}");
}

#[test]
fn what_means_the_same_reads_the_same() {
    let written = "CREATE TABLE t (b BOOLEAN, at TIMESTAMPTZ, day DATE, n NUMERIC(6,2), x FLOAT8, s TEXT);
        INSERT INTO t VALUES (true, '2026-11-23T18:10:15.120000+00:00', '2026-11-23', '1.50', 0.1, 'a');
        INSERT INTO t VALUES (false, NULL, NULL, NULL, 1e300, '');";
    for backend in [Backend::Sqlite, Backend::Postgres] {
        let home = Home::new(backend);
        let probe = home.probe();
        let kinds = |sql: &str| match backend {
            Backend::Sqlite => sql.replace("NUMERIC(6,2)", "TEXT").replace("FLOAT8", "REAL"),
            _ => sql.to_owned(),
        };
        probe.execute(&kinds(written));
        let rows = probe.table("SELECT * FROM t ORDER BY b DESC");
        let large = format!("{}", 1e300);
        assert_eq!(
            rows,
            format!(
                "1 | 2026-11-23T18:10:15.120000+00:00 | 2026-11-23 | 1.50 | 0.1 | a\n0 | null | null | null | {large} | \n"
            )
        );
        assert_eq!(probe.columns("t"), ["b", "at", "day", "n", "x", "s"]);
        assert!(
            probe
                .try_execute("INSERT INTO t (s) VALUES ('kept'); SELECT nonsense")
                .is_err()
        );
        assert_eq!(probe.number("SELECT count(*) FROM t"), 2);
    }
}
