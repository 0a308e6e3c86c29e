//! The table of rules names tests that exist.
//!
//! Role: reads `docs/sandbox.md`.
//! Invariant: each rule that is obeyed names at least one test or check.
//! Not here: the rules.

use std::collections::BTreeSet;
use std::path::Path;

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn all(folder: &Path, ending: &str, into: &mut String) {
    for entry in std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
    {
        if entry.is_dir() {
            if !entry.ends_with("node_modules") {
                all(&entry, ending, into);
            }
        } else if entry.extension().is_some_and(|own| own == ending) {
            into.push_str(&text(&entry));
        }
    }
}

#[test]
fn every_rule_names_a_test_that_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut rust, mut peer) = (String::new(), String::new());
    all(&root.join("src/sandbox"), "rs", &mut rust);
    all(&root.join("tests/sandbox"), "rs", &mut rust);
    all(&root.join("../../tests/peers/sandbox"), "mjs", &mut peer);
    let page = text(&root.join("../../docs/sandbox.md"));
    let (rules, _) = page
        .split_once("## Its own addresses")
        .expect("the rules come first");
    let mut named = BTreeSet::new();
    for row in rules
        .lines()
        .filter(|line| line.starts_with("| ") && !line.starts_with("| rule") && !line.starts_with("| ---"))
    {
        let last = row
            .trim_end_matches([' ', '|'])
            .rsplit(" | ")
            .next()
            .unwrap_or_default();
        let tests: Vec<&str> = last.split('`').skip(1).step_by(2).collect();
        assert!(!tests.is_empty(), "no test: {row}");
        named.extend(tests);
    }
    assert!(named.len() > 40, "{}", named.len());
    for test in named {
        let is_there = rust.contains(&format!("fn {test}(")) || peer.contains(&format!("async '{test}'"));
        assert!(is_there, "there is no test `{test}`");
    }
}
