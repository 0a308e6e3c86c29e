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
    clippy::print_stdout,
    reason = "a test stops at the first surprise, and its figures are its result"
)]

mod called;
mod caller;
mod commits;
mod counted;
mod events;
mod gate;
mod history;
mod http;
mod judge;
mod limited;
mod paused;
mod pool;
mod process;
mod random;
mod relay;
mod rng;
mod same;
mod seams;
mod stage;
mod told;

use backflow_testkit::Backend;
use caller::Kind;
use counted::Victim;
use judge::Figures;
use random::Chaos;
use std::time::Duration;

/// What the environment asks for.
#[allow(
    clippy::disallowed_methods,
    reason = "a test's switches come from the environment"
)]
fn number(name: &str, otherwise: u64) -> u64 {
    let text = std::env::var(name).ok();
    text.map_or(otherwise, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number"))
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

/// So many runs at random, of `CRASH_RUNS` for all databases.
fn at_random(backend: Backend, servers: usize, share: u64) {
    if !is_chosen(backend) {
        return;
    }
    let all: u64 = [(Backend::Sqlite, 1), (Backend::Postgres, 2)]
        .into_iter()
        .filter_map(|(backend, share)| is_chosen(backend).then_some(share))
        .sum();
    // As part of all tests it is bounded in time; whoever asks for a number gets it.
    let limit = Duration::from_secs(if number("CRASH_RUNS", 0) == 0 { 60 } else { 7200 });
    let runs = usize::try_from(number("CRASH_RUNS", 300) * share / all).unwrap();
    let seed = seed();
    let (kills, figures) = random::play(Chaos {
        backend,
        servers,
        runs,
        seed,
        limit,
    });
    say(
        &format!("{kills} kills at random on {}, {servers} servers", backend.name()),
        figures,
    );
}

#[test]
fn at_random_on_sqlite() {
    at_random(Backend::Sqlite, 1, 1);
}

#[test]
fn at_random_on_postgres() {
    at_random(Backend::Postgres, 1, 1);
}

#[test]
fn at_random_on_postgres_with_two_servers() {
    at_random(Backend::Postgres, 2, 1);
}

/// So many events, of `CRASH_EVENTS` for each kind of database.
fn events_at_random(backend: Backend, servers: usize) {
    if is_chosen(backend) {
        let events = number("CRASH_EVENTS", 120);
        let (kills, deliveries) = events::play((backend, servers), events, seed());
        println!(
            "{kills} kills on {}, {servers} servers, under {events} events in {deliveries} deliveries, seed {}",
            backend.name(),
            seed()
        );
    }
}

#[test]
fn events_on_sqlite() {
    events_at_random(Backend::Sqlite, 1);
}

#[test]
fn events_on_postgres() {
    events_at_random(Backend::Postgres, 1);
    events_at_random(Backend::Postgres, 2);
}

/// So many events that call a provider, of `CRASH_CALLS` for each kind of database.
fn events_that_call(backend: Backend, servers: usize) {
    if is_chosen(backend) {
        let events = usize::try_from(number("CRASH_CALLS", 60)).unwrap();
        let [kills, deliveries, calls] = called::play((backend, servers), events, seed());
        println!(
            "{kills} kills on {}, {servers} servers, under {events} events in {deliveries} deliveries, {calls} calls, seed {}",
            backend.name(),
            seed()
        );
    }
}

#[test]
fn events_that_call_on_sqlite() {
    events_that_call(Backend::Sqlite, 1);
}

#[test]
fn events_that_call_on_postgres() {
    events_that_call(Backend::Postgres, 1);
    events_that_call(Backend::Postgres, 2);
}

#[test]
fn a_paused_server_does_nothing_late() {
    if is_chosen(Backend::Postgres) {
        let scenarios = paused::all();
        let count = scenarios.len();
        say(
            &format!("{count} pauses on postgres"),
            pool::play(scenarios, paused::play),
        );
    }
    if is_chosen(Backend::Sqlite) {
        say("pauses on sqlite", pool::play(Kind::ALL.to_vec(), paused::alone));
    }
}

#[test]
fn what_means_the_same_is_done_once() {
    let mut clicks = Vec::new();
    for kind in Kind::ALL {
        let places = [
            (Backend::Sqlite, 1),
            (Backend::Postgres, 1),
            (Backend::Postgres, 2),
        ];
        clicks.extend(places.map(|(backend, servers)| (backend, servers, kind)));
    }
    clicks.retain(|(backend, ..)| is_chosen(*backend));
    pool::play(clicks, same::double_click);
    for backend in [Backend::Sqlite, Backend::Postgres] {
        if is_chosen(backend) {
            same::database_fails(backend);
            same::address_survives(backend);
            same::nobody_drives(backend);
        }
    }
}

#[test]
fn a_journal_costs_two_commits_at_most() {
    for backend in [Backend::Sqlite, Backend::Postgres] {
        if !is_chosen(backend) {
            continue;
        }
        for (kind, whole, alone) in commits::compare(backend) {
            let name = backend.name();
            println!(
                "{kind:?} on {name}: {} commits, {:?}; its database steps alone: {}, {:?}",
                whole.commits, whole.median, alone.commits, alone.median
            );
            // A sign of life may fall into a request.
            assert!(
                whole.commits <= alone.commits + 2.2,
                "{kind:?}: {whole:?}, {alone:?}"
            );
        }
    }
}

#[test]
fn what_is_counted_is_neither_lost_nor_doubled() {
    let plays = [
        (Backend::Sqlite, Victim::Server),
        (Backend::Postgres, Victim::Server),
        (Backend::Postgres, Victim::Database),
    ];
    for (backend, victim) in plays.into_iter().filter(|(backend, _)| is_chosen(*backend)) {
        let (acknowledged, open) = counted::play(backend, victim);
        println!(
            "kills of the {victim:?} on {}: {acknowledged} counted, {open} unknown",
            backend.name()
        );
    }
}

#[test]
fn a_limit_holds_whoever_is_killed() {
    let plays = [
        (Backend::Sqlite, 1, Victim::Server),
        (Backend::Postgres, 2, Victim::Server),
        (Backend::Postgres, 2, Victim::Database),
    ];
    for (backend, servers, victim) in plays.into_iter().filter(|(backend, ..)| is_chosen(*backend)) {
        let play = limited::Play {
            backend,
            servers,
            victim,
            counters: number("CRASH_COUNTERS", 8),
        };
        let figures = limited::play(play, seed());
        println!("{play:?}, seed {}: {figures:?}", seed());
        assert!(
            figures.amid * 2 > play.counters,
            "kills came too late: {figures:?}"
        );
    }
}
