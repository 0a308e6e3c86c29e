//! `backflow explain`
//!
//! Role: prints the page of a code, or the list of all codes.
//! Invariant: needs no project.
//! Not here: the pages; `docs/errors` holds them.

use crate::args::ExplainArgs;
use crate::terminal::Terminal;
use anyhow::{Result, bail};
use backflow_diag::{Code, codes, nearest, page};

/// Runs the command.
pub(crate) fn run(args: &ExplainArgs, terminal: &Terminal) -> Result<bool> {
    let Some(id) = args.code.as_deref().filter(|_| !args.list) else {
        for code in codes::ALL {
            terminal.line(format_args!("{}  {}", code.id, code.title))?;
        }
        return Ok(true);
    };
    let Some(code) = Code::find(id.trim()) else {
        match nearest(id, codes::ALL.iter().map(|code| code.id)) {
            Some(near) => {
                bail!("there is no code `{id}`; did you mean {near}? `backflow explain --list` lists all")
            }
            None => bail!("there is no code `{id}`; `backflow explain --list` lists all"),
        }
    };
    terminal.line(page(code).trim_end())?;
    Ok(true)
}
