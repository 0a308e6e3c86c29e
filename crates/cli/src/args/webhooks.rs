//! The arguments of `backflow webhooks`.

use super::DeskArgs;
use clap::{Args as ClapArgs, Subcommand, ValueEnum};

/// `webhooks`
#[derive(Debug, ClapArgs)]
pub(crate) struct WebhooksArgs {
    #[command(subcommand)]
    pub(crate) what: WebhooksCommand,
}

/// What is done with events.
#[derive(Debug, Subcommand)]
pub(crate) enum WebhooksCommand {
    /// List events, newest first
    List(EventsListArgs),
    /// Show an event: what became of it, its headers and its body
    Show(OneEventArgs),
    /// Run at once what is left of an event that failed, waits or is in quarantine
    Retry(OneEventArgs),
    /// Run events again from their start, in the order in which they were made; calls that were made are not made again
    Replay(ReplayArgs),
}

/// `webhooks list`
#[derive(Debug, ClapArgs)]
pub(crate) struct EventsListArgs {
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
    /// Only events in this state
    #[arg(long, value_enum)]
    pub(crate) state: Option<EventState>,
    /// Only events of this webhook
    #[arg(long, value_name = "NAME")]
    pub(crate) hook: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    pub(crate) limit: u16,
}

/// The states of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EventState {
    /// To be run, or to be tried again
    Waiting,
    /// Run
    Done,
    /// It leads to nothing
    Ignored,
    /// Newer events wrote what it would write
    Superseded,
    /// Its tenant is not known
    Quarantined,
    /// Failed for 24 hours
    Dead,
}

/// One event of a project.
#[derive(Debug, ClapArgs)]
pub(crate) struct OneEventArgs {
    /// The event's id, its provider's or the inbox's
    #[arg(value_name = "EVENT")]
    pub(crate) event: String,
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
}

/// `webhooks replay`
#[derive(Debug, ClapArgs)]
pub(crate) struct ReplayArgs {
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
    /// Events that arrived from here on: a timestamp, or how long ago, as `24h` or `30d`
    #[arg(long, value_name = "TIME")]
    pub(crate) since: String,
    /// Events that arrived until here; without it, until now
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// Only events of this webhook
    #[arg(long, value_name = "NAME")]
    pub(crate) hook: Option<String>,
    /// Only events of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub(crate) kind: Option<String>,
    /// Show the rows that would change, before and after, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}
