//! Where programs of PostgreSQL are.
//!
//! Invariant: a server older than 15 is never taken.
//! Not here: installing them; `scripts/test` does.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The oldest version that is supported.
const OLDEST: u32 = 15;

/// The folder of `postgres` and `initdb`.
///
/// # Panics
/// When there is none; the message says what to install.
pub(super) fn folder() -> PathBuf {
    let candidates = places();
    candidates
        .iter()
        .find(|folder| version(folder).is_some_and(|version| version >= OLDEST))
        .cloned()
        .unwrap_or_else(|| {
            panic!(
                "no PostgreSQL {OLDEST} or later was found: set PG_BIN to the folder of `initdb`, or install it \
                 (Debian: apt-get install postgresql; macOS: brew install postgresql@17); looked in {candidates:?}"
            )
        })
}

/// All places, best first.
#[allow(
    clippy::disallowed_methods,
    reason = "tests are told by the environment where the server is"
)]
fn places() -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = std::env::var("PG_BIN").map(PathBuf::from).into_iter().collect();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        places.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    places.extend(debian());
    let path = std::env::var("PATH").unwrap_or_default();
    places.extend(std::env::split_paths(&path));
    places.retain(|folder| folder.join("initdb").is_file() && folder.join("postgres").is_file());
    places
}

/// `/usr/lib/postgresql/*/bin`, newest first.
fn debian() -> Vec<PathBuf> {
    let entries = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<u32> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable();
    let folder = |version: &u32| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"));
    versions.iter().rev().map(folder).collect()
}

/// The major version of the server in a folder: `postgres (PostgreSQL) 15.18 (Debian …)`.
fn version(folder: &Path) -> Option<u32> {
    let output = Command::new(folder.join("postgres"))
        .arg("--version")
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let number = text.split_whitespace().nth(2)?;
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}
