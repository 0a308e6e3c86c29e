//! The arguments.
//!
//! Role: what each command takes, and its help.
//! Invariant: every command's help shows an example that runs.
//! Not here: what commands do.

pub(crate) mod webhooks;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::net::IpAddr;
use std::path::PathBuf;

/// A backend out of JSON files: routes, queries and tenancy, checked before anything runs.
#[derive(Debug, Parser)]
#[command(
    name = "backflow",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
#[command(
    after_help = "Start here:\n  backflow dev examples/saas     serve the example, with tokens to try it\n  \
    backflow check .               what is wrong with this project, all at once\n  \
    backflow explain E0604         what a code means and how to mend it"
)]
pub(crate) struct Args {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve for development: makes a secret, invents missing variables, stands in for Stripe and SendGrid, prints requests
    #[command(after_help = "Example:\n  backflow dev examples/saas --port 4000")]
    Dev(DevArgs),
    /// Serve: applies pending migrations first, logs JSON lines
    #[command(
        after_help = "Example:\n  JWT_SECRET=$(openssl rand -hex 32) backflow serve . --host 0.0.0.0 --port 8080"
    )]
    Serve(ServeArgs),
    /// Say everything that is wrong or notable; exit code 1 if something is wrong
    #[command(
        after_help = "Examples:\n  backflow check .\n  DATABASE_URL=postgres://app@localhost/app backflow check . --database\n  backflow check . --env-file .env.example --format json"
    )]
    Check(CheckArgs),
    /// Show what will be done: every route with its checks and statements
    #[command(
        after_help = "Example:\n  backflow plan examples/saas --dev --route 'GET /usage/check/:feature'"
    )]
    Plan(PlanArgs),
    /// List the routes: who may call them and how their tenant is known
    #[command(after_help = "Example:\n  backflow routes examples/saas --dev")]
    Routes(RoutesArgs),
    /// Apply pending migrations, or show where the database stands
    #[command(after_help = "Examples:\n  backflow migrate .\n  backflow migrate . --status")]
    Migrate(MigrateArgs),
    /// Run a stand-alone workflow now, as the system
    #[command(
        after_help = "Example:\n  backflow run remind . --tenant 0197fc2e-5f5e-7d07-9d8b-4b3f0f0f8a11 --input '{\"days\": 3}'"
    )]
    Run(RunArgs),
    /// Runs of workflows: list them, look at one, take a failed one up again, end one
    #[command(
        after_help = "Examples:\n  backflow runs list . --state failed\n  backflow runs show 0197fc2e-5f5e-7d07-9d8b-4b3f0f0f8a11 .\n  \
        backflow runs retry 0197fc2e-5f5e-7d07-9d8b-4b3f0f0f8a11 ."
    )]
    Runs(RunsArgs),
    /// Events of webhooks: list them, look at one, run one again, replay those of a time
    #[command(
        after_help = "Examples:\n  backflow webhooks list . --state quarantined\n  backflow webhooks show evt_1NG8Du2eZvKYlo2C .\n  \
        backflow webhooks retry evt_1NG8Du2eZvKYlo2C .\n  backflow webhooks replay . --since 24h --dry-run"
    )]
    Webhooks(webhooks::WebhooksArgs),
    /// Print a token signed with the project's secret
    #[command(
        after_help = "Examples:\n  backflow token . --sub 4be0643f-1d98-473b-97cd-ca98a65347dd --email ada@example.com\n  \
        backflow token . --sub 7 --claim level=5 --claim tenant_id=9 --ttl 1h"
    )]
    Token(TokenArgs),
    /// Print the page of a code
    #[command(after_help = "Examples:\n  backflow explain E0604\n  backflow explain --list")]
    Explain(ExplainArgs),
}

/// Which project.
#[derive(Debug, ClapArgs)]
pub(crate) struct ProjectArgs {
    /// The project's folder
    #[arg(value_name = "FOLDER", default_value = ".")]
    pub(crate) folder: PathBuf,
    /// Read variables from this file instead of `.env` in the folder
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,
}

/// Which project, and whether variables may be invented.
#[derive(Debug, ClapArgs)]
pub(crate) struct LookArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// Invent variables that are missing, as `backflow dev` does
    #[arg(long)]
    pub(crate) dev: bool,
    /// Look into the database, too: what it has that the migrations do not say, and where it differs from them
    #[arg(long)]
    pub(crate) database: bool,
}

/// Where to listen and what to log.
#[derive(Debug, ClapArgs)]
pub(crate) struct ListenArgs {
    /// Address to listen on [default: HOST, else 127.0.0.1]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) host: Option<IpAddr>,
    /// Port to listen on; 0 takes a free one [default: PORT, else 3000]
    #[arg(long, value_name = "PORT")]
    pub(crate) port: Option<u16>,
    /// What to log: error, warn, info, debug, or `target=level,…` [default: RUST_LOG, else info]
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<String>,
}

