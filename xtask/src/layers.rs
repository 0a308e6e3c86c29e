//! `layers`: who may depend on whom.
//!
//! Input: `cargo metadata` of the workspace. Output: every edge that is not allowed, every crate that the
//! table does not know, every library without a head comment.
//! Invariant: the table below is the only place that allows an edge.
//! Not here: edges between modules of one crate.

use crate::files;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::Path;
use std::process::Command;

/// A crate of the workspace.
struct Room {
    /// Its folder under `crates`, which is its name without the prefix.
    name: &'static str,
    /// No async, clock, environment, randomness, network or file.
    is_pure: bool,
    /// The crates of the workspace it may use.
    uses: &'static [&'static str],
}

const fn pure(name: &'static str, uses: &'static [&'static str]) -> Room {
    Room {
        name,
        is_pure: true,
        uses,
    }
}

const fn shell(name: &'static str, uses: &'static [&'static str]) -> Room {
    Room {
        name,
        is_pure: false,
        uses,
    }
}

const ROOMS: [Room; 15] = [
    pure("diag", &[]),
    pure("expr", &["diag"]),
    pure("catalog", &["diag"]),
    pure("config", &["diag"]),
    pure("sql", &["catalog", "diag"]),
    pure("plan", &["diag", "expr", "catalog", "config", "sql"]),
    shell("engine", &["diag", "expr", "catalog", "sql", "plan"]),
    shell("sqlite", &["diag", "expr", "catalog", "sql", "plan", "engine"]),
    shell("postgres", &["diag", "expr", "catalog", "sql", "plan", "engine"]),
    shell("connect", &["diag", "expr", "plan", "engine"]),
    shell("server", &["engine"]),
    shell(
        "cli",
        &[
            "diag", "expr", "catalog", "config", "sql", "plan", "engine", "sqlite", "postgres", "connect",
            "server",
        ],
    ),
    shell(
        TESTKIT,
        &[
            "diag", "expr", "catalog", "config", "sql", "plan", "engine", "sqlite", "postgres", "connect",
            "server",
        ],
    ),
    shell("benches", &["engine", "server", "sqlite", "postgres", TESTKIT]),
    shell("xtask", &[]),
];

const TESTKIT: &str = "testkit";

/// What a pure crate must not link: each of these brings IO, time, randomness or an executor.
const IMPURE: [&str; 26] = [
    "anyhow",
    "arc-swap",
    "async-trait",
    "clap",
    "crossbeam-channel",
    "futures",
    "futures-util",
    "getrandom",
    "glob",
    "http",
    "http-body-util",
    "hyper",
    "hyper-util",
    "jsonwebtoken",
    "libsqlite3-sys",
    "mimalloc",
    "mio",
    "postgres",
    "rand",
    "reqwest",
    "rusqlite",
    "socket2",
    "tempfile",
    "tokio",
    "tracing",
    "uuid",
];

/// Packages that belong to certain crates only.
const RESERVED: [(&str, &[&str]); 5] = [
    ("anyhow", &["benches", "cli", "xtask"]),
    ("clap", &["cli"]),
    ("hyper", &["connect", "server"]),
    ("mimalloc", &["cli"]),
    ("rusqlite", &["sqlite", "testkit"]),
];

/// Lists the violations of the workspace at `root`.
pub(crate) fn run(root: &Path) -> Result<Vec<String>> {
    let output = Command::new("cargo")
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(root)
        .output()
        .context("cargo metadata")?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let mut violations = edges(&metadata)?;
    for head in files::below(&root.join("crates"), "rs")? {
        let is_head = head.ends_with("src/lib.rs") || head.ends_with("src/main.rs");
        if is_head && !files::text(&head)?.starts_with("//!") {
            let name = files::name(root, &head);
            violations.push(format!(
                "{name}: the crate has no head comment (`//!`) on its first line"
            ));
        }
    }
    Ok(violations)
}

/// The folder of a package: its name without the prefix; the binary's package has the project's own name.
fn short(package: &str) -> &str {
    if package == "backflow" {
        return "cli";
    }
    package.strip_prefix("backflow-").unwrap_or(package)
}

fn room(name: &str) -> Option<&'static Room> {
    ROOMS.iter().find(|room| room.name == name)
}

/// Judges every dependency of every package.
fn edges(metadata: &Value) -> Result<Vec<String>> {
    let packages = metadata["packages"]
        .as_array()
        .context("metadata without packages")?;
    let mut violations = Vec::new();
    for package in packages {
        let name = short(package["name"].as_str().context("a package without a name")?);
        let Some(room) = room(name) else {
            violations.push(format!(
                "{name}: not in the table of crates (xtask/src/layers.rs); add it with its edges"
            ));
            continue;
        };
        let dependencies = package["dependencies"]
            .as_array()
            .context("a package without dependencies")?;
        for dependency in dependencies {
            let is_dev = dependency["kind"].as_str() == Some("dev");
            let target = dependency["name"]
                .as_str()
                .context("a dependency without a name")?;
            violations.extend(judge(room, target, is_dev));
        }
    }
    violations.sort();
    violations.dedup();
    Ok(violations)
}

/// Why `room` must not depend on `target`.
fn judge(from: &Room, target: &str, is_dev: bool) -> Option<String> {
    let name = from.name;
    let inner = short(target);
    if inner == TESTKIT {
        // Figures are measured on prepared projects, and ship as little as tests do.
        if !is_dev && name != "benches" {
            return Some(format!(
                "{name} -> {TESTKIT}: {TESTKIT} may be a dev-dependency only"
            ));
        }
        return from
            .is_pure
            .then(|| format!("{name} -> {TESTKIT}: a pure crate is tested without databases"));
    }
    if room(inner).is_some() || target != inner {
        let allowed = from.uses.join(", ");
        return (!from.uses.contains(&inner))
            .then(|| format!("{name} -> {inner}: not allowed; {name} may use: [{allowed}]"));
    }
    if is_dev {
        return None;
    }
    if from.is_pure && IMPURE.contains(&target) {
        return Some(format!("{name} -> {target}: {name} is pure and must not use it"));
    }
    let owners = RESERVED.iter().find(|(package, _)| *package == target)?.1;
    (!owners.contains(&name)).then(|| format!("{name} -> {target}: reserved for {}", owners.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn violations(package: &str, dependency: &str, kind: Option<&str>) -> Vec<String> {
        let metadata = json!({"packages": [
            {"name": package, "dependencies": [{"name": dependency, "kind": kind}]}
        ]});
        edges(&metadata).unwrap()
    }

    #[test]
    fn allowed_edges_pass() {
        assert_eq!(violations("backflow-plan", "backflow-sql", None), [""; 0]);
        assert_eq!(violations("backflow-server", "hyper", None), [""; 0]);
        assert_eq!(violations("backflow-config", "jsonc-parser", None), [""; 0]);
        assert_eq!(violations("backflow-plan", "tempfile", Some("dev")), [""; 0]);
        assert_eq!(
            violations("backflow-engine", "backflow-testkit", Some("dev")),
            [""; 0]
        );
        assert_eq!(violations("xtask", "anyhow", None), [""; 0]);
    }

    #[test]
    fn the_binary_is_the_crate_cli() {
        assert_eq!(violations("backflow", "clap", None), [""; 0]);
        assert_eq!(violations("backflow-server", "backflow", None).len(), 1);
    }

    #[test]
    fn each_kind_of_violation_is_found() {
        for (package, dependency, kind, part) in [
            ("backflow-config", "backflow-expr", None, "may use: [diag]"),
            ("backflow-config", "backflow-expr", Some("dev"), "not allowed"),
            ("backflow-server", "backflow-sqlite", None, "may use: [engine]"),
            ("backflow-engine", "backflow-engine-next", None, "not allowed"),
            ("backflow-sql", "backflow-plan", Some("build"), "not allowed"),
            ("backflow", "backflow-testkit", None, "dev-dependency only"),
            (
                "backflow-plan",
                "backflow-testkit",
                Some("dev"),
                "without databases",
            ),
            ("backflow-plan", "tokio", None, "is pure"),
            ("backflow-expr", "uuid", Some("build"), "is pure"),
            ("backflow-server", "rusqlite", None, "reserved for sqlite"),
            ("backflow-novelty", "serde", None, "not in the table"),
        ] {
            let found = violations(package, dependency, kind);
            assert_eq!(found.len(), 1, "{package} -> {dependency}");
            assert!(found[0].contains(part), "{}", found[0]);
        }
    }

    #[test]
    fn the_table_has_no_cycle() {
        for (index, room) in ROOMS.iter().enumerate() {
            let before: Vec<&str> = ROOMS.iter().take(index).map(|room| room.name).collect();
            assert!(
                room.uses.iter().all(|name| before.contains(name)),
                "{}",
                room.name
            );
        }
    }
}
