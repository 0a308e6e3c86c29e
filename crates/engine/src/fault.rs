//! Refusals and failures, as callers see them.
//!
//! Role: [`Fault`] is every answer that is not the route's own; it knows its status, code and body.
//! Input: what went wrong. Output: the JSON body that all refusals share.
//! Invariant: the body holds only `message` and `details`; what is private goes to the log alone.
//! Not here: how a database's errors read; see `database`.

mod code;
mod database;
mod figures;

pub use code::Code;
pub(crate) use figures::Figures;

use backflow_expr::Value;
use std::borrow::Cow;

/// A refusal or failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    code: Code,
    message: Cow<'static, str>,
    details: Vec<Detail>,
    private: Option<Box<str>>,
    retry_after: Option<u32>,
    allow: Option<Box<str>>,
    own: Option<Box<Own>>,
    figures: Option<Box<Figures>>,
}

/// A status that the author chose, and the code beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Own {
    status: http::StatusCode,
    code: String,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detail {
    /// Where: `body.email`, `data.slug`, a column.
    pub path: String,
    /// Which rule is broken.
    pub code: Cow<'static, str>,
    /// What is wrong, in words.
    pub message: String,
}

impl Detail {
    /// A detail.
    pub fn new(
        path: impl Into<String>,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            path: path.into(),
            code: code.into(),
            message: message.into(),
        }
    }
}

impl Fault {
    /// A fault with the message that its code usually has.
    #[must_use]
    pub fn of(code: Code) -> Self {
        Self::new(code, code.message())
    }

    /// A fault.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
            details: Vec::new(),
            private: None,
            retry_after: None,
            allow: None,
            own: None,
            figures: None,
        }
    }

    /// An end that the author wrote.
    pub(crate) fn authored(status: http::StatusCode, code: String, message: String) -> Self {
        Self {
            own: Some(Box::new(Own { status, code })),
            ..Self::new(Code::Refused, message)
        }
    }

    /// Answers with another status; the code stays.
    #[must_use]
    pub(crate) fn answers(mut self, status: http::StatusCode) -> Self {
        let code = self.code_text().to_owned();
        self.own = Some(Box::new(Own { status, code }));
        self
    }

    /// Our own mistake or a broken database; the text is for the log.
    pub fn internal(private: impl Into<String>) -> Self {
        Self::of(Code::Internal).private(private)
    }

    /// Adds a detail.
    #[must_use]
    pub fn detail(mut self, detail: Detail) -> Self {
        self.details.push(detail);
        self
    }

    /// Adds details.
    #[must_use]
    pub fn details(mut self, details: impl IntoIterator<Item = Detail>) -> Self {
        self.details.extend(details);
        self
    }

    /// Adds a text for the log.
    #[must_use]
    pub fn private(mut self, text: impl Into<String>) -> Self {
        self.private = Some(text.into().into_boxed_str());
        self
    }

    /// Adds the numbers of a limit.
    #[must_use]
    pub(crate) fn figures(mut self, figures: Figures) -> Self {
        self.figures = Some(Box::new(figures));
        self
    }

    /// Says after how many seconds to try again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// Says which methods would be allowed.
    #[must_use]
    pub fn allow(mut self, methods: impl Into<String>) -> Self {
        self.allow = Some(methods.into().into_boxed_str());
        self
    }

    /// Its code.
    #[must_use]
    pub fn code(&self) -> Code {
        self.code
    }

    /// Its status.
    #[must_use]
    pub fn status(&self) -> http::StatusCode {
        self.own
            .as_ref()
            .map_or_else(|| self.code.status(), |own| own.status)
    }

    /// The text of its code.
    #[must_use]
    pub fn code_text(&self) -> &str {
        self.own
            .as_ref()
            .map_or_else(|| self.code.text(), |own| &own.code)
    }

    /// What callers read.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What only the log says.
    #[must_use]
    pub(crate) fn private_text(&self) -> Option<&str> {
        self.private.as_deref()
    }

    /// All that is known, for the log and those who run the project.
    #[must_use]
    pub(crate) fn why(&self) -> String {
        match &self.private {
            Some(private) => format!("{}: {private}", self.code_text()),
            None => format!("{}: {}", self.code_text(), self.message),
        }
    }

    /// Seconds for the header `Retry-After`.
    #[must_use]
    pub(crate) fn retry_seconds(&self) -> Option<u32> {
        self.retry_after
    }

    /// Methods for the header `Allow`.
    #[must_use]
    pub(crate) fn allowed_methods(&self) -> Option<&str> {
        self.allow.as_deref()
    }

    /// The body.
    #[must_use]
    pub fn body(&self, request_id: &str) -> Vec<u8> {
        let mut members = self.members();
        members.push(("requestId", Value::from(request_id)));
        let mut out = Vec::new();
        Value::object(members).write_json(&mut out);
        out
    }

    /// All of the body that is the same for every request.
    pub(crate) fn members(&self) -> Vec<(&'static str, Value)> {
        let reason = self.status().canonical_reason().unwrap_or("Error");
        let mut members = vec![
            ("error", Value::from(reason)),
            ("message", Value::from(&*self.message)),
            ("code", Value::from(self.code_text())),
        ];
        members.extend(self.figures.iter().flat_map(|figures| figures.members()));
        if !self.details.is_empty() {
            members.push(("details", Value::list(self.details.iter().map(Detail::value))));
        }
        if let Some(seconds) = self.retry_after {
            members.push(("retryAfter", Value::int(seconds.into())));
        }
        members
    }
}

impl Detail {
    fn value(&self) -> Value {
        Value::object([
            ("path", Value::from(self.path.as_str())),
            ("code", Value::from(&*self.code)),
            ("message", Value::from(self.message.as_str())),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_one_shape_and_hides_what_is_private() {
        let fault = Fault::of(Code::Unavailable)
            .private("10.0.0.3 refused")
            .retry_after(2)
            .detail(Detail::new("body.a", "type", "must be a text"));
        let body = String::from_utf8(fault.body("r1")).unwrap();
        assert_eq!(
            body,
            "{\"error\":\"Service Unavailable\",\"message\":\"The service is busy; nothing was changed\",\
             \"code\":\"unavailable\",\"details\":[{\"path\":\"body.a\",\"code\":\"type\",\
             \"message\":\"must be a text\"}],\"retryAfter\":2,\"requestId\":\"r1\"}"
        );
    }

    #[test]
    fn a_fault_is_small_enough_to_return() {
        assert!(std::mem::size_of::<Fault>() < 128);
    }
}
