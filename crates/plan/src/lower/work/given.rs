//! What a route gives a workflow that stands alone.
//!
//! Role: finds the workflow, lowers its input, and judges it by the workflow's rules.
//! Invariant: a workflow reads nothing of the request but what it was given.
//! Not here: its steps, which are lowered for each route that starts it.

use super::param::Wanted;
use crate::frame::Frame;
use crate::lower::input;
use crate::lower::value::shape;
use crate::manifest::{Param, ParamKind};
use crate::model::{BodyRule, Given, Shape};
use crate::project::Project;
use backflow_config::document::{Field, RuleType, Run, Workflow};
use backflow_config::tree::{Member, Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, codes, nearest};

/// The workflow that a route starts.
pub(super) fn find<'a>(project: &'a Project<'a>, run: &Run, out: &mut Diagnostics) -> Option<&'a Workflow> {
    let named = |doc: &&'a Workflow| doc.name.as_ref().is_some_and(|name| name.value == run.name.value);
    let all = &project.document.workflows;
    let found = all.iter().find(named);
    if found.is_none() {
        let names = all.iter().filter_map(|doc| doc.name.as_ref());
        let near = nearest(&run.name, names.map(|name| name.value.as_str()));
        out.push(
            Diagnostic::new(
                codes::UNKNOWN_WORKFLOW,
                format!("unknown workflow `{}`", run.name.value),
            )
            .at(run.name.span, "no workflow has this name")
            .did_you_mean(near)
            .help("a workflow of its own is a file in `workflows/`, with `name` and `steps`"),
        );
    }
    found
}

/// Its input; `None`: a fault was reported.
pub(super) fn lower<'a>(
    frame: &mut Frame<'a>,
    (run, doc): (&'a Run, &'a Workflow),
    out: &mut Diagnostics,
) -> Option<Given> {
    let rule = rule(doc, out);
    let Some(node) = &run.input else {
        return Some(Given {
            shape: Shape::Program(frame.whole_body()),
            rule,
        });
    };
    let Tree::Object(members) = &node.tree else {
        // Anything else must be an object when it is there.
        let shape = shape(frame, node, out)?;
        return Some(Given { shape, rule });
    };
    object(frame, (run, doc, node), members, out).map(|shape| Given { shape, rule })
}

/// What a workflow's input must look like.
pub(super) fn rule(doc: &Workflow, out: &mut Diagnostics) -> BodyRule {
    match &doc.input {
        Some(fields) => BodyRule::Fields(input::fields(fields, out)),
        None => BodyRule::Any,
    }
}

fn object<'a>(
    frame: &mut Frame<'a>,
    (run, doc, node): (&'a Run, &'a Workflow, &'a Node),
    members: &'a [Member],
    out: &mut Diagnostics,
) -> Option<Shape> {
    let params: Vec<Param> = doc.input.iter().flatten().map(param).collect();
    let wanted = Wanted {
        of: run.name.value.clone(),
        noun: "input",
        params: &params,
        open: doc.input.is_none(),
    };
    let known = wanted.names(members, out);
    let mut whole = wanted.needed(members, node.place(), out) && known;
    let mut lowered = Vec::new();
    for member in members {
        match shape(frame, &member.value, out) {
            Some(value) => {
                whole &= wanted.judge(member, &value, out);
                lowered.push((member.key.value.clone(), value));
            }
            None => whole = false,
        }
    }
    whole.then_some(Shape::Object(lowered))
}

/// A field of the rules as a parameter. What may be empty is said by the rules, and judged when it is there.
fn param(field: &Field) -> Param {
    let required = field.rules.required && field.rules.default.is_none();
    Param {
        name: field.name.value.clone(),
        required,
        kind: field
            .rules
            .ty
            .as_ref()
            .map_or(ParamKind::Any, |ty| kind(ty.value)),
        choices: Vec::new(),
    }
}

fn kind(ty: RuleType) -> ParamKind {
    match ty {
        RuleType::String => ParamKind::Text,
        RuleType::Number => ParamKind::Number,
        RuleType::Integer => ParamKind::Integer,
        RuleType::Boolean => ParamKind::Bool,
        RuleType::Array => ParamKind::List(Box::new(ParamKind::Any)),
        RuleType::Object => ParamKind::Object,
    }
}
