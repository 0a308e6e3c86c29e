//! Plans with one tenant predicate less.
//!
//! Role: finds in every statement of a plan the conditions that keep rows apart, and takes one away; so do the
//! checks that the plan asks of the engine.
//! Input: a plan. Output: a list of [`Mutant`]s, and the plan with one of them applied.
//! Invariant: a mutant's text has the same parameters, and holds for every row for which the original holds.
//! Not here: whether anybody notices.

mod fused;
mod scan;

use backflow_plan::Plan;
use backflow_plan::model::{Bind, BindValue, FusedValue, Place, Route};
use backflow_sql::ir::Statement;
use scan::{described, predicates, text};
use std::ops::Range;
use std::sync::Arc;

/// Where a mutant differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Site {
    /// In the statement that finds the membership.
    Guard(Range<usize>),
    /// In the statement of a step.
    Step(usize, Range<usize>),
    /// In the one statement of the route.
    Fused(Range<usize>),
    /// The roles that the route asks for.
    Roles,
    /// The e-mail address of the row that a secret opened.
    Email(usize),
    /// The tenant that data name, by step and parameter.
    SameTenant(usize, usize),
}

/// A plan with one predicate less.
#[derive(Debug, Clone)]
pub struct Mutant {
    /// Position of the route.
    pub route: usize,
    /// Where it differs.
    pub site: Site,
    /// What was taken away, for people: route, query, the tables from the outermost select inwards, and the kind
    /// of condition: `GET /tasks, query 0: tasks, projects: workspace_id = tenant`. Unique among its plan's.
    pub name: String,
}

/// Takes the one statement of each route apart: guard and steps run one after another, as on every database.
pub fn take_apart(plan: &mut Plan) {
    for route in &mut plan.routes {
        route.fused = None;
    }
}

/// All mutants of a plan whose statements run one after another.
#[must_use]
pub fn all(plan: &Plan) -> Vec<Mutant> {
    let mut found = Vec::new();
    for (at, route) in plan.routes.iter().enumerate() {
        let mut push = |site: Site, what: &str| add(&mut found, (at, route), site, what);
        if let Place::One(guard) = &route.place {
            for span in predicates(&guard.statement.text, &|_| true) {
                let what = format!("guard: {}", described(&guard.statement.text, &span));
                push(Site::Guard(span), &what);
            }
            if guard.roles.is_some() {
                push(Site::Roles, "guard: the roles");
            }
        }
        of_steps(route, &mut push);
    }
    found
}

/// All mutants of a plan in the statements that do what several did.
#[must_use]
pub fn all_fused(plan: &Plan) -> Vec<Mutant> {
    let mut found = Vec::new();
    for (at, route) in plan.routes.iter().enumerate() {
        let Some(one) = &route.fused else { continue };
        let sql = &one.statement.text;
        let is_caller = |number: usize| {
            let value = number.checked_sub(1).and_then(|at| one.values.get(at));
            matches!(value, Some(FusedValue::Guard(_) | FusedValue::Email))
        };
        for span in fused::conditions(sql, &is_caller) {
            let what = fused::named(sql, &span, matches!(route.place, Place::One(_)));
            add(&mut found, (at, route), Site::Fused(span), &what);
        }
    }
    found
}

fn add(found: &mut Vec<Mutant>, (at, route): (usize, &Route), site: Site, what: &str) {
    let name = format!("{}, {what}", route.name());
    let twins = found
        .iter()
        .filter(|mutant| mutant.name.split(" #").next() == Some(&name))
        .count();
    let name = if twins > 0 {
        format!("{name} #{}", twins + 1)
    } else {
        name
    };
    found.push(Mutant {
        route: at,
        site,
        name,
    });
}

fn of_steps(route: &Route, push: &mut impl FnMut(Site, &str)) {
    for (number, step) in route.steps.iter().enumerate() {
        let is_tenant = |param: usize| step.binds.get(param.wrapping_sub(1)).is_some_and(names_tenant);
        for span in predicates(&step.statement.text, &is_tenant) {
            let what = format!("query {number}: {}", described(&step.statement.text, &span));
            push(Site::Step(number, span), &what);
        }
        if step
            .capability
            .as_ref()
            .is_some_and(|capability| capability.email_cell.is_some())
        {
            push(
                Site::Email(number),
                &format!("query {number}: the e-mail address"),
            );
        }
        for (bind, value) in step.binds.iter().enumerate() {
            if matches!(value.value, BindValue::SameTenant(_)) {
                push(
                    Site::SameTenant(number, bind),
                    &format!("query {number}: {} is the tenant", value.label),
                );
            }
        }
    }
}

fn names_tenant(bind: &Bind) -> bool {
    matches!(
        bind.value,
        BindValue::Tenant | BindValue::SameTenant(_) | BindValue::Caller
    ) || bind.label == "tenant"
}

/// Takes several predicates away, none of which lies inside another.
pub fn apply_all(plan: &mut Plan, mutants: &[&Mutant]) {
    let start = |mutant: &Mutant| match &mutant.site {
        Site::Guard(span) | Site::Step(_, span) | Site::Fused(span) => span.start,
        _ => 0,
    };
    let mut last_first = mutants.to_vec();
    // What stands behind in a text must not move before it is replaced.
    last_first.sort_by_key(|mutant| std::cmp::Reverse(start(mutant)));
    for mutant in last_first {
        apply(plan, mutant);
    }
}

/// Takes the predicate away.
pub fn apply(plan: &mut Plan, mutant: &Mutant) {
    let Some(route) = plan.routes.get_mut(mutant.route) else {
        return;
    };
    match (&mutant.site, &mut route.place) {
        (Site::Guard(span), Place::One(guard)) => guard.statement = without(&guard.statement, span),
        (Site::Fused(span), _) => {
            if let Some(one) = &mut route.fused {
                one.statement = without(&one.statement, span);
            }
        }
        (Site::Roles, Place::One(guard)) => guard.roles = None,
        (Site::Step(at, span), _) => {
            if let Some(step) = route.steps.get_mut(*at) {
                step.statement = without(&step.statement, span);
            }
        }
        (Site::Email(at), _) => {
            if let Some(capability) = route.steps.get_mut(*at).and_then(|step| step.capability.as_mut()) {
                capability.email_cell = None;
            }
        }
        (Site::SameTenant(at, bind), _) => {
            let bind = route
                .steps
                .get_mut(*at)
                .and_then(|step| step.binds.get_mut(*bind));
            if let Some(Bind { value, .. }) = bind
                && let BindValue::SameTenant(program) = value
            {
                *value = BindValue::Optional(program.clone());
            }
        }
        _ => {}
    }
}

/// The statement with a condition that always holds in place of one; parameters stay.
fn without(statement: &Statement, span: &Range<usize>) -> Arc<Statement> {
    let condition = text(&statement.text, span);
    let mut changed = statement.clone();
    // True, false and unknown alike.
    changed
        .text
        .replace_range(span.clone(), &format!("(({condition}) OR TRUE)"));
    Arc::new(changed)
}
