//! Making a case that shows something smaller.
//!
//! Input: a case and the kind of finding. Output: a smaller case that shows the same kind.
//! Invariant: bounded: so many cases are run, and no more.
//! Not here: what smaller cases there are; see `case`.

use crate::case::Case;
use crate::run::{Finding, run};
use backflow_testkit::Backend;

/// Runs that are spent on one finding.
const RUNS: usize = 250;

/// The smallest case found that shows a finding of the same kind, and that finding.
pub(crate) async fn shrink(case: &Case, finding: &Finding, backends: &[Backend]) -> (Case, Finding) {
    let mut best = (case.clone(), finding.clone());
    if let Some(step) = finding.step {
        best.0.steps.truncate(step + 1);
    }
    let mut left = RUNS;
    loop {
        let size = |case: &Case| format!("{case:?}").len();
        let mut leaps = best.0.leaps();
        leaps.retain(|leap| size(leap) < size(&best.0));
        let Some(better) = first(leaps, &best.1.kind, backends, &mut left).await else {
            break;
        };
        best = better;
    }
    let mut length = best.0.steps.len() / 2;
    while length > 0 {
        while left > 0 {
            let Some(better) = first(best.0.fewer_steps(length), &best.1.kind, backends, &mut left).await
            else {
                break;
            };
            best = better;
        }
        length /= 2;
    }
    while left > 0 {
        let Some(better) = first(best.0.smaller(), &best.1.kind, backends, &mut left).await else {
            break;
        };
        best = better;
    }
    best
}

async fn first(
    cases: Vec<Case>,
    kind: &str,
    backends: &[Backend],
    left: &mut usize,
) -> Option<(Case, Finding)> {
    for case in cases {
        if *left == 0 {
            return None;
        }
        *left -= 1;
        let outcome = run(&case, backends).await;
        if let Some(finding) = outcome.findings.into_iter().find(|finding| finding.kind == kind) {
            return Some((case, finding));
        }
    }
    None
}

/// Everything that is needed to see it again.
pub(crate) fn reproduction(case: &Case, finding: &Finding) -> String {
    let mut text = format!("case {}: {}\n", case.number, finding.kind);
    for (name, content) in case.files(&[]) {
        text.push_str(&format!("--- {name}\n{}\n", content.trim_end()));
    }
    for (at, step) in case.steps.iter().enumerate() {
        let route = &case.routes[step.route];
        let mark = if Some(at) == finding.step { "=> " } else { "   " };
        let caller = step.caller.map(|name| format!(" as {name}")).unwrap_or_default();
        text.push_str(&format!(
            "{mark}{} {}{caller} {}\n",
            route.method.to_uppercase(),
            step.target(route),
            step.content()
        ));
    }
    for (backend, said) in &finding.said {
        text.push_str(&format!("{}: {said}\n", backend.name()));
    }
    text
}
