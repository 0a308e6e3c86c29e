//! The projects that are crawled, and their rows.
//!
//! Invariant: every column of free text holds its tenant's mark, and every scoped table has rows of every tenant.

use super::{Marks, ROLES};
use crate::project::Project;
use std::path::Path;

/// A project with rows of several tenants.
pub struct Fixture {
    /// Its name.
    pub name: &'static str,
    /// Its folders below `spec/`.
    pub folders: &'static [&'static str],
    /// Rows that belong to nobody.
    pub common: &'static str,
    /// SQL that makes the rows of a tenant, but not its members.
    pub rows: fn(Marks) -> String,
    /// SQL that makes the members of the first tenant; an owner of the second is a viewer in it.
    pub members: fn(Marks, Marks) -> String,
    /// SQL of rows that point from a tenant to another. No route makes such rows; predicates must stand all the
    /// same.
    pub crossing: fn(Marks, Marks) -> String,
    /// Tables, each with the SQL for the key of a row's tenant.
    pub tables: &'static [(&'static str, &'static str)],
    /// SQL that counts the rows that point at another tenant.
    pub links: &'static [&'static str],
    /// The value of a route's path parameter.
    pub param: fn(&str, &str, Marks) -> String,
    /// The query string of every request.
    pub query: fn(Marks) -> String,
    /// The body of every request: whose rows it names, which tenant, and where the caller is at home.
    pub body: fn((Marks, Marks), Option<Marks>, Option<Marks>) -> String,
    /// Routes for all tenants of a caller that ask for roles.
    pub mine_roles: &'static [(&'static str, &'static [&'static str])],
}

impl Fixture {
    /// The project's files.
    #[must_use]
    pub fn project(&self) -> Project {
        let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec");
        let project = self.folders.iter().fold(Project::default(), |project, folder| {
            project.folder(&spec.join(folder))
        });
        project
            .env("APP_URL", "https://app.example.com")
            .env("STRIPE_WEBHOOK_SECRET", "whsec_test")
    }
}

/// All of them.
pub const FIXTURES: [Fixture; 2] = [STARTING, WORKSPACES];

const STARTING: Fixture = Fixture {
    name: "seed",
    folders: &["seed"],
    common: "",
    rows: starting_rows,
    members: |m, other| members("organization_members", "organization_id", m, other),
    crossing: |_, _| String::new(),
    tables: &[
        ("usage_records", "r.organization_id"),
        ("subscriptions", "r.organization_id"),
        ("invitations", "r.organization_id"),
        ("organization_members", "r.organization_id"),
        ("organizations", "r.id"),
    ],
    links: &[],
    param: |_, name, m| match name {
        "slug" => m.text("slug"),
        "token" => m.text("token"),
        "feature" => "api".to_owned(),
        _ => m.key(),
    },
    query: |m| format!("?organization_id={}&select=*&slug={}", m.key(), m.text("slug")),
    body: starting_body,
    mine_roles: &[],
};

fn starting_rows(m: Marks) -> String {
    let (key, mark) = (m.key(), m.mark());
    let (sub, invitation) = (m.id(1), m.id(2));
    let (usage, invitee, owner) = (m.id(3), m.person("invitee"), m.user("owner"));
    format!(
        "INSERT INTO organizations (id, name, slug, owner_id) VALUES ('{key}', '{mark}name', '{mark}slug', '{owner}');
         INSERT INTO subscriptions (id, organization_id, stripe_customer_id, stripe_subscription_id, plan, status)
           VALUES ('{sub}', '{key}', '{mark}cus', '{mark}sub', '{mark}plan', '{mark}status');
         INSERT INTO invitations (id, organization_id, email, role, token, expires_at)
           VALUES ('{invitation}', '{key}', '{invitee}@example.com', 'member', '{mark}token', '2999-01-01T00:00:00.000000+00:00');
         INSERT INTO usage_records (id, organization_id, feature, used, \"limit\", period)
           VALUES ('{usage}', '{key}', 'api', 7000{}, 90000, '2026-11');
         INSERT INTO usage_records (id, organization_id, feature, used, period)
           VALUES ('{}', '{key}', '{mark}feature', 1, '2026-11');",
        m.tenant,
        m.id(4),
    )
}

fn starting_body((ids, _): (Marks, Marks), tenant: Option<Marks>, home: Option<Marks>) -> String {
    let own = home.map_or_else(|| "new".to_owned(), Marks::mark);
    let tenant = tenant.map_or_else(String::new, |tenant| {
        let key = tenant.key();
        format!(r#", "organization_id": "{key}", "orgId": "{key}", "tenant_id": "{key}""#)
    });
    format!(
        r#"{{"name": "{own}name", "slug": "new-slug", "feature": "api", "quantity": 1, "email": "new@example.com",
            "role": "member", "price_id": "price_1", "plan": "plan", "id": "{}", "user_id": "{}"{tenant}}}"#,
        ids.id(1),
        ids.user("owner"),
    )
}

