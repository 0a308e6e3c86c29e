//! Where people read.
//!
//! Role: writes to standard output and standard error, in colour only where that is a terminal.
//! Invariant: `NO_COLOR` (any value but the empty one) and output into a file or pipe give plain text; a
//! reader that goes away (`| head`) is no failure.
//! Not here: what is written.

use crate::environment;
use anyhow::{Error, Result};
use std::fmt::Display;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// Standard output and standard error.
#[derive(Debug)]
pub(crate) struct Terminal {
    /// Whether standard output takes colours.
    pub(crate) color: bool,
}

/// The looks we use.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Look {
    Good,
    Bad,
    Strong,
    Faint,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let refused = environment::of_process("NO_COLOR").is_some_and(|value| !value.is_empty())
            || environment::of_process("TERM").is_some_and(|value| value == "dumb");
        Self {
            color: io::stdout().is_terminal() && !refused,
        }
    }

    /// Writes text as it stands.
    pub(crate) fn write(&self, text: impl Display) -> Result<()> {
        let mut out = io::stdout().lock();
        write!(out, "{text}")?;
        Ok(out.flush()?)
    }

    /// Writes a line.
    pub(crate) fn line(&self, text: impl Display) -> Result<()> {
        self.write(format_args!("{text}\n"))
    }

    /// A text with a look, if there are colours.
    pub(crate) fn look(&self, look: Look, text: &str) -> String {
        let code = match look {
            Look::Good => "1;32",
            Look::Bad => "1;31",
            Look::Strong => "1",
            Look::Faint => "2",
        };
        if self.color {
            format!("\x1b[{code}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Says something beside the output proper.
    pub(crate) fn aside(&self, text: impl Display) {
        drop(writeln!(io::stderr(), "{text}"));
    }

    /// Says why a command failed.
    pub(crate) fn complain(&self, error: &Error) {
        self.aside(format_args!("error: {error:#}"));
    }
}

/// Whether this is only the reader of our output having gone away.
pub(crate) fn is_closed(error: &Error) -> bool {
    error
        .downcast_ref::<io::Error>()
        .is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}
