//! Which routes become one statement on PostgreSQL, and which of those commit by themselves.
//!
//! Every line is a route whose statements may or may not be joined; the reason is in its name. That joined and
//! separate statements answer the same is what the golden documents show, on both databases.

#![allow(
    clippy::panic,
    reason = "a fixture that does not compile is told with its faults"
)]

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

const COUNTERS: &str = "CREATE TABLE levels (n INTEGER PRIMARY KEY);
CREATE TABLE counters (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(), org_id UUID NOT NULL REFERENCES orgs(id), name TEXT NOT NULL,
    used INTEGER DEFAULT 0, most INTEGER, note TEXT, UNIQUE (org_id, name)
);";

/// The positions of the values that name the row in which a route counts.
fn shared(queries: &str) -> Option<Vec<usize>> {
    let route = route_with(COUNTERS, queries, "");
    route.shares.map(|shares| shares.row.to_vec())
}

/// Whether many who count by this upsert are one statement, in the table as it is with these words for others.
fn at_once(words: [&str; 2], queries: &str) -> bool {
    let [there, instead] = words;
    assert!(COUNTERS.contains(there));
    let body = r#"{"n": {"type": "integer", "required": true}, "most": {"type": "integer", "required": true},
        "note": {"type": "string", "required": true}}"#;
    let body = format!(r#", "validation": {{"body": {body}}}"#);
    let route = route_with(&COUNTERS.replace(there, instead), queries, &body);
    route.shares.is_some_and(|shares| shares.at_once.is_some())
}

fn counting(more: &str) -> String {
    format!(
        r#"[{{"table": "counters", "operation": "upsert", "onConflict": ["org_id", "name"],
            "data": {{"name": "{{{{params.id}}}}", "used": "used + 1"}}{more}}}]"#
    )
}

#[test]
fn who_counts_shares_a_commit() {
    // The tenant's name, and the counter's; the caller between them names no row.
    let upsert = shared(&counting("")).expect("it counts");
    assert_eq!(upsert.len(), 2);
    assert_eq!(upsert[0], 0);
    assert!(upsert[1] > 1);
    // A limit refuses only what has written nothing.
    assert_eq!(shared(&counting(r#", "require": "used <= most""#)), Some(upsert));
    let update = |data: &str, more: &str| {
        format!(
            r#"[{{"table": "counters", "operation": "update", "data": {{{data}}}, {more}
                "filters": [{{"column": "id", "operator": "eq", "value": "{{{{params.id}}}}"}}]}}]"#
        )
    };
    let single = r#""single": true,"#;
    assert!(shared(&update(r#""used": "used + 1""#, single)).is_some_and(|row| row.len() == 1));
    assert_eq!(shared(&update(r#""used": 1"#, single)), None, "it does not count");
    assert_eq!(
        shared(&update(r#""used": "used + 1", "name": "x""#, single)),
        None,
        "a key may be taken"
    );
    let by_name = r#"[{"table": "counters", "operation": "update", "data": {"used": "used + 1"},
        "filters": [{"column": "most", "operator": "eq", "value": 1}]}]"#;
    assert_eq!(shared(by_name), None, "any number of rows");
    let behind = counting(r#", "require": "used <= most""#)
        .replace("}]", "}, ")
        .to_owned()
        + NOTE
        + "]";
    assert_eq!(shared(&behind), None, "something is written behind it");
    assert_eq!(shared(&format!("[{NOTE}]")), None, "nothing is counted");
}

#[test]
fn many_who_count_are_one_statement_where_nobody_could_tell() {
    let as_it_is = ["", ""];
    let limited = counting(r#", "require": "used <= most""#);
    assert!(at_once(as_it_is, &counting("")));
    assert!(at_once(as_it_is, &limited));
    assert!(at_once(
        as_it_is,
        &counting(r#", "select": "used, org:orgs(name)""#)
    ));
    let counted = |value: &str| counting("").replace("used + 1", value);
    assert!(at_once(as_it_is, &counted("used + {{body.n}}")));
    assert!(at_once(
        ["DEFAULT 0", "DEFAULT 7 CHECK (used >= 0 AND used < 100)"],
        &limited
    ));
    assert!(at_once(["INTEGER DEFAULT 0", "BIGINT"], &counting("")));

    let own_number = counting(r#", "require": "used <= {{body.most}}""#);
    assert!(
        !at_once(as_it_is, &own_number),
        "everybody has a limit of their own"
    );
    let least = counting(r#", "require": "used >= most""#);
    assert!(!at_once(as_it_is, &least), "all may reach what one does not");
    assert!(
        !at_once(as_it_is, &counted("used - 1")),
        "it may end below where it began"
    );
    assert!(!at_once(as_it_is, &counted("used * 2")));
    assert!(
        !at_once(
            as_it_is,
            &counting("").replace(r#""used":"#, r#""note": "{{body.note}}", "used":"#)
        ),
        "the last one's note stays"
    );
    for check in ["used % 2 = 0", "used > 0", "used >= 10", "used <= most"] {
        let check = format!("DEFAULT 0 CHECK ({check})");
        assert!(
            !at_once(["DEFAULT 0", &check], &counting("")),
            "{check}: it may refuse what is offered"
        );
    }
    let levels = ["INTEGER DEFAULT 0", "INTEGER REFERENCES levels(n)"];
    assert!(!at_once(levels, &counting("")), "no level may be passed over");
    let few = [
        "\n);",
        "\n); CREATE UNIQUE INDEX few ON counters (org_id) WHERE used = 3;",
    ];
    assert!(!at_once(few, &counting("")), "somebody else may have that sum");
    let nameless = counting("").replace(r#""{{params.id}}""#, "null");
    assert!(
        !at_once(["name TEXT NOT NULL", "name TEXT"], &nameless),
        "each makes a row"
    );
    assert!(
        !at_once(["INTEGER DEFAULT 0", "NUMERIC"], &counting("")),
        "sums of fractions print otherwise"
    );
    assert!(
        !at_once(["name TEXT", "name CHAR(9)"], &counting("")),
        "what is stored is not what was given"
    );
    let twice = [
        "note TEXT",
        "note TEXT, twice INTEGER GENERATED ALWAYS AS (used * 2) STORED",
    ];
    assert!(!at_once(twice, &counting("")), "it is computed from the last sum");
}
