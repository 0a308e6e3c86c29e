//! `backflow migrate`
//!
//! Role: applies pending migrations, or shows where the database stands.
//! Invariant: `--status` changes nothing.
//! Not here: how a migration is applied; the store owns that.

use crate::args::MigrateArgs;
use crate::command;
use crate::database::{self, Database};
use crate::terminal::{Look, Terminal};
use anyhow::Result;

/// Runs the command.
pub(crate) fn run(args: &MigrateArgs, terminal: &Terminal) -> Result<bool> {
    let compiled = command::compile(&args.project)?;
    // Routes may need variables that this machine does not have; only the migrations must be good.
    if compiled.has_faulty_migration() {
        return command::refuse(&compiled, terminal);
    }
    let shown = compiled.address()?.to_string();
    if args.status {
        let status = database::status(&compiled)?;
        for applied in &status.applied {
            terminal.line(format_args!(
                "applied  {}  {}",
                applied.name,
                terminal.look(Look::Faint, &applied.at)
            ))?;
        }
        for name in &status.pending {
            terminal.line(format_args!("pending  {name}"))?;
        }
        terminal.line(format_args!(
            "{shown}: {} applied, {} pending",
            status.applied.len(),
            status.pending.len()
        ))?;
        return Ok(true);
    }
    let database = Database::open(&compiled)?;
    let report = database.migrate(&compiled);
    database.close();
    let applied = report?.applied;
    for name in &applied {
        terminal.line(format_args!("applied  {name}"))?;
    }
    terminal.line(format_args!("{shown}: {} applied now", applied.len()))?;
    Ok(true)
}
