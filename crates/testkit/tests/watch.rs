//! What makes kept answers old, whoever writes and whichever version of the project runs.
//!
//! Role: writes of every kind in one process that asks nobody else; versions of a project that follow each other on one
//! database while the former is still served.
//! Not here: random histories (`cache`), golden documents (`spec/cache`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test stops at the first surprise"
)]

use backflow_testkit::{Answer, Backend, Project, World, person};
use std::time::Duration;

const TEAM: &str = "aaaaaaaa-0000-4000-8000-000000000000";

const SCHEMA: &str = "
CREATE TABLE teams (id UUID PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE members (team_id UUID NOT NULL REFERENCES teams(id), user_id UUID NOT NULL, PRIMARY KEY (team_id, user_id));
CREATE TABLE notes (id UUID PRIMARY KEY DEFAULT gen_random_uuid(), team_id UUID NOT NULL REFERENCES teams(id), text TEXT NOT NULL);
";

const LIST: &str = r#"{ "path": "/teams/:team/notes", "method": "get", "requireAuth": true, "cache": CACHE,
  "supabaseQueries": [{ "table": "notes", "operation": "select", "select": "text",
    "filters": [{ "column": "COLUMN", "operator": "eq", "value": "{{params.team}}" }], "order": "text" }] }"#;

const WRITES: &str = r#"[
  { "path": "/teams/:team/notes", "method": "post", "requireAuth": true,
    "supabaseQueries": [{ "table": "notes", "operation": "insert", "data": { "COLUMN": "{{params.team}}", "text": "{{body.text}}" } }] },
  { "path": "/teams/:team/notes", "method": "put", "requireAuth": true,
    "supabaseQueries": [{ "table": "notes", "operation": "update", "allRows": true, "data": { "text": "{{body.text}}" } }] },
  { "path": "/teams/:team/notes", "method": "delete", "requireAuth": true,
    "supabaseQueries": [{ "table": "notes", "operation": "delete", "filters": [{ "column": "text", "operator": "eq", "value": "{{body.text}}" }] }] },
  { "path": "/teams/:team/slowly", "method": "post", "requireAuth": true,
    "workflow": { "steps": [
      { "id": "wait", "type": "lock", "lock": "notes-{{tenant.id}}" },
      { "id": "write", "type": "database", "params": { "table": "notes", "operation": "insert", "data": { "text": "{{body.text}}" } } } ] } },
  { "path": "/rename", "method": "post", "requireAuth": true, "crossTenant": { "reason": "a test" },
    "supabaseQueries": [{ "table": "notes", "operation": "update", "data": { "text": "{{body.text}}" }, "filters": [{ "column": "text", "operator": "neq", "value": "" }] }] }
]"#;

/// A version of the project: how it keeps answers, and its migrations beside the first.
fn version(cache: &str, column: &str, migrations: &[&str]) -> Project {
    let list = LIST.replace("CACHE", cache).replace("COLUMN", column);
    let mut project = Project::default()
        .file(
            "backflow.json",
            r#"{ "tenancy": { "table": "teams", "members": { "table": "members", "tenant": "team_id", "user": "user_id" } } }"#,
        )
        .file("migrations/0001_start.sql", SCHEMA)
        .file("routes/list.json", &list)
        .file("routes/writes.json", &WRITES.replace("COLUMN", column));
    for (at, text) in migrations.iter().enumerate() {
        project = project.file(&format!("migrations/000{}_next.sql", at + 2), text);
    }
    project
}

fn first(backend: Backend, age: Duration) -> World {
    let compiled = version(r#"{ "ttl": 3600 }"#, "team_id", &[]).compile_for(backend.dialect());
    let world = World::start_keeping(backend, compiled, age);
    world.database().execute(&format!(
        "INSERT INTO teams VALUES ('{TEAM}', 'A'); INSERT INTO members VALUES ('{TEAM}', '{}');
         INSERT INTO notes (id, team_id, text) VALUES ('11111111-0000-4000-8000-000000000000', '{TEAM}', 'first');",
        person("ann")
    ));
    world
}

fn send(world: &World, method: &str, what: &str, body: &str) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let token = world.token("ann", "");
    let target = what.replace("TEAM", TEAM);
    runtime.block_on(world.send(method, &target, &[("Authorization", &token)], body))
}

fn list(world: &World) -> (String, String) {
    let answer = send(world, "GET", "/teams/TEAM/notes", "");
    assert_eq!(answer.status, 200, "{}", answer.body);
    let found = answer
        .headers
        .get("x-cache")
        .map(|word| word.to_str().unwrap().to_owned());
    (found.unwrap_or_default(), answer.body)
}

