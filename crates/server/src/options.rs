//! Limits of the server.
//!
//! Role: plain data with defaults.
//! Invariant: every wait on a peer has a limit; none of them can be switched off.
//! Not here: the largest body, which the engine knows.

use std::time::Duration;

/// Limits of the server.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// How many connections are open at once; further ones wait to be accepted.
    pub connections: usize,
    /// How long a new connection may take to its first request, and the head of any request from its first
    /// byte to its last.
    pub head_timeout: Duration,
    /// How long a connection may be idle between requests.
    pub idle_timeout: Duration,
    /// How long a body may pause.
    pub body_pause: Duration,
    /// How long a body may take altogether.
    pub body_timeout: Duration,
    /// How long a peer may refuse to take what we send.
    pub write_timeout: Duration,
    /// Bytes of all headers of one request.
    pub head_bytes: usize,
    /// How long requests in flight may take after the word to stop.
    pub drain: Duration,
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self {
            connections: 10_000,
            head_timeout: Duration::from_secs(10),
            // Longer than the 60 s of usual load balancers, so that they close first and lose no request.
            idle_timeout: Duration::from_secs(75),
            body_pause: Duration::from_secs(10),
            body_timeout: Duration::from_secs(60),
            write_timeout: Duration::from_secs(30),
            head_bytes: 32 * 1024,
            drain: Duration::from_secs(10),
        }
    }
}
