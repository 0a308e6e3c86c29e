//! `/health`.
//!
//! Role: tells whether requests can be answered: 200, or 503 when the store does not answer in time.
//! Invariant: needs no token, shows nothing of the project, is never cached.
//! Not here: metrics.

use crate::app::App;
use backflow_engine::Reply;
use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use std::time::Duration;
use tokio::time::timeout;

/// Its path. A route of the project with this path is not reached.
pub(crate) const PATH: &str = "/health";
/// How long the store has to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The answer.
pub(crate) async fn reply(app: &impl App, method: &Method) -> Reply {
    if method != Method::GET && method != Method::HEAD {
        let mut reply = json(StatusCode::METHOD_NOT_ALLOWED, REFUSED);
        reply.headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return reply;
    }
    let healthy = timeout(PATIENCE, app.is_healthy()).await.unwrap_or(false);
    if healthy {
        return json(StatusCode::OK, r#"{"status":"ok"}"#);
    }
    let mut reply = json(StatusCode::SERVICE_UNAVAILABLE, r#"{"status":"unavailable"}"#);
    reply.headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    reply
}

const REFUSED: &str = r#"{"error":"Method Not Allowed","message":"This method is not allowed here","code":"method_not_allowed"}"#;

fn json(status: StatusCode, body: &'static str) -> Reply {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Reply {
        status,
        headers,
        body: Bytes::from_static(body.as_bytes()),
        route: None,
    }
}
