//! What the caller sent, read and checked.
//!
//! Role: path parameters, query string and body as the route's expressions read them.
//! Input: a request, a route's rules. Output: [`Input`], or the refusal that waits until the tenant is judged.
//! Invariant: a body that no rule and no expression reads is not looked at; all broken rules are told at once.
//! Not here: what single rules mean (`validate`).

use crate::fault::{Code, Detail, Fault};
use crate::query::Query;
use crate::request::{BodyError, BodySource};
use crate::route::Served;
use crate::validate::{self, Failures};
use backflow_expr::{JsonErrorKind, Value, Wanted, json};
use backflow_plan::model::{BodyRule, Field, PathPattern, RuleKind};
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use std::sync::Arc;

/// Deepest nesting of a body.
const DEPTH: usize = 64;

/// What a request says.
#[derive(Debug, Default)]
pub(crate) struct Input {
    /// Path parameters, by position.
    pub(crate) params: Vec<Value>,
    /// The query string.
    pub(crate) query: Value,
    /// The body; undefined if there is none.
    pub(crate) body: Value,
}

/// The parts of a request that are read here.
pub(crate) struct Sent<'a, B> {
    pub(crate) params: &'a [Arc<str>],
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: B,
    pub(crate) max_body: usize,
}

impl Input {
    /// Reads and checks all of it.
    pub(crate) async fn read<B: BodySource>(served: &Served, sent: Sent<'_, B>) -> Result<Input, Fault> {
        let sent_body = match served.reads_body() {
            true => json_body(sent.body, sent.headers, sent.max_body).await?,
            false => Value::Undefined,
        };
        let query = if served.reads_query {
            Query::parse(sent.query)?
        } else {
            Query::parse(None)?
        };
        let rules = &served.route.input;
        let mut failures = Failures::default();
        let input = Input {
            params: params(&served.route.path, &rules.params, sent.params, &mut failures),
            query: match &rules.query {
                Some(rules) => checked_query(rules, &query, &mut failures),
                None if served.reads_query => query.whole(),
                None => Value::Undefined,
            },
            body: body(&rules.body, sent_body, "body", &mut failures),
        };
        if failures.0.is_empty() {
            return Ok(input);
        }
        Err(Fault::of(Code::ValidationFailed).details(failures.0))
    }
}

/// Checks what a workflow is given as a body is checked.
pub(crate) fn given(rule: &BodyRule, value: Value) -> Result<Value, Fault> {
    let mut failures = Failures::default();
    let value = body(rule, value, "input", &mut failures);
    match failures.0.is_empty() {
        true => Ok(value),
        false => Err(Fault::of(Code::ValidationFailed).details(failures.0)),
    }
}

fn params(path: &PathPattern, rules: &[Field], sent: &[Arc<str>], out: &mut Failures) -> Vec<Value> {
    let mut values = Vec::with_capacity(sent.len());
    for (name, text) in path.params().zip(sent) {
        let value = Value::Text(Arc::clone(text));
        values.push(match rules.iter().find(|rule| rule.name == name) {
            Some(rule) => validate::field(rule, value, &format!("params.{name}"), true, out),
            None => value,
        });
    }
    values
}

fn checked_query(rules: &[Field], query: &Query<'_>, out: &mut Failures) -> Value {
    let mut members = Vec::with_capacity(rules.len());
    for rule in rules {
        let value = match rule.rule.kind {
            RuleKind::List { .. } => query.list(&rule.name),
            _ => query.first(&rule.name),
        };
        let value = validate::field(rule, value, &format!("query.{}", rule.name), true, out);
        if !value.is_undefined() {
            members.push((rule.name.as_str(), value));
        }
    }
    Value::object(members)
}

fn body(rule: &BodyRule, sent: Value, name: &str, out: &mut Failures) -> Value {
    if !matches!(sent, Value::Object(_) | Value::Undefined) {
        out.0.push(Detail::new(name, "type", "must be an object"));
        return sent;
    }
    match rule {
        BodyRule::Unread => Value::Undefined,
        BodyRule::Any => sent,
        BodyRule::Fields(rules) => validate::fields(rules, &sent, name, out),
    }
}

/// The body as JSON; undefined if it is empty.
async fn json_body<B: BodySource>(source: B, headers: &HeaderMap, limit: usize) -> Result<Value, Fault> {
    let bytes = bytes(source, limit).await?;
    if bytes.is_empty() {
        return Ok(Value::Undefined);
    }
    if !is_json(headers) || is_encoded(headers) {
        return Err(Fault::of(Code::UnsupportedMediaType));
    }
    parsed(&bytes)
}

/// The bytes of a body.
pub(crate) async fn bytes<B: BodySource>(source: B, limit: usize) -> Result<Bytes, Fault> {
    source.read(limit).await.map_err(|error| match error {
        BodyError::TooLarge => Fault::new(
            Code::PayloadTooLarge,
            format!("The body must have at most {limit} bytes"),
        ),
        BodyError::Broken => Fault::of(Code::BrokenBody),
        BodyError::TimedOut => Fault::of(Code::BodyTimeout),
    })
}

/// The JSON of a body.
pub(crate) fn parsed(bytes: &[u8]) -> Result<Value, Fault> {
    parsed_part(bytes, &Wanted::Whole)
}

/// The same, but only what is wanted of it is built.
pub(crate) fn parsed_part(bytes: &[u8], wanted: &Wanted) -> Result<Value, Fault> {
    json::parse_wanted(bytes, DEPTH, wanted).map_err(|error| {
        let code = match error.kind {
            JsonErrorKind::Syntax | JsonErrorKind::Utf8 => Code::InvalidJson,
            JsonErrorKind::TooDeep => Code::TooDeep,
            JsonErrorKind::Nul => Code::Nul,
        };
        Fault::of(code).detail(Detail::new("body", code.text(), error.to_string()))
    })
}

/// Whether the body is compressed; nothing here unpacks it.
fn is_encoded(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONTENT_ENCODING)
        .iter()
        .any(|value| !value.as_bytes().eq_ignore_ascii_case(b"identity"))
}

/// Whether the one content type is `application/json` or `application/…+json`, in UTF-8.
fn is_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else {
        return false;
    };
    let Ok(text) = value.to_str() else { return false };
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let subtype = parts
        .next()
        .and_then(|media| media.strip_prefix("application/"))
        .unwrap_or("");
    let json = subtype == "json" || subtype.strip_suffix("+json").is_some_and(|name| !name.is_empty());
    let charset = |part: &str| {
        part.strip_prefix("charset=")
            .is_none_or(|name| matches!(name.trim_matches('"'), "utf-8" | "utf8"))
    };
    json && parts.all(charset)
}
