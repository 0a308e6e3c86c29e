//! The binary from outside: folders in, text, exit codes and HTTP out.
//!
//! Role: runs `backflow` as people do.
//! Invariant: each test has its own folder and its own port; no test reads this machine's environment.
//! Not here: what routes mean; the golden documents say that.
#![allow(clippy::unwrap_used, clippy::panic, reason = "all of this is tests")]

mod check;
mod dev;
mod folder;
mod http;
#[cfg(unix)]
mod postgres;
mod provider;
mod secrets;
mod serve;
mod show;
mod token;
mod webhooks;
mod workflows;
