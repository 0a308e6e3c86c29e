//! Running a case on each database, and what differs.
//!
//! Role: compiles, drops what is refused, serves, asks, compares status and bytes.
//! Invariant: an answer of 5xx is a finding even where both databases give it.
//! Not here: choosing cases; making them smaller.

use crate::case::{Case, Purpose, Step};
use crate::constraints::computes;
use crate::{backend, log};
use backflow_diag::Severity;
use backflow_testkit::{Answer, Backend, Compiled, World};
use std::collections::{BTreeMap, BTreeSet};

/// Something that is not as it should be.
#[derive(Debug, Clone)]
pub(crate) struct Finding {
    /// What kind of difference it is; stays the same while the case is made smaller.
    pub(crate) kind: String,
    /// The step that shows it.
    pub(crate) step: Option<usize>,
    /// What each database said.
    pub(crate) said: Vec<(Backend, String)>,
}

/// What came of a case.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Requests whose answers were compared.
    pub(crate) compared: usize,
    /// How many of them were answered, by status.
    pub(crate) statuses: BTreeMap<u16, usize>,
    /// Answers that differ in which of several broken constraints they name.
    pub(crate) either: usize,
    /// Routes that were refused when they were compiled, by code.
    pub(crate) refused: BTreeMap<String, usize>,
    /// Schemas that one database refuses, as documented.
    pub(crate) unfit: usize,
    /// Cases whose rows every database refuses.
    pub(crate) unstarted: usize,
    pub(crate) findings: Vec<Finding>,
}

impl Outcome {
    fn found(&mut self, kind: String, step: Option<usize>, said: Vec<(Backend, String)>) {
        self.findings.push(Finding { kind, step, said });
    }
}

/// Faults by file: their codes, or what they say.
type Faults = BTreeMap<String, BTreeSet<String>>;

/// Codes and what faults say, without the names in it.
fn sentences(compiled: &Compiled) -> impl Iterator<Item = String> {
    let errors = compiled
        .diagnostics
        .iter()
        .filter(|d| d.code.severity == Severity::Error);
    errors.map(|d| {
        format!(
            "{}: {}",
            d.code.id,
            d.message.split('`').step_by(2).collect::<Vec<_>>().join("…")
        )
    })
}

fn faults(compiled: &Compiled) -> Faults {
    let mut found = Faults::new();
    for diagnostic in compiled
        .diagnostics
        .iter()
        .filter(|d| d.code.severity == Severity::Error)
    {
        let file = diagnostic
            .span()
            .map_or("", |span| compiled.sources.name(span.file))
            .to_owned();
        found
            .entry(file)
            .or_default()
            .insert(diagnostic.code.id.to_owned());
    }
    found
}

fn words(codes: Option<&BTreeSet<String>>) -> String {
    codes.map_or_else(
        || "accepted".to_owned(),
        |codes| codes.iter().cloned().collect::<Vec<_>>().join(" "),
    )
}

/// Compiles until nothing is refused; the files that had to go.
fn accepted(case: &Case, backends: &[Backend], outcome: &mut Outcome) -> Option<Vec<String>> {
    let mut without: Vec<String> = Vec::new();
    for _ in 0..6 {
        let files = case.files(&without);
        let mut all = Vec::new();
        for backend in backends {
            match backend::compile(*backend, &files) {
                Ok(compiled) => all.push(compiled),
                Err(why) => {
                    outcome.found(
                        format!("check stops: {}", gist(&why)),
                        None,
                        vec![(*backend, why)],
                    );
                    return None;
                }
            }
        }
        let faults: Vec<Faults> = all.iter().map(faults).collect();
        let names: BTreeSet<&String> = faults.iter().flat_map(BTreeMap::keys).collect();
        if names.is_empty() {
            return Some(without);
        }
        for name in &names {
            let said: Vec<String> = faults.iter().map(|of| words(of.get(*name))).collect();
            if name.ends_with(".sql") && said[0] != "accepted" {
                // What SQLite would do differently is refused there.
                outcome.unfit += 1;
                return None;
            }
            if said.iter().any(|words| *words != said[0]) {
                let said: Vec<_> = backends.iter().copied().zip(said.iter().cloned()).collect();
                let all: Vec<&str> = said.iter().map(|(_, words)| words.as_str()).collect();
                outcome.found(format!("refused: {}", all.join(" / ")), None, said);
            }
            if !name.starts_with("routes/") {
                let reports = all.iter().zip(backends);
                let reports = reports
                    .map(|(compiled, backend)| (*backend, compiled.report()))
                    .collect();
                outcome.found(
                    format!("the schema is refused: {}", said.join(" / ")),
                    None,
                    reports,
                );
                return None;
            }
        }
        for said in sentences(&all[0]) {
            *outcome.refused.entry(said).or_default() += 1;
        }
        without.extend(names.into_iter().cloned());
    }
    None
}

