//! A request as the server hands it over.
//!
//! Role: borrowed parts of the HTTP request, and the trait through which a body is read.
//! Invariant: nothing is decoded or believed yet.
//! Not here: sockets; routing.

use bytes::Bytes;
use std::future::Future;
use std::net::IpAddr;

/// A request.
#[derive(Debug)]
pub struct Request<'a, B> {
    /// The method.
    pub method: &'a http::Method,
    /// The path as it was sent, still percent-encoded, without query.
    pub path: &'a str,
    /// The query string as it was sent, without `?`.
    pub query: Option<&'a str>,
    /// The headers.
    pub headers: &'a http::HeaderMap,
    /// The address at the other end of the connection.
    pub peer: IpAddr,
    /// The body.
    pub body: B,
}

/// Something a body can be read from.
pub trait BodySource: Send {
    /// All of the body; nothing beyond `limit` bytes is kept.
    ///
    /// # Errors
    /// When the body is too large, ends early or does not come.
    fn read(self, limit: usize) -> impl Future<Output = Result<Bytes, BodyError>> + Send;
}

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// It is larger than allowed.
    TooLarge,
    /// The connection broke or the framing was wrong.
    Broken,
    /// The caller was too slow.
    TimedOut,
}

impl BodySource for Bytes {
    async fn read(self, limit: usize) -> Result<Bytes, BodyError> {
        if self.len() > limit {
            Err(BodyError::TooLarge)
        } else {
            Ok(self)
        }
    }
}
