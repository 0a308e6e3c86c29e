//! What may be seen and changed by whom.

use super::rows::Rows;
use super::{Attempt, Caller, Fixture, Marks, tenant_of};
use crate::world::Answer;
use backflow_plan::model::{Place, Route};

/// Whether an answer shows a caller something of their own.
pub(super) fn shows_own(caller: &Caller, answer: &Answer) -> bool {
    caller
        .home()
        .is_some_and(|home| answer.body.contains(&Marks::new(home).mark()))
}

/// What is wrong with an answer.
pub(super) fn answer(
    fixture: &Fixture,
    route: &Route,
    (caller, attempt): (&Caller, &Attempt),
    answer: &Answer,
    tenants: usize,
) -> impl Iterator<Item = (&'static str, String)> + use<> {
    let mut found = Vec::new();
    let shown = format!("{} {:?} {}", answer.status, answer.headers, answer.body);
    let name = route.name();
    for other in (0..tenants).filter(|tenant| !may_see(fixture, &name, caller, *tenant)) {
        if Marks::new(other).signs().iter().any(|sign| shown.contains(sign)) {
            found.push(("a row of another tenant is seen", shown.clone()));
        }
    }
    if answer.status == 500 {
        found.push(("something went wrong inside", shown.clone()));
    }
    let good = answer.status < 400;
    if good && route.auth && matches!(caller, Caller::Anonymous | Caller::Expired) {
        found.push(("a route that needs a caller had none", shown.clone()));
    }
    if let (true, Some(tenant), Place::One(guard)) = (good, attempt.tenant(route), &route.place) {
        match (caller.role(tenant), &guard.roles) {
            (None, _) => found.push(("a tenant was entered by a stranger", shown)),
            (Some(role), Some(roles)) if !roles.iter().any(|wanted| wanted == role) => {
                found.push(("a role was not asked for", shown));
            }
            _ => {}
        }
    }
    found.into_iter()
}

/// Membership shows rows; where a route asks for roles in all tenants of a caller, one of these does.
fn may_see(fixture: &Fixture, route: &str, caller: &Caller, tenant: usize) -> bool {
    match fixture.mine_roles.iter().find(|(name, _)| *name == route) {
        Some((_, roles)) => caller.role(tenant).is_some_and(|role| roles.contains(&role)),
        None => caller.belongs_to(tenant),
    }
}

/// What is wrong with the rows after the requests of a caller.
pub(super) fn rows(
    caller: &Caller,
    before: &Rows,
    after: &Rows,
) -> impl Iterator<Item = (&'static str, String)> + use<> {
    let mut found = Vec::new();
    for (owner, rows) in &before.by_owner {
        let free = tenant_of(owner).is_some_and(|tenant| caller.belongs_to(tenant));
        let now = after.by_owner.get(owner);
        if !free && now != Some(rows) {
            found.push((
                "rows of another tenant changed",
                difference(rows, now.map_or("", String::as_str)),
            ));
        }
    }
    if after.crossing > before.crossing {
        let detail = format!("{} before, {} after", before.crossing, after.crossing);
        found.push(("a row points at a row of another tenant", detail));
    }
    found.into_iter()
}

fn difference(before: &str, after: &str) -> String {
    let gone = before
        .lines()
        .find(|line| !after.lines().any(|other| other == *line));
    let new = after
        .lines()
        .find(|line| !before.lines().any(|other| other == *line));
    format!("gone: {gone:?}, new: {new:?}")
}
