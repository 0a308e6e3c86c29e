//! A project folder, read.
//!
//! Role: everything that can be known without compiling: files, variables, the document, the schema.
//! Input: a folder, and perhaps another file of variables. Output: [`Project`].
//! Invariant: faults of the author are in `diagnostics`; errors are of the system (no folder, no permission).
//! Not here: compiling (`compiled`), opening a database.

use crate::environment::Environment;
use crate::files::Files;
use anyhow::Result;
use backflow_catalog::Schema;
use backflow_config::document::Document;
use backflow_diag::{Diagnostics, SourceMap};
use std::path::{Path, PathBuf};

/// A project folder.
pub(crate) struct Project {
    pub(crate) folder: PathBuf,
    pub(crate) sources: SourceMap,
    pub(crate) files: Files,
    pub(crate) document: Document,
    pub(crate) schema: Schema,
    pub(crate) environment: Environment,
    pub(crate) diagnostics: Diagnostics,
}

impl Project {
    /// Reads a folder.
    pub(crate) fn read(folder: &Path, env_file: Option<&Path>) -> Result<Self> {
        let (mut sources, mut out) = (SourceMap::default(), Diagnostics::default());
        let files = Files::read(folder, &mut sources, &mut out)?;
        let environment = Environment::read(folder, env_file, &mut sources, &mut out)?;
        let schema = backflow_catalog::read(&sources, &files.migrations, &mut out);
        let document = backflow_config::read(&sources, &files.documents, &mut out);
        Ok(Self {
            folder: folder.to_path_buf(),
            sources,
            files,
            document,
            schema,
            environment,
            diagnostics: out,
        })
    }
}
