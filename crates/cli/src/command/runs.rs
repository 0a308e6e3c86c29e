//! `backflow runs`
//!
//! Role: lists runs of workflows, shows one with its steps, takes a failed one up again, ends one.
//! Invariant: nothing that is shown holds a secret value.
//! Not here: what a run is; the engine owns that.

use crate::args::{OneRunArgs, RunState, RunsArgs, RunsCommand, RunsListArgs, RunsShowArgs};
use crate::desk::{Doing, at_desk};
use crate::terminal::{Look, Terminal};
use anyhow::{Result, bail};
use backflow_engine::{RunEnd, RunInfo, Runtime, StepInfo};
use serde_json::Value;

/// Characters of a request or outcome that are shown.
const SHOWN: usize = 300;

/// Runs the command.
pub(crate) fn run(args: &RunsArgs, terminal: &Terminal) -> Result<bool> {
    match &args.what {
        RunsCommand::List(args) => list(args, terminal),
        RunsCommand::Show(args) => show(args, terminal),
        RunsCommand::Retry(args) => retry(args, terminal),
        RunsCommand::Cancel(args) => cancel(args, terminal),
    }
}

fn list(args: &RunsListArgs, terminal: &Terminal) -> Result<bool> {
    let state = args.state.map(word);
    let limit = i64::from(args.limit);
    let runs = at_desk(
        &args.desk,
        (Doing::Look, Runtime::desk),
        terminal,
        |desk| async move { desk.list(state, limit).await },
    )?;
    let Some(runs) = runs else { return Ok(false) };
    for run in &runs {
        terminal.line(line(run, terminal))?;
    }
    let plural = if runs.len() == 1 { "" } else { "s" };
    terminal.line(format_args!("{} run{plural}", runs.len()))?;
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

fn show(args: &RunsShowArgs, terminal: &Terminal) -> Result<bool> {
    let id = args.one.run.clone();
    let found = at_desk(
        &args.one.desk,
        (Doing::Look, Runtime::desk),
        terminal,
        |desk| async move { desk.show(&id).await },
    )?;
    let Some(found) = found else { return Ok(false) };
    let Some((run, steps)) = found else {
        bail!(
            "there is no run {}; `backflow runs list` lists them",
            args.one.run
        );
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
        show_step(step, args.full, terminal)?;
    }
    Ok(true)
}

fn show_step(step: &StepInfo, full: bool, terminal: &Terminal) -> Result<()> {
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
        terminal.line(format_args!("    asked    {}", cut(request, full)))?;
    }
    if let Some(outcome) = &step.outcome {
        terminal.line(format_args!("    outcome  {}", cut(&readable(outcome), full)))?;
    }
    Ok(())
}

/// What came of a step: rows as they were answered, anything else as it is.
fn readable(outcome: &str) -> String {
    let rows = |sets: &[Value]| -> Option<Vec<String>> {
        let mut rows = Vec::new();
        for set in sets.iter().filter(|set| !set.is_null()) {
            for row in set.as_array()? {
                rows.push(row.get("json")?.as_str()?.to_owned());
            }
        }
        Some(rows)
    };
    let parsed = serde_json::from_str::<Value>(outcome).ok();
    match parsed
        .as_ref()
        .and_then(Value::as_array)
        .and_then(|sets| rows(sets))
    {
        Some(rows) if rows.is_empty() => "no rows".to_owned(),
        Some(rows) => rows.join(" "),
        None => outcome.to_owned(),
    }
}

/// The beginning of a long text.
fn cut(text: &str, full: bool) -> String {
    let length = text.chars().count();
    if full || length <= SHOWN {
        return text.to_owned();
    }
    let start: String = text.chars().take(SHOWN).collect();
    format!("{start}… ({length} characters, --full shows all)")
}

fn retry(args: &OneRunArgs, terminal: &Terminal) -> Result<bool> {
    let id = args.run.clone();
    let end = at_desk(
        &args.desk,
        (Doing::Drive, Runtime::desk),
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
        &args.desk,
        (Doing::Look, Runtime::desk),
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
