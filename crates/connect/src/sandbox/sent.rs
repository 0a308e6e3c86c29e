//! What arrived.
//!
//! Role: [`Sent`], a request and what became of it; [`Email`], what SendGrid would have sent.
//! Invariant: no credential is in either.
//! Not here: lists of them (`ring.rs`).

use super::ring::Weigh;
use serde_json::{Map, Value, json};

/// Bytes of an answer that are kept.
const ANSWER: usize = 16 * 1024;

/// A request that arrived, and what became of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sent {
    /// Seconds of the sandbox's clock.
    pub at: i64,
    /// `stripe` or `sendgrid`.
    pub provider: String,
    /// `POST`
    pub method: String,
    /// `/v1/customers`
    pub path: String,
    /// What was sent with it: form or query as a tree whose leaves are text (lists have the keys `0`, `1`, …), or JSON.
    pub params: Value,
    /// Its idempotency key.
    pub idempotency_key: Option<String>,
    /// The id the answer names.
    pub request_id: Option<String>,
    /// `Stripe-Version`, as it was sent.
    pub version: Option<String>,
    /// The status of the answer; `None`: there was none.
    pub status: Option<u16>,
    /// The answer: JSON, or its beginning as text if it is long.
    pub answer: Value,
    /// Whether something was changed or sent by it.
    pub effect: bool,
    /// Whether it was answered from an earlier request with its key.
    pub replayed: bool,
    /// The fault that met it.
    pub fault: Option<String>,
}

impl Sent {
    /// Keeps a body, or the beginning of it.
    pub(crate) fn keep_answer(&mut self, body: &str) {
        self.answer = match serde_json::from_str(body) {
            Ok(answer) if body.len() <= ANSWER => answer,
            _ => Value::String(body.chars().take(ANSWER / 4).collect()),
        };
    }

    /// As JSON.
    pub(crate) fn write(&self) -> Value {
        json!({
            "at": self.at,
            "provider": self.provider,
            "method": self.method,
            "path": self.path,
            "params": self.params,
            "idempotencyKey": self.idempotency_key,
            "requestId": self.request_id,
            "version": self.version,
            "status": self.status,
            "answer": self.answer,
            "effect": self.effect,
            "replayed": self.replayed,
            "fault": self.fault,
        })
    }

    /// From JSON.
    pub(crate) fn read(value: &Value) -> Self {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let flag = |key: &str| value.get(key).and_then(Value::as_bool).unwrap_or(false);
        let status = value.get("status").and_then(Value::as_u64);
        Self {
            at: value.get("at").and_then(Value::as_i64).unwrap_or(0),
            provider: text("provider").unwrap_or_default(),
            method: text("method").unwrap_or_default(),
            path: text("path").unwrap_or_default(),
            params: value.get("params").cloned().unwrap_or_default(),
            idempotency_key: text("idempotencyKey"),
            request_id: text("requestId"),
            version: text("version"),
            status: status.and_then(|status| u16::try_from(status).ok()),
            answer: value.get("answer").cloned().unwrap_or_default(),
            effect: flag("effect"),
            replayed: flag("replayed"),
            fault: text("fault"),
        }
    }
}

impl Weigh for Sent {
    fn weight(&self) -> usize {
        512 + self.path.len() + weight(&self.params) + weight(&self.answer)
    }
}

/// An e-mail that would have been sent: one for each personalization.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Email {
    /// Seconds of the sandbox's clock.
    pub at: i64,
    /// `X-Message-Id`
    pub id: String,
    /// Sender.
    pub from: String,
    /// Recipients, all kinds.
    pub to: Vec<String>,
    /// Subject.
    pub subject: Option<String>,
    /// The template's id.
    pub template: Option<String>,
    /// What the template is filled with.
    pub data: Value,
    /// Text and HTML by their types.
    pub content: Value,
    /// `custom_args`, those of the personalization included.
    pub custom_args: Value,
    /// Why SendGrid itself would have refused it, though the sandbox did not.
    pub warning: Option<String>,
}

impl Email {
    /// As JSON.
    pub(crate) fn write(&self) -> Value {
        json!({
            "at": self.at,
            "id": self.id,
            "from": self.from,
            "to": self.to,
            "subject": self.subject,
            "template": self.template,
            "data": self.data,
            "content": self.content,
            "customArgs": self.custom_args,
            "warning": self.warning,
        })
    }

    /// From JSON.
    pub(crate) fn read(value: &Value) -> Self {
        let text = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
        let to = value.get("to").and_then(Value::as_array).into_iter().flatten();
        let any = |key: &str| {
            value
                .get(key)
                .cloned()
                .unwrap_or_else(|| Value::Object(Map::new()))
        };
        Self {
            at: value.get("at").and_then(Value::as_i64).unwrap_or(0),
            id: text("id").unwrap_or_default(),
            from: text("from").unwrap_or_default(),
            to: to.filter_map(Value::as_str).map(str::to_owned).collect(),
            subject: text("subject"),
            template: text("template"),
            data: any("data"),
            content: any("content"),
            custom_args: any("customArgs"),
            warning: text("warning"),
        }
    }
}

impl Weigh for Email {
    fn weight(&self) -> usize {
        512 + weight(&self.data) + weight(&self.content) + weight(&self.custom_args)
    }
}

/// Bytes of a value, roughly.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => 32 + text.len(),
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + 32,
        Value::Object(fields) => {
            fields
                .iter()
                .map(|(key, value)| key.len() + 32 + weight(value))
                .sum::<usize>()
                + 32
        }
        _ => 32,
    }
}
