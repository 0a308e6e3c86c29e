//! Reader of workflows and their steps.
//!
//! Input: an object with `steps`. Output: [`Workflow`].
//! Invariant: ids of steps are unique; steps that need none get one that no author can have written.
//! Not here: what a provider's action needs, and which step may read which.

use crate::document::{Step, StepAction, Workflow};
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

/// Keys that every step may have.
fn common(mut object: Object<'_, '_>, id: Spanned<String>, action: Option<StepAction>) -> Option<Step> {
    let condition = object.text("condition");
    let on_error = object.word("onError");
    let on_error = value::keyword(on_error, "word for `onError`", &["fail", "continue"], object.out);
    let retry = retry(&mut object);
    let timeout = timeout(&mut object);
    let compensate = object.kept_object("compensate");
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
    let action = object.required_word("action");
    let params = object.kept_object("params");
    Some(StepAction::Integration {
        provider: provider?,
        action: action?,
        params,
    })
}

fn refuse(object: &mut Object<'_, '_>) -> Option<StepAction> {
    if object.required("status").is_some() {
        object.integer("status", 400..=599);
    }
    object.text("code");
    object.text("message");
    let Tree::Object(members) = &object.whole().tree else {
        return None;
    };
    let said = members
        .iter()
        .filter(|member| matches!(member.key.value.as_str(), "status" | "code" | "message"));
    Some(StepAction::Refuse(Node {
        tree: Tree::Object(said.cloned().collect()),
        span: object.span(),
    }))
}

/// `retry {attempts, backoff}`
fn retry(object: &mut Object<'_, '_>) -> Option<Node> {
    let node = object.node("retry")?;
    let mut inner = Object::open(node, "retry", "`retry`", object.out)?;
    inner.integer("attempts", 1..=100);
    if let Some(backoff) = inner.node("backoff") {
        duration(backoff, "backoff", inner.out);
    }
    inner.finish();
    Some(node.clone())
}

fn timeout(object: &mut Object<'_, '_>) -> Option<Node> {
    let node = object.node("timeout")?;
    duration(node, "timeout", object.out).then(|| node.clone())
}

/// Whether a value is a duration: milliseconds, or text such as `30s`; reported if not.
fn duration(node: &Node, key: &str, out: &mut Diagnostics) -> bool {
    match &node.tree {
        Tree::Number(_) => value::integer(node, key, 1..=u32::MAX, out).is_some(),
        Tree::Text(text) => {
            let unit = text.as_str().trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = text.as_str().strip_suffix(unit).unwrap_or("");
            let is_amount = digits.parse::<u32>().is_ok_and(|amount| amount > 0);
            let is_duration = is_amount && matches!(unit, "ms" | "s" | "m" | "h" | "d");
            if !is_duration {
                let fault = Diagnostic::new(codes::OUT_OF_RANGE, format!("`{key}` is no duration"))
                    .at(node.span, "not a duration")
                    .note("a duration is a whole number above 0 and a unit: `ms`, `s`, `m`, `h` or `d`")
                    .help("write for example `\"30s\"`, or a number of milliseconds");
                out.push(fault);
            }
            is_duration
        }
        _ => {
            value::wrong_type(node, key, "text such as `30s`, or a number of milliseconds", out);
            false
        }
    }
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
