//! Which routes become one statement on PostgreSQL, and which of those commit by themselves.
//!
//! Every line is a route whose statements may or may not be joined; the reason is in its name. That joined and
//! separate statements answer the same is what the golden documents show, on both databases.

#![allow(
    clippy::panic,
    reason = "a fixture that does not compile is told with its faults"
)]

mod counted;

use backflow_plan::model::Route;
use backflow_sql::ir::Dialect;
use backflow_testkit::Project;

const SCHEMA: &str = "
CREATE TABLE orgs (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), name TEXT NOT NULL, slug TEXT UNIQUE, plan TEXT);
CREATE TABLE members (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(), org_id UUID NOT NULL REFERENCES orgs(id),
    user_id UUID NOT NULL, role TEXT NOT NULL, UNIQUE (org_id, user_id));
CREATE TABLE projects (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(), org_id UUID NOT NULL REFERENCES orgs(id), name TEXT, done INT);
CREATE TABLE tasks (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(), org_id UUID NOT NULL REFERENCES orgs(id),
    project_id UUID REFERENCES projects(id), title TEXT);
CREATE TABLE audit (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), org_id UUID NOT NULL REFERENCES orgs(id), what TEXT);
";

const CONFIG: &str = r#"{"tenancy": {
    "table": "orgs", "members": {"table": "members", "tenant": "org_id", "user": "user_id", "role": "role"}}}"#;

/// What became of a route's statements.
#[derive(Debug, PartialEq)]
enum Shape {
    /// They stay apart.
    Apart,
    /// One statement, in a transaction.
    Fused,
    /// One statement that commits by itself.
    Alone,
}

fn route(queries: &str, more: &str) -> Route {
    route_with("", queries, more)
}

fn route_with(sql: &str, queries: &str, more: &str) -> Route {
    let file = format!(
        r#"{{"path": "/orgs/:org_id/x/:id", "method": "post", "requireAuth": true, "supabaseQueries": {queries}{more}}}"#
    );
    let compiled = Project::default()
        .file("backflow.json", CONFIG)
        .file("migrations/0001_init.sql", &format!("{SCHEMA}{sql}"))
        .file("routes/x.json", &file)
        .compile_for(Dialect::Postgres);
    let report = compiled.report();
    let plan = compiled.plan.unwrap_or_else(|| panic!("{report}"));
    plan.routes.into_iter().next().expect("a route")
}

fn shape(queries: &str, more: &str) -> Shape {
    of(&route(queries, more))
}

fn of(route: &Route) -> Shape {
    match (&route.fused, route.alone) {
        (Some(_), true) => Shape::Alone,
        (Some(_), false) => Shape::Fused,
        (None, _) => Shape::Apart,
    }
}

const PROJECT: &str = r#"{"table": "projects", "operation": "select", "single": true, "alias": "project",
    "filters": [{"column": "id", "operator": "eq", "value": "{{params.id}}"}]}"#;
const NOTE: &str = r#"{"table": "audit", "operation": "insert", "data": {"what": "x"}}"#;
const TASK: &str =
    r#"{"table": "tasks", "operation": "insert", "data": {"title": "x", "project_id": "{{params.id}}"}}"#;

#[test]
fn reads_beside_the_guard() {
    assert_eq!(shape(&format!("[{PROJECT}]"), ""), Shape::Alone);
    assert_eq!(
        shape(r#"[{"table": "tasks", "operation": "select"}]"#, ""),
        Shape::Alone
    );
    let two = format!(r#"[{PROJECT}, {{"table": "tasks", "operation": "select"}}]"#);
    assert_eq!(shape(&two, ""), Shape::Alone);
    let lists = r#"[{"table": "tasks", "operation": "select", "alias": "a"}, {"table": "audit", "operation": "select"}]"#;
    assert_eq!(shape(lists, ""), Shape::Apart, "two lists");
}

#[test]
fn one_write() {
    assert_eq!(shape(&format!("[{NOTE}]"), ""), Shape::Alone);
    assert_eq!(
        shape(&format!("[{TASK}]"), ""),
        Shape::Alone,
        "without its parent it writes nothing"
    );
    let change = |more: &str| {
        format!(
            r#"[{{"table": "projects", "operation": "update", "data": {{"name": "x"}}, {more}
                "filters": [{{"column": "id", "operator": "eq", "value": "{{{{params.id}}}}"}}]}}]"#
        )
    };
    assert_eq!(shape(&change(""), ""), Shape::Alone);
    assert_eq!(shape(&change(r#""single": true,"#), ""), Shape::Alone);
    let many = r#"[{"table": "projects", "operation": "update", "data": {"name": "x"}, "single": true,
        "filters": [{"column": "name", "operator": "eq", "value": "y"}]}]"#;
    assert_eq!(
        shape(many, ""),
        Shape::Fused,
        "several rows are refused after they were written"
    );
}

