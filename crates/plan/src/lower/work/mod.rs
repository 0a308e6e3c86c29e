//! Workflows become runnable steps.
//!
//! Role: reads the steps of a workflow, has its queries proved, lowers every step in order.
//! Invariant: a step sees only results of steps before it; queries go the same way as those of routes (`flow`).
//! Not here: the workflows of routes (`route`), stand-alone ones (`alone`), calls (`call`), what a run does.

pub(crate) mod alone;
mod call;
mod close;
mod given;
mod intent;
mod param;
pub(crate) mod route;
mod step;

pub(crate) use close::{close, queries};
pub(crate) use intent::intent;

use super::flow::{self, OpenStep, Setting};
use super::whole;
use crate::draft::DraftQuery;
use crate::frame::{Frame, ResultInfo};
use crate::model::{Call, Refuse};
use crate::project::Project;
use crate::prove::{Flow, Kind, Stand, decide};
use backflow_config::document::{Step as StepDoc, StepAction, Workflow};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, codes};
use backflow_expr::ast::{BinaryOp, Node};
use backflow_expr::{Expr, Program, parse_condition};

/// A workflow with its queries read.
pub(crate) struct Draft<'a> {
    pub(crate) doc: &'a Workflow,
    /// Each step, and what it queries.
    pub(crate) steps: Vec<(&'a StepDoc, Option<DraftQuery<'a>>)>,
    /// Every query could be read.
    complete: bool,
}

impl<'a> Draft<'a> {
    /// Reads the steps. `whole`: what a template that is all of `data` may stand for.
    pub(crate) fn read(
        project: &'a Project<'a>,
        doc: &'a Workflow,
        whole: &whole::Source<'a>,
        out: &mut Diagnostics,
    ) -> Self {
        let mut complete = true;
        let mut steps = Vec::new();
        for step in &doc.steps {
            let StepAction::Database(query) = &step.action else {
                steps.push((step, None));
                continue;
            };
            let draft = DraftQuery::read(&project.catalog, query, out)
                .map(|draft| whole::data(project, whole, draft, out))
                .map(|draft| under_condition(draft, step, out));
            complete &= draft.is_some();
            steps.push((step, draft));
        }
        Draft { doc, steps, complete }
    }

    /// Leaves out the values that its route leaves out of all queries.
    pub(crate) fn leave_out(&mut self, names: &[Spanned<String>]) {
        for (_, draft) in &mut self.steps {
            *draft = draft.take().map(|draft| draft.without(names));
        }
    }

    /// The queries that could be read.
    pub(crate) fn queries(&self) -> impl Iterator<Item = (&'a StepDoc, &DraftQuery<'a>)> {
        let drafts = self.steps.iter();
        drafts.filter_map(|(step, draft)| Some((*step, draft.as_ref()?)))
    }

    /// The flow of its queries, for the proof.
    pub(crate) fn flow<'f>(&'f self, flow: Flow<'f>) -> Flow<'f> {
        let mut group = 0;
        let mut stands = Vec::new();
        for (step, draft) in &self.steps {
            group += usize::from(ends_transaction(step));
            stands.extend(draft.as_ref().map(|_| Stand {
                group,
                tolerated: is_tolerated(step),
            }));
        }
        Flow {
            names: self
                .queries()
                .map(|(step, _)| Some(step.id.value.clone()))
                .collect(),
            queries: self.queries().map(|(_, draft)| draft).collect(),
            stands,
            ..flow
        }
    }

    /// The kinds of its queries.
    pub(crate) fn decide(&self, flow: Flow<'_>, out: &mut Diagnostics) -> Vec<Kind> {
        decide(&self.flow(flow), out)
    }
}

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
    let mut notes = Vec::new();
    let opened = flow::step(
        setting,
        frame,
        (query, kind),
        Some(doc.id.clone()),
        (&mut notes, out),
    );
    facts.extend(notes);
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

/// A query runs if its step does, and its own condition holds.
fn under_condition<'a>(
    mut draft: DraftQuery<'a>,
    step: &'a StepDoc,
    out: &mut Diagnostics,
) -> DraftQuery<'a> {
    let Some(outer) = step
        .condition
        .as_ref()
        .and_then(|text| parse_condition(text, out))
    else {
        return draft;
    };
    draft.condition = Some(match draft.condition.take() {
        Some(inner) => Expr {
            span: inner.span,
            node: Node::Binary(BinaryOp::And, Box::new(outer), Box::new(inner)),
        },
        None => outer,
    });
    draft
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
