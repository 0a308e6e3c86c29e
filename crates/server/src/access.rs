//! One event for each answered request.
//!
//! Role: tells the log what was asked and answered, and how long it took.
//! Invariant: no value of a request is in the event: a path may hold secrets, so its template stands for it.
//! Not here: why a request was refused; the engine tells that.

use backflow_engine::Reply;
use http::Method;
use std::time::Instant;

/// A request that is being answered.
pub(crate) struct Access {
    began: Instant,
}

impl Access {
    pub(crate) fn begin() -> Self {
        Self {
            began: Instant::now(),
        }
    }

    /// Tells the log.
    pub(crate) fn end(&self, method: &Method, reply: &Reply) {
        let micros = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let request_id = reply
            .headers
            .get("x-request-id")
            .and_then(|id| id.to_str().ok())
            .unwrap_or("");
        let route = reply.route.as_deref().unwrap_or("none");
        let (method, status) = (method.as_str(), reply.status.as_u16());
        tracing::info!(target: "backflow::access", method, route, status, micros, request_id, "request");
    }
}