/// `dev`
#[derive(Debug, ClapArgs)]
pub(crate) struct DevArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) listen: ListenArgs,
}

/// `serve`
#[derive(Debug, ClapArgs)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    #[command(flatten)]
    pub(crate) listen: ListenArgs,
    /// Refuse to start when migrations are pending instead of applying them
    #[arg(long)]
    pub(crate) no_migrate: bool,
}

/// `check`
#[derive(Debug, ClapArgs)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) look: LookArgs,
    /// How to say it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(crate) format: Format,
}

/// How `check` reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Human,
    /// For tools: one JSON array
    Json,
}

/// `plan`
#[derive(Debug, ClapArgs)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    pub(crate) look: LookArgs,
    /// Only this route, as `METHOD /path`
    #[arg(long, value_name = "ROUTE")]
    pub(crate) route: Option<String>,
}

/// `routes`
#[derive(Debug, ClapArgs)]
pub(crate) struct RoutesArgs {
    #[command(flatten)]
    pub(crate) look: LookArgs,
}

/// `migrate`
#[derive(Debug, ClapArgs)]
pub(crate) struct MigrateArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// Only show what is applied and what is pending
    #[arg(long)]
    pub(crate) status: bool,
}

/// `run`
#[derive(Debug, ClapArgs)]
pub(crate) struct RunArgs {
    /// The workflow's name
    #[arg(value_name = "WORKFLOW")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
    /// The key of the tenant whose rows it touches
    #[arg(long, value_name = "ID")]
    pub(crate) tenant: Option<String>,
    /// Its input, a JSON object
    #[arg(long, default_value = "{}", value_name = "JSON")]
    pub(crate) input: String,
}

/// `runs`
#[derive(Debug, ClapArgs)]
pub(crate) struct RunsArgs {
    #[command(subcommand)]
    pub(crate) what: RunsCommand,
}

/// What is done with runs.
#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List runs, newest first
    List(RunsListArgs),
    /// Show a run with its steps: what was asked of providers, and what came of it
    Show(RunsShowArgs),
    /// Take a failed run up again, from its journal, and wait for its end
    Retry(OneRunArgs),
    /// End a run; what it did stays done
    Cancel(OneRunArgs),
}

/// Whose runs.
#[derive(Debug, ClapArgs)]
pub(crate) struct DeskArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// Do as `backflow dev`: invent variables that are missing, call its sandbox where there is no account
    #[arg(long)]
    pub(crate) dev: bool,
}

/// `runs list`
#[derive(Debug, ClapArgs)]
pub(crate) struct RunsListArgs {
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
    /// Only runs in this state
    #[arg(long, value_enum)]
    pub(crate) state: Option<RunState>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_name = "COUNT")]
    pub(crate) limit: u16,
}

/// The states of runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunState {
    /// Under way
    Running,
    /// Ended with an answer
    Done,
    /// Ended with a refusal
    Refused,
    /// Failed; can be taken up again
    Failed,
    /// Ended by hand
    Canceled,
}

/// `runs show`
#[derive(Debug, ClapArgs)]
pub(crate) struct RunsShowArgs {
    #[command(flatten)]
    pub(crate) one: OneRunArgs,
    /// Show requests and outcomes whole, however long
    #[arg(long)]
    pub(crate) full: bool,
}

/// One run of a project.
#[derive(Debug, ClapArgs)]
pub(crate) struct OneRunArgs {
    /// The run's id
    #[arg(value_name = "RUN")]
    pub(crate) run: String,
    #[command(flatten)]
    pub(crate) desk: DeskArgs,
}

/// `token`
#[derive(Debug, ClapArgs)]
pub(crate) struct TokenArgs {
    #[command(flatten)]
    pub(crate) project: ProjectArgs,
    /// Who: the claim `sub`
    #[arg(long, value_name = "ID")]
    pub(crate) sub: String,
    /// The claim `email`
    #[arg(long)]
    pub(crate) email: Option<String>,
    /// A further claim; the value is JSON, else text
    #[arg(long = "claim", value_name = "NAME=VALUE")]
    pub(crate) claims: Vec<String>,
    /// How long it is valid: a number and `s`, `m`, `h`, `d` or `w`
    #[arg(long, default_value = "24h", value_name = "TIME")]
    pub(crate) ttl: String,
}

/// `explain`
#[derive(Debug, ClapArgs)]
pub(crate) struct ExplainArgs {
    /// The code, for example E0604
    #[arg(required_unless_present = "list")]
    pub(crate) code: Option<String>,
    /// List all codes
    #[arg(long)]
    pub(crate) list: bool,
}
