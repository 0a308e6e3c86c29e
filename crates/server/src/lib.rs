//! Sockets, limits, health and graceful stop around the engine.
//!
//! Role: [`serve`] takes connections from a listener and answers requests with a [`Runtime`] until it is told
//! to stop.
//! Input: bytes of HTTP/1.1 and HTTP/2 (prior knowledge). Output: bytes, and one access event per request.
//! Invariant: whatever a peer sends, or does not send, it holds a bounded amount of memory for a bounded time,
//! and never ends the process.
//! Not here: routes and their rules (the engine), TLS (a proxy in front), signals (the binary).
//!
//! ```no_run
//! # async fn example(runtime: std::sync::Arc<backflow_engine::Runtime>) -> std::io::Result<()> {
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
//! let stop = async { drop(tokio::signal::ctrl_c().await) };
//! let stopped = backflow_server::serve(listener, runtime, backflow_server::ServeOptions::default(), stop).await;
//! assert_eq!(stopped.cut_off, 0);
//! # Ok(()) }
//! ```
//!
//! [`Runtime`]: backflow_engine::Runtime

mod access;
mod answer;
mod app;
mod body;
mod caught;
mod connection;
mod health;
mod listen;
mod options;
mod pace;
mod pipe;

#[cfg(test)]
mod tests;

pub use listen::{Stopped, serve};
pub use options::ServeOptions;
