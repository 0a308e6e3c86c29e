//! `backflow webhooks`
//!
//! Role: lists events of webhooks, shows one, runs one again, replays those of a time or says what that would change.
//! Invariant: a dry run changes nothing; values of the environment that are not public are not shown.
//! Not here: what an event is; the engine owns that.

use crate::args::webhooks::{
    EventState, EventsListArgs, OneEventArgs, ReplayArgs, WebhooksArgs, WebhooksCommand,
};
use crate::desk::{Doing, at_desk};
use crate::terminal::{Look, Terminal};
use anyhow::{Result, anyhow, bail};
use backflow_engine::{EventDetail, EventInfo, Rehearsed, Replay, RowChange, Runtime};
use backflow_sql::{Duration, parse_duration};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use std::cell::Cell;

/// Runs the command.
pub(crate) fn run(args: &WebhooksArgs, terminal: &Terminal) -> Result<bool> {
    match &args.what {
        WebhooksCommand::List(args) => list(args, terminal),
        WebhooksCommand::Show(args) => show(args, terminal),
        WebhooksCommand::Retry(args) => retry(args, terminal),
        WebhooksCommand::Replay(args) => replay(args, terminal),
    }
}

fn list(args: &EventsListArgs, terminal: &Terminal) -> Result<bool> {
    let (state, limit) = (args.state.map(word), i64::from(args.limit));
    let looking = (Doing::Look, Runtime::events);
    let events = at_desk(&args.desk, looking, terminal, |desk| async move {
        desk.list(state, args.hook.as_deref(), limit).await
    })?;
    let Some(events) = events else { return Ok(false) };
    for event in &events {
        terminal.line(line(event, terminal))?;
    }
    terminal.line(counted(events.len()))?;
    Ok(true)
}

fn counted(events: usize) -> String {
    format!("{events} event{}", if events == 1 { "" } else { "s" })
}

fn line(event: &EventInfo, terminal: &Terminal) -> String {
    let look = match event.state {
        "done" => Look::Good,
        "dead" | "quarantined" => Look::Bad,
        "waiting" => Look::Strong,
        _ => Look::Faint,
    };
    let state = terminal.look(look, &format!("{:11}", event.state));
    let received = terminal.look(Look::Faint, &backflow_expr::timestamp_text(event.received));
    let kind = event.kind.as_deref().unwrap_or("-");
    format!("{}  {state}  {received}  {}  {kind}", event.event, event.hook)
}

fn show(args: &OneEventArgs, terminal: &Terminal) -> Result<bool> {
    let looking = (Doing::Look, Runtime::events);
    let found = at_desk(&args.desk, looking, terminal, |desk| async move {
        desk.show(&args.event).await
    })?;
    let Some(found) = found else { return Ok(false) };
    let Some(EventDetail { info, headers, body }) = found else {
        return Err(unknown(&args.event));
    };
    tell(&info, terminal)?;
    let pairs = serde_json::from_str::<Vec<(String, String)>>(&headers).unwrap_or_default();
    for (name, value) in pairs {
        terminal.line(format_args!("  {name}: {value}"))?;
    }
    let pretty = serde_json::from_str::<Value>(&body).and_then(|body| serde_json::to_string_pretty(&body));
    terminal.line(pretty.unwrap_or(body))?;
    Ok(true)
}

fn unknown(event: &str) -> anyhow::Error {
    anyhow!("there is no event {event}; `backflow webhooks list` lists them")
}

/// An event with all that is known of it but what arrived.
fn tell(event: &EventInfo, terminal: &Terminal) -> Result<()> {
    terminal.line(line(event, terminal))?;
    let instant = backflow_expr::timestamp_text;
    terminal.line(format_args!("  id       {}", event.id))?;
    terminal.line(format_args!("  object   {}", event.object))?;
    terminal.line(format_args!("  created  {}", instant(event.created)))?;
    terminal.line(format_args!(
        "  tenant   {}",
        event.tenant.as_deref().unwrap_or("-")
    ))?;
    for (mark, state) in &event.actions {
        terminal.line(format_args!("  action   {mark}: {state}"))?;
    }
    if event.tries > 0 {
        terminal.line(format_args!("  tries    {}", event.tries))?;
    }
    if let Some(due) = event.due {
        terminal.line(format_args!("  due      {}", instant(due)))?;
    }
    if let Some(error) = &event.error {
        terminal.line(format_args!("  error    {error}"))?;
    }
    Ok(())
}

