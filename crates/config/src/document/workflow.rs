//! Workflows as written.
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
    /// `timeout`, in milliseconds
    pub timeout: Option<Spanned<u64>>,
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
    pub retry: Option<Retry>,
    /// `timeout`, in milliseconds
    pub timeout: Option<Spanned<u64>>,
    /// `onError`: `fail` or `continue`
    pub on_error: Option<Spanned<String>>,
    /// `compensate`
    pub compensate: Option<Ask>,
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
    Integration(Ask),
    /// `type: refuse`
    Refuse(Refuse),
    /// `type: lock`
    Lock(Text),
}

/// What is asked of a provider.
#[derive(Debug, Clone)]
pub struct Ask {
    /// Where it stands.
    pub span: Span,
    /// `integration`
    pub provider: Spanned<String>,
    /// `action`
    pub action: Spanned<String>,
    /// `params`
    pub params: Option<Node>,
}

equal_but_for_place!(Ask {
    provider,
    action,
    params,
});

/// An end with an answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Refuse {
    /// `status`
    pub status: Spanned<u32>,
    /// `code`
    pub code: Option<Text>,
    /// `message`
    pub message: Option<Text>,
}

/// `retry`
#[derive(Debug, Clone)]
pub struct Retry {
    /// Where it stands.
    pub span: Span,
    /// `attempts`
    pub attempts: Option<Spanned<u32>>,
    /// `backoff`, in milliseconds
    pub backoff: Option<Spanned<u64>>,
}

equal_but_for_place!(Retry { attempts, backoff });

/// `workflow` of a route that starts one which stands alone.
#[derive(Debug, Clone)]
pub struct Run {
    /// Where it stands.
    pub span: Span,
    /// `run`, or the text that stands for the whole.
    pub name: Spanned<String>,
    /// `input`; without it the request's body.
    pub input: Option<Node>,
}

equal_but_for_place!(Run { name, input });
