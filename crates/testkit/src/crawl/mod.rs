//! Tenants beside tenants: marked rows, and requests that try to reach them.
//!
//! Role: [`Fixture`] is a project with rows of several tenants, each text of which carries its tenant's mark;
//! [`crawl`] sends every route of it every kind of caller with every other tenant's names and ids, and judges
//! each answer and what became of the rows.
//! Invariant: a finding is a fault of the product; an honest project has none.
//! Not here: changing a plan to see whether that is found; see [`crate::mutants`].

mod cast;
mod fixture;
mod judge;
mod rows;
mod script;

pub use cast::{Caller, Marks, ROLES, tenant_of};
pub use fixture::{FIXTURES, Fixture};
pub use rows::reset;
pub use script::{Attempt, Sent, attempts, reads, sent};

use crate::probe::Probe;
use crate::world::{Answer, World};
use backflow_plan::model::Route;
use rows::Rows;
use std::collections::{BTreeMap, BTreeSet};

/// Who goes where.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How many tenants there are.
    pub tenants: usize,
    /// Who calls.
    pub callers: Vec<Caller>,
    /// Whether one finding is enough.
    pub first: bool,
    /// Whether to look at all rows after each write: one that is refused must not have changed any. What was changed
    /// is put back, so that no write is refused for what another one left.
    pub watchful: bool,
}

impl Plan {
    /// All callers there are.
    #[must_use]
    pub fn whole(tenants: usize) -> Self {
        let mut callers = vec![
            Caller::Anonymous,
            Caller::Expired,
            Caller::Stranger,
            Caller::NoUuid,
        ];
        for tenant in 0..tenants {
            callers.extend(ROLES.map(|role| Caller::Member { tenant, role }));
            callers.push(Caller::Invitee(tenant));
            callers.push(Caller::Double {
                owner: tenant,
                viewer: (tenant + 1) % tenants,
            });
        }
        Self {
            tenants,
            callers,
            first: false,
            watchful: false,
        }
    }

    /// One caller of each kind; enough to find what is wrong with a single statement.
    #[must_use]
    pub fn small() -> Self {
        let mut callers = vec![Caller::Stranger, Caller::Double { owner: 0, viewer: 1 }];
        callers.extend(ROLES.map(|role| Caller::Member { tenant: 0, role }));
        Self {
            tenants: 3,
            callers,
            first: true,
            watchful: false,
        }
    }
}

/// Something that must not be.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Which rule was broken.
    pub what: &'static str,
    /// The request, or the caller after whose requests it was seen.
    pub after: String,
    /// What was seen.
    pub detail: String,
}

/// What a crawl saw.
#[derive(Debug, Default)]
pub struct Report {
    /// How many answers there were.
    pub answers: usize,
    /// How many of each status.
    pub statuses: BTreeMap<u16, usize>,
    /// How many answers showed callers the rows of their own tenants.
    pub own: usize,
    /// Routes that answered somebody with what they were asked for.
    pub reached: BTreeSet<String>,
    /// Everything that must not be.
    pub findings: Vec<Finding>,
}

/// Sends all requests of a plan to a world that serves the fixture. `routes` are those of the unchanged project.
pub async fn crawl(world: &World, fixture: &Fixture, routes: &[Route], plan: &Plan) -> Report {
    let mut crawler = Crawler {
        world,
        fixture,
        plan,
        marks: (0..plan.tenants).map(Marks::new).collect(),
        database: world.database(),
        report: Report::default(),
    };
    for caller in &plan.callers {
        crawler.call(caller, routes).await;
        if plan.first && !crawler.report.findings.is_empty() {
            break;
        }
    }
    crawler.report
}

struct Crawler<'c> {
    world: &'c World,
    fixture: &'c Fixture,
    plan: &'c Plan,
    marks: Vec<Marks>,
    database: Probe,
    report: Report,
}

impl Crawler<'_> {
    /// All requests of a caller.
    async fn call(&mut self, caller: &Caller, routes: &[Route]) {
        rows::reset(&self.database, self.fixture, &self.marks);
        let mut before = rows::all(&self.database, self.fixture);
        for attempt in attempts(caller, self.plan.tenants) {
            for route in routes {
                self.ask(caller, &attempt, route, &mut before).await;
                if self.plan.first && !self.report.findings.is_empty() {
                    return;
                }
            }
        }
        self.look(caller, &before, format!("{caller:?}"));
    }

    /// One request.
    async fn ask(&mut self, caller: &Caller, attempt: &Attempt, route: &Route, before: &mut Rows) {
        let sent = sent(self.fixture, route, caller, attempt, &self.marks);
        let watched = self.plan.watchful && sent.method != "GET";
        let rows = watched.then(|| rows::fingerprint(&self.database, self.fixture));
        let answer = send(self.world, caller, &sent).await;
        let changed = rows.is_some_and(|rows| rows != rows::fingerprint(&self.database, self.fixture));
        let after = format!(
            "{caller:?}: {} {} {:?} {}",
            sent.method, sent.target, sent.headers, sent.body
        );
        let report = &mut self.report;
        report.answers += 1;
        *report.statuses.entry(answer.status).or_default() += 1;
        if answer.status < 300 {
            report.reached.insert(route.name());
        }
        report.own += usize::from(judge::shows_own(caller, &answer));
        let left = (changed && answer.status >= 400).then(|| {
            (
                "a refusal changed rows",
                format!("{} {}", answer.status, answer.body),
            )
        });
        let found = judge::answer(self.fixture, route, (caller, attempt), &answer, self.plan.tenants);
        report
            .findings
            .extend(found.chain(left).map(|(what, detail)| Finding {
                what,
                after: after.clone(),
                detail,
            }));
        if changed {
            self.look(caller, before, after);
            rows::reset(&self.database, self.fixture, &self.marks);
            *before = rows::all(&self.database, self.fixture);
        }
    }

    /// Judges what became of the rows.
    fn look(&mut self, caller: &Caller, before: &Rows, after: String) {
        let now = rows::all(&self.database, self.fixture);
        let changed = judge::rows(caller, before, &now);
        self.report.findings.extend(changed.map(|(what, detail)| Finding {
            what,
            after: after.clone(),
            detail,
        }));
    }
}

/// Sends one request as a caller.
pub async fn send(world: &World, caller: &Caller, sent: &Sent) -> Answer {
    let mut headers: Vec<(&str, String)> = sent.headers.clone();
    if let Some((name, claims)) = caller.token(sent.claim.as_deref()) {
        headers.push(("Authorization", world.token(&name, &claims)));
    }
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    world.send(sent.method, &sent.target, &headers, &sent.body).await
}
