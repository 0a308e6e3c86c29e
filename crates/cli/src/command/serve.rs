//! `backflow serve`
//!
//! Role: checks, migrates, serves.
//! Invariant: a project with faults, or without credentials for what it calls, is never served; its database is not
//! touched then.
//! Not here: development (`dev`).

use crate::args::ServeArgs;
use crate::assemble::{self, Providers};
use crate::compiled::Compiled;
use crate::log::{self, Style};
use crate::ready::{Pending, Ready, ready};
use crate::terminal::Terminal;
use crate::{command, run as server};
use anyhow::Result;
use backflow_diag::Severity;
use backflow_postgres::Live;

/// Runs the command.
pub(crate) fn run(args: &ServeArgs, terminal: &Terminal) -> Result<bool> {
    let compiled = command::compile(&args.project)?;
    if compiled.plan.is_none() && !compiled.may_be_right() {
        return command::refuse(&compiled, terminal);
    }
    assemble::judge(&compiled)?;
    let _flush = log::start(Style::Json, args.listen.log.as_deref())?;
    let listener = server::bind(&args.listen, &compiled.environment)?;
    let pending = if args.no_migrate {
        Pending::Refuse
    } else {
        Pending::Apply
    };
    let mut compile = |live: Option<&Live>| command::compile_with(&args.project, live);
    let Ready {
        compiled,
        database,
        applied,
    } = match ready(compiled, &mut compile, pending)? {
        Ok(ready) => ready,
        Err(compiled) => return command::refuse(&compiled, terminal),
    };
    for name in &applied {
        tracing::info!(%name, "migration applied");
    }
    warn(&compiled);
    server::run(compiled, &database, listener, Providers::default())?;
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
