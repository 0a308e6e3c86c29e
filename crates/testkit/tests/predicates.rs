//! No predicate that keeps tenants apart can be taken away unnoticed.
//!
//! Every condition that compares with a tenant or caller, in every statement of several projects, is replaced by one
//! that always holds, one at a time; so are the roles, the invited address and the tenant that data name. The crawl
//! of `isolation.rs`, reduced to the route concerned, must find each of these mutants. On PostgreSQL the same is done
//! once more with the statements that do what several did. Those that mean the same as the
//! original are listed with the reason; those that a second predicate covers must be found when both are gone. A
//! listed mutant that is found, or that is not there, fails the test as well.

#![allow(clippy::print_stdout, reason = "tests tell how much they did")]

use backflow_testkit::crawl::{FIXTURES, Fixture, Plan, crawl};
use backflow_testkit::mutants::{self, Mutant};
use backflow_testkit::{Backend, Compiled, World};

/// Mutants that mean the same as the original.
struct Same {
    project: &'static str,
    reason: &'static str,
    mutants: &'static [&'static str],
}

const SAME: &[Same] = &[
    Same {
        project: "seed",
        reason: "the author's own filter names the same tenant, or the row by which the tenant was named",
        mutants: &[
            "GET /usage/check/:feature, query 0: usage_records: organization_id = ?",
            "GET /organizations/:slug, guard: organization_members: organization_id of the named tenant",
            "GET /organizations/:slug, guard: organization_members, organizations: slug = ?",
            "GET /organizations/:slug, query 0: organizations: id = ?",
            "GET /organizations/:orgId/subscription, guard: organization_members: organization_id = ?",
            "GET /organizations/:orgId/subscription, query 0: subscriptions: organization_id = ?",
        ],
    },
    Same {
        project: "workspaces",
        reason: "the author's own filter names the same tenant, or the row by which the tenant was named",
        mutants: &[
            "GET /counters/:name, query 0: counters: workspace_id = ?",
            "GET /workspaces/:slug, query 0: workspaces: id = ?",
        ],
    },
    Same {
        project: "seed",
        reason: "the row is found by the key that an earlier query read from it",
        mutants: &["POST /invites/:token/accept, query 2: invitations: organization_id = ?"],
    },
    Same {
        project: "workspaces",
        reason: "the row is found by the key that an earlier query read from it",
        mutants: &["POST /invites/:token/accept, query 2: invites: workspace_id = ?"],
    },
    Same {
        project: "seed",
        reason: "the key that conflicts holds the tenant, which is filled in",
        mutants: &["POST /usage/track, query 0: usage_records: organization_id = ?"],
    },
    Same {
        project: "workspaces",
        reason: "the key that conflicts holds the tenant, which is filled in",
        mutants: &[
            "PUT /projects/by-code, query 0: projects: workspace_id = ?",
            "PUT /labels, query 0: labels: workspace_id = ?",
            "POST /counters/:name, query 0: counters: workspace_id = ?",
        ],
    },
    Same {
        project: "seed",
        reason: "the rows are joined to a row of the tenant, and such a join leads to rows of the same tenant only",
        mutants: &[
            "GET /organizations/:slug, query 0: organizations, organization_members: organization_id = ?",
            "GET /organizations/:orgId/subscription, query 0: subscriptions, usage_records: organization_id = ?",
        ],
    },
    Same {
        project: "workspaces",
        reason: "the rows are joined to a row of the tenant, and such a join leads to rows of the same tenant only",
        mutants: &[
            "GET /workspaces/:workspace_id/projects, query 0: projects, tasks, task_labels: a row of tasks",
            "GET /workspaces/:workspace_id/projects, query 0: projects, tasks, task_labels, tasks: a row of projects",
            "GET /workspaces/:workspace_id/projects, query 0: projects, tasks, task_labels, tasks, projects: workspace_id = ?",
            "GET /workspaces/:workspace_id/projects, query 0: projects, tasks: a row of projects",
            "GET /workspaces/:workspace_id/projects, query 0: projects, tasks, projects: workspace_id = ?",
            "GET /workspaces/:workspace_id/projects, query 0: projects, tasks: a row of projects #2",
            "GET /workspaces/:workspace_id/projects, query 0: projects, tasks, projects: workspace_id = ? #2",
            "GET /workspaces/:workspace_id/projects/:project, query 0: projects, workspaces: id = ?",
            "GET /workspaces/:workspace_id/projects/:project, query 0: projects, tasks: a row of projects",
            "GET /workspaces/:workspace_id/projects/:project, query 0: projects, tasks, projects: workspace_id = ?",
            "GET /comments, query 0: comments, tasks, projects: workspace_id = ?",
            "GET /labels, query 0: labels, projects: workspace_id = ?",
            "GET /tasks, query 0: tasks, projects, workspaces: id = ?",
            "GET /tasks, query 0: tasks, projects: workspace_id = ?",
            "GET /tasks, query 0: tasks, task_labels: a row of tasks",
            "GET /tasks, query 0: tasks, task_labels, tasks: a row of projects",
            "GET /tasks, query 0: tasks, task_labels, tasks, projects: workspace_id = ?",
            "GET /task-labels, query 0: task_labels, tasks: a row of projects",
            "GET /task-labels, query 0: task_labels, tasks, projects: workspace_id = ?",
            "GET /workspaces, query 0: workspaces, projects, tasks: a row of projects",
            "GET /workspaces, query 0: workspaces, projects, tasks, projects: workspace_id among memberships",
            "GET /workspaces, query 0: workspaces, projects, tasks, projects, workspace_members: user_id = ?",
            "GET /workspaces, query 0: workspaces, projects: workspace_id among memberships",
            "GET /workspaces, query 0: workspaces, projects, workspace_members: user_id = ?",
            "GET /workspaces, query 0: workspaces, settings: workspace_id among memberships",
            "GET /workspaces, query 0: workspaces, settings, workspace_members: user_id = ?",
            "GET /workspaces, query 0: workspaces, workspace_members: workspace_id among memberships",
            "GET /workspaces, query 0: workspaces, workspace_members, workspace_members: user_id = ?",
            "GET /tasks/mine, query 0: tasks, projects: workspace_id among memberships",
            "GET /tasks/mine, query 0: tasks, projects, workspace_members: user_id = ?",
            "GET /tasks/mine, query 0: tasks, task_labels: a row of tasks",
            "GET /tasks/mine, query 0: tasks, task_labels, tasks: a row of projects",
            "GET /tasks/mine, query 0: tasks, task_labels, tasks, projects: workspace_id among memberships",
            "GET /tasks/mine, query 0: tasks, task_labels, tasks, projects, workspace_members: user_id = ?",
            "GET /workspaces/:slug, query 0: workspaces, settings: workspace_id = ?",
            "GET /workspaces/:slug, query 0: workspaces, counters: workspace_id = ?",
            "GET /workspaces/:slug, query 0: workspaces, comments: workspace_id = ?",
        ],
    },
    Same {
        project: "workspaces",
        reason: "the row was written or found a moment before, with all that it points at",
        mutants: &[
            "POST /tasks, query 0: tasks, projects: workspace_id = ? #2",
            "PATCH /tasks/:task, query 0: tasks, projects: workspace_id = ? #3",
            "PUT /tasks/:task/labels/:label, query 0: task_labels, tasks: a row of projects #2",
            "PUT /tasks/:task/labels/:label, query 0: task_labels, tasks, projects: workspace_id = ? #2",
            "PUT /tasks/:task/labels/:label, query 0: task_labels, labels: workspace_id = ? #2",
            "DELETE /tasks/:task/labels/:label, query 0: task_labels, tasks: a row of projects #2",
            "DELETE /tasks/:task/labels/:label, query 0: task_labels, tasks, projects: workspace_id = ? #2",
        ],
    },
];

