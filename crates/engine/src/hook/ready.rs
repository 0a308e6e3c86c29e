//! A webhook with everything that can be known before an event arrives.
//!
//! Invariant: nothing in here changes once it is built; an empty secret is none.
//! Not here: events.

use crate::host::RequestHost;
use crate::route;
use crate::runtime::BuildError;
use crate::settings::Secret;
use crate::work::{Job, Works};
use backflow_expr::{Value, Wanted};
use backflow_plan::model::{Hook, Operation, Source, WorkAction};
use std::sync::Arc;

/// A webhook that is served.
pub(crate) struct Ready {
    pub(super) hook: Hook,
    pub(super) secrets: Vec<Secret>,
    /// The hook's frame with what is the same for every event.
    pub(super) template: Vec<Value>,
    pub(super) actions: Vec<Doing>,
    /// What is read of an event's body, by the hook and by its actions.
    pub(super) reads: Wanted,
}

/// An action that can run.
pub(super) struct Doing {
    pub(super) job: Arc<Job>,
    /// The tables that it may write.
    pub(super) tables: Vec<Touched>,
}

/// A table that an action may write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Touched {
    pub(super) table: String,
    /// Rows that are there may be changed, not only new ones made.
    pub(super) changes: bool,
}

impl Ready {
    pub(super) fn new(hook: Hook, works: &Works) -> Result<Self, BuildError> {
        let actions: Option<Vec<Doing>> = hook
            .actions
            .iter()
            .map(|action| Some(Doing::new(works.find_job(&action.name)?)))
            .collect();
        let secrets = secrets(&hook, works);
        if secrets.is_empty() {
            return Err(BuildError::NoSecret(hook.name));
        }
        let actions = actions.ok_or_else(|| BuildError::Path(hook.path.to_string()))?;
        let sources = actions.iter().flat_map(|action| &action.job.sources);
        let paths = sources.chain(&hook.frame).filter_map(|source| match source {
            Source::Body(keys) => Some(keys.as_slice()),
            _ => None,
        });
        Ok(Self {
            reads: Wanted::of(paths),
            actions,
            secrets,
            template: route::template(&hook.frame, works.env()),
            hook,
        })
    }

    /// What the action at a place is known by.
    pub(super) fn mark(&self, at: usize) -> &str {
        self.hook.actions.get(at).map_or("", |action| &action.mark)
    }
}

impl Doing {
    fn new(job: Arc<Job>) -> Self {
        let mut tables: Vec<Touched> = Vec::new();
        let steps = job.work.steps.iter().filter_map(|step| match &step.action {
            WorkAction::Database(statements) => Some(statements),
            WorkAction::Call(_) | WorkAction::Refuse(_) | WorkAction::Lock(_) => None,
        });
        for step in steps.flatten() {
            let Some(changes) = changes(&step.operation) else {
                continue;
            };
            match tables.iter_mut().find(|known| known.table == step.table) {
                Some(known) => known.changes |= changes,
                None => tables.push(Touched {
                    table: step.table.clone(),
                    changes,
                }),
            }
        }
        Self { job, tables }
    }
}

/// Whether a statement changes rows that are there; `None`: it writes nothing.
pub(super) fn changes(operation: &Operation) -> Option<bool> {
    match operation {
        Operation::Select => None,
        Operation::Insert => Some(false),
        Operation::Upsert { .. } | Operation::Update | Operation::Delete => Some(true),
    }
}

fn secrets(hook: &Hook, works: &Works) -> Vec<Secret> {
    let frame = route::template(&hook.secrets.frame, works.env());
    let mut host = RequestHost::new(works.now(), Arc::clone(works.ids()));
    let values = hook.secrets.values.iter().filter_map(|program| {
        let value = program.run(&frame, &mut host).ok()?;
        value.as_text().map(str::trim).map(str::to_owned)
    });
    values
        .filter(|secret| !secret.is_empty())
        .map(Secret::new)
        .collect()
}
