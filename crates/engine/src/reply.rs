//! What goes back to the caller.
//!
//! Role: status, headers and body of every answer.
//! Invariant: every reply carries `X-Request-Id`; an answer to a known caller is never kept by shared caches.
//! Not here: sending it.

use crate::clock::Ids;
use crate::fault::{Code, Fault};
use crate::transaction::Outcome;
use aws_lc_rs::digest::{Context, SHA256};
use backflow_expr::Value;
use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LOCATION,
    RETRY_AFTER, VARY, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use std::sync::Arc;

/// The header that ties a reply to the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Whether an answer was kept.
const X_CACHE: HeaderName = HeaderName::from_static("x-cache");
/// Longest id that is taken from a caller.
const LONGEST_ID: usize = 128;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; empty for `HEAD`.
    pub body: Bytes,
    /// The route that answered, as `GET /things/:id`, for logs; `None`: no route.
    pub route: Option<Arc<str>>,
}

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Found {
    /// It was kept.
    Kept,
    /// It was computed for this request.
    Computed,
}

/// What an answer is called: half of its digest.
pub(crate) fn tag(outcome: &Outcome) -> HeaderValue {
    let mut digest = Context::new(&SHA256);
    digest.update(outcome.range.as_deref().unwrap_or_default().as_bytes());
    digest.update(b"\0");
    digest.update(&outcome.body);
    let digest = digest.finish();
    let hex: String = digest
        .as_ref()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    HeaderValue::try_from(format!("\"{hex}\"")).unwrap_or(HeaderValue::from_static("\"\""))
}

/// Whether a caller says that they have an answer.
fn has(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let lists = asked
        .get_all(IF_NONE_MATCH)
        .into_iter()
        .filter_map(|list| list.to_str().ok());
    let mut names = lists.flat_map(|list| list.split(',')).map(str::trim);
    names.any(|name| name == "*" || name.strip_prefix("W/").unwrap_or(name).as_bytes() == tag.as_bytes())
}

/// The caller's own id of the request if it is sane, else a new one.
pub(crate) fn request_id(headers: &HeaderMap, ids: &dyn Ids) -> Arc<str> {
    let sent = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let sane =
        |id: &&str| (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    sent.filter(sane)
        .map_or_else(|| Arc::from(ids.request()), Arc::from)
}

impl Reply {
    fn json(status: StatusCode, body: Bytes) -> Self {
        let mut headers = HeaderMap::with_capacity(6);
        let has_body = !(status.is_informational()
            || status == StatusCode::NO_CONTENT
            || status == StatusCode::NOT_MODIFIED);
        if has_body {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        Self {
            status,
            headers,
            body: if has_body { body } else { Bytes::new() },
            route: None,
        }
    }

    /// An answer that only its caller may keep.
    pub(crate) fn json_of(status: StatusCode, body: Bytes) -> Self {
        let mut reply = Self::json(status, body);
        reply
            .headers
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        reply
    }

    /// A route's own answer.
    pub(crate) fn of(outcome: Outcome, is_known_caller: bool) -> Self {
        let mut reply = Self::json(outcome.status, outcome.body);
        if let Some(range) = outcome.range.and_then(|range| HeaderValue::try_from(range).ok()) {
            reply.headers.insert(CONTENT_RANGE, range);
        }
        if is_known_caller {
            reply
                .headers
                .insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
            reply
                .headers
                .insert(VARY, HeaderValue::from_static("Authorization, X-Tenant-ID"));
        }
        reply
    }

    /// An answer of a route that keeps its answers; without its body for whoever has it.
    pub(crate) fn recalled(mut self, asked: &HeaderMap, tag: &HeaderValue, found: Found) -> Self {
        let word = match found {
            Found::Kept => "HIT",
            Found::Computed => "MISS",
        };
        self.headers.insert(X_CACHE, HeaderValue::from_static(word));
        self.headers.insert(ETAG, tag.clone());
        if self.status == StatusCode::OK && has(asked, tag) {
            self.status = StatusCode::NOT_MODIFIED;
            self.headers.remove(CONTENT_TYPE);
            self.body = Bytes::new();
        }
        self
    }

    /// A refusal.
    pub(crate) fn fault(fault: &Fault, request_id: &str) -> Self {
        let mut reply = Self::json_of(fault.status(), Bytes::from(fault.body(request_id)));
        // A delivery is signed; no token would help.
        if fault.status() == StatusCode::UNAUTHORIZED && fault.code() != Code::InvalidSignature {
            reply
                .headers
                .insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = fault.retry_seconds() {
            reply.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = fault
            .allowed_methods()
            .and_then(|allow| HeaderValue::from_str(allow).ok())
        {
            reply.headers.insert(ALLOW, allow);
        }
        reply
    }

    /// A refusal that was given before: its members, for another request.
    pub(crate) fn told(status: StatusCode, members: &Value, request_id: &str) -> Self {
        let known = members.as_object().into_iter().flat_map(|members| members.iter());
        let known = known.map(|(name, value)| (name.as_ref(), value.clone()));
        let all = known.chain([("requestId", Value::from(request_id))]);
        let mut reply = Self::json_of(status, Bytes::from(Value::object(all).to_json()));
        if let Some(seconds) = members.member("retryAfter").as_i64() {
            reply.headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        reply
    }

    /// A run goes on; it is looked at under its address.
    pub(crate) fn running(run: &str) -> Self {
        let body = Value::object([("run", Value::from(run)), ("status", Value::from("running"))]);
        let mut reply = Self::json_of(StatusCode::ACCEPTED, Bytes::from(body.to_json()));
        if let Ok(address) = HeaderValue::try_from(format!("/_runs/{run}")) {
            reply.headers.insert(LOCATION, address);
        }
        reply.headers.insert(RETRY_AFTER, HeaderValue::from(1));
        reply
    }

    /// The methods of a path.
    pub(crate) fn options(allow: &str) -> Self {
        let mut reply = Self::json(StatusCode::NO_CONTENT, Bytes::new());
        if let Ok(allow) = HeaderValue::from_str(allow) {
            reply.headers.insert(ALLOW, allow);
        }
        reply
    }

    /// The reply as it goes out for a method, with its id.
    pub(crate) fn finished(mut self, method: &Method, request_id: &str) -> Self {
        if method == Method::HEAD && !self.body.is_empty() {
            self.headers
                .insert(CONTENT_LENGTH, HeaderValue::from(self.body.len()));
            self.body = Bytes::new();
        }
        if let Ok(id) = HeaderValue::from_str(request_id) {
            self.headers.insert(REQUEST_ID, id);
        }
        self
    }
}
