//! The private PostgreSQL of tests starts, ends, and clears up behind a process that was killed.

use backflow_testkit::cluster::{Cluster, End, Options};
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
