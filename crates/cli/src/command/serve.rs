//! `backflow serve`
//!
//! Role: checks, migrates, serves.
//! Invariant: a project with faults is never served.
//! Not here: development (`dev`).

use crate::args::ServeArgs;
use crate::compiled::Compiled;
use crate::database::Database;
use crate::log::{self, Style};
use crate::terminal::Terminal;
use crate::{command, run as server};
use anyhow::Result;
use backflow_diag::Severity;

/// Runs the command.
pub(crate) fn run(args: &ServeArgs, terminal: &Terminal) -> Result<bool> {
    let compiled = command::compile(&args.project)?;
    if !compiled.may_open() {
        return command::refuse(&compiled, terminal);
    }
    let _flush = log::start(Style::Json, args.listen.log.as_deref())?;
    let listener = server::bind(&args.listen, &compiled.environment)?;
    let database = Database::open(&compiled)?;
    if args.no_migrate {
        database.refuse_pending(&compiled)?;
    } else {
        for name in &database.migrate(&compiled)?.applied {
            tracing::info!(%name, "migration applied");
        }
    }
    let compiled = match database.live()? {
        Some(live) => command::compile_with(&args.project, Some(&live))?,
        None => compiled,
    };
    if compiled.plan.is_none() {
        return command::refuse(&compiled, terminal);
    }
    warn(&compiled);
    database.migrate(&compiled)?;
    server::run(compiled, &database, listener, false)?;
    Ok(true)
}

/// Warnings are for the log: nobody looks at the terminal of a server.
fn warn(compiled: &Compiled) {
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
}
