//! `backflow run`
//!
//! Role: starts a stand-alone workflow and waits for its end.
//! Invariant: it runs as the system, inside the one tenant that is named.
//! Not here: workflows that routes start.

use crate::args::RunArgs;
use crate::command::runs::tell;
use crate::desk::{Doing, at_desk};
use crate::terminal::Terminal;
use anyhow::Result;
use backflow_engine::Runtime;

/// Runs the command.
pub(crate) fn run(args: &RunArgs, terminal: &Terminal) -> Result<bool> {
    let (name, tenant, input) = (args.name.clone(), args.tenant.clone(), args.input.clone());
    let end = at_desk(
        &args.desk,
        (Doing::Drive, Runtime::desk),
        terminal,
        |desk| async move { desk.run(&name, tenant.as_deref(), &input).await },
    )?;
    match end {
        None => Ok(false),
        Some(end) => tell(&end, terminal),
    }
}
