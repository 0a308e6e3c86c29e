//! Every command on PostgreSQL.

use crate::folder::{Folder, NOTES, Ran, SECRET};
use crate::http::{Server, refused};
use crate::provider::Provider;
use crate::workflows::{Team, one, waiting};
use backflow_testkit::Probe;
use backflow_testkit::cluster::{Cluster, Database, Options};
use std::os::unix::fs::PermissionsExt;

fn database() -> (Database, String) {
    let database = Cluster::shared().create();
    let url = database.url();
    (database, url)
}

/// A start that is refused for reasons that are not the project's.
fn failed(ran: &Ran, words: &[&str]) {
    assert_eq!(ran.code, Some(2), "{} {}", ran.out, ran.err);
    for word in words {
        assert!(ran.err.contains(word), "{word} in {}", ran.err);
    }
    assert!(
        !ran.err.contains("hunter2") && !ran.out.contains("hunter2"),
        "{}",
        ran.err
    );
}

#[test]
fn the_url_is_enough() {
    let (_database, url) = database();
    let folder = Folder::new(&NOTES);
    let env = [("DATABASE_URL", url.as_str())];
    let status = folder.run_with("migrate", &["--status"], &env);
    assert!(status.out.contains("pending  0001_notes.sql"), "{}", status.out);
    let server = Server::start("serve", &folder, &env);
    let made = server.post("/notes", None, r#"{"body":"milk"}"#);
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(server.get("/health", None).body, r#"{"status":"ok"}"#);
    server.signal("TERM");
    let (code, lines) = server.ended();
    assert_eq!(code, Some(0), "{lines:?}");
    assert!(!folder.path().join("data").exists(), "nothing is kept in files");

    let again = Server::start("serve", &folder, &env);
    assert_eq!(again.get("/notes", None).json()[0]["body"], "milk");
    let status = folder.run_with("migrate", &["--status"], &env);
    assert!(status.out.contains("1 applied, 0 pending"), "{}", status.out);
    let plan = folder.run_with("plan", &[], &env);
    assert!(plan.out.contains("$1::text"), "{}", plan.out);
    let check = folder.run_with("check", &["--database"], &env);
    assert!(
        check.code == Some(0) && check.out.contains("- database: PostgreSQL, database test_"),
        "{}",
        check.out
    );
}

#[test]
fn dev_serves_the_example_and_keeps_its_users() {
    let (database, url) = database();
    let folder = Folder::example("saas");
    let env = [("DATABASE_URL", url.as_str())];
    for round in 0..2 {
        let server = Server::start("dev", &folder, &env);
        let named = format!("database: PostgreSQL, database {} at 127.0.0.1:", database.name());
        assert!(
            server.said.iter().any(|line| line.starts_with(&named)),
            "{:#?}",
            server.said
        );
        let ada = server
            .said
            .iter()
            .find_map(|line| line.strip_prefix("ADA="))
            .unwrap();
        let made = server.post("/organizations", Some(ada), r#"{"name":"Acme","slug":"acme"}"#);
        assert_eq!(made.status, if round == 0 { 201 } else { 409 }, "{made:?}");
        let own = server.get("/organizations/acme", Some(ada)).json();
        assert_eq!(
            own["organization_members"][0]["users"]["email"], "ada@example.com",
            "{own}"
        );
    }
}

#[test]
fn a_node_goes_on_with_the_runs_of_one_that_died() {
    let (_database, url) = database();
    let provider = Provider::start();
    let folder = provider.project_on(&url);
    let first = Server::start("serve", &folder, &[]);
    let team = Team::new(&folder, &first);
    let second = Server::start("serve", &folder, &[]);
    let run = waiting(&team, &provider);
    first.signal("KILL");
    first.ended();
    provider.hold(false);
    let team = team.at(&second);
    assert_eq!(team.end(&run)["answer"]["status"], 201);
    let keys = provider.keys();
    assert!(
        keys.len() >= 2 && keys.iter().all(|key| *key == keys[0]),
        "{keys:?}"
    );
    assert_eq!(team.contacts(), one("Ann"));
    let listed = folder.runs(&["list"]);
    assert!(listed.out.ends_with("1 run\n"), "{}{}", listed.out, listed.err);
    let shown = folder.runs(&["show", &run]).out;
    assert!(
        shown.contains("add: done") && shown.contains("save: done"),
        "{shown}"
    );

    provider.status(500);
    assert_eq!(team.add("Ben").status, 502);
    provider.status(200);
    let failed = folder.runs(&["list", "--state", "failed"]).out;
    let id = failed.split(' ').next().unwrap();
    let retried = folder.runs(&["retry", id]);
    assert_eq!(retried.code, Some(0), "{}{}", retried.out, retried.err);
    assert_eq!(team.contacts().len(), 2);
}

#[test]
fn ten_nodes_that_start_at_once_all_serve() {
    let (_database, url) = database();
    let folder = Folder::new(&NOTES);
    folder.write(
        "migrations/0002_more.sql",
        "SELECT pg_sleep(0.2); ALTER TABLE notes ADD COLUMN more int;",
    );
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                let server = Server::start("serve", &folder, &[("DATABASE_URL", &url)]);
                assert_eq!(server.post("/notes", None, r#"{"body":"x"}"#).status, 201);
            });
        }
    });
    let rows = Probe::postgres(&url).rows("SELECT count(*) FROM \"_backflow_migrations\"");
    assert_eq!(rows, [[Some("2".to_owned())]]);
}

