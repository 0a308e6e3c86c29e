//! Reader of workflows and their steps.
//!
//! Input: an object with `steps`. Output: [`Workflow`].
//! Invariant: ids of steps are unique; steps that need none get one that no author can have written.
//! Not here: what a provider's action needs, and which step may read which.

use crate::document::{Ask, Refuse, Retry, Run, Step, StepAction, Workflow};
use crate::duration::duration;
use crate::object::Object;
use crate::query::{OperationAt, query};
use crate::tree::{Node, Tree};
use crate::{rules, value};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, codes};

/// What a step may be.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Database,
    Integration,
    Refuse,
    Lock,
}

const KINDS: [(&str, Kind); 4] = [
    ("database", Kind::Database),
    ("integration", Kind::Integration),
    ("refuse", Kind::Refuse),
    ("lock", Kind::Lock),
];

/// Reads a workflow that belongs to a route or a webhook.
pub(crate) fn inline(node: &Node, out: &mut Diagnostics) -> Option<Workflow> {
    workflow(node, false, out)
}

/// Reads what a route does: a workflow written there, or one that stands alone.
pub(crate) fn of_route(node: &Node, out: &mut Diagnostics) -> (Option<Workflow>, Option<Run>) {
    let is_named = matches!(node.tree, Tree::Text(_));
    if is_named || node.member("run").is_some() {
        return (None, run(node, out));
    }
    (inline(node, out), None)
}

/// `"name"`, or `{run, input}`.
fn run(node: &Node, out: &mut Diagnostics) -> Option<Run> {
    if matches!(node.tree, Tree::Text(_)) {
        let name = value::word(node, "workflow", out)?;
        return Some(Run {
            span: node.span,
            name,
            input: None,
        });
    }
    let mut object = Object::open(node, "workflow", "the start of a workflow", out)?;
    let name = object.required_word("run");
    let input = object.node("input").cloned();
    object.finish();
    Some(Run {
        span: node.span,
        name: name?,
        input,
    })
}

/// Reads a workflow of its own, which must have a name.
pub(crate) fn standalone(node: &Node, out: &mut Diagnostics) -> Option<Workflow> {
    workflow(node, true, out)
}

fn workflow(node: &Node, is_standalone: bool, out: &mut Diagnostics) -> Option<Workflow> {
    let mut object = Object::open(node, "workflow", "a workflow", out)?;
    let id = object.word("id");
    let name = id.or(object.word("name"));
    if is_standalone && name.is_none() {
        object.missing("name");
    }
    let mut count = 0;
    object.required("steps");
    let steps = object.each("steps", "a list of steps", |item, out| {
        count += 1;
        step(item, count, out)
    });
    if count == 0 && steps.is_some() {
        empty(&mut object);
    }
    let steps = steps.unwrap_or_default();
    value::unique(
        steps.iter().map(|step| &step.id),
        "steps of this workflow",
        object.out,
    );
    let input = match is_standalone {
        true => object.node("input"),
        false => None,
    };
    let input = input.and_then(|node| rules::fields(node, "input", object.out));
    let workflow = Workflow {
        span: object.span(),
        name,
        steps,
        response: object.node("response").cloned(),
        timeout: timeout(&mut object),
        join: object.flag("join", true),
        input,
    };
    object.finish();
    Some(workflow)
}

fn empty(object: &mut Object<'_, '_>) {
    let Some(list) = object
        .node("steps")
        .filter(|node| matches!(node.tree, Tree::List(_)))
    else {
        return;
    };
    let fault = Diagnostic::new(codes::EMPTY_ROUTE, "a workflow has no steps")
        .at(list.place(), "empty")
        .note("it would do nothing, and its caller would get no answer")
        .help("add a step, or remove the workflow");
    object.out.push(fault);
}

/// Reads step number `number` (from 1) of a workflow.
fn step(node: &Node, number: usize, out: &mut Diagnostics) -> Option<Step> {
    let mut object = Object::open(node, "steps", "a step", out)?;
    let kind = kind(&mut object);
    let id = match kind {
        Some((Kind::Database | Kind::Integration, _)) => object.required_word("id"),
        _ => object.word("id"),
    };
    if matches!(kind, Some((Kind::Refuse | Kind::Lock, _))) {
        useless(
            &mut object,
            kind.as_ref().is_some_and(|(kind, _)| *kind == Kind::Refuse),
        );
    }
    // An author's id cannot hold a space and still be read in an expression, so this one is free.
    let id = id.unwrap_or_else(|| Spanned::new(format!("step {number}"), node.place()));
    rest(object, kind, id)
}

/// Reads the rest of a step (or of a webhook's short action) whose kind and id are known.
fn rest(
    mut object: Object<'_, '_>,
    kind: Option<(Kind, Spanned<String>)>,
    id: Spanned<String>,
) -> Option<Step> {
    let action = match kind {
        Some((Kind::Database, _)) => database(&mut object, OperationAt::Inside),
        Some((Kind::Integration, _)) => {
            let provider = object.required_word("integration");
            integration(&mut object, provider)
        }
        Some((Kind::Refuse, _)) => refuse(&mut object),
        Some((Kind::Lock, _)) => object.required_text("lock").map(StepAction::Lock),
        None => {
            // What belongs to which kind is not known: every key of a step passes.
            for key in [
                "integration",
                "action",
                "params",
                "lock",
                "status",
                "code",
                "message",
            ] {
                object.node(key);
            }
            None
        }
    };
    common(object, id, action)
}

