//! The node processes that run the official clients.
//!
//! Role: installs what they need, lets one make all calls of the cases, or tell what a client thinks.
//! Invariant: it has ended when this returns; see tests/peers/providers.
//! Not here: the cases.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

static INSTALLED: Once = Once::new();

/// The folder of the peer.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/providers")
}

/// Makes the calls with a client, at this port of this machine.
pub(crate) fn call_all(client: &str, port: u16) {
    drop(run(&["peer.mjs", client, &port.to_string()]));
}

/// What a script writes about a client.
pub(crate) fn told(script: &str, client: &str) -> Vec<u8> {
    run(&[script, client])
}

fn run(args: &[&str]) -> Vec<u8> {
    INSTALLED.call_once(install);
    let mut node = Command::new("node");
    let output = node.args(args).current_dir(folder()).output();
    let output = output.expect("node starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{args:?} failed:\n{said}");
    output.stdout
}

/// Installs the packages of the lock file, unless they are there.
fn install() {
    for program in ["node", "npm"] {
        let found = Command::new(program).arg("--version").output();
        assert!(
            found.is_ok_and(|output| output.status.success()),
            "{program} is missing: the comparison with the official clients needs Node.js 20 or later \
             (Debian: apt-get install nodejs npm; or https://nodejs.org)"
        );
    }
    let age = |name: &str| {
        let data = folder().join(name).metadata();
        data.and_then(|data| data.modified()).ok()
    };
    let installed = age("node_modules/.package-lock.json");
    if installed.is_some() && installed >= age("package-lock.json") {
        return;
    }
    let output = Command::new("npm").arg("ci").current_dir(folder()).output();
    let output = output.expect("npm runs");
    assert!(
        output.status.success(),
        "`npm ci` in tests/peers/providers failed; it needs the npm registry once:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
