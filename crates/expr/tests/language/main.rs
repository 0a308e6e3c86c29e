//! The language as authors see it: what parses, what is refused and where, what programs give.
//!
//! Not here: JSON, numbers, dates and patterns by themselves; their tests stand beside the code.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::let_underscore_must_use,
    reason = "a test stops at what it did not expect"
)]

mod faults;
mod forms;
mod properties;
mod values;
mod world;
