//! `backflow dev`
//!
//! Role: `serve` for the first five minutes: what is missing is invented and said, and there is something to
//! paste.
//! Invariant: what is invented stays on this machine (`.backflow/`, not for version control) and is never used
//! by `serve`.
//! Not here: what is invented and how (`dev`).

use crate::args::DevArgs;
use crate::assemble::{Providers, Reach};
use crate::compiled::Compiled;
use crate::dev::sandbox::Sandboxed;
use crate::dev::{self, State, guide};
use crate::log::{self, Style};
use crate::project::Project;
use crate::ready::{Pending, Ready, ready};
use crate::terminal::{Look, Terminal};
use crate::{command, run as server};
use anyhow::Result;
use backflow_postgres::Live;

/// Runs the command.
pub(crate) fn run(args: &DevArgs, terminal: &Terminal) -> Result<bool> {
    let folder = &args.project.folder;
    let mut state = State::read(folder)?;
    // Variables such as APP_URL hold the port, so it is taken first.
    let project = Project::read(folder, args.project.env_file.as_deref())?;
    let listener = server::bind(&args.listen, &project.environment)?;
    let given = project.environment.clone();
    let address = listener.local_addr()?;
    let port = Some(address.port());
    let (compiled, invented) = dev::compile(&args.project, &mut state, port, None)?;
    if compiled.plan.is_none() && !compiled.may_be_right() {
        return command::refuse(&compiled, terminal);
    }
    let _flush = log::start(Style::Short(terminal.color), args.listen.log.as_deref())?;
    state.write()?;
    let mut compile = |live: Option<&Live>| Ok(dev::compile(&args.project, &mut state, port, live)?.0);
    let Ready {
        compiled,
        database,
        applied,
    } = match ready(compiled, &mut compile, Pending::Apply)? {
        Ok(ready) => ready,
        Err(compiled) => return command::refuse(&compiled, terminal),
    };
    let sandbox = dev::sandbox::start(&compiled, &given, &state, &database, Some(address))?;
    greet(&compiled, &applied, terminal)?;
    let spared = sandbox
        .as_ref()
        .zip(compiled.plan.as_ref())
        .map(|(sandbox, plan)| sandbox.spared(plan))
        .unwrap_or_default();
    for one in invented.iter().filter(|one| !spared.contains(&one.name)) {
        terminal.line(terminal.look(Look::Faint, &one.line))?;
    }
    guide::print(&compiled, &mut state, address, sandbox.as_ref(), terminal)?;
    state.write()?;
    let providers = Providers {
        reach: Reach::Called,
        stand_ins: sandbox.as_ref().map(Sandboxed::stand_ins).unwrap_or_default(),
        is_dev: true,
    };
    server::run(compiled, &database, listener, providers)?;
    Ok(true)
}

fn greet(compiled: &Compiled, applied: &[String], terminal: &Terminal) -> Result<()> {
    terminal.line(super::check::total(compiled, terminal))?;
    let (_, warnings) = compiled.counts();
    if warnings > 0 {
        let folder = compiled.folder.display();
        terminal.line(format_args!("  see the warnings: backflow check --dev {folder}"))?;
    }
    let address = compiled.address()?;
    terminal.line(format_args!("database: {}, {address}", address.product()))?;
    for name in applied {
        terminal.line(format_args!("applied {name}"))?;
    }
    Ok(())
}