/// Keys that mean nothing on a step which neither reads, writes nor calls.
fn useless(object: &mut Object<'_, '_>, refuses: bool) {
    let why = if refuses {
        "a refusal cannot fail, and nothing is left of it"
    } else {
        "a lock changes nothing; it is waited for, and freed with the end of the workflow"
    };
    for key in ["retry", "onError", "compensate"] {
        object.needs_other(key, why, &format!("remove `{key}`"));
    }
    if refuses {
        object.needs_other("timeout", why, "remove `timeout`");
    }
}

/// Keys that every step may have.
fn common(mut object: Object<'_, '_>, id: Spanned<String>, action: Option<StepAction>) -> Option<Step> {
    let condition = object.text("condition");
    let on_error = object.word("onError");
    let on_error = value::keyword(on_error, "word for `onError`", &["fail", "continue"], object.out);
    let retry = retry(&mut object);
    let timeout = timeout(&mut object);
    let compensate = compensate(&mut object);
    let span = object.span();
    object.finish();
    Some(Step {
        span,
        id,
        condition,
        action: action?,
        retry,
        timeout,
        on_error,
        compensate,
    })
}

/// The kind of a step: its `type`, or what a `lock` or `refuse` alone says.
fn kind(object: &mut Object<'_, '_>) -> Option<(Kind, Spanned<String>)> {
    let ty = match object.node("type") {
        Some(node) => value::word(node, "type", object.out)?,
        None => {
            let Some(lock) = object.member("lock") else {
                object.missing("type");
                return None;
            };
            Spanned::new("lock".to_owned(), lock.key.span)
        }
    };
    let kind = value::one_of(&ty, "step type", &KINDS, object.out)?;
    Some((kind, ty))
}

fn database(object: &mut Object<'_, '_>, operation: OperationAt) -> Option<StepAction> {
    let params = object.required("params")?;
    let query = query(params, "params", operation, object.out)?;
    Some(StepAction::Database(Box::new(query)))
}

fn integration(object: &mut Object<'_, '_>, provider: Option<Spanned<String>>) -> Option<StepAction> {
    ask(object, provider).map(StepAction::Integration)
}

fn ask(object: &mut Object<'_, '_>, provider: Option<Spanned<String>>) -> Option<Ask> {
    let action = object.required_word("action");
    let params = object.kept_object("params");
    Some(Ask {
        span: object.span(),
        provider: provider?,
        action: action?,
        params,
    })
}

/// What undoes a step: a call.
fn compensate(object: &mut Object<'_, '_>) -> Option<Ask> {
    let node = object.node("compensate")?;
    let mut inner = Object::open(node, "compensate", "`compensate`", object.out)?;
    if let Some(ty) = inner.word("type").filter(|ty| ty.value != "integration") {
        let fault = Diagnostic::new(codes::UNKNOWN_WORD, format!("`{}` undoes no step", ty.value))
            .at(ty.span, "only a call to a provider does")
            .note("rows go with their transaction; rows of an earlier transaction may have been read, or changed")
            .help("let a last step with a `condition` mend the rows, and mark the steps before it `\"onError\": \"continue\"`");
        inner.out.push(fault);
        for key in ["integration", "action", "params"] {
            inner.node(key);
        }
        inner.finish();
        return None;
    }
    let provider = inner.required_word("integration");
    let found = ask(&mut inner, provider);
    inner.finish();
    found
}

fn refuse(object: &mut Object<'_, '_>) -> Option<StepAction> {
    object.required("status");
    let status = object.integer("status", 400..=599);
    let (code, message) = (object.text("code"), object.text("message"));
    Some(StepAction::Refuse(Refuse {
        status: status?,
        code,
        message,
    }))
}

/// `retry {attempts, backoff}`
fn retry(object: &mut Object<'_, '_>) -> Option<Retry> {
    let node = object.node("retry")?;
    let mut inner = Object::open(node, "retry", "`retry`", object.out)?;
    let retry = Retry {
        span: node.span,
        attempts: inner.integer("attempts", 1..=100),
        backoff: inner
            .node("backoff")
            .and_then(|backoff| duration(backoff, "backoff", inner.out)),
    };
    inner.finish();
    Some(retry)
}

fn timeout(object: &mut Object<'_, '_>) -> Option<Spanned<u64>> {
    let node = object.node("timeout")?;
    duration(node, "timeout", object.out)
}

/// Reads a webhook's action in its short form, `{condition, type, action, params}`, as a workflow of one step.
pub(crate) fn short_action(mut object: Object<'_, '_>) -> Option<Workflow> {
    let span = object.span();
    let ty = object.required_word("type");
    let id = object.word("id");
    let action = match ty.as_ref().map(|ty| ty.value.as_str()) {
        Some("database") => {
            let operation = object.required_word("action");
            // Without an operation the query is read all the same, so that its other faults show.
            database(&mut object, OperationAt::Beside(operation))
        }
        Some("integration") => {
            let provider = object.required_word("integration");
            integration(&mut object, provider)
        }
        _ => integration(&mut object, ty.clone()),
    };
    let id = id.unwrap_or_else(|| Spanned::new("action".to_owned(), ty.map_or(span, |ty| ty.span)));
    let step = common(object, id, action)?;
    Some(Workflow {
        span,
        name: None,
        steps: vec![step],
        response: None,
        timeout: None,
        join: true,
        input: None,
    })
}
