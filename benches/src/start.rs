//! The released binary: start to first 200, and resident memory when idle.
//!
//! Invariant: the binary is measured as it ships, in a process of its own.
//! Not here: the debug build, whose figures mean nothing.

use crate::load::{Connection, http};
use anyhow::{Context, Result};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Measures a second start (the database is there) of `serve` on the starting project, ten times.
pub(crate) fn run() -> Result<()> {
    println!("\n== start and memory of target/release/backflow");
    let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/release/backflow");
    anyhow::ensure!(binary.exists(), "build it first: cargo build --release");
    let folder = tempfile::tempdir()?;
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec/seed");
    copy(&project, folder.path())?;
    // Nobody is called, but without accounts it does not start.
    std::fs::write(
        folder.path().join("backflow.json"),
        r#"{"credentials": {"stripe": {"secretKey": "sk_test_bench"},
            "sendgrid": {"apiKey": "SG.bench", "fromEmail": "bench@example.com"}}}"#,
    )?;
    let runtime = tokio::runtime::Runtime::new()?;
    let mut times = Vec::new();
    let mut memory = 0;
    for round in 0..11 {
        let port = 21_000 + round;
        let begun = Instant::now();
        let mut server = spawn(&binary, folder.path(), port)?;
        let first = runtime.block_on(first_answer(port));
        let elapsed = begun.elapsed();
        std::thread::sleep(Duration::from_millis(500));
        memory = resident(server.id()).unwrap_or(0);
        server.kill()?;
        server.wait()?;
        first?;
        // The first round makes the database.
        if round > 0 {
            times.push(elapsed);
        }
    }
    times.sort_unstable();
    println!(
        "   start to first 200: median {:.1?}, worst {:.1?} (asked: at most 50 ms)",
        times[5], times[9]
    );
    println!(
        "   resident when idle: {:.1} MiB (asked: at most 15 MiB)",
        memory as f64 / 1024.0
    );
    let size = std::fs::metadata(&binary)?.len();
    println!("   binary: {:.1} MB", size as f64 / 1e6);
    Ok(())
}

fn spawn(binary: &Path, folder: &Path, port: u16) -> Result<Child> {
    Command::new(binary)
        .args(["serve", &folder.to_string_lossy()])
        .env("PORT", port.to_string())
        .env("JWT_SECRET", "a secret for the bench, thirty-two bytes or more")
        .env("APP_URL", "https://app.example.com")
        .env("STRIPE_WEBHOOK_SECRET", "whsec_bench")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("the binary starts")
}

async fn first_answer(port: u16) -> Result<()> {
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(5) {
        if let Ok(mut connection) = Connection::open(address).await
            && connection.ask(&http("GET", "/health", "none", "")).await? == 200
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_micros(500)).await;
    }
    anyhow::bail!("no answer within 5 s")
}

/// Resident memory in KiB.
fn resident(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().trim_end_matches(" kB").trim().parse().ok()
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let target = to.join(path.file_name().context("a name")?);
        if path.is_dir() {
            std::fs::create_dir_all(&target)?;
            copy(&path, &target)?;
        } else {
            std::fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
