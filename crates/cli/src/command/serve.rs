//! `backflow serve`
//!
//! Role: checks, migrates, serves.
//! Invariant: a project with faults is never served.
//! Not here: development (`dev`).

use crate::args::ServeArgs;
use crate::log::{self, Style};
use crate::terminal::Terminal;
use crate::{command, database, run as server};
use anyhow::Result;
use backflow_diag::Severity;

/// Runs the command.
pub(crate) fn run(args: &ServeArgs, terminal: &Terminal) -> Result<bool> {
    let compiled = command::compile(&args.project)?;
    if compiled.plan.is_none() {
        return command::refuse(&compiled, terminal);
    }
    let _flush = log::start(Style::Json, args.listen.log.as_deref())?;
    for warning in compiled
        .diagnostics
        .iter()
        .filter(|one| one.code.severity == Severity::Warning)
    {
        let place = warning.span().map(|span| {
            let position = compiled.sources.position(span);
            format!(
                "{}:{}:{}",
                compiled.sources.name(span.file),
                position.line,
                position.column
            )
        });
        tracing::warn!(code = warning.code.id, place, "{}", warning.message);
    }
    let listener = server::bind(&args.listen, &compiled.environment)?;
    let store = database::open(&compiled)?;
    if args.no_migrate {
        database::refuse_pending(&compiled, &store)?;
    } else {
        for name in &database::migrate(&compiled, &store)?.applied {
            tracing::info!(%name, "migration applied");
        }
    }
    server::run(compiled, store, listener, false)?;
    Ok(true)
}
