//! Golden documents with a `check` block: what `backflow check` prints about their files.
//!
//! Role: covers the diagnostics that only the command can raise, since it alone reads the environment and looks into
//! the database.
//! Blocks: those with `file=…` are the project; `database` is SQL that is run by hand after the project's migrations,
//! on PostgreSQL; `check` is expected (`user=…`: as this role).
//! Invariant: a document says exactly what is printed, but for the database's address. `BLESS=1` rewrites it.
//! Not here: all other documents; the testkit runs them.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

use backflow_testkit::Probe;
use backflow_testkit::cluster::{Cluster, Database};
use std::path::Path;
use std::process::Command;

/// The documents that only the command can judge.
const DOCUMENTS: [&str; 3] = [
    "diagnostics/E0408.md",
    "diagnostics/E0701.md",
    "diagnostics/W0404.md",
];

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "a test's switch comes from the environment"
)]
fn check_prints_what_documents_say() {
    let bless = std::env::var("BLESS").is_ok();
    for name in DOCUMENTS {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../spec")
            .join(name);
        let document = std::fs::read_to_string(&path).unwrap();
        let (head, expected) = blocks(&document)
            .find(|(head, _)| head.starts_with("check"))
            .unwrap();
        let actual = run(&document, head);
        if bless {
            let block = |text: &str| format!("```{head}\n{text}```");
            std::fs::write(&path, document.replace(&block(expected), &block(&actual))).unwrap();
        } else {
            assert_eq!(
                expected, actual,
                "{name} says something else; BLESS=1 rewrites it"
            );
        }
    }
}

/// Heads and texts of all fenced blocks.
fn blocks(document: &str) -> impl Iterator<Item = (&str, &str)> {
    document
        .split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
}

/// What `check` prints about the document's project.
fn run(document: &str, head: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut database = None;
    for (head, text) in blocks(document) {
        if let Some((_, file)) = head.split_once("file=") {
            let file = folder.path().join(file);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        } else if head == "database" {
            let made = Cluster::shared().create();
            backflow(&["migrate"], folder.path(), Some(&made.url()));
            Probe::postgres(&made.url()).execute(text);
            database = Some(made);
        }
    }
    let Some(database) = database else {
        return backflow(&["check"], folder.path(), None);
    };
    let user = head.split_once("user=").map_or("postgres", |(_, user)| user);
    let url = database.url().replace("//postgres@", &format!("//{user}@"));
    let said = backflow(&["check", "--database"], folder.path(), Some(&url));
    said.replace(&address(&database), "database app at localhost:5432")
}

/// As it is printed.
fn address(database: &Database) -> String {
    format!(
        "database {} at 127.0.0.1:{}",
        database.name(),
        database.cluster().port()
    )
}

fn backflow(args: &[&str], folder: &Path, url: Option<&str>) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backflow"));
    command.args(args).arg(folder).env_clear();
    let output = command
        .envs(url.map(|url| ("DATABASE_URL", url)))
        .output()
        .unwrap();
    let (out, err) = (
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    );
    assert_eq!(err, "", "{args:?}");
    out
}