fn is(found: &str, texts: &[&str]) -> (String, String) {
    let rows: Vec<String> = texts
        .iter()
        .map(|text| format!(r#"{{"text":"{text}"}}"#))
        .collect();
    (found.to_owned(), format!("[{}]", rows.join(",")))
}

#[test]
fn what_a_process_writes_itself_it_sees_at_once_however_it_writes() {
    for backend in Backend::chosen() {
        // Nobody asks the log in the meantime.
        let world = first(backend, Duration::from_secs(3600));
        assert_eq!(list(&world), is("MISS", &["first"]));
        let writes = [
            ("POST", "/teams/TEAM/notes", "second", &["first", "second"][..]),
            ("DELETE", "/teams/TEAM/notes", "second", &["first"]),
            ("POST", "/teams/TEAM/slowly", "slow", &["first", "slow"]),
            ("PUT", "/teams/TEAM/notes", "same", &["same", "same"]),
            ("POST", "/rename", "all", &["all", "all"]),
        ];
        for (method, path, text, expected) in writes {
            assert_eq!(list(&world).0, "HIT", "before {method} {path}");
            let answer = send(&world, method, path, &format!(r#"{{"text": "{text}"}}"#));
            assert!(
                answer.status < 300,
                "{method} {path}: {} {}",
                answer.status,
                answer.body
            );
            assert_eq!(list(&world), is("MISS", expected), "after {method} {path}");
        }
        // What others write is not asked for.
        world.database().execute("DELETE FROM notes");
        assert_eq!(list(&world), is("HIT", &["all", "all"]));
    }
}

#[test]
fn a_former_version_hears_of_what_a_later_one_writes() {
    let later = "CREATE TABLE others (id UUID PRIMARY KEY);";
    for backend in Backend::chosen() {
        for cache in [r#"{ "ttl": 60 }"#, r#"{ "enabled": false }"#] {
            let former = first(backend, Duration::ZERO);
            assert_eq!(list(&former), is("MISS", &["first"]));
            assert_eq!(list(&former), is("HIT", &["first"]));
            let newer = former.beside(version(cache, "team_id", &[later]).compile_for(backend.dialect()));
            let answer = send(&newer, "POST", "/teams/TEAM/notes", r#"{"text": "newer"}"#);
            assert_eq!(answer.status, 201, "{}", answer.body);
            assert_eq!(list(&former), is("MISS", &["first", "newer"]));
            newer.database().execute("DELETE FROM notes WHERE text = 'first'");
            assert_eq!(list(&former), is("MISS", &["newer"]));
            // Where nobody logs any more, nothing is kept.
            let again = if cache.contains("false") { "MISS" } else { "HIT" };
            assert_eq!(list(&former), is(again, &["newer"]));
        }
    }
}

#[test]
fn a_migration_may_do_to_a_watched_table_what_it_may_do_to_any() {
    let rename = "ALTER TABLE notes RENAME COLUMN team_id TO owner_id;";
    // Only PostgreSQL changes rows in migrations.
    let renamed = "ALTER TABLE notes RENAME COLUMN team_id TO owner_id; UPDATE notes SET text = text || '!';";
    let another = "ALTER TABLE notes ADD COLUMN owner_id UUID REFERENCES teams(id); UPDATE notes SET owner_id = team_id;
        ALTER TABLE notes DROP COLUMN team_id; UPDATE notes SET text = text || '!';";
    for backend in Backend::chosen() {
        let migrations: &[(&str, &str)] = match backend {
            Backend::Sqlite => &[(rename, "first")],
            Backend::Postgres | Backend::Pooled => &[(renamed, "first!"), (another, "first!")],
        };
        for (migration, text) in migrations {
            for cache in [r#"{ "ttl": 60 }"#, r#"{ "enabled": false }"#] {
                let former = first(backend, Duration::ZERO);
                assert_eq!(list(&former), is("MISS", &["first"]));
                let newer = version(cache, "owner_id", &[migration]).compile_for(backend.dialect());
                let newer = former.beside(newer);
                assert_eq!(list(&newer).1, is("", &[text]).1);
                let answer = send(&newer, "POST", "/teams/TEAM/notes", r#"{"text": "newer"}"#);
                assert_eq!(answer.status, 201, "{}", answer.body);
                newer.database().execute(&format!(
                    "UPDATE notes SET text = 'changed' WHERE text = '{text}'"
                ));
                assert_eq!(list(&newer).1, is("", &["changed", "newer"]).1);
            }
        }
    }
}
