//! `backflow check`
//!
//! Role: everything that is wrong or notable, and a last line that sums it up.
//! Invariant: warnings alone never make the outcome bad.
//! Not here: the checks.

use crate::args::{CheckArgs, Format};
use crate::command;
use crate::compiled::Compiled;
use crate::terminal::{Look, Terminal};
use anyhow::Result;
use backflow_diag::{Severity, render};

/// Runs the command.
pub(crate) fn run(args: &CheckArgs, terminal: &Terminal) -> Result<bool> {
    let compiled = command::look(&args.look)?;
    let good = compiled.plan.is_some();
    if args.format == Format::Json {
        terminal.line(render::json(&compiled.sources, compiled.diagnostics.iter()))?;
        return Ok(good);
    }
    terminal.write(compiled.report(terminal.color))?;
    if let Some(plan) = &compiled.plan {
        for fact in &plan.facts {
            terminal.line(format_args!("- {fact}"))?;
        }
        match compiled.address() {
            Ok(address) => terminal.line(format_args!("- database: {}, {address}", address.product()))?,
            Err(error) => terminal.line(format_args!("- database: {error:#}"))?,
        }
        terminal.line("")?;
    }
    if !compiled.pending.is_empty() {
        terminal.line(format_args!(
            "pending: {}; what they make is not in the database yet, and differences are looked for when it is\n",
            compiled.pending.join(", ")
        ))?;
    }
    let missing = compiled.missing();
    if !missing.is_empty() {
        terminal.line(format_args!(
            "missing variables: {}; set them in .env, or look with --dev, which invents them\n",
            missing.join(", ")
        ))?;
    }
    terminal.line(total(&compiled, terminal))?;
    Ok(good)
}

/// The last line.
pub(super) fn total(compiled: &Compiled, terminal: &Terminal) -> String {
    let (faults, warnings) = compiled.counts();
    let document = &compiled.document;
    let mut parts = vec![count(document.routes.len(), "route")];
    if !document.webhooks.is_empty() {
        parts.push(count(document.webhooks.len(), "webhook"));
    }
    parts.push(count(faults, "error"));
    parts.push(count(warnings, "warning"));
    let verdict = if faults == 0 {
        terminal.look(Look::Good, "ok")
    } else {
        terminal.look(Look::Bad, "failed")
    };
    let mut wrong = compiled
        .diagnostics
        .iter()
        .filter(|one| one.code.severity == Severity::Error);
    let more = wrong.next().map_or(String::new(), |first| {
        format!(" (`backflow explain {}` tells more)", first.code.id)
    });
    format!("{verdict}: {}{more}", parts.join(", "))
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