/// Runs a case.
pub(crate) async fn run(case: &Case, backends: &[Backend]) -> Outcome {
    let mut outcome = Outcome::default();
    let Some(without) = accepted(case, backends, &mut outcome) else {
        return outcome;
    };
    let files = case.files(&without);
    let mut worlds = Vec::new();
    let mut failed = Vec::new();
    for backend in backends {
        match backend::start(*backend, &files) {
            Ok(world) => worlds.push((*backend, world)),
            Err(why) => failed.push((*backend, why)),
        }
    }
    if !failed.is_empty() {
        // A computed column may have no room for what it computes of a row: then no database takes it.
        if worlds.is_empty() {
            outcome.unstarted += 1;
        } else {
            let kind = format!("one database starts: {}", gist(&failed[0].1));
            outcome.found(kind, None, failed);
        }
        return outcome;
    }
    for (at, step) in case.steps.iter().enumerate() {
        if without.contains(&crate::case::Route::file(step.route)) {
            continue;
        }
        let mut answers = Vec::new();
        for (backend, world) in &worlds {
            log::take();
            let answer = ask(case, step, world).await;
            answers.push((*backend, answer, log::take()));
        }
        if step.purpose == Purpose::Query {
            outcome.compared += 1;
            *outcome.statuses.entry(answers[0].1.status).or_default() += 1;
        }
        if let Some(kind) = judge(case, step, &answers, &mut outcome) {
            let said = answers.iter().map(|(backend, answer, why)| {
                (*backend, format!("{} {}\n    {why}", answer.status, answer.body))
            });
            outcome.found(kind, Some(at), said.collect());
            // Behind a write that differs, everything does.
            if case.routes[step.route].method != "get" && step.purpose != Purpose::Look {
                break;
            }
        }
    }
    outcome
}

async fn ask(case: &Case, step: &Step, world: &World) -> Answer {
    let route = &case.routes[step.route];
    let token = step.caller.map(|name| world.token(name, "{}"));
    let headers: Vec<(&str, &str)> = token
        .iter()
        .map(|token| ("Authorization", token.as_str()))
        .collect();
    let method = route.method.to_uppercase();
    world
        .send(&method, &step.target(route), &headers, &step.content())
        .await
}

/// A private reason without what differs from case to case.
fn gist(why: &str) -> String {
    let plain: String = why.split(['"', '`', '\'']).step_by(2).collect();
    let digits = |c: char| if c.is_ascii_digit() { '0' } else { c };
    plain.chars().map(digits).take(120).collect()
}

