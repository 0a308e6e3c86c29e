//! What `dev` keeps between runs.
//!
//! Role: `.backflow/dev.json` in the project folder: made-up secrets and the two people.
//! Invariant: the folder keeps itself out of version control, and the file is readable by its owner only; it is
//! written only when something in it is new.
//! Not here: what a project needs.

use crate::environment::Environment;
use crate::settings;
use anyhow::{Context, Result};
use backflow_engine::{Ids, SystemIds};
use serde_json::{Map, Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

const FOLDER: &str = ".backflow";
const FILE: &str = "dev.json";

/// Made-up secrets and people.
pub(crate) struct State {
    folder: PathBuf,
    env: Map<String, Value>,
    people: Map<String, Value>,
    is_new: bool,
}

impl State {
    /// What earlier runs kept; empty in a fresh project.
    pub(crate) fn read(project: &Path) -> Result<Self> {
        let folder = project.join(FOLDER);
        let path = folder.join(FILE);
        let mut kept = Value::Null;
        if path.is_file() {
            let text =
                fs::read_to_string(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            kept = serde_json::from_str(&text)
                .with_context(|| format!("{} is damaged; delete it to make a new one", path.display()))?;
        }
        let mut object = |key: &str| match kept.get_mut(key).map(Value::take) {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        Ok(Self {
            env: object("env"),
            people: object("people"),
            folder,
            is_new: false,
        })
    }

    /// The folder that holds all that is made up.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The same, made if it is missing.
    pub(crate) fn made(&self) -> Result<&Path> {
        let cannot = || format!("{} cannot be written", self.folder.display());
        fs::create_dir_all(&self.folder).with_context(cannot)?;
        fs::write(self.folder.join(".gitignore"), "*\n").with_context(cannot)?;
        Ok(&self.folder)
    }

    /// The file, for messages.
    pub(crate) fn file(&self) -> PathBuf {
        self.folder.join(FILE)
    }

    /// Makes sure that there is a secret for tokens.
    pub(crate) fn secret(&mut self) {
        self.invent(settings::SECRET);
    }

    /// Makes sure that there is a value for a variable: 64 random hexadecimal digits.
    pub(crate) fn invent(&mut self, name: &str) {
        if !self.env.contains_key(name) {
            let random = || SystemIds.uuid().replace('-', "");
            self.env
                .insert(name.to_owned(), json!(format!("{}{}", random(), random())));
            self.is_new = true;
        }
    }

    /// The id of a person, always the same.
    pub(crate) fn person(&mut self, name: &str) -> String {
        if let Some(id) = self.people.get(name).and_then(Value::as_str) {
            return id.to_owned();
        }
        let id = SystemIds.uuid();
        self.people.insert(name.to_owned(), json!(id));
        self.is_new = true;
        id
    }

    /// Gives variables that are missing the values kept here.
    pub(crate) fn fill(&self, environment: &mut Environment) {
        for (name, value) in &self.env {
            if let Some(value) = value.as_str() {
                environment.add(name, value);
            }
        }
    }

    /// Writes the file if something in it is new.
    pub(crate) fn write(&mut self) -> Result<PathBuf> {
        let path = self.file();
        if !self.is_new {
            return Ok(path);
        }
        let cannot = || format!("{} cannot be written", path.display());
        self.made()?;
        let text = serde_json::to_string_pretty(&json!({ "env": self.env, "people": self.people }))?;
        // Beside the old one first: a crash must not leave half a file.
        let fresh = self.folder.join(format!("{FILE}.new"));
        drop(fs::remove_file(&fresh));
        let mut options = fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        options
            .open(&fresh)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(cannot)?;
        fs::rename(&fresh, &path).with_context(cannot)?;
        self.is_new = false;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_up_stays_the_same_and_to_oneself() {
        let project = tempfile::tempdir().unwrap();
        let mut state = State::read(project.path()).unwrap();
        state.secret();
        let ada = state.person("Ada");
        let path = state.write().unwrap();
        let mut again = State::read(project.path()).unwrap();
        assert_eq!(again.person("Ada"), ada);
        assert_eq!(again.env, state.env);
        let mut environment = Environment::default();
        again.fill(&mut environment);
        assert_eq!(environment.value(settings::SECRET).map(str::len), Some(64));
        assert_eq!(
            fs::read_to_string(project.path().join(".backflow/.gitignore")).unwrap(),
            "*\n"
        );
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&path).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(&path, "{").unwrap();
        assert!(State::read(project.path()).is_err());
    }
}
