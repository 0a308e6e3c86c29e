//! Migrations applied, refused and raced for.

use crate::{client, fresh, open, scripts, value};
use backflow_engine::migrations::{Difference, MigrateError, Report};
use backflow_postgres::{Options, Postgres};
use backflow_testkit::bouncer::Bouncer;
use std::time::Duration;

const NOTES: (&str, &str) = (
    "0001_notes.sql",
    "CREATE TABLE notes (id int PRIMARY KEY, limit int);",
);

#[tokio::test]
async fn pending_files_are_applied_once_in_order() {
    let (database, store) = fresh().await;
    let two = scripts(&[
        NOTES,
        (
            "0002_more.sql",
            "BEGIN; ALTER TABLE notes ADD COLUMN x text; COMMIT;",
        ),
    ]);
    assert_eq!(
        store.status(&two).await.unwrap().pending,
        ["0001_notes.sql", "0002_more.sql"]
    );
    let client = client(&database).await;
    let made = "SELECT count(*) FROM pg_class WHERE relname LIKE '\\_backflow%'";
    assert_eq!(value(&client, made).await, "0", "looking changes nothing");

    let (first, second) = (two[0].clone(), two[1].clone());
    let report = store.migrate(&[second, first], &[]).await.unwrap();
    assert_eq!(report.applied, ["0001_notes.sql", "0002_more.sql"]);
    assert_eq!(store.migrate(&two, &[]).await.unwrap(), Report::default());
    client
        .batch_execute("INSERT INTO notes (id, \"limit\", x) VALUES (1, 2, 'y')")
        .await
        .unwrap();
    let status = store.status(&two).await.unwrap();
    assert!(status.pending.is_empty() && status.applied.len() == 2);
    assert!(
        status.applied[0].at.ends_with("+00:00"),
        "{}",
        status.applied[0].at
    );
}

#[tokio::test]
async fn ten_nodes_that_start_at_once_migrate_once() {
    let (database, _) = fresh().await;
    let mut named = vec![
        ("0.sql".to_owned(), "CREATE TABLE t (x int);".to_owned()),
        (
            "5.sql".to_owned(),
            "-- backflow: no transaction\nCREATE INDEX CONCURRENTLY t_x ON t (x);".to_owned(),
        ),
    ];
    named.extend((1..5).chain(6..9).map(|n| {
        let sql = format!("INSERT INTO t VALUES ({n}); CREATE TABLE t{n} (x int); SELECT pg_sleep(0.01);");
        (format!("{n}.sql"), sql)
    }));
    let named: Vec<(&str, &str)> = named
        .iter()
        .map(|(name, sql)| (name.as_str(), sql.as_str()))
        .collect();
    let files = scripts(&named);
    let setup = ["CREATE TABLE IF NOT EXISTS \"kept\" (\"id\" int)".to_owned()];
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (files, setup, store) = (files.clone(), setup.clone(), open(&database).await);
        nodes.spawn(async move {
            store
                .migrate(&files, &setup)
                .await
                .map(|report| report.applied.len())
        });
    }
    let applied: Vec<_> = nodes
        .join_all()
        .await
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(applied.iter().sum::<usize>(), files.len(), "{applied:?}");
    let client = client(&database).await;
    assert_eq!(value(&client, "SELECT count(*) FROM t").await, "7");
    assert_eq!(
        value(
            &client,
            "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_x'::regclass"
        )
        .await,
        "true"
    );
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database \
                 WHERE datname = current_database())";
    assert_eq!(value(&client, locks).await, "0");
}

#[tokio::test]
async fn edited_and_missing_files_are_all_named() {
    let (_database, store) = fresh().await;
    store
        .migrate(&scripts(&[NOTES, ("2.sql", ""), ("3.sql", "")]), &[])
        .await
        .unwrap();
    let changed = scripts(&[
        (NOTES.0, "CREATE TABLE notes (id int);"),
        ("3.sql", ""),
        ("4.sql", "CREATE TABLE c ();"),
    ]);
    let expected = vec![
        Difference::Edited("0001_notes.sql".to_owned()),
        Difference::Missing("2.sql".to_owned()),
    ];
    assert_eq!(
        store.migrate(&changed, &[]).await,
        Err(MigrateError::Changed(expected))
    );
    assert!(store.status(&changed).await.is_err());
}

