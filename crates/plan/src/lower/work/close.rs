//! Lowered steps become those of the plan.
//!
//! Role: closes the cells of results, now that every reader is known.
//! Invariant: a row is locked for what its own transaction writes later, never for another.
//! Not here: which steps there are.

use super::{OpenAction, OpenWork, ends_transaction, is_tolerated};
use crate::frame::Frame;
use crate::lower::flow::{self, OpenStep};
use crate::model::{Results, Retry, Step, WorkAction, WorkStep};
use crate::project::Project;
use backflow_config::document::{Retry as RetryDoc, StepAction};

/// How often a call is tried if the author does not say: as providers' own clients do.
const CALL: Retry = Retry {
    attempts: 3,
    backoff: 500,
};

/// Everything else once.
const ONCE: Retry = Retry {
    attempts: 1,
    backoff: 500,
};

/// The queries of a workflow of nothing else, as the steps of its route.
pub(crate) fn queries(open: Vec<OpenWork<'_>>) -> Vec<OpenStep> {
    open.into_iter()
        .filter_map(|work| match work.action {
            OpenAction::Database(step) => Some(step.answering_by_order()),
            _ => None,
        })
        .collect()
}

/// The steps of a workflow.
pub(crate) fn close(project: &Project<'_>, frame: &Frame<'_>, open: Vec<OpenWork<'_>>) -> Vec<WorkStep> {
    let mut closed = Vec::new();
    let mut group = Vec::new();
    for work in open {
        if ends_transaction(work.doc) {
            closed.extend(transaction(project, frame, std::mem::take(&mut group)));
        }
        group.push(work);
    }
    closed.extend(transaction(project, frame, group));
    closed
}

/// The steps of one transaction, and what stands between them.
fn transaction(project: &Project<'_>, frame: &Frame<'_>, group: Vec<OpenWork<'_>>) -> Vec<WorkStep> {
    let (mut opened, mut labels, mut rest) = (Vec::new(), Vec::new(), Vec::new());
    for OpenWork {
        doc,
        result,
        condition,
        action,
        compensate,
    } in group
    {
        let action = match action {
            OpenAction::Database(step) => {
                labels.push(format!("steps.{}", doc.id.value));
                opened.push(step.apart());
                None
            }
            OpenAction::Call(mut call) => {
                call.results = read_of(frame, result);
                Some(WorkAction::Call(call))
            }
            OpenAction::Refuse(refuse) => Some(WorkAction::Refuse(refuse)),
            OpenAction::Lock(program) => Some(WorkAction::Lock(program)),
        };
        rest.push((doc, condition, action, compensate));
    }
    let label = |index: usize| labels.get(index).cloned().unwrap_or_default();
    let mut statements = flow::close(project, frame, opened, label).into_iter();
    let steps = rest.into_iter().map(|(doc, condition, action, compensate)| {
        let (condition, action) = match action {
            Some(action) => (condition, action),
            None => database(statements.next().unwrap_or_default()),
        };
        let calls = matches!(doc.action, StepAction::Integration(_));
        WorkStep {
            id: doc.id.value.clone(),
            label: format!("steps.{}", doc.id.value),
            condition,
            retry: retry(doc.retry.as_ref(), if calls { CALL } else { ONCE }),
            timeout: doc.timeout.as_ref().map(|timeout| timeout.value),
            tolerated: is_tolerated(doc),
            compensate,
            action,
        }
    });
    steps.collect()
}

/// A query's statements under the condition of their step.
fn database(
    statements: Vec<(Step, backflow_sql::ir::Query)>,
) -> (Option<backflow_expr::Program>, WorkAction) {
    let mut condition = None;
    let steps = statements.into_iter().map(|(mut step, _)| {
        step.condition_late = false;
        condition = step.condition.take();
        step
    });
    let steps = steps.collect();
    (condition, WorkAction::Database(steps))
}

/// What is read of a result that is no row.
fn read_of(frame: &Frame<'_>, result: usize) -> Results {
    let Some(info) = frame.results.get(result) else {
        return Results::default();
    };
    Results {
        whole: info.whole,
        exists: info.exists,
        cells: Vec::new(),
        paths: info.paths.clone(),
    }
}

fn retry(doc: Option<&RetryDoc>, otherwise: Retry) -> Retry {
    let Some(doc) = doc else { return otherwise };
    Retry {
        attempts: doc.attempts.as_ref().map_or(otherwise.attempts, |n| n.value),
        backoff: doc.backoff.as_ref().map_or(otherwise.backoff, |n| n.value),
    }
}
