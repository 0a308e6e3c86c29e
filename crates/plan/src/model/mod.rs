//! What will be done: the compiled form of a project.
//!
//! Role: everything the engine needs to serve requests, with every name resolved to a position.
//! Invariant: a plan holds no secret, no handle and nothing of the environment; it prints the same for the
//! same files.
//! Not here: how it is made (`lower`), how it is run (the engine).

mod answer;
mod cache;
mod custom;
mod fused;
mod hook;
mod inbox;
mod input;
mod journal;
mod limit;
mod place;
mod rate;
mod route;
mod step;
mod work;

pub use answer::{Answer, Shape};
pub use backflow_config::document::Method;
pub use cache::{Cache, CacheRead, Capacity, Changes};
pub use custom::{Custom, CustomAction, CustomAuth, CustomBody};
pub use fused::{Fused, FusedValue};
pub use hook::{
    Challenge, Declared, FEW_ROWS, Finder, Hook, HookAction, MetadataKey, Reads, RowFinder, RowValue,
    RowValueFrom, Secrets, Told, Watched,
};
pub use inbox::{EVENT_CELLS, Inbox};
pub use input::{BodyRule, Field, Format, Input, Pattern, Rule, RuleKind};
pub use journal::{
    Journal, KeyStatements, LockStatements, Membership, RUN_CELLS, RunStatements, STEP_CELLS, StepStatements,
};
pub use limit::{Limit, Look};
pub use place::{Directory, Guard, Naming, Place, TenantRow};
pub use rate::{CountBy, Counter, Network, Proxies, Rate, Skips};
pub use route::{Access, PathPattern, Route, RouteId, Segment, Source};
pub use step::{
    Bind, BindValue, Capability, KeyPart, ListedRows, Offset, Operation, Page, Results, Rows, Step,
};
pub use work::{Call, Given, Refuse, Retry, Work, WorkAction, WorkStep, Workflow};

use crate::tenancy::Tenancy;
use backflow_sql::changes::Watch;

/// A compiled project.
#[derive(Debug, Default)]
pub struct Plan {
    /// Routes, in the order of the files.
    pub routes: Vec<Route>,
    /// Paths that receive webhooks.
    pub hooks: Vec<Hook>,
    /// Stand-alone workflows.
    pub workflows: Vec<Workflow>,
    /// `credentials`, by provider: objects whose expressions read only the environment and constants.
    pub credentials: Vec<Credentials>,
    /// `customIntegrations`
    pub customs: Vec<Custom>,
    /// How tenants and their members are known; `None` when tenancy is off.
    pub tenancy: Option<Tenancy>,
    /// The directory of users, when the engine keeps it.
    pub directory: Option<Directory>,
    /// Where durable runs are kept.
    pub journal: Option<Journal>,
    /// How it is learnt what others change; `None`: no answer is kept.
    pub changes: Option<Changes>,
    /// How much of what is answered is kept.
    pub capacity: Capacity,
    /// Whose word about a caller's address counts.
    pub proxies: Proxies,
    /// Facts that `check` reports and `plan` prints.
    pub facts: Vec<String>,
}

impl Plan {
    /// The calls of all workflows to providers, those that undo others too.
    pub fn calls(&self) -> impl Iterator<Item = &Call> {
        let routes = self.routes.iter().filter_map(|route| route.work.as_ref());
        let works = routes.chain(self.workflows.iter().map(|workflow| &workflow.work));
        let hooks = self.hooks.iter().flat_map(|hook| &hook.actions);
        let works = works.chain(hooks.map(|action| &action.work));
        works.flat_map(|work| &work.steps).flat_map(|step| {
            let own = match &step.action {
                WorkAction::Call(call) => Some(call.as_ref()),
                _ => None,
            };
            own.into_iter().chain(step.compensate.as_deref())
        })
    }

    /// Texts that make the tables of our own, each for one table, in the dialect of the plan.
    pub fn setup(&self) -> impl Iterator<Item = &String> {
        let directory = self.directory.iter().flat_map(|directory| &directory.setup);
        let journal = self.journal.iter().flat_map(|journal| &journal.setup);
        directory
            .chain(journal)
            .chain(self.changes.iter().map(|changes| &changes.setup))
    }

    /// What must be there so that changes are logged of what is kept.
    #[must_use]
    pub fn watches(&self) -> &[Watch] {
        self.changes.as_ref().map_or(&[], |changes| &changes.watches)
    }

    /// The texts of all statements that requests, workflows and events run.
    pub fn statements(&self) -> impl Iterator<Item = &str> {
        let routes = self.routes.iter().flat_map(|route| {
            let steps = route.steps.iter().flat_map(Step::statements);
            let work = route.work.iter().flat_map(Work::statements);
            route.place.statement().into_iter().chain(steps).chain(work)
        });
        let workflows = self.workflows.iter().flat_map(|workflow| {
            let place = workflow.place.statement();
            place.into_iter().chain(workflow.work.statements())
        });
        let hooks = self.hooks.iter().flat_map(Hook::statements);
        let directory = self.directory.iter().map(|directory| &directory.record);
        let all = routes.chain(workflows).chain(hooks).chain(directory);
        all.map(|statement| statement.text.as_str())
    }
}

/// What a provider is called with.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The provider.
    pub provider: String,
    /// Where the values of its expressions come from: the environment and constants.
    pub frame: Vec<Source>,
    /// Its keys, in the order of the file.
    pub values: Vec<(String, Shape)>,
}
