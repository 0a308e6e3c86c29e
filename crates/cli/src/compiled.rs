//! A project, compiled.
//!
//! Role: runs all checks and keeps what commands need of them.
//! Input: [`Project`]. Output: [`Compiled`]; its plan is there only if nothing is a fault.
//! Invariant: every command that compiles sees the same diagnostics as `check`.
//! Not here: showing them.

use crate::address::Address;
use crate::beyond;
use crate::environment::Environment;
use crate::files::Files;
use crate::project::Project;
use crate::settings::{self, Jwt};
use crate::version::{self, Former};
use anyhow::Result;
use aws_lc_rs::digest::{SHA256, digest};
use backflow_catalog::{Catalog, Migration, Schema};
use backflow_config::document::Document;
use backflow_diag::{Diagnostics, Severity, SourceMap, codes, render};
use backflow_engine::Version;
use backflow_plan::{Inputs, Plan, compile};
use backflow_postgres::{Live, Script};
use backflow_sql::changes::Watch;
use backflow_sql::ir::Dialect;
use backflow_sqlite::Translated;
use std::path::PathBuf;

/// A compiled project.
pub(crate) struct Compiled {
    pub(crate) folder: PathBuf,
    pub(crate) sources: SourceMap,
    pub(crate) files: Files,
    pub(crate) document: Document,
    /// What the files say.
    pub(crate) schema: Schema,
    /// What it was compiled against.
    pub(crate) catalog: Catalog,
    pub(crate) environment: Environment,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) plan: Option<Plan>,
    pub(crate) migrations: Migrations,
    pub(crate) jwt: Jwt,
    /// Files that the database has not seen yet, where it was asked.
    pub(crate) pending: Vec<String>,
}

/// The migrations in the dialect of the project's database.
pub(crate) enum Migrations {
    Sqlite(Vec<Translated>),
    Postgres(Vec<Script>),
}

impl Migrations {
    /// The names of the files, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        match self {
            Migrations::Sqlite(files) => files.iter().map(|file| file.name.clone()).collect(),
            Migrations::Postgres(files) => files.iter().map(|file| file.name.clone()).collect(),
        }
    }
}

impl Compiled {
    /// Compiles a project; on PostgreSQL `live` completes what the files say.
    pub(crate) fn of(project: Project, live: Option<&Live>) -> Self {
        let Project {
            folder,
            sources,
            files,
            document,
            schema,
            environment,
            diagnostics: mut out,
        } = project;
        let names = backflow_plan::Environment::new(environment.names());
        let address = Address::of(&document, &environment, &sources, &folder);
        let dialect = address.map_or(Dialect::Sqlite, |address| address.dialect());
        let catalog = match live.filter(|_| dialect == Dialect::Postgres) {
            Some(live) => backflow_catalog::complete(&schema, &live.catalog),
            None => schema.catalog.clone(),
        };
        let manifests = backflow_connect::manifests();
        let inputs = Inputs {
            document: &document,
            catalog: &catalog,
            manifests: &manifests,
            environment: &names,
            dialect,
        };
        let plan = compile(&inputs, &mut out);
        let migrations = migrations(&sources, &schema, dialect, &mut out);
        let jwt = settings::jwt(&document, &environment, &mut out);
        settings::check_secret(&document, &jwt, &mut out);
        let plan = plan.filter(|_| !out.has_errors());
        if dialect == Dialect::Postgres && live.is_none() {
            out = beyond::point_out(&sources, &schema, out);
        }
        Self {
            folder,
            sources,
            files,
            document,
            schema,
            catalog,
            environment,
            diagnostics: out,
            plan,
            migrations,
            jwt,
            pending: Vec::new(),
        }
    }

    /// Where the data lies.
    pub(crate) fn address(&self) -> Result<Address> {
        Address::of(&self.document, &self.environment, &self.sources, &self.folder)
    }

    /// The version that its files are.
    pub(crate) fn version(&self) -> Version {
        version::of(&self.sources, &self.files, &self.document)
    }

    /// What compiles the versions of earlier runs.
    pub(crate) fn former(&self) -> Former {
        let dialect = match self.migrations {
            Migrations::Sqlite(_) => Dialect::Sqlite,
            Migrations::Postgres(_) => Dialect::Postgres,
        };
        Former {
            catalog: self.catalog.clone(),
            environment: backflow_plan::Environment::new(self.environment.names()),
            dialect,
        }
    }

