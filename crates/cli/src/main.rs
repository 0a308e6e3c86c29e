//! The `backflow` command.
//!
//! Role: reads arguments, runs one command, turns its outcome into an exit code: 0 done, 1 the project has
//! faults, 2 anything else.
//! Input: arguments, a project folder, the environment. Output: text, or a server.
//! Invariant: nothing is written to the project folder but `data/` (the database) and `.backflow/` (by `dev`).
//! Not here: what a project means; the other crates own that.

mod address;
mod args;
mod assemble;
mod beyond;
mod command;
mod compiled;
mod database;
mod desk;
mod dev;
mod environment;
mod files;
mod log;
mod project;
mod ready;
mod refusal;
mod run;
mod settings;
mod terminal;
mod version;

use args::{Args, Command};
use clap::Parser;
use std::process::ExitCode;
use terminal::Terminal;

/// The system allocator took a good part of what a request costs beside the database.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Exit code when the project has faults.
const FAULTS: u8 = 1;
/// Exit code of everything else that went wrong; clap's own too.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    let args = Args::parse();
    let terminal = Terminal::new();
    let done = match &args.command {
        Command::Dev(args) => command::dev::run(args, &terminal),
        Command::Serve(args) => command::serve::run(args, &terminal),
        Command::Check(args) => command::check::run(args, &terminal),
        Command::Plan(args) => command::plan::run(args, &terminal),
        Command::Routes(args) => command::routes::run(args, &terminal),
        Command::Migrate(args) => command::migrate::run(args, &terminal),
        Command::Run(args) => command::run::run(args, &terminal),
        Command::Runs(args) => command::runs::run(args, &terminal),
        Command::Webhooks(args) => command::webhooks::run(args, &terminal),
        Command::Token(args) => command::token::run(args, &terminal),
        Command::Explain(args) => command::explain::run(args, &terminal),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(FAULTS),
        Err(error) if terminal::is_closed(&error) => ExitCode::SUCCESS,
        Err(error) => {
            terminal.complain(&error);
            ExitCode::from(FAILED)
        }
    }
}
