//! Workflows and webhooks as written.
//!
//! Invariant: every step has an id that is unique in its workflow (made up for `refuse` and `lock`).
//! Not here: what a provider's action needs; see the planner.

use super::{Field, Query};
use crate::tree::Node;
use backflow_diag::{Span, Spanned, Text};

/// A workflow: of a route, of a webhook's action, or stand-alone.
#[derive(Debug, Clone)]
pub struct Workflow {
    /// The whole object.
    pub span: Span,
    /// `name` or `id`, for stand-alone ones.
    pub name: Option<Spanned<String>>,
    /// `steps`
    pub steps: Vec<Step>,
    /// `response`
    pub response: Option<Node>,
    /// `timeout`: a duration such as `30s`, or milliseconds
    pub timeout: Option<Node>,
    /// `join` (default true)
    pub join: bool,
    /// `input`: rules of a stand-alone workflow's input
    pub input: Option<Vec<Field>>,
}

equal_but_for_place!(Workflow {
    name,
    steps,
    response,
    timeout,
    join,
    input,
});

/// A step of a workflow.
#[derive(Debug, Clone)]
pub struct Step {
    /// The whole object.
    pub span: Span,
    /// `id`
    pub id: Spanned<String>,
    /// `condition`
    pub condition: Option<Text>,
    /// What it does.
    pub action: StepAction,
    /// `retry`
    pub retry: Option<Node>,
    /// `timeout`
    pub timeout: Option<Node>,
    /// `onError`: `fail` or `continue`
    pub on_error: Option<Spanned<String>>,
    /// `compensate`
    pub compensate: Option<Node>,
}

equal_but_for_place!(Step {
    id,
    condition,
    action,
    retry,
    timeout,
    on_error,
    compensate,
});

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum StepAction {
    /// `type: database`
    Database(Box<Query>),
    /// `type: integration`
    Integration {
        /// `integration`
        provider: Spanned<String>,
        /// `action`
        action: Spanned<String>,
        /// `params`
        params: Option<Node>,
    },
    /// `type: refuse`
    Refuse(Node),
    /// `type: lock`
    Lock(Text),
}

/// A member of `webhooks`.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// The whole object.
    pub span: Span,
    /// `name`
    pub name: Spanned<String>,
    /// `path`
    pub path: Text,
    /// `provider`
    pub provider: Spanned<String>,
    /// `secret`: one template or several
    pub secrets: Vec<Text>,
    /// `tenant`
    pub tenant: Option<Node>,
    /// `signature`: how a `custom` provider signs
    pub signature: Option<Node>,
    /// `actions`
    pub actions: Vec<WebhookAction>,
}

equal_but_for_place!(Webhook {
    name,
    path,
    provider,
    secrets,
    tenant,
    signature,
    actions,
});

/// A member of a webhook's `actions`.
#[derive(Debug, Clone)]
pub struct WebhookAction {
    /// The whole object.
    pub span: Span,
    /// `condition`
    pub condition: Option<Text>,
    /// `workflow`, or the single step that `type`, `action` and `params` make.
    pub workflow: Workflow,
}

equal_but_for_place!(WebhookAction { condition, workflow });
