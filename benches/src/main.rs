//! Figures, measured on this machine: `cargo run --release -p benches [start|request|routes|writes|reads]`.
//!
//! Every figure is a ratio within one run, or an upper bound that the text names; none is a test.
//! Invariant: bounded in time; talks to loopback only.
//! Not here: limits that a figure must keep; people compare runs.
#![allow(clippy::print_stdout, reason = "figures are printed")]

mod load;
mod request;
mod routes;
mod served;
mod start;
mod writes;

use anyhow::Result;

#[cfg(feature = "allocations")]
#[global_allocator]
static COUNTED: dhat::Alloc = dhat::Alloc;

fn main() -> Result<()> {
    #[cfg(feature = "allocations")]
    let _counting = dhat::Profiler::builder().testing().build();
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let all = wanted.is_empty();
    let asked = |name: &str| all || wanted.iter().any(|word| word == name);
    if asked("start") {
        start::run()?;
    }
    if asked("request") {
        request::run()?;
    }
    if asked("routes") {
        routes::run()?;
    }
    if asked("writes") {
        writes::run()?;
    }
    if asked("reads") {
        writes::reads()?;
    }
    Ok(())
}