    /// What makes our own tables at each start.
    pub(crate) fn setup(&self) -> Vec<String> {
        self.plan.iter().flat_map(Plan::setup).cloned().collect()
    }

    /// What must be there so that changes are logged of what is kept.
    pub(crate) fn watches(&self) -> &[Watch] {
        self.plan.as_ref().map_or(&[], Plan::watches)
    }

    /// Whether all that is wrong may be right, if the database has what the files do not say.
    pub(crate) fn may_be_right(&self) -> bool {
        matches!(self.migrations, Migrations::Postgres(_))
            && beyond::may_be_right(&self.sources, &self.diagnostics)
    }

    /// Whether a fault lies in a migration.
    pub(crate) fn has_faulty_migration(&self) -> bool {
        let mut faults = self
            .diagnostics
            .iter()
            .filter(|one| one.code.severity == Severity::Error);
        faults.any(|fault| beyond::in_migration(&self.sources, fault))
    }

    /// Whether what lives adds nothing to what it was compiled against.
    pub(crate) fn is_complete(&self, live: &Live) -> bool {
        backflow_catalog::complete(&self.schema, &live.catalog) == self.catalog
    }

    /// Reports where the database differs from the files; there is no plan then.
    pub(crate) fn compare(&mut self, live: &Live) {
        let Some(plan) = &self.plan else { return };
        let out = &mut self.diagnostics;
        backflow_postgres::drift(&self.schema, &live.catalog, plan.statements(), out);
        backflow_postgres::hidden_rows(&self.catalog, live, plan.statements(), out);
        if out.has_errors() {
            self.plan = None;
        }
    }

    /// The warnings and then the faults, for people: what is read first in a terminal is the end.
    pub(crate) fn report(&self, color: bool) -> String {
        let of = |severity| {
            self.diagnostics
                .iter()
                .filter(move |one| one.code.severity == severity)
        };
        let ordered = of(Severity::Warning).chain(of(Severity::Error));
        render::human(&self.sources, ordered, color)
    }

    /// How many faults and warnings.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (
            self.diagnostics.count(Severity::Error),
            self.diagnostics.count(Severity::Warning),
        )
    }

    /// The variables that the project needs and the environment lacks.
    pub(crate) fn missing(&self) -> Vec<String> {
        let faults = self
            .diagnostics
            .iter()
            .filter(|fault| fault.code == codes::MISSING_ENV);
        let mut names: Vec<String> = faults.filter_map(|fault| self.name_in(fault.span()?)).collect();
        names.sort();
        names.dedup();
        names
    }

    /// The variable's name in `env.NAME`, `env['NAME']` or `${NAME}`.
    fn name_in(&self, span: backflow_diag::Span) -> Option<String> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut words = self
            .sources
            .slice(span)
            .split(|c| !is_part(c))
            .filter(|word| !word.is_empty());
        let first = words.next()?;
        let name = if first == "env" { words.next()? } else { first };
        Some(name.to_owned())
    }
}

fn migrations(sources: &SourceMap, schema: &Schema, dialect: Dialect, out: &mut Diagnostics) -> Migrations {
    let sum = |migration: &Migration| checksum(&sources.text(migration.file));
    let files = schema.migrations.iter();
    match dialect {
        Dialect::Postgres => Migrations::Postgres(
            files
                .map(|migration| Script {
                    name: migration.name.clone(),
                    checksum: sum(migration),
                    statements: migration.pieces(sources),
                    transactional: migration.transactional,
                })
                .collect(),
        ),
        Dialect::Sqlite => {
            let translated = files.filter_map(|migration| {
                let statements = backflow_sql::ddl::sqlite(schema, migration, out)?;
                Some(Translated {
                    name: migration.name.clone(),
                    checksum: sum(migration),
                    statements,
                    transactional: migration.transactional,
                })
            });
            Migrations::Sqlite(translated.collect())
        }
    }
}

/// SHA-256 in hexadecimal digits.
pub(crate) fn checksum(text: &str) -> String {
    digest(&SHA256, text.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
