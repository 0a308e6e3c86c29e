//! The workflow of a route: its own, or one that stands alone.
//!
//! Role: drafts → kinds → view → input → steps → answer, as for queries.
//! Invariant: a workflow is proved for every route that runs it, with that route's caller and tenant; one that calls
//! a provider is bound to the tenant that its route names, whether or not it touches rows.
//! Not here: single steps; stand-alone workflows that nothing starts (`alone`).

use super::draft::paths_of;
use super::{Draft, calls, close, given, intent, is_plain, queries};
use crate::draft::{node_paths, node_reads_tenant};
use crate::frame::Frame;
use crate::lower::flow::Setting;
use crate::lower::route::{Body, Lowering, Stance};
use crate::lower::{answer, exclude, whole};
use crate::model::{Answer, Given, Work, WorkStep};
use crate::prove::{Kind, NamedBy};
use backflow_config::document::{Run, Workflow};
use backflow_diag::{Diagnostic, Diagnostics, codes};

/// How long a caller waits for the end of a workflow, if the author does not say: half a minute.
pub(super) const PATIENCE: u64 = 30_000;

/// What a route runs.
#[derive(Clone, Copy)]
pub(crate) struct Started<'a> {
    doc: &'a Workflow,
    /// How it is started, if it stands alone.
    run: Option<&'a Run>,
}

/// The workflow of a route that has one; `Some(None)`: it could not be found.
pub(crate) fn started<'a>(lowering: &Lowering<'a>, out: &mut Diagnostics) -> Option<Option<Started<'a>>> {
    if let Some(doc) = &lowering.doc.workflow {
        return Some(Some(Started { doc, run: None }));
    }
    let run = lowering.doc.run.as_ref()?;
    let doc = given::find(lowering.project, run, out);
    Some(doc.map(|doc| Started { doc, run: Some(run) }))
}

/// Everything between the path and the answer.
pub(crate) fn body<'a>(
    lowering: &Lowering<'a>,
    started: Started<'a>,
    (facts, out): (&mut Vec<String>, &mut Diagnostics),
) -> Option<Body<'a>> {
    let Started { doc, run } = started;
    let project = lowering.project;
    report_two_answers(lowering, started, out);
    let source = match run {
        None => whole::Source::of_route(lowering.doc),
        Some(_) => whole::Source::of_input(doc),
    };
    let mut draft = Draft::read(project, doc, &source, out);
    draft.leave_out(&lowering.doc.exclude_fields);
    let judged = draft.queries().map(|(_, query)| query).collect::<Vec<_>>();
    exclude::faults(
        project,
        (&judged, &lowering.doc.exclude_fields),
        source.fields(),
        out,
    );
    let kinds = draft.decide(lowering.flow(), out);
    let stance = Stance {
        pinned: kinds.contains(&Kind::Pinned),
        reads: draft.reads_tenant()
            || run.is_some_and(|run| run.input.as_ref().is_some_and(node_reads_tenant))
            || sends_for_tenant(lowering, started, &kinds),
    };
    let view = lowering.view(stance);
    let mut frame = lowering.frame(view);
    let roles = lowering.roles(out);
    if lowering.named == Some(NamedBy::Mine) && !stance.pinned {
        lowering.report_unheld(out);
    }
    let template = lowering.tenant_template(&mut frame, out);
    let given = run.map(|run| given::lower(&mut frame, (run, doc), out));
    let setting = Setting {
        roles: roles.clone(),
        ..lowering.setting()
    };
    if run.is_some() {
        frame.enter(doc.input.as_deref());
    }
    let steps = super::lower(&setting, &mut frame, (&draft, &kinds), (facts, out));
    let answer = answer(lowering, &mut frame, started, out);
    let (place, guard) = lowering.place(view, &frame, template, roles);
    let given = match given {
        Some(given) => Some(given?),
        None => None,
    };
    let mut body = Body {
        place,
        guard,
        steps: Vec::new(),
        work: None,
        answer,
        frame,
    };
    let steps = steps?;
    if is_plain(doc) && run.is_none() {
        body.steps = queries(steps);
    } else {
        let steps = close(project, &body.frame, steps);
        body.work = Some(work(doc, steps, given, &body.frame, &body.answer));
    }
    Some(body)
}

/// The workflow around its steps.
pub(crate) fn work(
    doc: &Workflow,
    steps: Vec<WorkStep>,
    input: Option<Given>,
    frame: &Frame<'_>,
    answer: &Answer,
) -> Work {
    Work {
        intent: intent(&steps, input.as_ref(), answer, &frame.sources),
        input,
        steps,
        timeout: doc.timeout.as_ref().map_or(PATIENCE, |timeout| timeout.value),
        join: doc.join,
        durable: calls(doc),
    }
}

/// The route's `response`, else the workflow's.
fn answer<'a>(
    lowering: &Lowering<'a>,
    frame: &mut Frame<'a>,
    started: Started<'a>,
    out: &mut Diagnostics,
) -> Answer {
    let own = started.doc.response.as_ref();
    // What a workflow that stands alone answers is checked, though this route may answer something else.
    let of_workflow = answer::lower(frame, own, out);
    if started.run.is_some() {
        frame.leave();
    }
    match &lowering.doc.response {
        Some(response) => answer::lower(frame, Some(response), out),
        None => of_workflow,
    }
}

fn report_two_answers(lowering: &Lowering<'_>, started: Started<'_>, out: &mut Diagnostics) {
    let (Some(route), Some(workflow), None) = (&lowering.doc.response, &started.doc.response, started.run)
    else {
        return;
    };
    out.push(
        Diagnostic::new(codes::EXCLUSIVE_KEYS, "a route has two answers")
            .at(workflow.place(), "says it again, or differently")
            .at(route.place(), "already said here")
            .note("which of the two counts would be a guess")
            .help("keep one `response`, and remove the other"),
    );
}

/// Whether a call may tell a provider of a tenant: the route names one, or the token's claim is read. Then nobody
/// but a member may make it.
fn sends_for_tenant(lowering: &Lowering<'_>, started: Started<'_>, kinds: &[Kind]) -> bool {
    if !calls(started.doc) || !lowering.doc.require_auth || lowering.doc.cross_tenant.is_some() {
        return false;
    }
    let makes = kinds.contains(&Kind::Creates);
    let named = matches!(lowering.named, Some(NamedBy::Param { .. } | NamedBy::Template)) && !makes;
    let claim = lowering.project.tenancy.as_ref().map(|tenancy| {
        let keys = tenancy.claim.iter().map(ToString::to_string);
        format!("auth{}", keys.collect::<String>())
    });
    let given = started.run.and_then(|run| run.input.as_ref());
    let mut paths: Vec<String> = started.doc.steps.iter().flat_map(paths_of).collect();
    paths.extend(given.into_iter().flat_map(node_paths));
    named || claim.is_some_and(|claim| paths.contains(&claim))
}
