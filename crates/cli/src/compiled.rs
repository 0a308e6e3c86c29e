//! A project, compiled.
//!
//! Role: runs all checks and keeps what commands need of them.
//! Input: [`Project`]. Output: [`Compiled`]; its plan is there only if nothing is a fault.
//! Invariant: every command that compiles sees the same diagnostics as `check`.
//! Not here: showing them.

use crate::environment::Environment;
use crate::project::Project;
use crate::settings::{self, Jwt};
use crate::unserved;
use aws_lc_rs::digest::{SHA256, digest};
use backflow_catalog::Catalog;
use backflow_config::document::Document;
use backflow_diag::{Diagnostics, Severity, SourceMap, codes, render};
use backflow_plan::{Inputs, Plan, compile};
use backflow_sql::ir::Dialect;
use backflow_sqlite::Translated;
use std::path::PathBuf;

/// A compiled project.
pub(crate) struct Compiled {
    pub(crate) folder: PathBuf,
    pub(crate) sources: SourceMap,
    pub(crate) document: Document,
    pub(crate) catalog: Catalog,
    pub(crate) environment: Environment,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) plan: Option<Plan>,
    pub(crate) migrations: Vec<Translated>,
    pub(crate) jwt: Jwt,
}

impl Compiled {
    /// Compiles a project.
    pub(crate) fn of(project: Project) -> Self {
        let Project {
            folder,
            sources,
            document,
            schema,
            environment,
            diagnostics: mut out,
        } = project;
        let names = backflow_plan::Environment::new(environment.names());
        let inputs = Inputs {
            document: &document,
            catalog: &schema.catalog,
            environment: &names,
            dialect: Dialect::Sqlite,
        };
        let plan = compile(&inputs, &mut out);
        let mut migrations = Vec::new();
        for migration in &schema.migrations {
            let statements = backflow_sql::ddl::sqlite(&schema, migration, &mut out);
            migrations.extend(statements.map(|statements| Translated {
                name: migration.name.clone(),
                checksum: checksum(&sources.text(migration.file)),
                statements,
                transactional: migration.transactional,
            }));
        }
        let jwt = settings::jwt(&document, &environment, &mut out);
        settings::check_secret(&document, &jwt, &mut out);
        unserved::report(&document, &mut out);
        let plan = plan.filter(|_| !out.has_errors());
        Self {
            folder,
            sources,
            document,
            catalog: schema.catalog,
            environment,
            diagnostics: out,
            plan,
            migrations,
            jwt,
        }
    }

    /// Statements that are run at each start, before migrations.
    pub(crate) fn setup(&self) -> &[String] {
        let directory = self.plan.as_ref().and_then(|plan| plan.directory.as_ref());
        directory.map_or(&[], |directory| &directory.setup)
    }

    /// Whether a fault lies in a migration.
    pub(crate) fn has_faulty_migration(&self) -> bool {
        let mut faults = self
            .diagnostics
            .iter()
            .filter(|one| one.code.severity == Severity::Error);
        faults.any(|fault| {
            fault
                .span()
                .is_some_and(|span| self.sources.name(span.file).ends_with(".sql"))
        })
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

fn checksum(text: &str) -> String {
    digest(&SHA256, text.as_bytes())
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
