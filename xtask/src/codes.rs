//! `codes`: every diagnostic code is explained and demonstrated.
//!
//! Input: the list of codes in the `diag` crate, `docs/errors`, `spec/diagnostics`. Output: codes without a
//! page or golden document, pages without a code.
//! Invariant: read from the source text, so that the check needs no build of the crates it checks.
//! Not here: what a page says.

use crate::files;
use anyhow::{Result, bail};
use std::path::Path;

const LIST: &str = "crates/diag/src/codes.rs";
const PAGES: &str = "docs/errors";
const GOLDENS: &str = "spec/diagnostics";

/// Lists the violations of the workspace at `root`.
pub(crate) fn run(root: &Path) -> Result<Vec<String>> {
    let codes = codes(&files::text(&root.join(LIST))?);
    if codes.is_empty() {
        bail!("{LIST}: no codes found");
    }
    let mut pages = Vec::new();
    for path in files::below(&root.join(PAGES), "md")? {
        let id = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        pages.push((id.unwrap_or_default(), files::text(&path)?));
    }
    let mut violations = judge_pages(&codes, &pages);
    let mut goldens = String::new();
    for path in files::below(&root.join(GOLDENS), "md")? {
        goldens.push_str(&files::text(&path)?);
    }
    violations.extend(judge_goldens(&codes, &goldens));
    Ok(violations)
}

/// Ids and titles: lines of the form `NAME = "E0101" "title";`.
fn codes(source: &str) -> Vec<(String, String)> {
    source
        .lines()
        .filter_map(|line| {
            let mut quoted = line.trim().strip_suffix(';')?.split('"');
            let name = quoted.next()?.strip_suffix(" = ")?;
            let (id, _, title) = (quoted.next()?, quoted.next()?, quoted.next()?);
            let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            is_name.then(|| (id.to_owned(), title.to_owned()))
        })
        .collect()
}

fn judge_pages(codes: &[(String, String)], pages: &[(String, String)]) -> Vec<String> {
    let mut violations = Vec::new();
    for (id, title) in codes {
        let heading = format!("# {id}: {title}");
        match pages.iter().find(|(page, _)| page == id) {
            None => violations.push(format!("{id}: has no page {PAGES}/{id}.md")),
            Some((_, text)) if text.lines().next() != Some(heading.as_str()) => {
                violations.push(format!("{PAGES}/{id}.md: must start with `{heading}`"));
            }
            Some(_) => {}
        }
    }
    for (page, _) in pages {
        if codes.iter().all(|(id, _)| id != page) {
            violations.push(format!("{PAGES}/{page}.md: explains a code that does not exist"));
        }
    }
    violations
}

fn judge_goldens(codes: &[(String, String)], goldens: &str) -> Vec<String> {
    // In brackets, as reports have it: prose that only mentions a code raises nothing.
    let missing = codes
        .iter()
        .filter(|(id, _)| !goldens.contains(&format!("[{id}]")));
    missing
        .map(|(id, title)| format!("{id}: no document under {GOLDENS} raises it ({title})"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        /// For example `E0201`.
        codes! {
            SYNTAX = "E0101" "not JSON";
            UNUSED_ALIAS = "W0701" "unused";
        }
        let id = "x";
    "#;

    fn page(id: &str, text: &str) -> (String, String) {
        (id.to_owned(), text.to_owned())
    }

    #[test]
    fn codes_are_found_in_the_source() {
        let found = codes(SOURCE);
        assert_eq!(found, [page("E0101", "not JSON"), page("W0701", "unused")]);
    }

    #[test]
    fn pages_and_codes_belong_together() {
        let codes = codes(SOURCE);
        let good = [
            page("E0101", "# E0101: not JSON\n\ntext"),
            page("W0701", "# W0701: unused\n"),
        ];
        assert_eq!(judge_pages(&codes, &good), [""; 0]);
        let bad = [page("E0101", "# E0101: other\n"), page("E9999", "")];
        let found = judge_pages(&codes, &bad);
        assert_eq!(found.len(), 3);
        assert!(found[0].contains("must start with `# E0101: not JSON`"));
        assert!(found[1].contains("W0701: has no page"));
        assert!(found[2].contains("does not exist"));
    }

    #[test]
    fn every_code_is_in_a_golden_document() {
        let found = judge_goldens(&codes(SOURCE), "# W0701\n```diagnostics\nerror[E0101]: …");
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("W0701"));
    }
}
