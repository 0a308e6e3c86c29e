//! Document and catalog compiled into a Plan.
//!
//! Role: names become positions, types meet, tenancy is proved, statements are finished.
//! Input: [`Inputs`]. Output: [`Plan`], or diagnostics that say why not.
//! Invariant: a plan exists only if nothing in the config is a fault.
//! Not here: values of the environment, connections, anything that runs.
//!
//! ```
//! use backflow_catalog::Catalog;
//! use backflow_config::document::Document;
//! use backflow_diag::Diagnostics;
//! use backflow_plan::manifest::Manifests;
//! use backflow_plan::{Environment, Inputs, compile};
//! use backflow_sql::ir::Dialect;
//!
//! let (document, catalog) = (Document::default(), Catalog::default());
//! let inputs = Inputs {
//!     document: &document,
//!     catalog: &catalog,
//!     manifests: &Manifests::default(),
//!     environment: &Environment::default(),
//!     dialect: Dialect::Sqlite,
//! };
//! let plan = compile(&inputs, &mut Diagnostics::default()).expect("an empty project is a good one");
//! assert!(plan.routes.is_empty());
//! ```

mod collide;
pub mod convert;
mod draft;
mod frame;
mod journal;
mod lower;
pub mod manifest;
pub mod model;
pub mod print;
mod project;
mod prove;
mod report;
pub mod tenancy;
mod types;
mod unserved;

pub use model::Plan;

use backflow_catalog::Catalog;
use backflow_config::document::Document;
use backflow_diag::Diagnostics;
use backflow_sql::ir::Dialect;
use manifest::Manifests;
use model::RouteId;
use project::Project;
use std::collections::BTreeSet;
use std::sync::Arc;

/// What is compiled.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What the author wrote.
    pub document: &'a Document,
    /// The schema.
    pub catalog: &'a Catalog,
    /// What may be called, beside the project's own `customIntegrations`.
    pub manifests: &'a Manifests,
    /// Which variables of the environment exist.
    pub environment: &'a Environment,
    /// The database's dialect.
    pub dialect: Dialect,
}

/// Names of the variables that exist; their values are no business of a plan.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    names: BTreeSet<String>,
}

impl Environment {
    /// An environment with these variables.
    pub fn new(names: impl IntoIterator<Item = String>) -> Self {
        Self {
            names: names.into_iter().collect(),
        }
    }

    /// Whether a variable exists.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.names.contains(name)
    }
}

/// Compiles a project. Everything found is in `out`; `None` if some of it is a fault.
pub fn compile(inputs: &Inputs<'_>, out: &mut Diagnostics) -> Option<Plan> {
    let project = Project::new(inputs, out);
    let mut facts = Vec::new();
    let mut prefixes = lower::paths::prefixes(inputs.document, out);
    let mut limits = lower::rate::Limits::read(inputs.document, out);
    let (mut routes, mut many) = (Vec::new(), Vec::new());
    for doc in &inputs.document.routes {
        let shared = (&mut prefixes[..], &mut limits);
        if let Some((route, at_once)) = lower::route::lower(&project, doc, shared, (&mut facts, out)) {
            routes.push((route, doc));
            many.push(at_once);
        }
    }
    lower::paths::report_unused(&prefixes, out);
    limits.report(out);
    let proxies = inputs.document.project.proxies.clone();
    if routes.iter().any(|(route, _)| route.limit.is_some()) {
        facts.push(lower::rate::fact(&proxies));
    }
    let mut hooks = Vec::new();
    for doc in &inputs.document.webhooks {
        hooks.extend(lower::hook::lower(&project, doc, &mut facts, out).map(|hook| (hook, doc)));
    }
    let workflows = lower::work::alone::lower(&project, &mut facts, out);
    let credentials = lower::credentials::lower(&project, out);
    let customs = lower::custom::lower(&project, out);
    collide::report(&routes, &hooks, out);
    report::warnings(&project, &routes, out);
    unserved::report(inputs.document, out);
    let directory = lower::directory::build(&project);
    let watched = lower::cache::watched(routes.iter().map(|(route, _)| route));
    let mut plan = Plan {
        hooks: hooks.into_iter().map(|(hook, _)| hook).collect(),
        credentials,
        customs,
        directory,
        journal: Some(journal::build(&project)),
        changes: watched
            .as_ref()
            .map(|tables| lower::cache::changes(&project, tables)),
        capacity: lower::cache::capacity(inputs.document),
        workflows,
        proxies,
        ..Plan::default()
    };
    plan.facts = report::facts(&project, facts);
    plan.tenancy.clone_from(&project.tenancy);
    let watched = watched.unwrap_or_default();
    for (index, ((mut route, _), many)) in routes.into_iter().zip(many).enumerate() {
        if let (Some(shares), Some(many)) = (&mut route.shares, many) {
            Arc::make_mut(shares).at_once = Some(many.statement(&project, &watched));
        }
        route.id = RouteId(u32::try_from(index).unwrap_or(u32::MAX));
        plan.routes.push(route);
    }
    (!out.has_errors()).then_some(plan)
}
