//! Tests on a real server, with scripted jobs.
//!
//! Invariant: each asserts what callers are told and in which state the connections are afterwards.

mod counters;
mod failures;
mod hanging_up;
mod lanes;
mod limits;
mod meaning;
