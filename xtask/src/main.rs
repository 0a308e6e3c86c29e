//! Chores of the workspace, run as `cargo xtask <chore>`.
//!
//! Role: keeps the shape of the code honest: `layers` (who may depend on whom), `sizes` (no file grows too
//! long), `codes` (every diagnostic code is explained and demonstrated); starts the crash tests (`crash`).
//! Output: nothing but a line when all is well; else every violation, and exit code 1.
//! Invariant: no chore changes a file.
//! Not here: what the crash tests do (the testkit); building, formatting.

mod codes;
mod crash;
mod files;
mod layers;
mod sizes;

use anyhow::{Result, bail};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A chore: what it is called, what it checks, and the check, which lists the violations.
struct Chore {
    name: &'static str,
    checks: &'static str,
    run: fn(&Path) -> Result<Vec<String>>,
}

const CHORES: [Chore; 3] = [
    Chore {
        name: "layers",
        checks: "crates depend only on what they may",
        run: layers::run,
    },
    Chore {
        name: "sizes",
        checks: "no source file is too long",
        run: sizes::run,
    },
    Chore {
        name: "codes",
        checks: "every code has a page and a golden document",
        run: codes::run,
    },
];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    match run(&wanted) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("error: {error:#}\n\n{}", usage()));
            ExitCode::FAILURE
        }
    }
}

/// Runs the chores called by name (all of them if none is), and says whether none found anything.
fn run(wanted: &[String]) -> Result<bool> {
    if let Some(("crash", args)) = wanted.split_first().map(|(first, rest)| (first.as_str(), rest)) {
        return crash::run(&root(), args);
    }
    if let Some(stranger) = wanted.iter().find(|name| CHORES.iter().all(|c| c.name != **name)) {
        bail!("there is no chore `{stranger}`");
    }
    let root = root();
    let mut is_clean = true;
    for chore in CHORES {
        if !wanted.is_empty() && wanted.iter().all(|name| name != chore.name) {
            continue;
        }
        let violations = (chore.run)(&root)?;
        let verdict = match violations.len() {
            0 => "ok".to_owned(),
            1 => "1 violation".to_owned(),
            count => format!("{count} violations"),
        };
        say(&format!("{}: {verdict} ({})", chore.name, chore.checks));
        for violation in &violations {
            say(&format!("  {violation}"));
        }
        is_clean &= violations.is_empty();
    }
    Ok(is_clean)
}

fn usage() -> String {
    let lines: Vec<String> = CHORES
        .iter()
        .map(|c| format!("  {:8}{}", c.name, c.checks))
        .collect();
    format!(
        "usage: cargo xtask [chore…]\n{}\n       cargo xtask crash [--runs N] [--seed S] [--database sqlite|postgres]",
        lines.join("\n")
    )
}

/// The folder of the workspace.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

#[expect(clippy::print_stdout, reason = "a chore's result is its output")]
fn say(text: &str) {
    println!("{text}");
}