#[test]
fn what_only_postgresql_knows_is_served() {
    let (_database, url) = database();
    let folder = Folder::new(&NOTES);
    folder.write(
        "migrations/0002_more.sql",
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.body := upper(NEW.body); RETURN NEW; END $$;
         CREATE TRIGGER shout BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION shout();
         DO $$ BEGIN EXECUTE 'ALTER TABLE notes ADD COLUMN size int GENERATED ALWAYS AS (length(body)) STORED'; END $$;
         CREATE VIEW long_notes AS SELECT id, body FROM notes WHERE size > 3;",
    );
    folder.write(
        "routes/long.json",
        r#"{ "path": "/long", "method": "get",
             "supabaseQueries": [{ "table": "long_notes", "operation": "select", "select": "body" }] }"#,
    );
    let env = [("DATABASE_URL", url.as_str())];
    let check = folder.run_with("check", &[], &env);
    assert_eq!(check.code, Some(1));
    for word in [
        "unknown table `long_notes`",
        "`CREATE VIEW` (migrations/0002_more.sql:4) may make it",
        "backflow check --database",
    ] {
        assert!(check.out.contains(word), "{word} in {}", check.out);
    }
    let server = Server::start("serve", &folder, &env);
    for body in ["abc", "abcd"] {
        let made = server.post("/notes", None, &format!(r#"{{"body":"{body}"}}"#));
        assert_eq!(made.json()["size"], body.len(), "{made:?}");
    }
    assert_eq!(server.get("/long", None).body, r#"[{"body":"ABCD"}]"#);
    assert_eq!(folder.run_with("check", &["--database"], &env).code, Some(0));
    let sqlite = folder.run("check", &[]);
    assert!(
        sqlite.code == Some(1) && sqlite.out.contains("E0402"),
        "{}",
        sqlite.out
    );
}

#[test]
fn a_database_without_migrations_is_served_as_it_is() {
    let (_database, url) = database();
    let sql = "CREATE TABLE notes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), body text NOT NULL)";
    Probe::postgres(&url).execute(sql);
    let folder = Folder::new(&[NOTES[0], NOTES[2]]);
    let server = Server::start("serve", &folder, &[("DATABASE_URL", &url)]);
    assert_eq!(server.post("/notes", None, r#"{"body":"x"}"#).status, 201);
}

#[test]
fn a_database_that_differs_is_a_fault() {
    let (_database, url) = database();
    let folder = Folder::new(&NOTES);
    let env = [("DATABASE_URL", url.as_str())];
    assert_eq!(folder.run_with("migrate", &[], &env).code, Some(0));
    Probe::postgres(&url).execute("ALTER TABLE notes ALTER COLUMN body TYPE varchar(5)");
    let drift = refused(&folder, &[], &env);
    assert_eq!(drift.code, Some(1));
    for word in [
        "E0408",
        "`notes.body` is varchar(5) there",
        "text here",
        "ALTER COLUMN body TYPE text",
    ] {
        assert!(drift.out.contains(word), "{word} in {}", drift.out);
    }
}

#[test]
fn migrations_stop_the_start_when_they_must() {
    let (_database, url) = database();
    let folder = Folder::new(&NOTES);
    let env = [("DATABASE_URL", url.as_str())];
    failed(
        &refused(&folder, &["--no-migrate"], &env),
        &["pending: 0001_notes.sql"],
    );
    assert_eq!(folder.run_with("migrate", &[], &env).code, Some(0));
    drop(Server::start("serve", &folder, &env));

    folder.write(
        "migrations/0002_bad.sql",
        "CREATE TABLE more (x int);\nSELECT 1 / 0;",
    );
    failed(
        &refused(&folder, &[], &env),
        &[
            "0002_bad.sql:2 failed: division by zero (22012)",
            "in: SELECT 1 / 0",
        ],
    );
    folder.write("migrations/0002_bad.sql", "CREATE TABLE more (x int);");
    assert_eq!(
        folder.run_with("migrate", &[], &env).code,
        Some(0),
        "nothing of it was kept"
    );

    folder.write("migrations/0001_notes.sql", &format!("{}\n-- edited", NOTES[1].1));
    failed(
        &refused(&folder, &[], &env),
        &["0001_notes.sql was edited after it was applied"],
    );
}

#[test]
fn a_project_with_faults_changes_nothing() {
    let (_database, url) = database();
    let folder = Folder::new(&NOTES);
    folder.write("routes/a.json", r#"{ "path": "/a", "method": "got" }"#);
    assert_eq!(refused(&folder, &[], &[("DATABASE_URL", &url)]).code, Some(1));
    folder.write("routes/a.json", &NOTES[2].1.replace("notes\"", "nots\""));
    let unknown = refused(&folder, &[], &[("DATABASE_URL", &url)]);
    assert!(
        unknown.code == Some(1) && unknown.out.contains("did you mean `notes`?"),
        "{}",
        unknown.out
    );
    let tables = Probe::postgres(&url).rows("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'");
    assert_eq!(tables, [[Some("0".to_owned())]]);
}

#[test]
fn why_there_is_no_connection_is_said_without_the_password() {
    let folder = Folder::new(&NOTES);
    let start = |url: &str| refused(&folder, &[], &[("DATABASE_URL", url)]);
    failed(
        &start("postgres://u:hunter2@127.0.0.1:1/d"),
        &[
            "does not answer",
            "database d at 127.0.0.1:1",
            "nothing listens there",
        ],
    );
    failed(
        &start("postgres://u:hunter2@no-such-host.invalid/d"),
        &["no such host is known here"],
    );
    failed(&start("postgres://u:p@hunter2/x@127.0.0.1/d"), &["%2F"]);
    let none = Cluster::shared().url("no_such_database");
    failed(
        &start(&none),
        &["\"no_such_database\" does not exist", "createdb"],
    );
    failed(
        &start(&format!("{none}?sslmode=require")),
        &["does not support TLS", "sslmode"],
    );
}

#[test]
fn a_wrong_password_is_told() {
    let rules = tempfile::tempdir().unwrap();
    std::fs::set_permissions(rules.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let file = rules.path().join("hba.conf");
    let lines = "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n";
    std::fs::write(&file, lines).unwrap();
    let cluster = Cluster::start(&Options::default().set("hba_file", file.to_str().unwrap()));
    let database = cluster.create();
    let name = database.name();
    Probe::postgres(&database.url()).execute(&format!(
        "CREATE ROLE app LOGIN PASSWORD 'p@ss/w?rd'; GRANT ALL ON DATABASE {name} TO app; GRANT ALL ON SCHEMA public TO app"
    ));
    let folder = Folder::new(&NOTES);
    let url = |password: &str| format!("postgres://app:{password}@127.0.0.1:{}/{name}", cluster.port());
    let wrong = refused(&folder, &[], &[("DATABASE_URL", &url("hunter2"))]);
    failed(
        &wrong,
        &["password authentication failed", "check user and password", "%40"],
    );
    let right = url("p%40ss%2Fw%3Frd");
    let env = [("DATABASE_URL", right.as_str()), ("JWT_SECRET", SECRET)];
    assert_eq!(
        Server::start("serve", &folder, &env).get("/notes", None).body,
        "[]"
    );
}
