//! What the server asks of whoever answers.
//!
//! Role: the seam between sockets and the engine, so that sockets are tested without a project.
//! Invariant: each request is answered by the runtime that is current when it starts.
//! Not here: what a request means.

use crate::body::Body;
use backflow_engine::{Reply, Request, Runtime, handle};
use std::future::Future;
use std::sync::Arc;

/// Answers requests.
pub(crate) trait App: Send + Sync + 'static {
    /// Answers one.
    fn answer<'a>(&'a self, request: Request<'a, Body<'a>>) -> impl Future<Output = Reply> + Send;

    /// Whether requests can be answered at all.
    fn is_healthy(&self) -> impl Future<Output = bool> + Send;
}

impl App for Arc<Runtime> {
    async fn answer<'a>(&'a self, request: Request<'a, Body<'a>>) -> Reply {
        handle(self, request).await
    }

    async fn is_healthy(&self) -> bool {
        self.store().ping().await.is_ok()
    }
}