const WORKSPACES: Fixture = Fixture {
    name: "workspaces",
    folders: &["tenancy/workspaces"],
    common: "INSERT INTO plans VALUES ('free', '0.00'), ('pro', '9.90');",
    rows: workspace_rows,
    members: |m, other| members("workspace_members", "workspace_id", m, other),
    crossing: workspace_crossing,
    tables: &[
        ("task_labels", "SELECT p.workspace_id FROM tasks t JOIN projects p ON p.id = t.project_id WHERE t.id = r.task_id"),
        ("comments", "r.workspace_id"),
        ("tasks", "SELECT p.workspace_id FROM projects p WHERE p.id = r.project_id"),
        ("projects", "r.workspace_id"),
        ("labels", "r.workspace_id"),
        ("counters", "r.workspace_id"),
        ("settings", "r.workspace_id"),
        ("invites", "r.workspace_id"),
        ("workspace_members", "r.workspace_id"),
        ("workspaces", "r.id"),
        ("plans", "NULL"),
    ],
    links: &[
        "SELECT count(*) FROM comments c JOIN tasks t ON t.id = c.task_id JOIN projects p ON p.id = t.project_id
           WHERE p.workspace_id <> c.workspace_id",
        "SELECT count(*) FROM task_labels x JOIN labels l ON l.id = x.label_id JOIN tasks t ON t.id = x.task_id
           JOIN projects p ON p.id = t.project_id WHERE p.workspace_id <> l.workspace_id",
    ],
    param: |route, name, m| match name {
        "slug" => m.text("slug"),
        "token" => m.text("token"),
        // Rows that no other row refers to, and no other key is like.
        "project" if !route.starts_with("GET") => m.id(11),
        "task" if route.starts_with("DELETE /tasks/:task") && !route.contains("label") => m.id(12),
        "project" => m.id(1),
        "task" => m.id(2),
        "label" if route.starts_with("DELETE") => astray(m),
        "label" => m.id(3),
        "comment" => m.id(4),
        "user" => m.user("member"),
        // One name that only one tenant has, and one that all have.
        "name" if route.contains("/counters/:name") && route != "POST /counters/:name" && m.tenant > 0 => m.text("counter"),
        "name" => "shared".to_owned(),
        _ => m.key(),
    },
    query: |m| format!("?project={}&like=%25&workspace_id={}", m.id(1), m.key()),
    body: workspace_body,
    mine_roles: &[("GET /admin/projects", &["owner", "admin"])],
};

