//! Our server and servers written by hand, side by side: `bash bench/run`.
//!
//! Role: starts a database with data, starts the servers on it, compares their answers, loads them in turns,
//! reports.
//! Input: arguments; the release builds of all servers. Output: tables, `latest.md`, `latest.svg`.
//! Invariant: bounded in time; nothing is measured before all servers answer alike.
//! Not here: building (`bench/run`).

mod args;
mod books;
mod cases;
mod chart;
mod cluster;
mod data;
mod figures;
mod fill;
mod hooks;
mod http;
mod load;
mod meter;
mod people;
mod pgbench;
mod postgrest;
mod process;
mod report;
mod routes;
mod sides;
mod soak;
mod stage;
mod targets;
mod turns;
mod verdict;
mod verify;

use anyhow::{Result, bail};
use args::Args;
use clap::Parser;
use report::Footprint;
use soak::Soak;
use stage::Stage;
use std::process::ExitCode;
use std::time::Instant;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::LocalSet;
use turns::{Schedule, Turns};

/// One thread: the load takes no more of the machine than it must.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args = Args::parse();
    let all = LocalSet::new();
    let done = tokio::select! {
        done = all.run_until(run(&args)) => done,
        stopped = told_to_stop() => stopped,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("FAILED: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Ctrl-C, or a polite `kill`: either way everything is cleared away.
async fn told_to_stop() -> Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
    bail!("stopped before the end")
}

async fn run(args: &Args) -> Result<()> {
    let begun = Instant::now();
    let mut stage = Stage::build(args).await?;
    for (turn, stand) in (0..).zip(&stage.stands) {
        let count = verify::verify(&stand.running, &stage.people, turn).await?;
        println!("{}: {count} answers as the data say", stand.side().name());
    }
    if args.verify {
        return Ok(());
    }
    if args.hold {
        return stage.hold().await;
    }
    if let Some(soak) = args.soak() {
        return soaked(&soak, &stage).await;
    }
    let schedule = Schedule {
        routes: args.routes(),
        widths: args.widths(),
        rounds: args.rounds,
        turn: args.turn(),
    };
    println!(
        "\n       route  connections; medians of {} turns",
        schedule.rounds
    );
    let mut turns = Turns::new(stage.people.clone(), stage.pgbench()?);
    let figures = turns.run(&schedule, &mut stage.stands).await?;
    let footprints: Vec<Footprint> = stage.stands.iter().map(turns::Stand::footprint).collect();
    let note = stage.note(&schedule, begun.elapsed())?;
    let given: String = std::env::args().skip(1).map(|word| format!(" {word}")).collect();
    let head = format!("{note}.\n\n    bash bench/run{given}");
    let text = report::markdown(&head, &figures, &footprints);
    println!("\n{text}");
    std::fs::create_dir_all(&args.results)?;
    std::fs::write(args.results.join("latest.md"), text + "\n![Ratios](latest.svg)\n")?;
    std::fs::write(args.results.join("latest.svg"), chart::svg(&figures, &note))?;
    println!("written: {0}/latest.md, {0}/latest.svg", args.results.display());
    Ok(())
}

/// One server after the other; fails if one did not bear it.
async fn soaked(soak: &Soak, stage: &Stage) -> Result<()> {
    let mut is_good = true;
    for stand in &stage.stands {
        let verdict = soak.run(stand, &stage.people).await?;
        println!("{}", verdict.text);
        is_good &= verdict.is_good;
    }
    match is_good {
        true => Ok(()),
        false => bail!("something has grown or failed, see above"),
    }
}
