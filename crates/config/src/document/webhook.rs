//! Webhooks as written.
//!
//! Invariant: what is signed is read into its parts; templates are still text.
//! Not here: how known providers sign, and how an event finds its tenant; see the planner.

use super::Workflow;
use backflow_diag::{Span, Spanned, Text};

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
    /// `signature`: how a `custom` provider signs
    pub signature: Option<WebhookSignature>,
    /// `event`: where an event says what it is
    pub event: Option<WebhookEvent>,
    /// `tenant`
    pub tenant: Option<WebhookTenant>,
    /// `keepDays`
    pub keep_days: Option<Spanned<u32>>,
    /// `actions`
    pub actions: Vec<WebhookAction>,
}

equal_but_for_place!(Webhook {
    name,
    path,
    provider,
    secrets,
    signature,
    event,
    tenant,
    keep_days,
    actions,
});

/// `signature`: an HMAC in a header.
#[derive(Debug, Clone)]
pub struct WebhookSignature {
    /// The whole object.
    pub span: Span,
    /// `header`, in lower case
    pub header: String,
    /// `algorithm`
    pub algorithm: HashWord,
    /// `encoding` of the digest
    pub encoding: DigestWord,
    /// `prefix` before the digest
    pub prefix: String,
    /// `signed`, in order; the body is among them
    pub signed: Vec<SignedPart>,
    /// `timestamp`: its header, in lower case, and `tolerance` in seconds
    pub timestamp: Option<(String, u32)>,
    /// `secretEncoding` is `base64`
    pub secret_is_base64: bool,
}

equal_but_for_place!(WebhookSignature {
    header,
    algorithm,
    encoding,
    prefix,
    signed,
    timestamp,
    secret_is_base64,
});

/// `algorithm` of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashWord {
    /// `sha1`
    Sha1,
    /// `sha256`
    Sha256,
    /// `sha512`
    Sha512,
}

/// `encoding` of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DigestWord {
    /// `hex`
    Hex,
    /// `base64`
    Base64,
}

/// A part of `signed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SignedPart {
    /// This text.
    Text(String),
    /// The value of a header, in lower case: `{headers.x}`, `{timestamp}`.
    Header(String),
    /// `{body}`
    Body,
}

/// `event`: templates.
#[derive(Debug, Clone)]
pub struct WebhookEvent {
    /// The whole object.
    pub span: Span,
    /// `id`
    pub id: Option<Text>,
    /// `type`
    pub kind: Option<Text>,
    /// `object`
    pub object: Option<Text>,
    /// `created`
    pub created: Option<Text>,
}

equal_but_for_place!(WebhookEvent {
    id,
    kind,
    object,
    created,
});

/// `tenant` of a webhook.
#[derive(Debug, Clone, PartialEq)]
pub enum WebhookTenant {
    /// A template that gives the tenant's key.
    Key(Text),
    /// Rows that belong to it.
    Rows(WebhookRows),
}

/// `{table, by}`
#[derive(Debug, Clone)]
pub struct WebhookRows {
    /// The whole object.
    pub span: Span,
    /// `table`
    pub table: Spanned<String>,
    /// `by`: columns and the templates that they must equal; not empty
    pub by: Vec<(Spanned<String>, Text)>,
}

equal_but_for_place!(WebhookRows { table, by });

/// A member of a webhook's `actions`.
#[derive(Debug, Clone)]
pub struct WebhookAction {
    /// The whole object.
    pub span: Span,
    /// `name`
    pub name: Option<Spanned<String>>,
    /// `condition`
    pub condition: Option<Text>,
    /// `workflow`, or the single step that `type`, `action` and `params` make.
    pub workflow: Workflow,
}

equal_but_for_place!(WebhookAction {
    name,
    condition,
    workflow
});
