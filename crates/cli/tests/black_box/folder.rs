//! Project folders, and commands run on them.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// 32 bytes and more.
pub(crate) const SECRET: &str = "a secret for tests, thirty-two bytes or more";

/// A project in a folder that goes away.
pub(crate) struct Folder(TempDir);

/// What a command did.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(name, text)| folder.write(name, text));
        folder
    }

    /// A copy of an example, without what earlier runs left in it.
    pub(crate) fn example(name: &str) -> Self {
        let folder = Self::new(&[]);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../examples")
            .join(name);
        copy(&root, folder.path());
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Runs a command with the folder as its argument.
    pub(crate) fn run(&self, command: &str, args: &[&str]) -> Ran {
        self.run_with(command, args, &[])
    }

    /// Runs `runs` with its word and further arguments first.
    pub(crate) fn runs(&self, args: &[&str]) -> Ran {
        Ran::of(
            backflow()
                .arg("runs")
                .args(args)
                .arg(self.path())
                .output()
                .unwrap(),
        )
    }

    pub(crate) fn run_with(&self, command: &str, args: &[&str], env: &[(&str, &str)]) -> Ran {
        let mut process = backflow();
        process
            .arg(command)
            .arg(self.path())
            .args(args)
            .envs(env.iter().copied());
        Ran::of(process.output().unwrap())
    }
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// The command, in an environment of its own.
pub(crate) fn backflow() -> Command {
    let mut command = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_backflow")));
    command.env_clear().env("RUST_BACKTRACE", "0");
    command
}

fn copy(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name();
        if name == "data" || name == ".backflow" || name == ".env" {
            continue;
        }
        let target = to.join(&name);
        if entry.path().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A table of notes and its routes, without tenancy.
pub(crate) const NOTES: [(&str, &str); 3] = [
    ("backflow.json", r#"{ "tenancy": false }"#),
    (
        "migrations/0001_notes.sql",
        "CREATE TABLE notes (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), body TEXT NOT NULL);",
    ),
    (
        "routes/notes.json",
        r#"[
  { "path": "/notes", "method": "post",
    "validation": { "body": { "body": { "type": "string", "required": true } } },
    "supabaseQueries": [{ "table": "notes", "operation": "insert", "data": { "body": "{{body.body}}" } }] },
  { "path": "/notes", "method": "get",
    "supabaseQueries": [{ "table": "notes", "operation": "select" }] }
]"#,
    ),
];
