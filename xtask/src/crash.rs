//! `cargo xtask crash [--runs N] [--seed S] [--database sqlite|postgres]`
//!
//! Role: starts the crash tests of the testkit with what was asked for.
//! Invariant: without arguments it is what `cargo test` runs.
//! Not here: the tests.

use anyhow::{Context, Result, bail};
use std::path::Path;
use std::process::Command;

/// What an argument becomes in the tests' environment.
const VARIABLES: [(&str, &str); 3] = [
    ("--runs", "CRASH_RUNS"),
    ("--seed", "CRASH_SEED"),
    ("--database", "DATABASE"),
];

/// Runs them, and says whether they passed.
pub(crate) fn run(root: &Path, args: &[String]) -> Result<bool> {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--package", "backflow-testkit", "--test", "crash"]);
    cargo.args(["--", "--nocapture"]).current_dir(root);
    cargo.envs(variables(args)?);
    Ok(cargo.status().context("cargo test")?.success())
}

fn variables(args: &[String]) -> Result<Vec<(&'static str, String)>> {
    let pair = |pair: &[String]| -> Result<(&'static str, String)> {
        let [name, value] = pair else {
            bail!("{}: a value is missing", pair.join(" "));
        };
        let known = VARIABLES.iter().find(|(argument, _)| argument == name);
        let (_, variable) =
            known.with_context(|| format!("{name}: unknown; there are --runs, --seed, --database"))?;
        Ok((variable, value.clone()))
    };
    args.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(args: &[&str]) -> Result<Vec<(&'static str, String)>> {
        variables(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn arguments_become_variables() {
        let runs = of(&["--runs", "2000", "--database", "sqlite"]).unwrap();
        assert_eq!(
            runs,
            [
                ("CRASH_RUNS", "2000".to_owned()),
                ("DATABASE", "sqlite".to_owned())
            ]
        );
        assert!(of(&[]).unwrap().is_empty());
    }

    #[test]
    fn what_is_unknown_or_missing_is_said() {
        assert!(of(&["--run", "1"]).is_err());
        assert!(of(&["--runs"]).is_err());
    }
}
