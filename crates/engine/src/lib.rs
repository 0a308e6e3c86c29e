//! Runs a Plan: the request path, the executor, and the traits that stores implement.
pub mod permit;
pub mod store;
pub mod transaction;
