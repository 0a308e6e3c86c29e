//! `backflow runs`
//!
//! Role: lists runs of workflows, shows one with its steps, takes a failed one up again, ends one.
//! Invariant: nothing that is shown holds a secret value.
//! Not here: what a run is; the engine owns that.

use crate::args::{OneRunArgs, ProjectArgs, RunState, RunsArgs, RunsCommand, RunsListArgs};
use crate::assemble::{self, Providers};
use crate::command;
use crate::database::Database;
use crate::terminal::{Look, Terminal};
use anyhow::{Result, anyhow, bail};
use backflow_engine::{Desk, Fault, RunEnd, RunInfo, StepInfo};

/// Runs the command.
pub(crate) fn run(args: &RunsArgs, terminal: &Terminal) -> Result<bool> {
    match &args.what {
        RunsCommand::List(args) => list(args, terminal),
        RunsCommand::Show(args) => show(args, terminal),
        RunsCommand::Retry(args) => retry(args, terminal),
        RunsCommand::Cancel(args) => cancel(args, terminal),
    }
}

/// Opens a project's desk and does something there; `None`: the project has faults, which were shown.
pub(crate) fn at_desk<T, F>(
    args: &ProjectArgs,
    terminal: &Terminal,
    work: impl FnOnce(Desk) -> F,
) -> Result<Option<T>>
where
    F: Future<Output = Result<T, Fault>>,
{
    let compiled = command::compile(args)?;
    if compiled.plan.is_none() {
        command::refuse(&compiled, terminal)?;
        return Ok(None);
    }
    let database = Database::open(&compiled)?;
    database.prepare(&compiled)?;
    let runtime = assemble::runtime(compiled, &database, Providers::default())?;
    let desk = runtime.desk();
    let desk = desk.ok_or_else(|| anyhow!("the project keeps no runs"))?;
    let done = database.runtime.block_on(work(desk));
    drop(runtime);
    database.close();
    match done {
        Ok(done) => Ok(Some(done)),
        Err(fault) => bail!("{} ({})", fault.message(), fault.code_text()),
    }
}

fn list(args: &RunsListArgs, terminal: &Terminal) -> Result<bool> {
    let state = args.state.map(word);
    let limit = i64::from(args.limit);
    let runs = at_desk(&args.project, terminal, |desk| async move {
        desk.list(state, limit).await
    })?;
    let Some(runs) = runs else { return Ok(false) };
    for run in &runs {
        terminal.line(line(run, terminal))?;
    }
    terminal.line(format_args!("{} runs", runs.len()))?;
    Ok(true)
}

fn line(run: &RunInfo, terminal: &Terminal) -> String {
    let look = match run.state {
        "done" => Look::Good,
        "failed" => Look::Bad,
        _ => Look::Strong,
    };
    let status = run.status.map_or(String::from("-"), |status| status.to_string());
    let state = terminal.look(look, &format!("{:8}", run.state));
    let started = terminal.look(Look::Faint, &backflow_expr::timestamp_text(run.started));
    let tenant = run.tenant.as_deref().unwrap_or("-");
    format!(
        "{}  {state}  {status:>3}  {started}  {tenant}  {}",
        run.id, run.name
    )
}

fn show(args: &OneRunArgs, terminal: &Terminal) -> Result<bool> {
    let id = args.run.clone();
    let found = at_desk(
        &args.project,
        terminal,
        |desk| async move { desk.show(&id).await },
    )?;
    let Some(found) = found else { return Ok(false) };
    let Some((run, steps)) = found else {
        bail!("there is no run {}; `backflow runs list` lists them", args.run);
    };
    terminal.line(line(&run, terminal))?;
    terminal.line(format_args!(
        "  caller   {}",
        run.caller.as_deref().unwrap_or("the system")
    ))?;
    terminal.line(format_args!("  version  {}", run.version))?;
    if let Some(ended) = run.ended {
        terminal.line(format_args!(
            "  ended    {}",
            backflow_expr::timestamp_text(ended)
        ))?;
    }
    if let Some(error) = &run.error {
        terminal.line(format_args!("  error    {error}"))?;
    }
    for step in &steps {
        show_step(step, terminal)?;
    }
    Ok(true)
}

fn show_step(step: &StepInfo, terminal: &Terminal) -> Result<()> {
    let epoch = match step.epoch {
        0 => String::new(),
        epoch => format!(", key number {}", epoch + 1),
    };
    terminal.line(format_args!(
        "  {}: {}{epoch}",
        terminal.look(Look::Strong, &step.id),
        step.state
    ))?;
    if let Some(request) = &step.request {
        terminal.line(format_args!("    asked    {request}"))?;
    }
    if let Some(outcome) = &step.outcome {
        terminal.line(format_args!("    outcome  {outcome}"))?;
    }
    Ok(())
}

fn retry(args: &OneRunArgs, terminal: &Terminal) -> Result<bool> {
    let id = args.run.clone();
    let end = at_desk(
        &args.project,
        terminal,
        |desk| async move { desk.retry(&id).await },
    )?;
    match end {
        None => Ok(false),
        Some(None) => bail!(
            "there is no failed run {}; only failed runs are taken up again",
            args.run
        ),
        Some(Some(end)) => tell(&end, terminal),
    }
}

fn cancel(args: &OneRunArgs, terminal: &Terminal) -> Result<bool> {
    let id = args.run.clone();
    let done = at_desk(
        &args.project,
        terminal,
        |desk| async move { desk.cancel(&id).await },
    )?;
    match done {
        None => Ok(false),
        Some(false) => bail!("there is no run {} that could be ended", args.run),
        Some(true) => {
            terminal.line(format_args!("{} is canceled; what it did stays done", args.run))?;
            Ok(true)
        }
    }
}

/// Tells how a run ended; false unless it ended well.
pub(crate) fn tell(end: &RunEnd, terminal: &Terminal) -> Result<bool> {
    terminal.line(format_args!("{}  {}  {}", end.id, end.status, end.body))?;
    Ok(end.status < 400)
}

fn word(state: RunState) -> &'static str {
    match state {
        RunState::Running => "running",
        RunState::Done => "done",
        RunState::Refused => "refused",
        RunState::Failed => "failed",
        RunState::Canceled => "canceled",
    }
}
