//! Stripe.
//!
//! Role: what the sandbox does for requests below `/v1/`; `docs/sandbox.md` lists the rules.
//! Invariant: one request is one change of the world.
//! Not here: sockets, faults, other providers.

mod access;
mod answer;
mod args;
pub(super) mod catalog;
pub(super) mod checkout;
mod customers;
mod edges;
mod endpoints;
pub(super) mod event;
mod failure;
mod intents;
mod invoices;
mod list;
mod metadata;
mod params;
pub(super) mod periods;
mod refunds;
mod render;
mod shape;
mod sign;
mod subscribed;
mod subscriptions;
mod version;

pub(super) use answer::{answer, broken, failed, in_use};
pub(super) use failure::Failure;
pub(super) use invoices::settle as pay;
pub(super) use render::rewrite;
pub(super) use shape::plain;
pub use sign::signature;
pub(super) use version::Shape;
