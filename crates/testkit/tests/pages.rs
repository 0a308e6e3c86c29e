//! The example on the page of every diagnostic raises what the page explains.
//!
//! Role: a page's `sql`, `json` and `sh` (`.env`) blocks make a project; without `sql` it stands on the starting project's
//! schema.
//! Invariant: an example that no longer raises its code fails here, so pages cannot grow old.
//! Not here: what the diagnostic says; see `spec/diagnostics`.

use backflow_diag::{Code, Severity, codes, page};
use backflow_testkit::Project;

/// Their examples are too long to be written out, or are told by the command alone.
const WITHOUT_EXAMPLE: [&Code; 6] = [
    codes::TOO_DEEP,
    codes::EXPR_TOO_LARGE,
    codes::WEAK_SECRET,
    codes::DATABASE_DIFFERS,
    codes::ROW_SECURITY,
    codes::VIEW_NOT_WRITABLE,
];

const SCHEMA: &str = include_str!("../../../spec/seed/migrations/0001_init.sql");

/// Languages and texts of the fenced blocks of a page.
fn blocks(page: &'static str) -> impl Iterator<Item = (&'static str, &'static str)> {
    page.split("```")
        .skip(1)
        .step_by(2)
        .filter_map(|block| block.split_once('\n'))
}

fn raised(code: &'static Code) -> Vec<&'static Code> {
    let mut project = Project::default();
    let (mut sql, mut json) = (false, false);
    for (language, text) in blocks(page(code)) {
        project = match language {
            "sql" => {
                sql = true;
                project.file("migrations/0001_example.sql", text)
            }
            "json" => {
                json = true;
                project.file("routes/example.json", text)
            }
            "sh" => project.file(".env", text),
            _ => project,
        };
    }
    if !sql {
        project = project.file("migrations/0001_init.sql", SCHEMA);
    } else if !json && !code.id.starts_with("E06") {
        // About the schema alone.
        project = project.file("backflow.json", r#"{"tenancy": false}"#);
    }
    project
        .compile()
        .diagnostics
        .iter()
        .map(|found| found.code)
        .collect()
}

#[test]
fn examples_raise_their_code_and_no_other_fault() {
    let mut wrong = Vec::new();
    for code in codes::ALL.iter().filter(|code| !WITHOUT_EXAMPLE.contains(code)) {
        let found = raised(code);
        let noise = found
            .iter()
            .any(|other| other != code && other.severity == Severity::Error);
        if !found.contains(code) || noise {
            let ids: Vec<&str> = found.iter().map(|code| code.id).collect();
            wrong.push(format!("{}: raises {ids:?}", code.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
