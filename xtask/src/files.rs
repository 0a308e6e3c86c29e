//! Reading the workspace's folders.
//!
//! Input: a folder. Output: the files below it, sorted, so that output never depends on the file system.
//! Invariant: build output and hidden folders are left out.
//! Not here: what the files should hold.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// All files below `folder` whose names end in `.{extension}`; none if there is no such folder.
pub(crate) fn below(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    if folder.is_dir() {
        collect(folder, extension, &mut found)?;
    }
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        let is_left_out = name.is_none_or(|name| name.starts_with('.') || name == "target");
        if is_left_out {
            continue;
        }
        if path.is_dir() {
            collect(&path, extension, found)?;
        } else if path.extension().is_some_and(|own| own == extension) {
            found.push(path);
        }
    }
    Ok(())
}

/// The text of a file.
pub(crate) fn text(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// How reports call a file: its path from the root, with `/`.
pub(crate) fn name(root: &Path, path: &Path) -> String {
    let inner = path.strip_prefix(root).unwrap_or(path);
    inner.to_string_lossy().replace('\\', "/")
}
