//! Durable writes a second: 64 callers whose transactions share commits, against one transaction a commit.
//!
//! Role: a figure, both ways measured in turn in the same run on the same disk.
//! `cargo run --release -p backflow-sqlite --example group_commit [seconds] [folder]`
//! Not here: HTTP, tokens.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for the terminal"
)]

#[path = "../tests/support/mod.rs"]
mod support;

use backflow_engine::Runtime;
use backflow_engine::store::Store;
use backflow_sqlite::{Options, Sqlite};
use http::Method;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use support::{migration, runtime, send};

const CALLERS: [usize; 3] = [1, 16, 64];
const ROUNDS: usize = 5;

fn main() {
    let mut args = std::env::args().skip(1);
    let seconds = args.next().and_then(|text| text.parse().ok()).unwrap_or(1.0);
    let folder = args
        .next()
        .map_or_else(|| PathBuf::from("target/group_commit"), PathBuf::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    println!("callers  rows  alone/s  grouped/s  ratio  jobs per commit   reads/s");
    for callers in CALLERS {
        for (rows, hot) in [("hot", true), ("many", false)] {
            let mut figures = Vec::new();
            for _ in 0..ROUNDS {
                let time = Duration::from_secs_f64(seconds);
                let alone = runtime.block_on(measure(&folder, 1, callers, hot, time));
                let grouped = runtime.block_on(measure(&folder, 256, callers, hot, time));
                figures.push((alone.0, grouped.0, grouped.0 / alone.0, grouped.1, grouped.2));
            }
            figures.sort_by(|a, b| a.2.total_cmp(&b.2));
            let (alone, grouped, ratio, jobs, reads) = figures[ROUNDS / 2];
            println!(
                "{callers:7}  {rows:4}  {alone:7.0}  {grouped:9.0}  {ratio:5.2}  {jobs:15.1}  {reads:8.0}"
            );
        }
    }
    drop(std::fs::remove_dir_all(folder));
}

/// Writes a second, transactions a commit, reads a second.
async fn measure(folder: &Path, batch: usize, callers: usize, hot: bool, time: Duration) -> (f64, f64, f64) {
    drop(std::fs::remove_dir_all(folder));
    let options = Options {
        batch,
        ..Options::default()
    };
    let sqlite = Arc::new(Sqlite::open(&folder.join("app.db"), options).unwrap());
    sqlite.migrate(&[migration()], &[]).unwrap();
    let runtime = Arc::new(runtime(Arc::clone(&sqlite) as Arc<dyn Store>));
    load(&runtime, Method::PUT, callers, hot, time / 5).await;
    let before = sqlite.stats();
    let writes = load(&runtime, Method::PUT, callers, hot, time).await;
    let after = sqlite.stats();
    let commits = (after.commits - before.commits) as f64;
    let reads = load(&runtime, Method::GET, callers, hot, time / 2).await;
    sqlite.close().await;
    (
        writes,
        (after.transactions - before.transactions) as f64 / commits,
        reads,
    )
}

/// Requests a second.
async fn load(runtime: &Arc<Runtime>, method: Method, callers: usize, hot: bool, time: Duration) -> f64 {
    let begun = Instant::now();
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let (runtime, method) = (Arc::clone(runtime), method.clone());
            tokio::spawn(async move {
                let mut done = 0_usize;
                while begun.elapsed() < time {
                    let id = if hot {
                        "hot".to_owned()
                    } else {
                        format!("{caller}-{}", done % 100)
                    };
                    let reply = send(&runtime, method.clone(), &id).await;
                    assert!(
                        reply.status.is_success() || reply.status.as_u16() == 404,
                        "{}",
                        reply.status
                    );
                    done += 1;
                }
                done
            })
        })
        .collect();
    let mut done = 0;
    for task in tasks {
        done += task.await.unwrap();
    }
    done as f64 / begun.elapsed().as_secs_f64()
}
