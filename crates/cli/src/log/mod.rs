//! The log.
//!
//! Role: sends events to standard output: JSON lines for `serve`, short lines for `dev`.
//! Input: a filter. Output: lines.
//! Invariant: an unreadable filter is said, not ignored.
//! Not here: which events there are.

mod lines;

pub(crate) use lines::Flush;

use crate::environment;
use anyhow::{Context, Result};
use lines::Lines;
use std::io::stdout;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// How lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// One JSON object a line.
    Json,
    /// For people; with colours or without.
    Short(bool),
}

/// Starts logging with the filter of the arguments, else `RUST_LOG`, else `info`. Lines that wait are written
/// when what is given back goes.
pub(crate) fn start(style: Style, filter: Option<&str>) -> Result<Flush> {
    let of_process = environment::of_process("RUST_LOG").filter(|text| !text.is_empty());
    let filter = filter
        .map(str::to_owned)
        .or(of_process)
        .unwrap_or_else(|| "info".to_owned());
    let targets: Targets = filter
        .parse()
        .with_context(|| format!("`{filter}` is no filter for the log"))?;
    let lines = Lines::default();
    let layer = fmt::layer().with_writer(lines.clone());
    let layer = match style {
        Style::Json => layer.json().flatten_event(true).with_current_span(false).boxed(),
        Style::Short(color) => layer.compact().with_target(false).with_ansi(color).boxed(),
    };
    let log = tracing_subscriber::registry().with(layer.with_filter(targets));
    log.try_init().context("the log is started twice")?;
    Ok(lines.start(stdout())?)
}