/// What `SAME` says of names that end so; in the one statement of a route alone.
const THERE: &str = " is there";
const THERE_REASON: &str = "without that row its values are NULL, which equal nothing and which a tenant's rows cannot hold; \
                            and nothing is answered beside a guard that has no row";

/// Rows that can be written under no tenant: there the question for the guard's row is missed.
const UNDER_NULL: [&str; 1] = ["POST /usage/track, "];

/// What only the one statement of a route asks; its conditions on tenants are those of the statements apart.
const SAME_FUSED: &[Same] = &[
    Same {
        project: "seed",
        reason: "which row of the tenant, after the tenant itself; the routes' own tests see to it",
        mutants: &["POST /invites/:token/accept, query 2: invitations: id = ?"],
    },
    Same {
        project: "workspaces",
        reason: "which row of the tenant, after the tenant itself; the routes' own tests see to it",
        mutants: &["POST /invites/:token/accept, query 2: invites: id = ?"],
    },
    Same {
        project: "seed",
        reason: "the author's own filter, which names the same tenant",
        mutants: &["GET /usage/check/:feature, query 0: usage_records: organization_id = ? #2"],
    },
    Same {
        project: "workspaces",
        reason: "the author's own filter, which names the same tenant",
        mutants: &["GET /counters/:name, query 0: counters: workspace_id = ? #2"],
    },
];

