//! The `backflow` command.
fn main() {}
