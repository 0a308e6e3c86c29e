//! Servers that are killed, in every place and at random.
//!
//! `backflow serve` runs as a process of its own and is killed with SIGKILL, paused, or told to stop, while callers ask
//! for what the page's own workflows do. In the end nothing was lost and nothing was done twice: customers and
//! subscriptions at Stripe, rows, answers and runs agree. E-mails come at least once, and say which are the same.
//!
//! `cargo xtask crash [--runs N] [--seed S] [--database sqlite|postgres]` starts this.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

mod caller;
mod gate;
mod history;
mod http;
mod judge;
mod pool;
mod process;
mod relay;
mod rng;
mod seams;
mod stage;

use backflow_testkit::Backend;
use judge::Figures;

/// What the environment asks for.
#[allow(
    clippy::disallowed_methods,
    reason = "a test's switches come from the environment"
)]
fn number(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| {
        text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number"))
    })
}

fn seed() -> u64 {
    number("CRASH_SEED", 1)
}

fn is_chosen(backend: Backend) -> bool {
    Backend::chosen().contains(&backend)
}

fn say(what: &str, figures: Figures) {
    println!("{what}, seed {}: {figures:?}", seed());
}

fn every_seam(backend: Backend) {
    if !is_chosen(backend) {
        return;
    }
    let scenarios = seams::all(backend, seed());
    let count = scenarios.len();
    let figures = pool::play(scenarios, seams::play);
    say(&format!("{count} kills at seams on {}", backend.name()), figures);
}

#[test]
fn every_seam_on_sqlite() {
    every_seam(Backend::Sqlite);
}

#[test]
fn every_seam_on_postgres() {
    every_seam(Backend::Postgres);
}