#[tokio::test]
async fn a_failing_file_is_undone_and_its_line_named() {
    let (database, store) = fresh().await;
    let second = "CREATE TABLE a (x int);\n\n-- why\nINSERT INTO a\nSELECT nonsense\nFROM a;";
    let files = scripts(&[NOTES, ("2.sql", second)]);
    let text = store.migrate(&files, &[]).await.unwrap_err().to_string();
    assert!(
        text.contains("2.sql:5 failed") && text.contains("nonsense"),
        "{text}"
    );
    let client = client(&database).await;
    assert_eq!(value(&client, "SELECT to_regclass('a')").await, "");
    assert_eq!(value(&client, "SELECT to_regclass('notes')").await, "notes");
    assert_eq!(store.status(&files).await.unwrap().pending, ["2.sql"]);

    let twice = scripts(&[
        NOTES,
        (
            "2.sql",
            "INSERT INTO notes VALUES (1);\nINSERT INTO notes VALUES (1);",
        ),
    ]);
    let text = store.migrate(&twice, &[]).await.unwrap_err().to_string();
    assert!(
        text.contains("2.sql:2 failed") && text.contains("detail: Key (id)=(1)"),
        "{text}"
    );
}

#[tokio::test]
async fn what_only_postgresql_knows_is_passed_on() {
    let (database, store) = fresh().await;
    let sql = "
        CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql IMMUTABLE BEGIN ATOMIC SELECT n * 2; END;
        CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.limit := 7; RETURN NEW; END; $$;
        CREATE TRIGGER stamp BEFORE INSERT ON notes FOR EACH ROW EXECUTE FUNCTION stamp();
        DO $$ BEGIN EXECUTE 'ALTER TABLE notes ADD COLUMN made text'; END $$;
        CREATE VIEW busy AS SELECT id, twice(id) AS double FROM notes;
        ALTER TABLE notes ENABLE ROW LEVEL SECURITY;
        CREATE RULE r AS ON DELETE TO notes DO INSTEAD (SELECT 1; SELECT 2);
        INSERT INTO notes (id) VALUES (4);";
    store
        .migrate(&scripts(&[NOTES, ("2.sql", sql)]), &[])
        .await
        .unwrap();
    let client = client(&database).await;
    assert_eq!(
        value(
            &client,
            "SELECT b.double + n.limit FROM busy b JOIN notes n USING (id)"
        )
        .await,
        "15"
    );
}

#[tokio::test]
async fn settings_of_a_file_do_not_outlive_it() {
    let (database, store) = fresh().await;
    // As `pg_dump` begins its files.
    let dump = "SELECT pg_catalog.set_config('search_path', '', false); SET ROLE pg_monitor; RESET ROLE;
        SET statement_timeout = 1; RESET statement_timeout; CREATE TABLE public.dumped (id int);";
    let files = scripts(&[
        ("1.sql", dump),
        (
            "2.sql",
            "CREATE TABLE plain AS SELECT timestamptz '2026-01-01 00:00' = timestamptz '2026-01-01 00:00Z' AS utc;",
        ),
    ]);
    store.migrate(&files, &[]).await.unwrap();
    assert_eq!(
        value(&client(&database).await, "SELECT utc FROM public.plain").await,
        "true"
    );
    assert_eq!(store.status(&files).await.unwrap().applied.len(), 2);
}

#[tokio::test]
async fn reserved_names_are_refused() {
    for statement in [
        "CREATE TABLE \"_BackFlow_mine\" (x int)",
        "DROP TABLE IF EXISTS _backflow_migrations",
        "CREATE INDEX _backflow_i ON notes (id)",
        "DO $$ BEGIN EXECUTE 'ALTER TABLE _backflow_migrations ADD COLUMN x text'; END $$",
    ] {
        let (_database, store) = fresh().await;
        store.migrate(&scripts(&[NOTES]), &[]).await.unwrap();
        let files = scripts(&[NOTES, ("2.sql", statement)]);
        let error = store.migrate(&files, &[]).await.unwrap_err();
        assert!(matches!(error, MigrateError::Reserved { .. }), "{error}");
        assert_eq!(
            store.status(&files).await.unwrap().pending,
            ["2.sql"],
            "{statement}"
        );
    }
}

