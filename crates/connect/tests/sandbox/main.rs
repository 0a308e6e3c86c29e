//! The sandbox, judged by the vendors' own clients.
//!
//! Role: starts a sandbox and the npm packages `stripe` and `@sendgrid/mail` against it (tests/peers/sandbox).
//! Invariant: the packages are those of the lock file.
//! Not here: the checks (in the peer's folder), the rules one by one (`src/sandbox/tests`).

mod bounds;
mod page;
mod process;

use backflow_connect::sandbox::{Options, Sandbox};
use std::path::{Path, PathBuf};
use std::process::Command;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/sandbox")
}

/// Installs the packages of the lock file, unless they are there.
fn install() {
    for program in ["node", "npm"] {
        let found = Command::new(program).arg("--version").output();
        assert!(
            found.is_ok_and(|output| output.status.success()),
            "{program} is missing: the vendors' clients need Node.js 20 or later \
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
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "`npm ci` in tests/peers/sandbox failed; it needs the npm registry once:\n{said}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_vendors_clients_find_nothing_wrong() {
    let sandbox = Sandbox::start(Options::default()).await.expect("a sandbox");
    let address = sandbox.base_url("stripe");
    let run = tokio::task::spawn_blocking(move || {
        install();
        Command::new("node")
            .args(["peer.mjs", &address])
            .current_dir(folder())
            .output()
            .expect("node runs")
    });
    let output = run.await.expect("it ends");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(output.status.success(), "{said}\n{errors}");
    assert!(
        said.lines().filter(|line| line.starts_with("ok ")).count() >= 60,
        "{said}"
    );
}
