//! Generated schemas, rows and queries give the same answers on every database.
//!
//! Role: the property. `PARITY=20000` asks so many requests, `PARITY_SEED=7` chooses others, `PARITY_CASE=12` runs
//! one case alone, `PARITY_ALL=1` goes on behind findings and tells one of each kind.
//! Invariant: what is asked follows from the seed, which is printed.
//! Not here: choosing cases (`generate`), running them (`run`).

#![allow(clippy::print_stdout, reason = "what a run did is told as lines")]

mod backend;
mod case;
mod chains;
mod constraints;
mod draft;
mod embeds;
mod filters;
mod generate;
mod json;
mod log;
mod names;
mod orders;
mod queries;
mod rng;
mod rows;
mod run;
mod schema;
mod selects;
mod shrink;
mod tables;
mod totals;
mod types;
mod values;
mod written;

use backflow_testkit::Backend;
use run::Outcome;
use std::collections::{BTreeMap, BTreeSet};

/// Requests that are compared unless the environment says otherwise.
const REQUESTS: usize = 1000;

#[allow(
    clippy::disallowed_methods,
    reason = "a test's switches come from the environment"
)]
fn switch(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

/// What all cases came to.
#[derive(Default)]
struct Sum {
    cases: usize,
    all: Outcome,
}

impl Sum {
    fn add(&mut self, outcome: Outcome) {
        self.cases += 1;
        self.all.compared += outcome.compared;
        self.all.either += outcome.either;
        self.all.unfit += outcome.unfit;
        self.all.unstarted += outcome.unstarted;
        for (status, count) in outcome.statuses {
            *self.all.statuses.entry(status).or_default() += count;
        }
        for (codes, count) in outcome.refused {
            *self.all.refused.entry(codes).or_default() += count;
        }
    }

    fn print(&self, kinds: &BTreeMap<String, usize>) {
        println!(
            "{} requests of {} cases; by status {:?}; {} told another of several broken constraints; \
             {} schemas not for SQLite, {} with rows that nobody takes",
            self.all.compared,
            self.cases,
            self.all.statuses,
            self.all.either,
            self.all.unfit,
            self.all.unstarted
        );
        if switch("PARITY_ALL").is_some() {
            for (said, count) in &self.all.refused {
                println!("{count} faults {said}");
            }
        }
        for (kind, count) in kinds {
            println!("{count} × {kind}");
        }
    }
}

#[test]
fn the_same_answers_everywhere() {
    let seed = switch("PARITY_SEED").unwrap_or(1);
    let requests = switch("PARITY").map_or(REQUESTS, |n| usize::try_from(n).unwrap_or(REQUESTS));
    let (only, all) = (switch("PARITY_CASE"), switch("PARITY_ALL").is_some());
    println!("PARITY_SEED={seed} PARITY={requests}");
    let backends = Backend::chosen();
    log::listen();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (mut sum, mut kinds, mut told) = (Sum::default(), BTreeMap::new(), BTreeSet::new());
    let mut number = only.unwrap_or(0);
    // A case that cannot be served asks nothing.
    while sum.all.compared < requests && sum.cases < requests {
        let case = generate::case(seed, number);
        let mut outcome = runtime.block_on(run::run(&case, &backends));
        let findings = std::mem::take(&mut outcome.findings);
        sum.add(outcome);
        for finding in findings {
            *kinds.entry(finding.kind.clone()).or_default() += 1;
            if told.insert(finding.kind.clone()) && (all || told.len() == 1) {
                let (small, finding) = runtime.block_on(shrink::shrink(&case, &finding, &backends));
                println!(
                    "PARITY_SEED={seed} PARITY_CASE={number}\n{}",
                    shrink::reproduction(&small, &finding)
                );
            }
        }
        number += 1;
        if only.is_some() || (!told.is_empty() && !all) {
            break;
        }
    }
    sum.print(&kinds);
    assert!(
        only.is_some() || sum.all.unstarted * 4 < sum.cases.max(4),
        "most cases are not served"
    );
    assert!(kinds.is_empty(), "{} kinds of findings", kinds.len());
}
