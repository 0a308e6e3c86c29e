//! What callers of one counter with a limit were told.
//!
//! Role: whether all of it can be true of a counter that only grows, ends at what is stored, and never passes its limit.
//! Invariant: it only looks; what may have counted is held against nobody.
//! Not here: asking, killing (`limited`).

use std::time::Instant;

/// What a caller asked for, and what came of it.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) cost: i64,
    pub(crate) sent: Instant,
    pub(crate) got: Instant,
    pub(crate) outcome: Outcome,
}

/// An answer, or none.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// The counter behind it.
    Admitted(i64),
    Refused(serde_json::Value),
    /// It may have counted.
    Open,
}

/// Everything that does not fit, once callers were refused a single one.
pub(crate) fn faults(all: &[Told], limit: i64, stored: i64) -> Vec<String> {
    let sum = |chosen: fn(&Outcome) -> bool| -> i64 {
        let chosen = all.iter().filter(|told| chosen(&told.outcome));
        chosen.map(|told| told.cost).sum()
    };
    let admitted = sum(|outcome| matches!(outcome, Outcome::Admitted(_)));
    let open = sum(|outcome| matches!(outcome, Outcome::Open));
    let mut faults = Vec::new();
    // Somebody was refused a single one, so nothing is left; and more than all was never there.
    if stored != limit {
        faults.push(format!("{stored} are stored"));
    }
    if !(admitted..=admitted + open).contains(&stored) {
        faults.push(format!(
            "{admitted} acknowledged, {open} unknown, {stored} stored"
        ));
    }
    faults.extend(all.iter().filter_map(|told| unjustified(told, limit, stored)));
    faults.extend(overlaps(all));
    faults.extend(backwards(all));
    faults
}

/// A refusal that was none of this counter while its caller waited: its numbers must be too much, and the counter has
/// come to them.
fn unjustified(told: &Told, limit: i64, stored: i64) -> Option<String> {
    let Outcome::Refused(body) = &told.outcome else {
        return None;
    };
    let number = |name: &str| body[name].as_i64().unwrap_or(-1);
    let (used, left) = (number("used"), number("remaining"));
    let is_right = body["code"] == "limit_exceeded"
        && (number("limit"), number("requested")) == (limit, told.cost)
        && (0..=stored).contains(&used)
        && left == limit - used
        && told.cost > left
        && stored + told.cost > limit;
    (!is_right).then(|| format!("{} was refused with {body}, {stored} are stored", told.cost))
}

/// Two admissions of the same part of the counter.
fn overlaps(all: &[Told]) -> Vec<String> {
    let mut parts: Vec<(i64, i64)> = all
        .iter()
        .filter_map(|told| match told.outcome {
            Outcome::Admitted(used) => Some((used - told.cost, used)),
            _ => None,
        })
        .collect();
    parts.sort_unstable();
    let pairs = parts.windows(2).filter(|pair| pair[0].1 > pair[1].0);
    pairs.map(|pair| format!("admitted twice: {pair:?}")).collect()
}

/// Answers that do not know what was answered before they were asked for.
fn backwards(all: &[Told]) -> Vec<String> {
    let seen = |told: &Told| match &told.outcome {
        Outcome::Admitted(used) => Some((used - told.cost, *used)),
        Outcome::Refused(body) => Some((used_in(body), used_in(body))),
        Outcome::Open => None,
    };
    let mut sent: Vec<_> = all
        .iter()
        .filter_map(|told| Some((told.sent, seen(told)?.0)))
        .collect();
    let mut got: Vec<_> = all
        .iter()
        .filter_map(|told| Some((told.got, seen(told)?.1)))
        .collect();
    sent.sort_unstable();
    got.sort_unstable();
    let (mut earlier, mut highest, mut faults) = (got.into_iter().peekable(), 0, Vec::new());
    for (sent, before) in sent {
        while let Some((_, after)) = earlier.next_if(|(got, _)| *got < sent) {
            highest = highest.max(after);
        }
        if before < highest {
            faults.push(format!(
                "an answer knows of {before}, {highest} were told before it"
            ));
        }
    }
    faults
}

/// What an answer says of the counter.
pub(crate) fn used_in(body: &serde_json::Value) -> i64 {
    body["used"].as_i64().unwrap_or(-1)
}
