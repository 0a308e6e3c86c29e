//! Workflows that stand alone, as the engine itself would start them.
//!
//! Role: compiles each for whoever names a tenant: a schedule, a command, an event.
//! Invariant: nobody's membership is asked for, and no statement leaves the tenant that was named.
//! Not here: routes that start one; they are proved with their own caller (`route`).

use super::route::work;
use super::{Draft, close, given};
use crate::frame::{Frame, Position, TenantView};
use crate::lower::flow::Setting;
use crate::lower::{answer, guard, whole};
use crate::model::{Place, Workflow};
use crate::project::Project;
use crate::prove::{Flow, Kind};
use backflow_config::document::Workflow as WorkflowDoc;
use backflow_diag::Diagnostics;

/// All of them.
pub(crate) fn lower<'a>(
    project: &'a Project<'a>,
    facts: &mut Vec<String>,
    out: &mut Diagnostics,
) -> Vec<Workflow> {
    let all = project.document.workflows.iter();
    all.filter_map(|doc| one(project, doc, facts, out)).collect()
}

fn one<'a>(
    project: &'a Project<'a>,
    doc: &'a WorkflowDoc,
    facts: &mut Vec<String>,
    out: &mut Diagnostics,
) -> Option<Workflow> {
    let name = doc.name.as_ref()?.value.clone();
    let draft = Draft::read(project, doc, &whole::Source::of_input(doc), out);
    let flow = Flow::system(project, format!("workflow {name}"));
    let kinds = draft.decide(flow, out);
    let bound = kinds.contains(&Kind::System) || draft.reads_tenant();
    let view = match &project.tenancy {
        Some(_) if bound => TenantView::One,
        _ => TenantView::None,
    };
    let mut frame = Frame::new(project, Position::Workflow, view);
    frame.enter(doc.input.as_deref());
    let mut notes = Vec::new();
    let setting = Setting::system(project);
    let steps = super::lower(&setting, &mut frame, (&draft, &kinds), (&mut notes, out));
    let answer = answer::lower(&mut frame, doc.response.as_ref(), out);
    facts.extend(notes.into_iter().map(|note| format!("workflow {name}: {note}")));
    let place = match (&project.tenancy, view) {
        (Some(tenancy), TenantView::One) => Place::Named(Box::new(guard::tenant(project, tenancy, &frame))),
        _ => Place::Nowhere,
    };
    let input = given::rule(doc, out);
    let steps = close(project, &frame, steps?);
    let work = work(doc, steps, None, &frame, &answer);
    Some(Workflow {
        name,
        place,
        input,
        frame: frame.sources,
        work,
        answer,
    })
}
