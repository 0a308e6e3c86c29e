//! Child processes that do not outlive us.
//!
//! Invariant: a child is asked to stop when its guard is dropped, and stops as well if we are killed.
//! Not here: which processes (`cluster`, `sides`).

use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a child may take to stop.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running child.
pub(crate) struct Guard {
    child: Child,
    signal: &'static str,
}

impl Guard {
    /// Starts a command; what it writes goes to a file. It is stopped by this signal.
    pub(crate) fn start(command: &Command, signal: &'static str, log: &Path) -> Result<Self> {
        let file = std::fs::File::create(log)?;
        // `setpriv` becomes the command, so the pid is the command's.
        let child = wrapped("setpriv", ["--pdeathsig", signal], command)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .context("setpriv (util-linux) cannot be started")?;
        Ok(Self { child, signal })
    }

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    fn stop(&mut self) -> Result<()> {
        run(Command::new("kill").args(["-s", self.signal, &self.pid().to_string()]))?;
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        bail!("did not stop in time")
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.is_running() && self.stop().is_err() {
            self.child.kill().unwrap_or_default();
            self.child.wait().map(drop).unwrap_or_default();
        }
    }
}

/// The same command, run by another one.
pub(crate) fn wrapped<A: AsRef<OsStr>>(
    wrapper: &str,
    arguments: impl IntoIterator<Item = A>,
    command: &Command,
) -> Command {
    let mut outer = Command::new(wrapper);
    outer
        .args(arguments)
        .arg(command.get_program())
        .args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    if let Some(folder) = command.get_current_dir() {
        outer.current_dir(folder);
    }
    outer
}

/// Runs a command to its end; what it wrote is in the error if it fails.
pub(crate) fn run(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!(
            "{} failed: {text}{}",
            command.get_program().display(),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(text)
}
