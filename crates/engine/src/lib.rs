//! Runs a Plan: the request path, the executor, and the traits that stores implement.