#[tokio::test]
async fn files_outside_a_transaction_run_statement_by_statement() {
    let (database, store) = fresh().await;
    let sql = "-- backflow: no transaction\nCREATE TABLE a (x int);\nCREATE INDEX CONCURRENTLY i ON a (x);\nSELECT 1/0;";
    let files = scripts(&[("1.sql", sql)]);
    let text = store.migrate(&files, &[]).await.unwrap_err().to_string();
    assert!(text.contains("1.sql:4 failed: division by zero"), "{text}");
    assert!(text.contains("its statements before this one stay"), "{text}");
    assert_eq!(
        value(&client(&database).await, "SELECT to_regclass('i')").await,
        "i"
    );
    assert_eq!(store.status(&files).await.unwrap().pending, ["1.sql"]);

    let pooled = Options::parse(&format!("{}?pgbouncer=true", database.url())).unwrap();
    let pooled = Postgres::open(pooled).await.unwrap();
    let error = pooled.migrate(&files, &[]).await.unwrap_err();
    assert!(error.to_string().contains("direct connection string"), "{error}");
    assert_eq!(
        pooled.migrate(&scripts(&[NOTES]), &[]).await.unwrap().applied,
        [NOTES.0]
    );
}

#[tokio::test]
async fn a_table_in_use_is_waited_for_and_not_for_long_at_a_time() {
    let (database, store) = fresh().await;
    store.migrate(&scripts(&[NOTES]), &[]).await.unwrap();
    let holder = client(&database).await;
    holder.batch_execute("BEGIN; SELECT * FROM notes").await.unwrap();
    let files = scripts(&[NOTES, ("2.sql", "ALTER TABLE notes ADD COLUMN y int;")]);
    let migration = tokio::spawn(async move { store.migrate(&files, &[]).await.map(|_| ()) });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let beside = client(&database).await;
    // It may queue behind the first try, but not for as long as the holder likes.
    let read = beside.batch_execute("SELECT * FROM notes");
    tokio::time::timeout(Duration::from_secs(15), read)
        .await
        .expect("it gets through between tries")
        .unwrap();
    holder.batch_execute("COMMIT").await.unwrap();
    migration.await.unwrap().unwrap();
    assert_eq!(value(&beside, "SELECT count(y) FROM notes").await, "0");
}

#[tokio::test]
async fn a_role_without_rights_serves_what_others_have_made() {
    let (database, store) = fresh().await;
    let setup = ["CREATE TABLE IF NOT EXISTS \"users\" (\"id\" uuid)".to_owned()];
    store.migrate(&scripts(&[NOTES]), &setup).await.unwrap();
    let admin = client(&database).await;
    let role = format!("plain_{}", database.name());
    let grant = format!(
        "CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC;
         GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}"
    );
    admin.batch_execute(&grant).await.unwrap();
    let url = database.url().replace("//postgres@", &format!("//{role}@"));
    let plain = Postgres::open(Options::parse(&url).unwrap()).await.unwrap();
    assert_eq!(
        plain.migrate(&scripts(&[NOTES]), &setup).await.unwrap(),
        Report::default()
    );
    let more = [setup[0].replace("users", "others")];
    let error = plain.migrate(&scripts(&[NOTES]), &more).await.unwrap_err();
    assert!(
        error.to_string().contains("permission denied for schema public"),
        "{error}"
    );
}

#[tokio::test]
async fn all_of_it_works_through_a_pooler() {
    let (bouncer, database) = tokio::task::spawn_blocking(|| {
        let bouncer = Bouncer::shared();
        let database = bouncer.create();
        (bouncer, database)
    })
    .await
    .unwrap();
    let url = bouncer.url(database.name());
    let dump = "SELECT pg_catalog.set_config('search_path', '', false); SET statement_timeout = '7s'; CREATE TABLE public.a (x int);";
    let mut files = scripts(&[
        NOTES,
        ("2.sql", dump),
        ("3.sql", "SELECT pg_sleep(0.1); CREATE TABLE b (x int);"),
    ]);
    let mut nodes = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (files, store) = (
            files.clone(),
            Postgres::open(Options::parse(&url).unwrap()).await.unwrap(),
        );
        assert!(store.pooled());
        nodes.spawn(async move {
            store
                .migrate(&files, &[])
                .await
                .map(|report| report.applied.len())
        });
    }
    let applied: Vec<_> = nodes
        .join_all()
        .await
        .into_iter()
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(applied.iter().sum::<usize>(), 3, "{applied:?}");

    let (pooled, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
        .await
        .unwrap();
    tokio::spawn(connection);
    for _ in 0..10 {
        let left = pooled.simple_query("SHOW statement_timeout").await.unwrap();
        assert!(!format!("{left:?}").contains("7s"), "{left:?}");
    }
    let store = Postgres::open(Options::parse(&url).unwrap()).await.unwrap();
    assert_eq!(store.introspect().await.unwrap().catalog.tables.len(), 3);
    files.extend(scripts(&[("4.sql", "-- backflow: no transaction\nVACUUM a;")]));
    let error = store.migrate(&files, &[]).await.unwrap_err();
    assert!(error.to_string().contains("direct connection string"), "{error}");
}
