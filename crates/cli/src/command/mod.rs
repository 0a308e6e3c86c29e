//! The commands, one file each.
//!
//! Role: each `run` takes its arguments and gives true, or false when the project has faults.
//! Invariant: a fault of the author is an outcome; an error is of the system.
//! Not here: anything two commands share, except preparing a project.

pub(crate) mod check;
pub(crate) mod dev;
pub(crate) mod explain;
pub(crate) mod migrate;
pub(crate) mod plan;
pub(crate) mod routes;
pub(crate) mod run;
pub(crate) mod runs;
pub(crate) mod serve;
pub(crate) mod token;
pub(crate) mod webhooks;

use crate::args::{LookArgs, ProjectArgs};
use crate::compiled::Compiled;
use crate::database;
use crate::dev::State;
use crate::project::Project;
use crate::terminal::Terminal;
use anyhow::Result;
use backflow_postgres::Live;

/// Compiles a project as `serve` would.
fn compile(args: &ProjectArgs) -> Result<Compiled> {
    compile_with(args, None)
}

/// The same, with what lives in the database.
pub(crate) fn compile_with(args: &ProjectArgs, live: Option<&Live>) -> Result<Compiled> {
    let project = Project::read(&args.folder, args.env_file.as_deref())?;
    Ok(Compiled::of(project, live))
}

/// Compiles a project as `serve` would, or as `dev` would; with a look into the database if that is asked for.
fn look(args: &LookArgs) -> Result<Compiled> {
    let mut state = args.dev.then(|| State::read(&args.project.folder)).transpose()?;
    let mut compile = |live: Option<&Live>| match &mut state {
        Some(state) => Ok(crate::dev::compile(&args.project, state, None, live)?.0),
        None => compile_with(&args.project, live),
    };
    let compiled = compile(None)?;
    if !args.database || compiled.plan.is_none() && !compiled.may_be_right() {
        return Ok(compiled);
    }
    let Some(seen) = database::look(&compiled)? else {
        return Ok(compiled);
    };
    let mut compiled = compile(Some(&seen.live))?;
    if seen.pending.is_empty() {
        compiled.compare(&seen.live);
    }
    compiled.pending = seen.pending;
    Ok(compiled)
}

/// Shows the faults of a project that cannot be used; false, the outcome of such a command.
pub(crate) fn refuse(compiled: &Compiled, terminal: &Terminal) -> Result<bool> {
    terminal.write(compiled.report(terminal.color))?;
    let missing = compiled.missing();
    if !missing.is_empty() {
        terminal.line(format_args!(
            "missing variables: {}; set them in .env, or try `backflow dev {}`, which makes them up\n",
            missing.join(", "),
            compiled.folder.display()
        ))?;
    }
    terminal.line(check::total(compiled, terminal))?;
    Ok(false)
}
