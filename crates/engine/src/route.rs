//! A route with everything that can be known before a request.
//!
//! Role: a plan's route with its prefilled frame and the answers to questions that every request would ask.
//! Invariant: nothing in here changes once it is built.
//! Not here: which path leads here (`router`).

use backflow_expr::{Program, Value};
use backflow_plan::model::{BindValue, BodyRule, Place, Route, Shape, Source, Step};
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
}

impl Served {
    pub(crate) fn new(route: Route, env: &HashMap<String, String>) -> Self {
        let template = route.frame.iter().map(|source| constant(source, env)).collect();
        let reads_query = route.input.query.is_some()
            || route
                .frame
                .iter()
                .any(|source| matches!(source, Source::Query(_)));
        let waits_for_guard = matches!(route.place, Place::One(_)) && reads_tenant_early(&route);
        Self {
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
    step.binds
        .iter()
        .filter(|bind| !bind.late)
        .any(|bind| match &bind.value {
            BindValue::Needed(program)
            | BindValue::Optional(program)
            | BindValue::Secret(program)
            | BindValue::List(program)
            | BindValue::SameTenant(program)
            | BindValue::Count(program) => reads_tenant(program, frame),
            BindValue::Document(shape) => shape_reads_tenant(shape, frame),
            BindValue::Given(_)
            | BindValue::Tenant
            | BindValue::Caller
            | BindValue::NewKey
            | BindValue::Now
            | BindValue::Constant(_) => false,
        })
}

fn shape_reads_tenant(shape: &Shape, frame: &[Source]) -> bool {
    match shape {
        Shape::Constant(_) => false,
        Shape::Program(program) => reads_tenant(program, frame),
        Shape::Object(members) => members
            .iter()
            .any(|(_, member)| shape_reads_tenant(member, frame)),
        Shape::List(items) => items.iter().any(|item| shape_reads_tenant(item, frame)),
    }
}

fn reads_tenant(program: &Program, frame: &[Source]) -> bool {
    program.slots().any(|slot| {
        matches!(
            frame.get(slot.0 as usize),
            Some(Source::TenantId | Source::TenantRole | Source::Context(_))
        )
    })
}
