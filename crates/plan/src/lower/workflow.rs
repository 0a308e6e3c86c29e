//! Workflows: checked like routes.
//!
//! Role: reads every step's expressions, lowers and proves its database queries, so that faults show before
//! anything runs.
//! Invariant: a step sees only results of steps before it.
//! Not here: running them.

use super::flow::{self, Setting};
use crate::draft::{DraftQuery, DraftValue, read_value};
use crate::frame::{Frame, Position, ResultInfo, TenantView};
use crate::project::Project;
use crate::prove::{Flow, Kind, decide};
use backflow_config::document::{Step, StepAction, Workflow};
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, codes};
use backflow_expr::{Template, parse_condition};

/// Checks a workflow in its frame. `flow` says where it runs; its queries are filled in here.
pub(crate) fn check<'a>(
    project: &'a Project<'a>,
    doc: &'a Workflow,
    frame: &mut Frame<'a>,
    flow: Flow<'_>,
    (facts, out): (&mut Vec<String>, &mut Diagnostics),
) {
    let drafts: Vec<Option<DraftQuery<'a>>> = doc
        .steps
        .iter()
        .map(|step| match &step.action {
            StepAction::Database(query) => DraftQuery::read(&project.catalog, query, out),
            _ => None,
        })
        .collect();
    let kinds = {
        let named: Vec<_> = doc
            .steps
            .iter()
            .zip(&drafts)
            .filter(|(_, draft)| draft.is_some())
            .collect();
        let flow = Flow {
            names: named
                .iter()
                .map(|(step, _)| Some(step.id.value.clone()))
                .collect(),
            queries: named.iter().filter_map(|(_, draft)| draft.as_ref()).collect(),
            project: flow.project,
            name: flow.name,
            auth: flow.auth,
            cross: flow.cross,
            named: flow.named.clone(),
            system: flow.system,
        };
        decide(&flow, out)
    };
    let mut kinds = kinds.into_iter();
    for (index, (step, draft)) in doc.steps.iter().zip(&drafts).enumerate() {
        frame.later = doc
            .steps
            .iter()
            .skip(index)
            .map(|later| later.id.value.clone())
            .collect();
        match draft {
            Some(draft) => {
                let kind = kinds.next().unwrap_or(Kind::Pinned);
                let setting = Setting {
                    project,
                    named: flow.named.as_ref(),
                    roles: None,
                    excluded: Vec::new(),
                };
                let condition = step_condition(frame, step, out);
                let name = Some(step.id.clone());
                let _ = flow::step(&setting, frame, (draft, &kind), name, (facts, out));
                if let (true, Some(last)) = (condition, frame.results.last_mut()) {
                    last.maybe_absent = true;
                }
            }
            None => other_step(frame, step, out),
        }
    }
    frame.later.clear();
    if let Some(response) = &doc.response {
        texts(frame, response, out);
    }
}

fn step_condition(frame: &mut Frame<'_>, step: &Step, out: &mut Diagnostics) -> bool {
    if let Some(expr) = step
        .condition
        .as_ref()
        .and_then(|text| parse_condition(text, out))
    {
        let _ = frame.condition(&expr, out);
    }
    step.condition.is_some()
}

/// A step that is no query: its expressions are compiled, its result is unknown.
fn other_step(frame: &mut Frame<'_>, step: &Step, out: &mut Diagnostics) {
    step_condition(frame, step, out);
    match &step.action {
        StepAction::Integration {
            params: Some(params), ..
        } => texts(frame, params, out),
        StepAction::Refuse(node) => texts(frame, node, out),
        StepAction::Lock(text) => {
            if let Some(template) = Template::parse(text, out) {
                let _ = frame.template(&template, out);
            }
        }
        StepAction::Database(_) | StepAction::Integration { .. } => {}
    }
    frame.results.push(ResultInfo {
        name: Some(step.id.clone()),
        one: true,
        ..ResultInfo::default()
    });
}

/// Compiles every text of a value.
pub(crate) fn texts(frame: &mut Frame<'_>, node: &Node, out: &mut Diagnostics) {
    match &node.tree {
        Tree::List(items) => items.iter().for_each(|item| texts(frame, item, out)),
        Tree::Object(members) => members.iter().for_each(|member| texts(frame, &member.value, out)),
        _ => {
            if let Some(DraftValue::Template(template)) = read_value(node, out) {
                let _ = frame.template(&template, out);
            }
        }
    }
}

/// Stand-alone workflows: run for whoever starts them, always inside one tenant.
pub(crate) fn standalone<'a>(project: &'a Project<'a>, out: &mut Diagnostics) {
    for doc in &project.document.workflows {
        let view = if project.tenancy.is_some() {
            TenantView::One
        } else {
            TenantView::None
        };
        let mut frame = Frame::new(project, Position::Workflow, view).with_input(doc.input.as_deref());
        let name = doc.name.as_ref().map_or("workflow", |name| name.value.as_str());
        let flow = Flow {
            project,
            name: format!("workflow {name}"),
            auth: true,
            cross: None,
            named: None,
            system: true,
            names: Vec::new(),
            queries: Vec::new(),
        };
        check(project, doc, &mut frame, flow, (&mut Vec::new(), out));
        let place = doc.name.as_ref().map_or(doc.span, |name| name.span);
        out.push(
            Diagnostic::new(codes::NOT_SERVED_YET, "workflows do not run in this version")
                .at(place, "checked, but nothing starts it"),
        );
    }
}
