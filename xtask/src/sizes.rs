//! `sizes`: no source file grows too long.
//!
//! Input: all Rust files, and `xtask/sizes.allow` with the exceptions. Output: every file over the limit that
//! is no exception, and every exception that has grown or is no longer needed.
//! Invariant: the list of exceptions only shrinks: a listed file may not grow, and the number of lines in the
//! list is capped here.
//! Not here: lengths of functions, which clippy watches.

use crate::files;
use anyhow::{Context, Result, bail};
use std::collections::BTreeMap;
use std::path::Path;

/// Lines a file may have.
const LIMIT: usize = 400;

/// Exceptions there may be. There was one once; it was split.
const MOST_EXCEPTIONS: usize = 0;

const LIST: &str = "xtask/sizes.allow";

/// Lists the violations of the workspace at `root`.
pub(crate) fn run(root: &Path) -> Result<Vec<String>> {
    let mut sizes = BTreeMap::new();
    for folder in ["crates", "xtask", "benches"] {
        for path in files::below(&root.join(folder), "rs")? {
            sizes.insert(files::name(root, &path), files::text(&path)?.lines().count());
        }
    }
    judge(&sizes, &files::text(&root.join(LIST))?, MOST_EXCEPTIONS)
}

fn judge(sizes: &BTreeMap<String, usize>, list: &str, most: usize) -> Result<Vec<String>> {
    let exceptions = exceptions(list)?;
    let mut violations = Vec::new();
    if exceptions.len() > most {
        let count = exceptions.len();
        violations.push(format!(
            "{LIST}: {count} exceptions, at most {most}; split a file instead"
        ));
    }
    for (name, allowed) in &exceptions {
        match sizes.get(name) {
            None => violations.push(format!("{LIST}: {name} is gone; remove its line")),
            Some(lines) if *lines <= LIMIT => {
                violations.push(format!("{LIST}: {name} has {lines} lines now; remove its line"));
            }
            Some(lines) if lines > allowed => {
                violations.push(format!("{name}: {lines} lines, its exception allows {allowed}"));
            }
            Some(_) => {}
        }
    }
    for (name, lines) in sizes {
        if *lines > LIMIT && !exceptions.contains_key(name) {
            violations.push(format!(
                "{name}: {lines} lines, over {LIMIT}; is there a module missing?"
            ));
        }
    }
    Ok(violations)
}

/// Reads lines of `path lines reason`; `#` starts a comment.
fn exceptions(list: &str) -> Result<BTreeMap<String, usize>> {
    let mut found = BTreeMap::new();
    for line in list.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut parts = line.splitn(3, char::is_whitespace);
        let (Some(path), Some(lines), Some(reason)) = (parts.next(), parts.next(), parts.next()) else {
            bail!("{LIST}: `{line}` is not `path lines reason`");
        };
        if reason.trim().is_empty() {
            bail!("{LIST}: {path} gives no reason");
        }
        let lines = lines
            .parse()
            .with_context(|| format!("{LIST}: {path}: `{lines}` is no number"))?;
        found.insert(path.to_owned(), lines);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(sizes: &[(&str, usize)], list: &str) -> Vec<String> {
        let sizes = sizes
            .iter()
            .map(|(name, lines)| ((*name).to_owned(), *lines))
            .collect();
        judge(&sizes, list, 1).unwrap()
    }

    #[test]
    fn long_files_need_an_exception_that_still_fits() {
        let list = "# why\na.rs 500 one grammar\n";
        assert_eq!(violations(&[("a.rs", 500), ("b.rs", 400)], list), [""; 0]);
        assert!(violations(&[("a.rs", 500), ("b.rs", 401)], list)[0].starts_with("b.rs: 401"));
        assert!(violations(&[("a.rs", 501)], list)[0].contains("allows 500"));
        assert!(violations(&[("a.rs", 400)], list)[0].contains("remove its line"));
        assert!(violations(&[], list)[0].contains("is gone"));
        let two = "a.rs 500 x\nb.rs 500 x";
        assert!(violations(&[("a.rs", 450), ("b.rs", 450)], two)[0].contains("2 exceptions"));
    }

    #[test]
    fn exceptions_have_numbers_and_reasons() {
        assert!(exceptions("a.rs 500").is_err());
        assert!(exceptions("a.rs many because").is_err());
    }
}
