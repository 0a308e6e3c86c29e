//! Workflows become runnable steps.
//!
//! Role: reads the steps of a workflow, has its queries proved, lowers every step in order.
//! Invariant: a step sees only results of steps before it; queries go the same way as those of routes (`flow`).
//! Not here: the workflows of routes (`route`), stand-alone ones (`alone`), calls (`call`), what a run does.

pub(crate) mod alone;
mod call;
mod close;
mod credential;
mod draft;
mod given;
mod intent;
mod param;
pub(crate) mod route;
mod step;

pub(crate) use close::{close, queries};
pub(crate) use draft::Draft;
pub(crate) use intent::intent;

use super::flow::{self, OpenStep, Setting};
use crate::draft::DraftQuery;
use crate::frame::{Frame, ResultInfo};
use crate::model::{Call, Refuse};
use crate::prove::Kind;
use backflow_config::document::{Step as StepDoc, StepAction, Workflow};
use backflow_diag::{Diagnostic, Diagnostics, codes};
use backflow_expr::Program;

/// A step lowered, the cells of its query still open.
pub(crate) struct OpenWork<'a> {
    doc: &'a StepDoc,
    /// The position of its result.
    result: usize,
    condition: Option<Program>,
    action: OpenAction,
    compensate: Option<Box<Call>>,
}

enum OpenAction {
    Database(Box<OpenStep>),
    Call(Box<Call>),
    Refuse(Box<Refuse>),
    Lock(Program),
}

/// Lowers all steps in order; `None`: a fault was reported.
pub(crate) fn lower<'a>(
    setting: &Setting<'_, 'a>,
    frame: &mut Frame<'a>,
    (draft, kinds): (&Draft<'a>, &[Kind]),
    (facts, out): (&mut Vec<String>, &mut Diagnostics),
) -> Option<Vec<OpenWork<'a>>> {
    report_late_lock(draft.doc, out);
    let mut kinds = kinds.iter();
    let mut open = Vec::new();
    for (index, (doc, query)) in draft.steps.iter().enumerate() {
        let later = draft.steps.iter().skip(index);
        frame.later = later.map(|(later, _)| later.id.value.clone()).collect();
        let work = match (query, &doc.action) {
            (Some(query), _) => {
                let kind = kinds.next().unwrap_or(&Kind::Pinned);
                database(setting, frame, (doc, query, kind), (facts, out))
            }
            (None, StepAction::Database(_)) => {
                // What could not be read is there all the same for those who read it.
                register(frame, doc, ResultInfo::default());
                None
            }
            (None, _) => step::other(setting.project, frame, doc, (facts, out)),
        };
        open.push(work.and_then(|work| step::undone(setting.project, frame, work, out)));
    }
    frame.later.clear();
    let open: Option<Vec<_>> = open.into_iter().collect();
    open.filter(|_| draft.complete)
}

fn database<'a>(
    setting: &Setting<'_, 'a>,
    frame: &mut Frame<'a>,
    (doc, query, kind): (&'a StepDoc, &DraftQuery<'a>, &Kind),
    (facts, out): (&mut Vec<String>, &mut Diagnostics),
) -> Option<OpenWork<'a>> {
    if let Some(alias) = &query.doc.alias {
        out.push(
            Diagnostic::new(
                codes::UNREAD_RESULT,
                format!("nobody can read the result `{}`", alias.value),
            )
            .at(alias.span, "a step is read by its id")
            .help(format!(
                "read it as `{{{{steps.{}.result.…}}}}`, and take the alias away",
                doc.id.value
            )),
        );
    }
    let name = Some(doc.id.clone());
    let opened = flow::step(setting, frame, (query, kind), name, (facts, out));
    facts.extend(doc.compensate.as_ref().map(|undo| call::fact(doc, undo)));
    let result = frame.results.len().saturating_sub(1);
    if let Some(info) = frame.results.last_mut() {
        info.maybe_absent |= is_tolerated(doc);
        info.conditional |= is_tolerated(doc);
    }
    Some(OpenWork {
        doc,
        result,
        condition: None,
        action: OpenAction::Database(Box::new(opened?)),
        compensate: None,
    })
}

/// Registers the result of a step under its id.
fn register(frame: &mut Frame<'_>, doc: &StepDoc, info: ResultInfo) -> usize {
    frame.results.push(ResultInfo {
        name: Some(doc.id.clone()),
        one: true,
        maybe_absent: doc.condition.is_some() || is_tolerated(doc),
        ..info
    });
    frame.results.len() - 1
}

fn is_tolerated(step: &StepDoc) -> bool {
    step.on_error
        .as_ref()
        .is_some_and(|word| word.value == "continue")
}

/// Whether what was written before a step is committed before it.
fn ends_transaction(step: &StepDoc) -> bool {
    matches!(step.action, StepAction::Integration(_) | StepAction::Lock(_))
}

/// Whether some step of a workflow calls a provider.
pub(crate) fn calls(doc: &Workflow) -> bool {
    doc.steps
        .iter()
        .any(|step| matches!(step.action, StepAction::Integration(_)) || step.compensate.is_some())
}

/// Whether it is nothing but a list of queries, which a route runs in one transaction.
pub(crate) fn is_plain(doc: &Workflow) -> bool {
    let plain = |step: &StepDoc| {
        let StepDoc {
            action,
            retry,
            timeout,
            on_error: _,
            compensate,
            ..
        } = step;
        let extras = retry.is_some() || timeout.is_some() || compensate.is_some() || is_tolerated(step);
        matches!(action, StepAction::Database(_)) && !extras
    };
    doc.timeout.is_none() && doc.steps.iter().all(plain)
}

/// A lock behind a write that it should have guarded. Where runs are journalled they are finished whatever happens;
/// elsewhere what is committed before the lock would stay alone.
fn report_late_lock(doc: &Workflow, out: &mut Diagnostics) {
    use backflow_config::document::Operation;
    if calls(doc) {
        return;
    }
    let mut written = None;
    for step in &doc.steps {
        match (&step.action, written) {
            (StepAction::Database(query), _) if query.operation.value != Operation::Select => {
                written = Some(query.table.span);
            }
            (StepAction::Lock(text), Some(before)) => {
                out.push(
                    Diagnostic::new(codes::LATE_LOCK, "this lock comes after what it should protect")
                        .at(text.span(), "waited for outside of any transaction")
                        .at(before, "committed before")
                        .note("if the lock is not had in time, what was written before would stay alone")
                        .help("put the lock before the first step that writes"),
                );
                return;
            }
            _ => {}
        }
    }
}
