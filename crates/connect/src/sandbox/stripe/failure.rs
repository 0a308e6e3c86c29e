//! What Stripe says against a request.
//!
//! Role: [`Failure`] and its shapes.
//! Invariant: a failure knows whether the work had begun, which decides if an idempotency key keeps it.
//! Not here: when to fail.

use serde_json::{Map, Value};

/// What Stripe says against a request.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    pub(crate) status: u16,
    kind: &'static str,
    code: Option<&'static str>,
    param: Option<String>,
    message: String,
    more: Map<String, Value>,
    /// The work had begun: the answer is kept for the key.
    pub(crate) had_begun: bool,
}

impl Failure {
    /// 400, found before anything was done.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            kind: "invalid_request_error",
            code: None,
            param: None,
            message: message.into(),
            more: Map::new(),
            had_begun: false,
        }
    }

    pub(crate) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn kind(self, kind: &'static str) -> Self {
        Self { kind, ..self }
    }

    pub(crate) fn code(self, code: &'static str) -> Self {
        Self {
            code: Some(code),
            ..self
        }
    }

    pub(crate) fn param(self, param: impl Into<String>) -> Self {
        Self {
            param: Some(param.into()),
            ..self
        }
    }

    /// It is kept for the key.
    pub(crate) fn begun(self) -> Self {
        Self {
            had_begun: true,
            ..self
        }
    }

    pub(crate) fn with(mut self, key: &str, value: Value) -> Self {
        self.more.insert(key.to_owned(), value);
        self
    }

    /// A parameter that is not there.
    pub(crate) fn missing(param: &str) -> Self {
        Self::invalid(format!("Missing required param: {param}."))
            .code("parameter_missing")
            .param(param)
    }

    /// An object that is not there: in the path 404, as a parameter 400.
    pub(crate) fn unknown(kind: &str, id: &str, param: &str) -> Self {
        let status = if param == "id" { 404 } else { 400 };
        let name = match kind {
            "subscription" | "invoice" | "product" | "price" | "charge" | "customer" | "event" | "refund" => {
                kind
            }
            "payment_intent" => "payment_intent",
            "checkout.session" => "checkout.session",
            other => other,
        };
        let message = format!("No such {name}: '{id}'");
        Self::invalid(message)
            .status(status)
            .code("resource_missing")
            .param(param)
    }

    /// A card that was declined.
    pub(crate) fn declined() -> Self {
        Self::invalid("Your card was declined.")
            .status(402)
            .kind("card_error")
            .code("card_declined")
            .with("decline_code", Value::from("generic_decline"))
            .begun()
    }

    /// The body.
    pub(crate) fn body(&self, request: &str) -> Value {
        let mut error = self.more.clone();
        error.insert("type".to_owned(), Value::from(self.kind));
        error.insert("message".to_owned(), Value::from(self.message.as_str()));
        if let Some(code) = self.code {
            error.insert("code".to_owned(), Value::from(code));
            let page = code.replace('_', "-");
            error.insert(
                "doc_url".to_owned(),
                format!("https://stripe.com/docs/error-codes/{page}").into(),
            );
        }
        if let Some(param) = &self.param {
            error.insert("param".to_owned(), Value::from(param.as_str()));
        }
        error.insert(
            "request_log_url".to_owned(),
            format!("/_sandbox/#{request}").into(),
        );
        serde_json::json!({ "error": error })
    }
}