/// `shared` is a name that rows of every tenant have.
fn workspace_rows(m: Marks) -> String {
    let (key, mark, project, task, label) = (m.key(), m.mark(), m.id(1), m.id(2), m.id(3));
    format!(
        "INSERT INTO workspaces VALUES ('{key}', '{mark}slug', '{mark}name', 'pro', '2026-01-01T00:00:00.000000+00:00');
         INSERT INTO settings VALUES ('{key}', '{mark}theme');
         INSERT INTO invites (id, workspace_id, email, role, token, expires_at)
           VALUES ('{}', '{key}', '{}@example.com', 'member', '{mark}token', '2999-01-01T00:00:00.000000+00:00');
         INSERT INTO projects (id, workspace_id, code, name, user_id)
           VALUES ('{project}', '{key}', 'shared', '{mark}project', '{}'), ('{}', '{key}', '{mark}code', '{mark}other', NULL);
         INSERT INTO tasks (id, project_id, title, user_id)
           VALUES ('{task}', '{project}', '{mark}task', '{}'), ('{}', '{project}', '{mark}free', NULL);
         INSERT INTO labels (id, workspace_id, name, colour)
           VALUES ('{label}', '{key}', 'shared', '{mark}colour'), ('{}', '{key}', '{mark}label', NULL);
         INSERT INTO task_labels VALUES ('{task}', '{label}');
         INSERT INTO comments (id, workspace_id, task_id, text)
           VALUES ('{}', '{key}', '{task}', '{mark}comment'), ('{}', '{key}', NULL, '{mark}loose');
         INSERT INTO counters VALUES ('{key}', 'shared', 5, '{mark}note'), ('{key}', '{mark}counter', 6, NULL);",
        m.id(9),
        m.person("invitee"),
        m.user("owner"),
        m.id(11),
        m.user("member"),
        m.id(12),
        m.id(13),
        m.id(4),
        m.id(14),
    )
}

/// The id of the next tenant's rows that rows of this one point at. It has no prefix: the row that points shows it,
/// and is no stranger's.
fn astray(m: Marks) -> String {
    format!("a57a0000-0000-4000-8000-{:012x}", m.tenant)
}

fn workspace_crossing(m: Marks, next: Marks) -> String {
    if m.tenant == next.tenant {
        return String::new();
    }
    let (there, theirs, mark, key) = (astray(m), next.mark(), m.mark(), m.key());
    format!(
        "INSERT INTO tasks (id, project_id, title) VALUES ('{there}', '{}', '{theirs}target');
         INSERT INTO labels (id, workspace_id, name) VALUES ('{there}', '{}', '{theirs}target');
         INSERT INTO comments (id, workspace_id, task_id, text) VALUES ('{}', '{key}', '{there}', '{mark}astray');
         INSERT INTO task_labels VALUES ('{}', '{there}');",
        next.id(1),
        next.key(),
        m.id(21),
        m.id(2),
    )
}

fn workspace_body((ids, second): (Marks, Marks), tenant: Option<Marks>, home: Option<Marks>) -> String {
    let own = home.map_or_else(|| "new".to_owned(), Marks::mark);
    let tenant = tenant.map_or_else(String::new, |tenant| {
        let key = tenant.key();
        format!(r#", "workspace_id": "{key}", "tenant_id": "{key}""#)
    });
    let (project, task, user) = (ids.id(1), ids.id(2), ids.user("member"));
    format!(
        r#"{{"name": "shared", "slug": "new-slug", "code": "new", "theme": "{own}t", "title": "{own}t", "text": "{own}t",
            "colour": "{own}c", "note": "{own}n", "email": "new@example.com", "role": "viewer", "by": 1, "more": 1,
            "done": true, "project_id": "{project}", "first": "{project}", "second": "{}", "task_id": "{task}",
            "id": "{}", "user_id": "{user}"{tenant}}}"#,
        second.id(1),
        ids.id(2),
    )
}

/// A member for each role, the second owner, and the other tenant's second owner.
fn members(table: &str, tenant: &str, m: Marks, other: Marks) -> String {
    let mut rows: Vec<(String, &str)> = ROLES.iter().map(|role| (m.user(role), *role)).collect();
    rows.push((m.user("double"), "owner"));
    if other.tenant != m.tenant {
        rows.push((other.user("double"), "viewer"));
    }
    let mut sql = String::new();
    for (at, (user, role)) in rows.iter().enumerate() {
        let id = m.id(100 + at);
        sql.push_str(&format!(
            "INSERT INTO {table} (id, {tenant}, user_id, role) VALUES ('{id}', '{}', '{user}', '{role}');",
            m.key()
        ));
    }
    sql
}
