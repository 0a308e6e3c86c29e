//! A project folder in memory.
//!
//! Invariant: no variable of this machine's environment is seen.
//! Not here: serving it; see `world`.

use backflow_catalog::Schema;
use backflow_config::Role;
use backflow_diag::{Diagnostics, SourceMap, Span, render};
use backflow_plan::{Environment, Inputs, Plan};
use backflow_sql::ir::Dialect;
use backflow_sqlite::Translated;
use std::collections::BTreeMap;

/// Files by name, and an environment.
#[derive(Debug, Clone, Default)]
pub struct Project {
    files: BTreeMap<String, String>,
    env: BTreeMap<String, String>,
}

/// What came of a project.
#[derive(Debug)]
pub struct Compiled {
    /// The files.
    pub sources: SourceMap,
    /// Everything that was found.
    pub diagnostics: Diagnostics,
    /// The plan, if nothing is a fault.
    pub plan: Option<Plan>,
    /// The migrations, translated for SQLite; none for PostgreSQL.
    pub migrations: Vec<Translated>,
    /// The statements of the migrations as PostgreSQL takes them; none for SQLite.
    pub statements: Vec<String>,
    /// The database that it was compiled for.
    pub dialect: Dialect,
    /// The environment: what was set, then what `.env` says.
    pub env: BTreeMap<String, String>,
}

impl Compiled {
    /// All diagnostics for people, without colours.
    #[must_use]
    pub fn report(&self) -> String {
        render::human(&self.sources, self.diagnostics.iter(), false)
    }
}

impl Project {
    /// Adds a file; `.env` is read as such, with what [`Project::env`] sets winning over it.
    #[must_use]
    pub fn file(mut self, name: &str, text: &str) -> Self {
        self.files.insert(name.to_owned(), text.to_owned());
        self
    }

    /// Sets a variable of the environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.env.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Adds every file below a folder of the disk, under its relative name.
    ///
    /// # Panics
    /// When the folder cannot be read: tests want to know at once.
    #[must_use]
    pub fn folder(mut self, root: &std::path::Path) -> Self {
        let mut open = vec![root.to_path_buf()];
        while let Some(folder) = open.pop() {
            for entry in std::fs::read_dir(&folder).expect("the folder is readable") {
                let path = entry.expect("the entry is readable").path();
                let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
                if path.is_dir() {
                    open.push(path);
                } else if matches!(extension, "json" | "sql") {
                    let name = path
                        .strip_prefix(root)
                        .expect("below the root")
                        .to_string_lossy()
                        .into_owned();
                    self.files
                        .insert(name, std::fs::read_to_string(&path).expect("the file is text"));
                }
            }
        }
        self
    }

    /// Compiles everything for SQLite, reporting all that is found.
    #[must_use]
    pub fn compile(&self) -> Compiled {
        self.compile_for(Dialect::Sqlite)
    }

    /// Compiles everything, reporting all that is found.
    #[must_use]
    pub fn compile_for(&self, dialect: Dialect) -> Compiled {
        let (mut sources, mut out) = (SourceMap::default(), Diagnostics::default());
        let (mut sql, mut json, mut dotenv) = (Vec::new(), Vec::new(), Vec::new());
        for (name, text) in &self.files {
            let id = sources.add(name.as_str(), text.as_str());
            match name.as_str() {
                ".env" => dotenv = backflow_config::parse_dotenv(&sources, id, &mut out),
                "backflow.json" => json.insert(0, (id, Role::Project)),
                name if name.ends_with(".sql") => sql.push(id),
                _ => json.push((id, Role::Included)),
            }
        }
        let schema = backflow_catalog::read(&sources, &sql, &mut out);
        let document = backflow_config::read(&sources, &json, &mut out);
        // What a test sets is the process environment, which wins.
        let mut env: BTreeMap<String, String> = dotenv.into_iter().collect();
        env.extend(self.env.clone());
        let environment = Environment::new(env.keys().cloned());
        let inputs = Inputs {
            document: &document,
            catalog: &schema.catalog,
            environment: &environment,
            dialect,
        };
        let plan = backflow_plan::compile(&inputs, &mut out);
        let (mut migrations, mut statements) = (Vec::new(), Vec::new());
        match dialect {
            Dialect::Sqlite => migrations = translate(&sources, &schema, &mut out),
            Dialect::Postgres => statements = quoted(&sources, &schema),
        }
        let plan = plan.filter(|_| !out.has_errors());
        Compiled {
            sources,
            diagnostics: out,
            plan,
            migrations,
            statements,
            dialect,
            env,
        }
    }
}

fn translate(sources: &SourceMap, schema: &Schema, out: &mut Diagnostics) -> Vec<Translated> {
    let mut translated = Vec::new();
    for migration in &schema.migrations {
        let Some(statements) = backflow_sql::ddl::sqlite(schema, migration, out) else {
            continue;
        };
        translated.push(Translated {
            name: migration.name.clone(),
            checksum: checksum(&sources.text(migration.file)),
            statements,
            transactional: migration.transactional,
        });
    }
    translated
}

/// The statements as they are written, with reserved words that stand for names in quotes.
fn quoted(sources: &SourceMap, schema: &Schema) -> Vec<String> {
    let mut statements = Vec::new();
    for migration in &schema.migrations {
        let text = sources.text(migration.file);
        for span in &migration.texts {
            let place = span.start as usize..span.end as usize;
            let mut statement = text.get(place).unwrap_or_default().to_owned();
            let inside = |word: &&Span| span.start <= word.start && word.end <= span.end;
            for word in migration.reserved.iter().rev().filter(inside) {
                let (start, end) = (word.start - span.start, word.end - span.start);
                statement.insert(end as usize, '"');
                statement.insert(start as usize, '"');
            }
            statements.push(statement);
        }
    }
    statements
}

fn checksum(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
