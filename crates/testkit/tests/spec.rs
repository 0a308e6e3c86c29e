//! Every golden document under `spec/` does what it says, on every database. `BLESS=1` rewrites them; `SPEC=name`
//! runs some; `DATABASE=sqlite`, `postgres` or `pooled` (a list of them) runs on some.

use backflow_testkit::Backend;
use backflow_testkit::document::run;
use std::path::{Path, PathBuf};
use std::time::Instant;

fn documents(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("spec/ is readable")
        .map(|e| e.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            documents(&path, found);
        } else if path.extension().is_some_and(|e| e == "md") && !path.ends_with("README.md") {
            found.push(path);
        }
    }
}

#[test]
#[allow(
    clippy::disallowed_methods,
    reason = "a test's switches come from the environment"
)]
fn golden_documents() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec");
    let (bless, only) = (
        std::env::var("BLESS").is_ok(),
        std::env::var("SPEC").unwrap_or_default(),
    );
    let mut all = Vec::new();
    documents(&root, &mut all);
    all.retain(|path| path.to_string_lossy().contains(&only));
    assert!(!all.is_empty(), "no documents");
    let mut failed = 0;
    for backend in Backend::chosen() {
        let (started, mut skipped) = (Instant::now(), 0);
        for path in &all {
            let name = path.strip_prefix(&root).unwrap_or(path).display().to_string();
            let name = format!("{name} on {}", backend.name());
            let outcome = std::panic::catch_unwind(|| run(path, backend, bless));
            let Ok(outcome) = outcome else {
                println!("{name}: stopped");
                failed += 1;
                continue;
            };
            skipped += usize::from(outcome.is_none());
            let mismatches = outcome.unwrap_or_default();
            failed += usize::from(!mismatches.is_empty());
            for mismatch in mismatches {
                println!(
                    "{name}, line {}\n--- the document says\n{}--- it does\n{}",
                    mismatch.line, mismatch.expected, mismatch.actual
                );
            }
        }
        println!(
            "{}: {} documents, {skipped} for another database, {:.1?}",
            backend.name(),
            all.len(),
            started.elapsed()
        );
    }
    println!("{failed} failed");
    assert_eq!(
        failed, 0,
        "some documents do something else; BLESS=1 rewrites them, then read the diff"
    );
}
