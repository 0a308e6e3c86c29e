//! Where runs and events of a project are looked at and driven from the command line.
//!
//! Role: compiles the project, opens its database, and gives a command a desk of the engine's.
//! Invariant: looking calls no provider and migrates nothing; a value that `backflow dev` made up is used for a call
//! only where that is asked for.
//! Not here: what is shown (`command::runs`, `command::webhooks`), what a run or an event is (the engine).

use crate::address::Address;
use crate::args::DeskArgs;
use crate::assemble::{self, Providers, Reach};
use crate::command;
use crate::compiled::Compiled;
use crate::dev::{self, State, sandbox};
use crate::environment::Environment;
use crate::project::Project;
use crate::ready::{Pending, Ready, ready};
use crate::terminal::Terminal;
use anyhow::{Result, anyhow, bail};
use backflow_engine::{Fault, Runtime};
use backflow_postgres::Live;
use std::time::Duration;

/// How long runs of others that were taken over here may go on.
const REST: Duration = Duration::from_secs(5);

/// What is done at the desk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Doing {
    /// Rows of the journal are read or marked.
    Look,
    /// Runs go on here: providers are called.
    Drive,
}

/// Opens a desk of a project and does something there; `None`: the project has faults, which were shown.
pub(crate) fn at_desk<D, T, F>(
    args: &DeskArgs,
    (doing, desk): (Doing, impl FnOnce(&Runtime) -> Option<D>),
    terminal: &Terminal,
    work: impl FnOnce(D) -> F,
) -> Result<Option<T>>
where
    F: Future<Output = Result<T, Fault>>,
{
    let mut state = State::read(&args.project.folder)?;
    let mut is_dev = args.dev;
    let mut compile = |live: Option<&Live>| compiled(args, doing, &mut is_dev, &mut state, live);
    let first = compile(None)?;
    if first.plan.is_some() || first.may_be_right() {
        has_database(&first)?;
    }
    let Ready {
        compiled, database, ..
    } = match ready(first, &mut compile, Pending::Refuse)? {
        Ok(ready) => ready,
        Err(compiled) => {
            command::refuse(&compiled, terminal)?;
            return Ok(None);
        }
    };
    let mut providers = Providers {
        reach: match doing {
            Doing::Look => Reach::Unused,
            Doing::Drive => Reach::Called,
        },
        ..Providers::default()
    };
    let stand_in = match (doing, is_dev) {
        (Doing::Drive, true) => sandbox::join(&compiled, &given(args)?, &state, &database)?,
        _ => None,
    };
    if let Some(stand_in) = &stand_in {
        providers.stand_ins = stand_in.stand_ins();
        terminal.aside(format_args!(
            "{} answered by the sandbox, see {}/_sandbox/",
            stand_in.whom(),
            stand_in.address()
        ));
    }
    let runtime = assemble::runtime(compiled, &database, providers)?;
    let desk = desk(&runtime).ok_or_else(|| anyhow!("the project keeps no journal"))?;
    let done = database.runtime.block_on(async {
        match doing {
            Doing::Look => work(desk).await,
            Doing::Drive => driven(&runtime, work(desk)).await,
        }
    });
    drop((runtime, stand_in));
    database.close();
    match done {
        Ok(done) => Ok(Some(done)),
        Err(fault) => bail!("{} ({})", fault.message(), fault.code_text()),
    }
}

/// Drives a run as a server would: its version is kept, so that another process can go on with it.
async fn driven<T>(runtime: &Runtime, work: impl Future<Output = Result<T, Fault>>) -> Result<T, Fault> {
    runtime.start().await?;
    let done = work.await;
    runtime.rest(REST).await;
    done
}

/// Compiles the project: as `serve` would; as `dev` would if that is asked for, or if variables are missing and no
/// provider will be called.
fn compiled(
    args: &DeskArgs,
    doing: Doing,
    is_dev: &mut bool,
    state: &mut State,
    live: Option<&Live>,
) -> Result<Compiled> {
    if !*is_dev {
        let compiled = command::compile_with(&args.project, live)?;
        if doing == Doing::Drive || compiled.missing().is_empty() {
            return Ok(compiled);
        }
        *is_dev = true;
    }
    Ok(dev::compile(&args.project, state, None, live)?.0)
}

/// The variables that nobody made up.
fn given(args: &DeskArgs) -> Result<Environment> {
    let project = Project::read(&args.project.folder, args.project.env_file.as_deref())?;
    Ok(project.environment)
}

/// Looking makes no database.
fn has_database(compiled: &Compiled) -> Result<()> {
    match compiled.address()? {
        Address::File(path) if !path.exists() => bail!(
            "there is no database at {} yet; `backflow dev` and `backflow serve` make it",
            path.display()
        ),
        _ => Ok(()),
    }
}