/// Whether both are right: the request is wrong in several ways, of which either may be told.
fn several(case: &Case, step: &Step, left: &str, right: &str) -> bool {
    let both = |codes: &[&str]| codes.contains(&left) && codes.contains(&right);
    let said = case.routes[step.route].doc.to_string();
    // Values of rows that cannot be computed: which row is met first is nobody's promise.
    let computed = ["::", " / ", " * ", " + ", " - ", " % "]
        .iter()
        .map(|sign| said.matches(sign).count())
        .sum::<usize>();
    let one = |code| left == code || right == code;
    let values = ["check_violation", "out_of_range"];
    both(CONSTRAINTS)
        || (computes(&case.schema) && both(COMPUTED) && case.routes[step.route].method != "get")
        || (computed > 1 && both(&values))
        || (said.contains(")::")
            && said.contains("offset")
            && one("not_found")
            && values.into_iter().any(one))
        || (computed > 0 && one("multiple_rows") && values.into_iter().any(one))
}

/// What kind of member is the first that differs.
fn place(case: &Case, step: &Step, left: &str, right: &str) -> String {
    let same = left
        .bytes()
        .zip(right.bytes())
        .take_while(|(a, b)| a == b)
        .count();
    let before = String::from_utf8_lossy(left.as_bytes().get(..same).unwrap_or_default()).into_owned();
    let key = before
        .rfind("\":")
        .and_then(|end| before.get(..end)?.rsplit('"').next())
        .unwrap_or_default();
    let said = case.routes[step.route].doc.to_string();
    let made = ["a", "j", "c", "g", "e", "s"].iter().find(|letter| {
        key.strip_prefix(**letter)
            .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    });
    if let Some(letter) = made {
        // What stands behind the name in the select.
        let written = said.split(&format!("{key}:")).nth(1).unwrap_or_default();
        let name = written.split([',', ')', ' ']).next().unwrap_or_default();
        let function = name.rsplit(['.', ':', '>']).next().unwrap_or_default();
        return format!("{letter} {}", if *letter == "c" { "" } else { function });
    }
    let columns = case.schema.tables.iter().flat_map(|table| &table.columns);
    let types: BTreeSet<String> = columns
        .filter(|column| column.name == key && !column.gone)
        .map(|column| column.ty.sql())
        .collect();
    types.into_iter().next().unwrap_or_else(|| key.to_owned())
}

/// What an answer says of the rows that there are.
fn range(answer: &Answer) -> Option<&http::HeaderValue> {
    answer.headers.get(http::header::CONTENT_RANGE)
}

/// The code of a refusal; empty for other answers.
fn code(answer: &Answer) -> String {
    answer
        .json()
        .get("code")
        .and_then(|code| code.as_str())
        .filter(|_| answer.status >= 400)
        .unwrap_or_default()
        .to_owned()
}

/// Codes of constraints: of several that one row breaks, either may be told.
const CONSTRAINTS: &[&str] = &[
    "unique_violation",
    "foreign_key_violation",
    "not_null_violation",
    "check_violation",
];

/// The same where a constraint computes, and may have no room for what it computes.
const COMPUTED: &[&str] = &[
    "unique_violation",
    "foreign_key_violation",
    "not_null_violation",
    "check_violation",
    "out_of_range",
];

fn judge(
    case: &Case,
    step: &Step,
    answers: &[(Backend, Answer, String)],
    outcome: &mut Outcome,
) -> Option<String> {
    let operation = &case.routes[step.route].method;
    for (backend, answer, why) in answers {
        if answer.status >= 500 {
            return Some(format!(
                "{operation}: {} says {} {}: {}",
                backend.name(),
                answer.status,
                code(answer),
                gist(why)
            ));
        }
    }
    let (first, rest) = answers.split_first()?;
    let other = rest.iter().find(|(_, answer, _)| {
        range(answer) != range(&first.1) || answer.status != first.1.status || answer.body != first.1.body
    })?;
    let (left, right) = (code(&first.1), code(&other.1));
    if several(case, step, &left, &right) {
        outcome.either += 1;
        return None;
    }
    if first.1.status != other.1.status || left != right {
        return Some(format!(
            "{operation}: {} {left} / {} {right}",
            first.1.status, other.1.status
        ));
    }
    let place = place(case, step, &first.1.body, &other.1.body);
    Some(format!(
        "{operation}: other bytes with {} in {place}",
        first.1.status
    ))
}
