//! A route with everything that can be known before a request.
//!
//! Role: a plan's route with its prefilled frame and the answers to questions that every request would ask.
//! Invariant: nothing in here changes once it is built.
//! Not here: which path leads here (`router`).

use crate::work::{Job, Jobs};
use backflow_expr::{Program, Slot, Value};
use backflow_plan::model::{Bind, BodyRule, Place, Route, Source, Step};
use std::collections::HashMap;
use std::sync::Arc;

/// A route that is served.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) route: Route,
    /// Its name, for logs.
    pub(crate) name: Arc<str>,
    /// The frame with what is the same for every request.
    pub(crate) template: Vec<Value>,
    /// Whether the query string is looked at.
    pub(crate) reads_query: bool,
    /// Whether some early value needs what only the guard knows.
    pub(crate) waits_for_guard: bool,
    /// Its workflow, if it is more than queries.
    pub(crate) job: Option<Arc<Job>>,
}

impl Served {
    pub(crate) fn new(route: Route, env: &HashMap<String, String>, jobs: &Jobs) -> Self {
        let template = template(&route.frame, env);
        let reads_query = route.input.query.is_some()
            || route
                .frame
                .iter()
                .any(|source| matches!(source, Source::Query(_)));
        let waits_for_guard = matches!(route.place, Place::One(_)) && reads_tenant_early(&route);
        Self {
            job: jobs.get(route.name().as_str()).map(Arc::clone),
            name: route.name().into(),
            route,
            template,
            reads_query,
            waits_for_guard,
        }
    }

    pub(crate) fn reads_body(&self) -> bool {
        !matches!(self.route.input.body, BodyRule::Unread)
    }
}

/// A frame with what is the same for every request.
pub(crate) fn template(frame: &[Source], env: &HashMap<String, String>) -> Vec<Value> {
    frame.iter().map(|source| constant(source, env)).collect()
}

fn constant(source: &Source, env: &HashMap<String, String>) -> Value {
    match source {
        Source::Env(name) => env
            .get(name)
            .map_or(Value::Undefined, |text| Value::from(text.as_str())),
        Source::Constant(value) => value.clone(),
        _ => Value::Undefined,
    }
}

fn reads_tenant_early(route: &Route) -> bool {
    route.steps.iter().any(|step| {
        let condition = step.condition.as_ref().filter(|_| !step.condition_late);
        condition.is_some_and(|program| reads_tenant(program, &route.frame))
            || binds_tenant(step, &route.frame)
    })
}

fn binds_tenant(step: &Step, frame: &[Source]) -> bool {
    let mut early = step.binds.iter().filter(|bind| !bind.late);
    early.any(|bind| waits(bind, frame))
}

/// Whether a value needs what only the guard knows.
pub(crate) fn waits(bind: &Bind, frame: &[Source]) -> bool {
    bind.value
        .slots()
        .into_iter()
        .any(|slot| is_of_tenant(slot, frame))
}

fn reads_tenant(program: &Program, frame: &[Source]) -> bool {
    program.slots().any(|slot| is_of_tenant(slot, frame))
}

fn is_of_tenant(slot: Slot, frame: &[Source]) -> bool {
    matches!(
        frame.get(slot.0 as usize),
        Some(Source::TenantId | Source::TenantRole | Source::Context(_))
    )
}