/// Where several rows are found, PostgreSQL refuses to take the first: it notices at once.
const ONE_ON_POSTGRES: &str =
    "GET /organizations/:slug, guard: organization_members, organizations: slug = ?";

/// Predicates that say the same twice, for the rows themselves and for an inner embed or a table between: nobody
/// misses one of them, and both are missed.
const TWICE: &[(&str, [&str; 2])] = &[
    (
        "workspaces",
        [
            "GET /labels, query 0: labels, task_labels: a row of tasks",
            "GET /labels, query 0: labels, task_labels: a row of projects",
        ],
    ),
    (
        "workspaces",
        [
            "GET /labels, query 0: labels, task_labels, tasks: a row of projects",
            "GET /labels, query 0: labels, task_labels, projects: workspace_id = ?",
        ],
    ),
    (
        "workspaces",
        [
            "GET /labels, query 0: labels, task_labels, tasks, projects: workspace_id = ?",
            "GET /labels, query 0: labels, task_labels, projects: workspace_id = ?",
        ],
    ),
    (
        "workspaces",
        [
            "GET /tasks, query 0: tasks: a row of projects",
            "GET /tasks, query 0: tasks: a row of projects #2",
        ],
    ),
    (
        "workspaces",
        [
            "GET /tasks, query 0: tasks, projects: workspace_id = ? #2",
            "GET /tasks, query 0: tasks, projects: workspace_id = ? #3",
        ],
    ),
    (
        "workspaces",
        [
            "GET /tasks/mine, query 0: tasks: a row of projects",
            "GET /tasks/mine, query 0: tasks: a row of projects #2",
        ],
    ),
    (
        "workspaces",
        [
            "GET /tasks/mine, query 0: tasks, projects: workspace_id among memberships #2",
            "GET /tasks/mine, query 0: tasks, projects: workspace_id among memberships #3",
        ],
    ),
    (
        "workspaces",
        [
            "GET /tasks/mine, query 0: tasks, projects, workspace_members: user_id = ? #2",
            "GET /tasks/mine, query 0: tasks, projects, workspace_members: user_id = ? #3",
        ],
    ),
];

/// The same for the one statement of a route.
const TWICE_FUSED: &[(&str, [&str; 2])] = &[(
    "workspaces",
    [
        "GET /counters/:name, query 0: counters: workspace_id = ?",
        "GET /counters/:name, query 0: counters: workspace_id = ? #2",
    ],
)];

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
