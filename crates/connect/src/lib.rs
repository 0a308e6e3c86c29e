//! Providers: what they offer, how they are called, and a sandbox that stands in for them.
//!
//! Role: manifests for the planner ([`manifests`]), connectors for the engine ([`connectors`]).
//! Input: a plan, the environment. Output: what the engine calls providers by.
//! Invariant: a request goes only to its provider's own host or to one that is named; credentials are added when it
//! is sent and are kept nowhere else.
//! Not here: when a call is made, made again or undone; that is the engine's.

mod assemble;
pub mod client;
pub mod custom;
mod describe;
mod encode;
mod evaluate;
#[cfg(test)]
mod fake;
mod judge;
pub mod sandbox;
mod senders;
pub mod sendgrid;
pub mod signature;
pub mod stripe;
mod told;

pub use assemble::{ConnectError, Connected, StandIns, connectors};
pub use told::targets;

use backflow_plan::manifest::Manifests;

/// What the built-in providers offer, and how the events of others look.
#[must_use]
pub fn manifests() -> Manifests {
    Manifests::new([stripe::manifest(), sendgrid::manifest()]).with_senders(senders::all())
}
