//! A project folder in memory.
//!
//! Invariant: no variable of this machine's environment is seen.
//! Not here: serving it; see `world`.

use crate::home::Home;
use backflow_catalog::{Catalog, Migration, Schema};
use backflow_config::{Document, Role};
use backflow_diag::{Diagnostics, SourceMap, render};
use backflow_plan::{Environment, Inputs, Plan};
use backflow_postgres::Script;
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
    /// The migrations as PostgreSQL takes them; none for SQLite.
    pub scripts: Vec<Script>,
    /// Whether some of their statements are such that only a database knows what they do.
    pub unmodelled: bool,
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

    /// Compiles everything, reporting all that is found; nothing is known but the files.
    #[must_use]
    pub fn compile_for(&self, dialect: Dialect) -> Compiled {
        let read = self.read();
        let catalog = read.schema.catalog.clone();
        compile(read, &catalog, dialect)
    }

    /// Compiles everything as a server does when it starts: on PostgreSQL the migrations are applied, and what the
    /// database says completes what the files say.
    ///
    /// # Panics
    /// When a migration fails.
    #[must_use]
    pub fn compile_in(&self, home: &Home) -> Compiled {
        let dialect = home.backend().dialect();
        let read = self.read();
        if dialect == Dialect::Sqlite || read.out.has_errors() {
            return self.compile_for(dialect);
        }
        let live = home.introspect(&scripts(&read));
        let catalog = backflow_catalog::complete(&read.schema, &live);
        compile(read, &catalog, dialect)
    }

    fn read(&self) -> Read {
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
        Read {
            sources,
            out,
            schema,
            document,
            env,
        }
    }
}

/// What the files say.
struct Read {
    sources: SourceMap,
    out: Diagnostics,
    schema: Schema,
    document: Document,
    env: BTreeMap<String, String>,
}

fn compile(mut read: Read, catalog: &Catalog, dialect: Dialect) -> Compiled {
    let environment = Environment::new(read.env.keys().cloned());
    let manifests = backflow_connect::manifests();
    let inputs = Inputs {
        document: &read.document,
        catalog,
        manifests: &manifests,
        environment: &environment,
        dialect,
    };
    let plan = backflow_plan::compile(&inputs, &mut read.out);
    let (migrations, scripts) = match dialect {
        Dialect::Sqlite => (translate(&read.sources, &read.schema, &mut read.out), Vec::new()),
        Dialect::Postgres => (Vec::new(), scripts(&read)),
    };
    let plan = plan.filter(|_| !read.out.has_errors());
    Compiled {
        sources: read.sources,
        diagnostics: read.out,
        plan,
        migrations,
        scripts,
        unmodelled: !read.schema.unmodelled.is_empty(),
        dialect,
        env: read.env,
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

fn scripts(read: &Read) -> Vec<Script> {
    let script = |migration: &Migration| Script {
        name: migration.name.clone(),
        checksum: checksum(&read.sources.text(migration.file)),
        statements: migration.pieces(&read.sources),
        transactional: migration.transactional,
    };
    read.schema.migrations.iter().map(script).collect()
}

fn checksum(text: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
