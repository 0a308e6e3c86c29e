//! No predicate that keeps tenants apart can be taken away unnoticed.
//!
//! Every condition that compares with a tenant or caller, in every statement of several projects, is replaced by one
//! that always holds, one at a time; so are the roles, the invited address and the tenant that data name. The crawl
//! of `isolation.rs`, reduced to the route concerned, must find each of these mutants. On PostgreSQL the same is done
//! once more with the statements that do what several did. Those that mean the same as the
//! original are listed with the reason; those that a second predicate covers must be found when both are gone. A
//! listed mutant that is found, or that is not there, fails the test as well.

#![allow(clippy::print_stdout, reason = "tests tell how much they did")]

mod lists;

use backflow_testkit::crawl::{FIXTURES, Fixture, Plan, crawl};
use backflow_testkit::mutants::{self, Mutant};
use backflow_testkit::{Backend, Compiled, World};
use lists::{ONE_ON_POSTGRES, SAME, SAME_FUSED, THERE, THERE_REASON, TWICE, TWICE_FUSED, UNDER_NULL};

/// How the statements of routes run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// One after another.
    Apart,
    /// As one, where that is proved to do the same.
    Fused,
}

/// A project on a database.
#[derive(Clone, Copy)]
struct Trial<'f> {
    backend: Backend,
    fixture: &'f Fixture,
    manner: Manner,
}

impl Trial<'_> {
    fn name(self) -> String {
        let manner = if self.manner == Manner::Fused {
            ", fused"
        } else {
            ""
        };
        format!("{} on {}{manner}", self.fixture.name, self.backend.name())
    }

    fn compiled(self) -> Compiled {
        let mut compiled = self.fixture.project().compile_for(self.backend.dialect());
        if self.manner == Manner::Apart {
            mutants::take_apart(compiled.plan.as_mut().expect("the fixture has no faults"));
        }
        // A look for a kept answer judges the membership once more, before the statement in question.
        let plan = compiled.plan.as_mut().expect("the fixture has no faults");
        plan.changes = None;
        plan.routes.iter_mut().for_each(|route| route.cache = None);
        compiled
    }

    fn mutants(self, plan: &backflow_plan::Plan) -> Vec<Mutant> {
        match self.manner {
            Manner::Apart => mutants::all(plan),
            Manner::Fused => mutants::all_fused(plan),
        }
    }

    /// What the crawl finds in the project with some predicates less, on the database of a world.
    async fn found(self, honest: &World, mutants: &[&Mutant]) -> Option<&'static str> {
        let mut compiled = self.compiled();
        let plan = compiled.plan.as_mut().expect("the fixture has no faults");
        let routes = vec![plan.routes[mutants[0].route].clone()];
        mutants::apply_all(plan, mutants);
        let world = honest.beside(compiled);
        let crawled = Plan {
            watchful: self.manner == Manner::Fused,
            ..Plan::small()
        };
        let report = crawl(&world, self.fixture, &routes, &crawled).await;
        report.findings.first().map(|finding| finding.what)
    }
}

/// Why nobody notices, if that is so.
fn reason(trial: Trial<'_>, name: &str) -> Option<&'static str> {
    let (project, fused) = (trial.fixture.name, trial.manner == Manner::Fused);
    if trial.backend != Backend::Sqlite && name == ONE_ON_POSTGRES {
        return None;
    }
    if fused && name.ends_with(THERE) && !UNDER_NULL.iter().any(|route| name.starts_with(route)) {
        return Some(THERE_REASON);
    }
    let lists = [SAME, if fused { SAME_FUSED } else { &[] }];
    let mut listed = lists
        .into_iter()
        .flatten()
        .filter(|same| same.project == project && same.mutants.contains(&name));
    let twice = TWICE
        .iter()
        .any(|(known, names)| *known == project && names.contains(&name));
    listed
        .next()
        .map(|same| same.reason)
        .or(twice.then_some("it is said twice"))
}

#[test]
fn every_predicate_is_needed() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // A pooler changes nothing about predicates.
    let mut backends = Backend::chosen();
    backends.retain(|backend| *backend != Backend::Pooled);
    let mut wrong = Vec::new();
    for backend in backends {
        for fixture in &FIXTURES {
            for manner in [Manner::Apart, Manner::Fused] {
                if manner == Manner::Apart || backend != Backend::Sqlite {
                    let trial = Trial {
                        backend,
                        fixture,
                        manner,
                    };
                    wrong.extend(runtime.block_on(unneeded(trial)));
                }
            }
        }
    }
    for line in &wrong {
        println!("{line}");
    }
    assert!(wrong.is_empty(), "{} mutants", wrong.len());
}

/// What is wrong with the mutants of a project, and with the lists above.
async fn unneeded(trial: Trial<'_>) -> Vec<String> {
    let (mut killed, mut same, mut wrong) = (0, 0, Vec::new());
    let honest = trial.compiled();
    let all = trial.mutants(honest.plan.as_ref().expect("the fixture has no faults"));
    let honest = World::start_on(trial.backend, honest);
    let named = |name: &str| all.iter().find(|mutant| mutant.name == name);
    let (project, key) = (trial.name(), trial.fixture.name);
    // Of routes that stay apart there are no mutants in one statement.
    let here = |name: &str| {
        all.iter()
            .any(|mutant| name.starts_with(&format!("{}, ", route_of(&mutant.name))))
    };
    let listed = SAME
        .iter()
        .filter(|same| same.project == key)
        .flat_map(|same| same.mutants);
    wrong.extend(
        listed
            .filter(|name| here(name) && named(name).is_none())
            .map(|name| format!("{project}: {name}: there is no such mutant")),
    );
    for mutant in &all {
        let (name, reason) = (&mutant.name, reason(trial, &mutant.name));
        match (trial.found(&honest, &[mutant]).await, reason) {
            (Some(_), None) => killed += 1,
            (None, Some(_)) => same += 1,
            (None, None) => wrong.push(format!("{project}: {name}: nobody notices")),
            (Some(what), Some(why)) => wrong.push(format!("{project}: {name}: {why}, but {what}")),
        }
    }
    let mut pairs = 0;
    let fused = if trial.manner == Manner::Fused {
        TWICE_FUSED
    } else {
        &[]
    };
    for (_, names) in TWICE
        .iter()
        .chain(fused)
        .filter(|(project, names)| *project == key && here(names[0]))
    {
        let both: Vec<&Mutant> = names.iter().filter_map(|name| named(name)).collect();
        if both.len() != 2 || trial.found(&honest, &both).await.is_none() {
            wrong.push(format!("{project}: {names:?}: nobody notices both"));
        }
        pairs += 1;
    }
    println!("{project}: {killed} mutants found, {same} that mean the same, {pairs} pairs found");
    wrong
}

/// The route in the name of a mutant.
fn route_of(name: &str) -> &str {
    name.split(", ").next().unwrap_or(name)
}
