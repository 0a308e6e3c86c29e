//! Mutants that nobody notices, each with the reason.
//!
//! Invariant: a name that is listed and found, or listed and not there, fails the test.
//! Not here: how they are looked for.

/// Mutants that mean the same as the original.
pub(crate) struct Same {
    /// Whose they are.
    pub(crate) project: &'static str,
    /// Why.
    pub(crate) reason: &'static str,
    /// Their names.
    pub(crate) mutants: &'static [&'static str],
}

pub(crate) const SAME: &[Same] = &[
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
pub(crate) const THERE: &str = " is there";
pub(crate) const THERE_REASON: &str = "without that row its values are NULL, which equal nothing and which a tenant's rows cannot hold; \
                            and nothing is answered beside a guard that has no row";

/// Rows that can be written under no tenant: there the question for the guard's row is missed.
pub(crate) const UNDER_NULL: [&str; 1] = ["POST /usage/track, "];

/// What only the one statement of a route asks; its conditions on tenants are those of the statements apart.
pub(crate) const SAME_FUSED: &[Same] = &[
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
pub(crate) const ONE_ON_POSTGRES: &str =
    "GET /organizations/:slug, guard: organization_members, organizations: slug = ?";

/// Predicates that say the same twice, for the rows themselves and for an inner embed or a table between: nobody
/// misses one of them, and both are missed.
pub(crate) const TWICE: &[(&str, [&str; 2])] = &[
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
pub(crate) const TWICE_FUSED: &[(&str, [&str; 2])] = &[(
    "workspaces",
    [
        "GET /counters/:name, query 0: counters: workspace_id = ?",
        "GET /counters/:name, query 0: counters: workspace_id = ? #2",
    ],
)];
