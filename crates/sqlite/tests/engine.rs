//! Requests through the engine into a file and back.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod support;

use backflow_engine::Runtime;
use backflow_sqlite::{Options, Sqlite};
use http::Method;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use support::{migration, runtime, send};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("backflow-engine-{name}-{}", std::process::id()));
        drop(std::fs::remove_dir_all(&path));
        Folder(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("data/app.db")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn open(path: &Path) -> (Arc<Sqlite>, Arc<Runtime>) {
    let sqlite = Arc::new(Sqlite::open(path, Options::default()).unwrap());
    sqlite.migrate(&[migration()], &[]).unwrap();
    let runtime = Arc::new(runtime(
        Arc::clone(&sqlite) as Arc<dyn backflow_engine::store::Store>
    ));
    (sqlite, runtime)
}

fn body(reply: &backflow_engine::Reply) -> &str {
    std::str::from_utf8(&reply.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_answered_from_the_file() {
    let folder = Folder::new("requests");
    let (sqlite, runtime) = open(&folder.file());
    runtime.store().ping().await.unwrap();
    let made = send(&runtime, Method::POST, "a").await;
    assert_eq!(
        (made.status.as_u16(), body(&made)),
        (201, r#"{"id":"a","used":1}"#)
    );
    assert_eq!(send(&runtime, Method::POST, "a").await.status.as_u16(), 409);
    assert_eq!(
        body(&send(&runtime, Method::PUT, "a").await),
        r#"{"id":"a","used":2}"#
    );
    assert_eq!(
        body(&send(&runtime, Method::GET, "a").await),
        r#"{"id":"a","used":2}"#
    );
    assert_eq!(send(&runtime, Method::GET, "b").await.status.as_u16(), 404);
    sqlite.close().await;
    let late = send(&runtime, Method::GET, "a").await;
    assert_eq!(late.status.as_u16(), 503);
    assert!(runtime.store().ping().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_row_counts_every_caller_once() {
    let folder = Folder::new("hot");
    let (sqlite, runtime) = open(&folder.file());
    let callers: Vec<_> = (0..64)
        .map(|_| {
            let runtime = Arc::clone(&runtime);
            tokio::spawn(async move {
                for _ in 0..20 {
                    assert_eq!(send(&runtime, Method::PUT, "hot").await.status.as_u16(), 200);
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    assert_eq!(
        body(&send(&runtime, Method::GET, "hot").await),
        r#"{"id":"hot","used":1280}"#
    );
    let stats = sqlite.stats();
    assert_eq!(stats.transactions, 1280);
    assert!(stats.commits < 640, "{stats:?}");
}

/// Where [`writes_until_killed`] is to write; set by the test that starts it.
const CHILD: &str = "BACKFLOW_TEST_DATABASE";

#[tokio::test(flavor = "multi_thread")]
#[ignore = "started by what_was_answered_survives_a_kill"]
#[allow(clippy::disallowed_methods, reason = "how the parent talks to it")]
async fn writes_until_killed() {
    let Ok(path) = std::env::var(CHILD) else { return };
    let (_sqlite, runtime) = open(Path::new(&path));
    let callers: Vec<_> = (0..8)
        .map(|caller| {
            let runtime = Arc::clone(&runtime);
            tokio::spawn(async move {
                for n in 0.. {
                    let id = format!("{caller}-{n}");
                    assert_eq!(send(&runtime, Method::POST, &id).await.status.as_u16(), 201);
                    let mut out = std::io::stdout().lock();
                    writeln!(out, "answered {id}").unwrap();
                    out.flush().unwrap();
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_survives_a_kill() {
    let folder = Folder::new("kill");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writes_until_killed", "--ignored", "--nocapture"])
        .env(CHILD, folder.file())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut answered = Vec::new();
    for line in lines {
        if let Some(id) = line.unwrap().strip_prefix("answered ") {
            answered.push(id.to_owned());
        }
        if answered.len() == 300 {
            // SIGKILL on Unix. What is still in the pipe is read as well.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(answered.len() >= 300);
    let (_sqlite, runtime) = open(&folder.file());
    for id in answered {
        assert_eq!(
            send(&runtime, Method::GET, &id).await.status.as_u16(),
            200,
            "{id}"
        );
    }
}
