//! Providers that the author describes, as written.
//!
//! Invariant: every action has a method and a path; templates are still text.
//! Not here: which expressions may stand where; see the planner.

use super::{Method, RuleType};
use crate::tree::Node;
use backflow_diag::{Span, Spanned, Text};

/// A member of `customIntegrations`, or a file of `integrations`.
#[derive(Debug, Clone)]
pub struct Integration {
    /// The whole object.
    pub span: Span,
    /// `name`
    pub name: Spanned<String>,
    /// `baseUrl`
    pub base_url: Text,
    /// `auth`
    pub auth: Option<Auth>,
    /// `headers`, for all actions.
    pub headers: Vec<(Spanned<String>, Text)>,
    /// `idempotencyHeader`
    pub idempotency_header: Option<Spanned<String>>,
    /// `actions`
    pub actions: Vec<IntegrationAction>,
}

equal_but_for_place!(Integration {
    name,
    base_url,
    auth,
    headers,
    idempotency_header,
    actions,
});

/// `auth`: how the provider knows us.
#[derive(Debug, Clone, PartialEq)]
pub enum Auth {
    /// `{type: bearer, token}`
    Bearer(Text),
    /// `{type: basic, username, password}`
    Basic(Text, Text),
    /// `{type: header, name, value}`
    Header(Spanned<String>, Text),
    /// `{type: query, name, value}`
    Query(Spanned<String>, Text),
}

/// What happens if a request is sent twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatWord {
    /// `keyed`: the provider knows it again by the idempotency header.
    Keyed,
    /// `harmless`
    Harmless,
    /// `doubled`
    Doubled,
}

/// A member of `actions`.
#[derive(Debug, Clone)]
pub struct IntegrationAction {
    /// The whole object.
    pub span: Span,
    /// Its name.
    pub name: Spanned<String>,
    /// `method`
    pub method: Spanned<Method>,
    /// `path`
    pub path: Text,
    /// `headers`
    pub headers: Vec<(Spanned<String>, Text)>,
    /// `query`: texts, numbers or truth values.
    pub query: Vec<(Spanned<String>, Node)>,
    /// `body`: sent as JSON.
    pub body: Option<Node>,
    /// `form`: sent as a form.
    pub form: Option<Node>,
    /// `params`; `None`: any.
    pub params: Option<Vec<IntegrationParam>>,
    /// `repeat`
    pub repeat: Option<Spanned<RepeatWord>>,
}

equal_but_for_place!(IntegrationAction {
    name,
    method,
    path,
    headers,
    query,
    body,
    form,
    params,
    repeat,
});

/// A parameter of an action.
#[derive(Debug, Clone, PartialEq)]
pub struct IntegrationParam {
    /// Its name.
    pub name: Spanned<String>,
    /// `type`; `None`: any.
    pub ty: Option<RuleType>,
    /// `required`
    pub required: bool,
}
