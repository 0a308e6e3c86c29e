//! Variables: of the process, of `.env`, and those that `dev` invents.
//!
//! Role: the one place that reads the process environment.
//! Invariant: the process wins over `.env`, which wins over what is invented.
//! Not here: which variables a project needs; the planner knows.

use anyhow::{Context, Result};
use backflow_config::parse_dotenv;
use backflow_diag::{Diagnostics, SourceMap};
use std::collections::BTreeMap;
use std::path::Path;

/// The file that is read when no other is named.
const USUAL: &str = ".env";

/// Variables and their values.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    values: BTreeMap<String, String>,
}

/// A variable of the process.
pub(crate) fn of_process(name: &str) -> Option<String> {
    std::env::var_os(name).and_then(|value| value.into_string().ok())
}

impl Environment {
    /// The process environment over a file: the one named, else `.env` in the folder if it is there.
    pub(crate) fn read(
        folder: &Path,
        named: Option<&Path>,
        sources: &mut SourceMap,
        out: &mut Diagnostics,
    ) -> Result<Self> {
        let path = named.map_or_else(|| folder.join(USUAL), Path::to_path_buf);
        let mut values = BTreeMap::new();
        if named.is_some() || path.is_file() {
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("{} cannot be read", path.display()))?;
            let name = if named.is_some() {
                path.display().to_string()
            } else {
                USUAL.to_owned()
            };
            let file = sources.add(name, text);
            values.extend(parse_dotenv(sources, file, out));
        }
        let of_process = std::env::vars_os().filter_map(|(name, value)| {
            let (name, value) = (name.into_string().ok()?, value.into_string().ok()?);
            Some((name, value))
        });
        values.extend(of_process);
        Ok(Self { values })
    }

    /// The value of a variable; one that is empty counts as absent.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    /// Sets a variable that is absent or empty.
    pub(crate) fn add(&mut self, name: &str, value: &str) {
        if self.value(name).is_none() {
            self.values.insert(name.to_owned(), value.to_owned());
        }
    }

    /// The names of all variables that have a value.
    pub(crate) fn names(&self) -> impl Iterator<Item = String> + '_ {
        self.values
            .iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, _)| name.clone())
    }

    /// All variables that have a value.
    pub(crate) fn into_values(self) -> impl Iterator<Item = (String, String)> {
        self.values.into_iter().filter(|(_, value)| !value.is_empty())
    }
}