#[test]
fn writes_together() {
    assert_eq!(
        shape(&format!("[{NOTE}, {TASK}]"), ""),
        Shape::Fused,
        "the second may be refused"
    );
    assert_eq!(
        shape(&format!("[{TASK}, {NOTE}]"), ""),
        Shape::Alone,
        "only the first may be refused"
    );
    let again = format!(r#"[{NOTE}, {{"table": "audit", "operation": "select"}}]"#);
    assert_eq!(shape(&again, ""), Shape::Apart, "it reads what was written");
    let found = format!(r#"[{NOTE}, {PROJECT}]"#);
    assert_eq!(shape(&found, ""), Shape::Fused, "the answer may be missing");
    let list = format!(r#"[{NOTE}, {{"table": "tasks", "operation": "select"}}]"#);
    assert_eq!(shape(&list, ""), Shape::Alone, "a list is never refused");
    let after_delete = r#"[{"table": "projects", "operation": "delete", "filters": [{"column": "id", "operator": "eq", "value": "{{params.id}}"}]}, {"table": "tasks", "operation": "select"}]"#;
    assert_eq!(shape(after_delete, ""), Shape::Apart, "keys may cascade");
}

#[test]
fn what_one_statement_would_do_in_another_order() {
    let child_first = r#"[
        {"table": "tasks", "operation": "insert", "data": {"title": "x", "project_id": "{{params.id}}"}},
        {"table": "projects", "operation": "insert", "data": {"name": "x"}}]"#;
    assert_eq!(
        shape(child_first, ""),
        Shape::Apart,
        "the key would find what comes later"
    );
    let replace = r#"[
        {"table": "tasks", "operation": "delete", "filters": [{"column": "title", "operator": "eq", "value": "x"}]},
        {"table": "tasks", "operation": "insert", "data": {"title": "x"}}]"#;
    assert_eq!(shape(replace, ""), Shape::Apart, "the insert may come first");
    let several = r#"[
        {"table": "tasks", "operation": "insert", "data": [{"title": "a"}, {"title": "b"}]},
        {"table": "audit", "operation": "insert", "data": {"what": "x"}}]"#;
    assert_eq!(shape(several, ""), Shape::Alone, "rows that are made or fail");
    let parents = r#"[
        {"table": "tasks", "operation": "insert",
         "data": [{"title": "a", "project_id": "{{params.id}}"}, {"title": "b"}]},
        {"table": "audit", "operation": "insert", "data": {"what": "x"}}]"#;
    assert_eq!(
        shape(parents, ""),
        Shape::Apart,
        "several rows cannot be asked whether there is one"
    );
}

#[test]
fn what_is_missed_behind_a_write() {
    let by_name = r#"{"table": "tasks", "operation": "select",
        "filters": [{"column": "title", "operator": "eq", "value": "{{results.project.name}}"}]}"#;
    let late = format!("[{PROJECT}, {NOTE}, {by_name}]");
    assert_eq!(
        shape(&late, ""),
        Shape::Fused,
        "the last part refuses when the first found nothing"
    );
    let answer = PROJECT.replacen("\"single\"", "\"select\": \"*\", \"single\"", 1);
    assert_eq!(
        shape(&format!("[{answer}, {NOTE}]"), ""),
        Shape::Fused,
        "the answer may be missing"
    );
}

#[test]
fn nothing_old_is_read_behind_a_lock() {
    let change = r#"{"table": "projects", "operation": "update", "data": {"done": 1},
        "filters": [{"column": "id", "operator": "eq", "value": "{{results.project.id}}"}]}"#;
    let tasks = r#"{"table": "tasks", "operation": "select"}"#;
    assert_eq!(
        shape(&format!("[{PROJECT}, {tasks}, {change}]"), ""),
        Shape::Apart
    );
    let only_if = change.replacen('{', "{\"condition\": \"{{results.project}}\",", 1);
    assert_eq!(
        shape(&format!("[{PROJECT}, {only_if}]"), ""),
        Shape::Alone,
        "the locked row itself"
    );
}

#[test]
fn values_of_earlier_rows() {
    let copy = |value: &str, condition: &str| {
        format!(
            r#"[{PROJECT}, {{"table": "audit", "operation": "insert", {condition} "data": {{"what": "{value}"}}}}]"#
        )
    };
    let only_if = r#""condition": "{{results.project}}","#;
    assert_eq!(
        shape(&copy("{{results.project.name}}", only_if), ""),
        Shape::Alone
    );
    assert_eq!(
        shape(&copy("{{results.project.name}}", ""), ""),
        Shape::Apart,
        "without the row the column's default would count"
    );
    assert_eq!(
        shape(&copy("p: {{results.project.name}}", only_if), ""),
        Shape::Apart,
        "computed"
    );
    let unless = r#""condition": "{{!results.project}}","#;
    assert_eq!(
        shape(&copy("none", unless), ""),
        Shape::Apart,
        "another condition"
    );
}

#[test]
fn answers_that_may_fail() {
    let fixed = r#", "response": {"ok": true, "id": "{{results.note.id}}"}"#;
    let computed = r#", "response": {"n": "{{results.note.what + '!'}}"}"#;
    let note = r#"[{"table": "audit", "operation": "insert", "alias": "note", "data": {"what": "x"}}]"#;
    assert_eq!(shape(note, fixed), Shape::Alone);
    assert_eq!(shape(note, computed), Shape::Fused);
}

#[test]
fn triggers_end_a_chain() {
    let trigger = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$;
        CREATE TRIGGER t AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION f();";
    let route = route_with(trigger, &format!("[{NOTE}, {TASK}]"), "");
    assert_eq!(of(&route), Shape::Apart);
    let route = route_with(trigger, &format!("[{TASK}, {NOTE}]"), "");
    assert_eq!(of(&route), Shape::Alone, "nothing comes after it");
}

#[test]
fn the_tenant_is_the_guards_own_key() {
    for queries in [
        format!("[{PROJECT}]"),
        format!("[{NOTE}]"),
        format!("[{TASK}, {NOTE}]"),
    ] {
        let route = route(&queries, r#", "rbac": {"roles": ["owner"]}"#);
        let fused = route.fused.expect("one statement");
        let guarded = fused.statement.text.matches("\"_backflow_0\"").count();
        assert!(guarded > 1, "{}", fused.statement.text);
        assert!(
            fused.statement.text.contains("'owner'"),
            "{}",
            fused.statement.text
        );
    }
}