fn retry(args: &OneEventArgs, terminal: &Terminal) -> Result<bool> {
    let driving = (Doing::Drive, Runtime::events);
    let after = at_desk(&args.desk, driving, terminal, |desk| async move {
        desk.retry(&args.event).await
    })?;
    match after {
        None => Ok(false),
        Some(None) => Err(unknown(&args.event)),
        Some(Some(event)) => {
            tell(&event, terminal)?;
            Ok(matches!(event.state, "done" | "superseded" | "ignored"))
        }
    }
}

fn replay(args: &ReplayArgs, terminal: &Terminal) -> Result<bool> {
    let which = Replay {
        since: instant(&args.since)?,
        until: args.until.as_deref().map(instant).transpose()?,
        hook: args.hook.clone(),
        kind: args.kind.clone(),
    };
    if args.dry_run {
        let looking = (Doing::Look, Runtime::events);
        let would = at_desk(&args.desk, looking, terminal, |desk| async move {
            desk.rehearse(&which).await
        })?;
        let Some(would) = would else { return Ok(false) };
        return rehearsed(&would, terminal);
    }
    let (done, left) = (Cell::new(0), Cell::new(0));
    let driving = (Doing::Drive, Runtime::events);
    let ended = at_desk(&args.desk, driving, terminal, |desk| {
        let (done, left) = (&done, &left);
        async move {
            desk.replay(&which, |event| {
                done.set(done.get() + 1);
                left.set(left.get() + usize::from(matches!(event.state, "waiting" | "quarantined" | "dead")));
                let error = event.error.as_deref().map(|error| format!("  {error}"));
                terminal.aside(format_args!(
                    "{}{}",
                    line(&event, terminal),
                    error.unwrap_or_default()
                ));
            })
            .await
        }
    })?;
    if ended.is_none() {
        return Ok(false);
    }
    terminal.line(format_args!("{} run again", counted(done.get())))?;
    if left.get() > 0 {
        terminal.line(format_args!("{} of them are not done", left.get()))?;
    }
    Ok(left.get() == 0)
}

/// What a replay would change.
fn rehearsed(would: &Rehearsed, terminal: &Terminal) -> Result<bool> {
    for (event, outcome) in &would.events {
        let kind = event.kind.as_deref().unwrap_or("-");
        terminal.line(format_args!("{}  {kind}  {outcome}", event.event))?;
    }
    let mut last = None;
    for row in &would.rows {
        let place = (&row.table, &row.tenant);
        if last != Some(place) {
            last = Some(place);
            terminal.line(heading(row, terminal))?;
        }
        if let Some(before) = &row.before {
            terminal.line(terminal.look(Look::Bad, &format!("  - {before}")))?;
        }
        if let Some(after) = &row.after {
            terminal.line(terminal.look(Look::Good, &format!("  + {after}")))?;
        }
    }
    let rows = match would.rows.len() {
        1 => "1 row".to_owned(),
        rows => format!("{rows} rows"),
    };
    terminal.line(format_args!(
        "{}, {rows} would change; nothing was changed",
        counted(would.events.len())
    ))?;
    Ok(true)
}

fn heading(row: &RowChange, terminal: &Terminal) -> String {
    let table = terminal.look(Look::Strong, &row.table);
    match &row.tenant {
        Some(tenant) => format!("{table} of {tenant}"),
        None => table,
    }
}

/// A timestamp, or so long ago.
fn instant(text: &str) -> Result<Timestamp> {
    if let Some(instant) = backflow_expr::parse_timestamp(text) {
        return Ok(instant);
    }
    let Some(Duration::Micros(micros)) = parse_duration(text) else {
        bail!("`{text}` is no instant: write `2026-11-30T08:00:00Z`, or how long ago it was, as `24h`");
    };
    let ago = SignedDuration::from_micros(micros);
    Timestamp::now()
        .checked_sub(ago)
        .map_err(|_| anyhow!("`{text}` is too long ago"))
}

fn word(state: EventState) -> &'static str {
    match state {
        EventState::Waiting => "waiting",
        EventState::Done => "done",
        EventState::Ignored => "ignored",
        EventState::Superseded => "superseded",
        EventState::Quarantined => "quarantined",
        EventState::Dead => "dead",
    }
}
