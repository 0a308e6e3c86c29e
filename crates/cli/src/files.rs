//! Files of a project folder.
//!
//! Role: finds `backflow.json`, what it includes, and the migrations, and puts their texts into a source map.
//! Input: a folder. Output: file ids with their roles.
//! Invariant: names are relative to the folder, with `/`; the order of files does not depend on the system.
//! Not here: what the files hold.

use anyhow::{Context, Result, bail};
use backflow_config::{Role, include_globs, parse};
use backflow_diag::{Diagnostic, Diagnostics, FileId, SourceMap, codes};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

const PROJECT: &str = "backflow.json";
const MIGRATIONS: &str = "migrations/*.sql";

/// The files of a project.
#[derive(Debug)]
pub(crate) struct Files {
    /// `backflow.json` first, if it is there, then those it includes.
    pub(crate) documents: Vec<(FileId, Role)>,
    /// Migrations in the order of their names.
    pub(crate) migrations: Vec<FileId>,
}

impl Files {
    /// Finds and reads all files of a folder.
    pub(crate) fn read(folder: &Path, sources: &mut SourceMap, out: &mut Diagnostics) -> Result<Self> {
        if !folder.is_dir() {
            bail!("there is no folder {}", folder.display());
        }
        let mut documents = Vec::new();
        let mut globs = include_globs(None);
        let project = folder.join(PROJECT);
        if project.is_file()
            && let Some(file) = add(folder, &project, sources, out)?
        {
            // Its faults are reported when the document is read.
            globs = include_globs(parse(sources, file, &mut Diagnostics::default()).as_ref());
            documents.push((file, Role::Project));
        }
        let mut included = BTreeSet::new();
        for glob in &globs {
            included.extend(matches(folder, glob)?);
        }
        included.remove(&project);
        for path in &included {
            documents.extend(add(folder, path, sources, out)?.map(|file| (file, Role::Included)));
        }
        let mut migrations = Vec::new();
        for path in &matches(folder, MIGRATIONS)? {
            migrations.extend(add(folder, path, sources, out)?);
        }
        if documents.is_empty() && migrations.is_empty() && !out.has_errors() {
            bail!(
                "{} is no project: it has neither {PROJECT} nor files in routes/ or migrations/",
                folder.display()
            );
        }
        Ok(Self {
            documents,
            migrations,
        })
    }
}

fn matches(folder: &Path, glob: &str) -> Result<BTreeSet<PathBuf>> {
    let root = folder.to_str().context("the name of the folder is not UTF-8")?;
    let pattern = format!("{}/{glob}", glob::Pattern::escape(root.trim_end_matches('/')));
    let options = glob::MatchOptions {
        require_literal_leading_dot: true,
        ..glob::MatchOptions::new()
    };
    let found =
        glob::glob_with(&pattern, options).with_context(|| format!("`{glob}` is no pattern of files"))?;
    let mut paths = BTreeSet::new();
    for path in found {
        let path = path.with_context(|| format!("looking for {glob}"))?;
        if path.is_file() {
            paths.insert(path);
        }
    }
    Ok(paths)
}

/// Adds a file; one that is no text is a fault.
fn add(folder: &Path, path: &Path, sources: &mut SourceMap, out: &mut Diagnostics) -> Result<Option<FileId>> {
    let name = path
        .strip_prefix(folder)
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/");
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let Ok(text) = String::from_utf8(bytes) else {
        let fault = Diagnostic::new(codes::SYNTAX, format!("{name} is not text in UTF-8"));
        out.push(fault.help("save it in UTF-8"));
        return Ok(None);
    };
    Ok(Some(sources.add(name, text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        folder
    }

    fn read(folder: &Path) -> (Result<Vec<String>>, Diagnostics) {
        let (mut sources, mut out) = (SourceMap::default(), Diagnostics::default());
        let files = Files::read(folder, &mut sources, &mut out);
        let names = files.map(|files| {
            let documents = files.documents.iter().map(|(file, _)| *file);
            documents
                .chain(files.migrations)
                .map(|file| sources.name(file).to_owned())
                .collect()
        });
        (names, out)
    }

    #[test]
    fn files_come_in_the_order_of_their_names_and_hidden_ones_not_at_all() {
        let folder = folder(&[
            ("routes/b/x.json", b"{}"),
            ("routes/a.json", b"{}"),
            ("routes/.hidden.json", b"{}"),
            ("other/c.json", b"{}"),
            ("migrations/0002_b.sql", b""),
            ("migrations/0001_a.sql", b""),
        ]);
        let expected = [
            "routes/a.json",
            "routes/b/x.json",
            "migrations/0001_a.sql",
            "migrations/0002_b.sql",
        ];
        assert_eq!(read(folder.path()).0.unwrap(), expected);
    }

    #[test]
    fn include_decides_even_in_a_folder_with_signs_of_patterns() {
        let outer = folder(&[
            ("a[1]*/backflow.json", br#"{"include": ["*.json", "api/*.json"]}"#),
            ("a[1]*/api/x.json", b"{}"),
        ]);
        let names = read(&outer.path().join("a[1]*")).0.unwrap();
        assert_eq!(names, ["backflow.json", "api/x.json"]);
    }

    #[test]
    fn what_is_no_project_and_no_text_is_said() {
        let empty = folder(&[]);
        assert!(
            read(empty.path())
                .0
                .unwrap_err()
                .to_string()
                .contains("is no project")
        );
        assert!(
            read(&empty.path().join("gone"))
                .0
                .unwrap_err()
                .to_string()
                .contains("there is no folder")
        );
        let binary = folder(&[("routes/a.json", b"\xff\xfe")]);
        assert!(read(binary.path()).1.has_errors());
    }
}
