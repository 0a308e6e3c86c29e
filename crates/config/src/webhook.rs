//! Reader of webhooks.
//!
//! Input: a member of `webhooks`. Output: [`Webhook`].
//! Invariant: both forms of an action arrive as a workflow.
//! Not here: what a signature is made of (`signature`), which tables and expressions there are (the planner).

mod signature;

use crate::document::{Webhook, WebhookAction, WebhookEvent, WebhookRows, WebhookTenant};
use crate::object::Object;
use crate::tree::{Node, Tree};
use crate::{value, workflow};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, Text, codes};

const PROVIDERS: [&str; 4] = ["stripe", "github", "slack", "custom"];

/// Reads a webhook.
pub(crate) fn webhook(node: &Node, out: &mut Diagnostics) -> Option<Webhook> {
    let mut object = Object::open(node, "webhooks", "a webhook", out)?;
    let name = object.required_word("name");
    let path = object.required_text("path");
    let provider = object.required_word("provider");
    let provider = provider.and_then(|word| provider_of(word, object.out));
    let secrets = object
        .required("secret")
        .map(|node| value::one_or_more_texts(node, "secret", object.out));
    let is_custom = provider.as_ref().map(|provider| provider.value == "custom");
    let signature = match is_custom {
        Some(false) => {
            object.needs_other(
                "signature",
                "how a known provider signs is known; only the provider `custom` has to be told",
                "remove `signature`, or make the provider `custom`",
            );
            None
        }
        Some(true) => object.required("signature"),
        None => object.node("signature"),
    };
    let signature = signature.map(|node| signature::read(node, object.out));
    let event = object.node("event").and_then(|node| event(node, object.out));
    let tenant = object.node("tenant").map(|node| tenant(node, object.out));
    let keep_days = object.integer("keepDays", 1..=3650);
    object.required("actions");
    let actions = object.each("actions", "a list of actions", action);
    let span = object.span();
    object.finish();
    Some(Webhook {
        span,
        name: name?,
        path: path?,
        provider: provider?,
        secrets: secrets.unwrap_or_default(),
        signature: signature.flatten(),
        event,
        tenant: tenant.flatten(),
        keep_days,
        actions: actions.unwrap_or_default(),
    })
}

/// A provider whose events can be verified.
fn provider_of(word: Spanned<String>, out: &mut Diagnostics) -> Option<Spanned<String>> {
    if word.value == "twilio" {
        let fault = Diagnostic::new(codes::BAD_SIGNATURE, "events of Twilio cannot be verified here")
            .at(
                word.span,
                "signs its address and the fields of a form, not the body",
            )
            .note("what is not covered by a signature could be anybody's")
            .help(
                "put something before it that signs the body, and describe that with the provider `custom`",
            );
        out.push(fault);
        return None;
    }
    value::keyword(Some(word), "provider of webhooks", &PROVIDERS, out)
}

/// Reads `event`.
fn event(node: &Node, out: &mut Diagnostics) -> Option<WebhookEvent> {
    let mut object = Object::open(node, "event", "an event", out)?;
    let event = WebhookEvent {
        span: object.span(),
        id: object.text("id"),
        kind: object.text("type"),
        object: object.text("object"),
        created: object.text("created"),
    };
    object.finish();
    Some(event)
}

/// Reads `tenant`: a template, or rows.
fn tenant(node: &Node, out: &mut Diagnostics) -> Option<WebhookTenant> {
    match &node.tree {
        Tree::Text(text) => Some(WebhookTenant::Key(text.clone())),
        Tree::Object(_) => rows(node, out).map(WebhookTenant::Rows),
        _ => {
            value::wrong_type(node, "tenant", "text, or an object with `table` and `by`", out);
            None
        }
    }
}

fn rows(node: &Node, out: &mut Diagnostics) -> Option<WebhookRows> {
    let mut object = Object::open(node, "tenant", "a webhook's tenant", out)?;
    let table = object.required_word("table");
    let by = object.required("by").and_then(|node| columns(node, object.out));
    let span = object.span();
    object.finish();
    Some(WebhookRows {
        span,
        table: table?,
        by: by?,
    })
}

/// Columns and what they must equal.
fn columns(node: &Node, out: &mut Diagnostics) -> Option<Vec<(Spanned<String>, Text)>> {
    let Tree::Object(members) = &node.tree else {
        value::wrong_type(node, "by", "an object of columns and templates", out);
        return None;
    };
    if members.is_empty() {
        let fault = Diagnostic::new(codes::OUT_OF_RANGE, "`by` must not be empty")
            .at(node.place(), "names no column")
            .note("rows that need not equal anything are rows of all tenants")
            .help("write `{\"column\": \"{{payload.…}}\"}`");
        out.push(fault);
        return None;
    }
    let read = members.iter().map(|member| {
        let text = value::text(&member.value, &member.key.value, out)?;
        Some((member.key.clone(), text))
    });
    let read: Vec<_> = read.collect();
    read.into_iter().collect()
}

/// Reads an action: `{name, condition, workflow}` or `{name, condition, type, action, params}`.
fn action(node: &Node, out: &mut Diagnostics) -> Option<WebhookAction> {
    let mut object = Object::open(node, "actions", "an action", out)?;
    let name = object.word("name");
    let condition = object.text("condition");
    let is_short = matches!(node.tree, Tree::Object(_))
        && node.member("workflow").is_none()
        && ["type", "action", "params"]
            .iter()
            .any(|key| node.member(key).is_some());
    let workflow = if is_short {
        // The condition decides whether the event runs this at all; the step itself has none.
        let mut workflow = workflow::short_action(object)?;
        workflow.steps.iter_mut().for_each(|step| step.condition = None);
        workflow
    } else {
        object.not_both("workflow", "type");
        let workflow = object
            .required("workflow")
            .and_then(|node| workflow::inline(node, object.out));
        object.finish();
        workflow?
    };
    Some(WebhookAction {
        span: node.span,
        name,
        condition,
        workflow,
    })
}
