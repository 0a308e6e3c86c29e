//! A workflow with everything that can be known before it runs.
//!
//! Role: a plan's workflow, of a route or stand-alone, with its prefilled frame.
//! Invariant: nothing in here changes once it is built.
//! Not here: a run of it.

use crate::route;
use backflow_expr::Value;
use backflow_plan::model::{
    Answer, BodyRule, HookAction, Place, Plan, Route, Source, Work, WorkAction, WorkStep, Workflow,
};
use std::collections::HashMap;
use std::sync::Arc;

/// A workflow that can run.
#[derive(Debug)]
pub(crate) struct Job {
    /// `POST /organizations/:orgId/invites`, or the name of a stand-alone one.
    pub(crate) name: Arc<str>,
    pub(crate) sources: Vec<Source>,
    /// The frame with what is the same for every run.
    pub(crate) template: Vec<Value>,
    pub(crate) work: Work,
    pub(crate) answer: Answer,
    /// The status of a good answer, if the author fixed it.
    pub(crate) status: Option<u16>,
    pub(crate) place: Place,
    /// What its input must look like, if it stands alone.
    pub(crate) given: Option<BodyRule>,
}

/// All workflows of a plan, by name.
pub(crate) type Jobs = HashMap<Arc<str>, Arc<Job>>;

impl Job {
    fn of_route(route: &Route, work: &Work, env: &HashMap<String, String>) -> Self {
        Job {
            name: route.name().into(),
            template: route::template(&route.frame, env),
            sources: route.frame.clone(),
            work: work.clone(),
            answer: route.answer.clone(),
            status: route.status,
            place: route.place.clone(),
            given: None,
        }
    }

    fn standalone(workflow: &Workflow, env: &HashMap<String, String>) -> Self {
        Job {
            name: workflow.name.as_str().into(),
            template: route::template(&workflow.frame, env),
            sources: workflow.frame.clone(),
            work: workflow.work.clone(),
            answer: workflow.answer.clone(),
            status: None,
            place: workflow.place.clone(),
            given: Some(workflow.input.clone()),
        }
    }

    fn of_action(action: &HookAction, env: &HashMap<String, String>) -> Self {
        Job {
            name: action.name.as_str().into(),
            template: route::template(&action.frame, env),
            sources: action.frame.clone(),
            work: action.work.clone(),
            answer: action.answer.clone(),
            status: None,
            place: action.place.clone(),
            given: None,
        }
    }

    /// The workflows of a plan.
    pub(crate) fn all(plan: &Plan, env: &HashMap<String, String>) -> Jobs {
        let routes = plan.routes.iter().filter_map(|route| {
            let work = route.work.as_ref()?;
            Some(Job::of_route(route, work, env))
        });
        let alone = plan
            .workflows
            .iter()
            .map(|workflow| Job::standalone(workflow, env));
        let actions = plan.hooks.iter().flat_map(|hook| &hook.actions);
        let actions = actions.map(|action| Job::of_action(action, env));
        let jobs = routes.chain(alone).chain(actions).map(Arc::new);
        jobs.map(|job| (Arc::clone(&job.name), job)).collect()
    }

    pub(crate) fn step(&self, at: usize) -> Option<&WorkStep> {
        self.work.steps.get(at)
    }

    /// Whether some step takes a lock.
    pub(crate) fn locks(&self) -> bool {
        let mut steps = self.work.steps.iter();
        steps.any(|step| matches!(step.action, WorkAction::Lock(_)))
    }
}
