//! Golden documents with a `check` block: what `backflow check` prints about their files.
//!
//! Role: covers the diagnostics that only the command can raise, since it alone reads the environment.
//! Invariant: a document says exactly what is printed. `BLESS=1` rewrites it.
//! Not here: all other documents; the testkit runs them.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::path::Path;
use std::process::Command;

/// The documents that only the command can judge.
const DOCUMENTS: [&str; 1] = ["diagnostics/E0701.md"];

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
        let folder = tempfile::tempdir().unwrap();
        for (head, text) in blocks(&document) {
            if let Some((_, file)) = head.split_once("file=") {
                let file = folder.path().join(file);
                std::fs::create_dir_all(file.parent().unwrap()).unwrap();
                std::fs::write(file, text).unwrap();
            }
        }
        let (_, expected) = blocks(&document).find(|(head, _)| *head == "check").unwrap();
        let actual = check(folder.path());
        if bless {
            let block = |text: &str| format!("```check\n{text}```");
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

fn check(folder: &Path) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_backflow"));
    let output = command.arg("check").arg(folder).env_clear().output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}
