//! Reader of webhooks.
//!
//! Input: a member of `webhooks`. Output: [`Webhook`].
//! Invariant: both forms of an action arrive as a workflow.
//! Not here: signatures, and how an event finds its tenant.

use crate::document::{Webhook, WebhookAction};
use crate::object::Object;
use crate::tree::{Node, Tree};
use crate::{value, workflow};
use backflow_diag::Diagnostics;

const PROVIDERS: [&str; 5] = ["stripe", "github", "slack", "twilio", "custom"];

/// Reads a webhook.
pub(crate) fn webhook(node: &Node, out: &mut Diagnostics) -> Option<Webhook> {
    let mut object = Object::open(node, "webhooks", "a webhook", out)?;
    let name = object.required_word("name");
    let path = object.required_text("path");
    let provider = object.required_word("provider");
    let provider = value::keyword(provider, "provider of webhooks", &PROVIDERS, object.out);
    let secrets = object
        .required("secret")
        .map(|node| value::one_or_more_texts(node, "secret", object.out));
    let tenant = object.node("tenant").cloned();
    let signature = object.kept_object("signature");
    if provider
        .as_ref()
        .is_some_and(|provider| provider.value != "custom")
    {
        object.needs_other(
            "signature",
            "how a known provider signs is known; only the provider `custom` has to be told",
            "remove `signature`, or make the provider `custom`",
        );
    }
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
        tenant,
        signature,
        actions: actions.unwrap_or_default(),
    })
}

/// Reads an action: `{condition, workflow}` or `{condition, type, action, params}`.
fn action(node: &Node, out: &mut Diagnostics) -> Option<WebhookAction> {
    let mut object = Object::open(node, "actions", "an action", out)?;
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
        condition,
        workflow,
    })
}
