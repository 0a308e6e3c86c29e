//! Migrations applied, refused and raced for.

use super::{MigrateError, Report, Translated};
use crate::options::Options;
use crate::store::Sqlite;
use crate::testing::Folder;
use backflow_engine::migrations::Difference;
use rusqlite::Connection;

fn file(name: &str, statements: &[&str]) -> Translated {
    Translated {
        name: name.to_owned(),
        checksum: format!("{statements:?}"),
        statements: statements.iter().map(|&text| text.to_owned()).collect(),
        transactional: true,
    }
}

fn open(folder: &Folder) -> Sqlite {
    Sqlite::open(&folder.file(), Options::default()).expect("open")
}

fn tables(folder: &Folder) -> Vec<String> {
    let plain = Connection::open(folder.file()).expect("open");
    let mut statement = plain
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1")
        .expect("sql");
    let rows = statement.query_map([], |row| row.get(0)).expect("query");
    rows.collect::<rusqlite::Result<_>>().expect("names")
}

#[test]
fn pending_files_are_applied_once_in_order() {
    let folder = Folder::new();
    let sqlite = open(&folder);
    let first = file(
        "0001_a.sql",
        &["CREATE TABLE a (x INT) STRICT", "INSERT INTO a VALUES (1)"],
    );
    let second = file("0002_b.sql", &["ALTER TABLE a ADD COLUMN y INT"]);
    let setup = ["CREATE TABLE IF NOT EXISTS \"_backflow_runs\" (id TEXT PRIMARY KEY) STRICT".to_owned()];
    assert_eq!(
        sqlite
            .status(std::slice::from_ref(&first))
            .expect("status")
            .pending,
        ["0001_a.sql"]
    );
    assert!(tables(&folder).is_empty(), "looking changes nothing");

    let report = sqlite
        .migrate(&[second.clone(), first.clone()], &setup)
        .expect("migrated");
    assert_eq!(report.applied, ["0001_a.sql", "0002_b.sql"]);
    let both = [first, second];
    assert_eq!(sqlite.migrate(&both, &setup).expect("again"), Report::default());
    assert_eq!(tables(&folder), ["_backflow_migrations", "_backflow_runs", "a"]);

    let status = sqlite.status(&both).expect("status");
    assert!(status.pending.is_empty());
    assert_eq!(status.applied.len(), 2);
    assert!(
        status.applied[0].at.ends_with("+00:00"),
        "{}",
        status.applied[0].at
    );
}

#[test]
fn edited_and_missing_files_are_all_named() {
    let folder = Folder::new();
    let sqlite = open(&folder);
    let files = [
        file("1.sql", &["CREATE TABLE a (x)"]),
        file("2.sql", &[]),
        file("3.sql", &[]),
    ];
    sqlite.migrate(&files, &[]).expect("migrated");
    let changed = [
        file("1.sql", &["CREATE TABLE b (x)"]),
        file("3.sql", &[]),
        file("4.sql", &["CREATE TABLE c (x)"]),
    ];
    let error = sqlite.migrate(&changed, &[]).expect_err("changed");
    let expected = vec![
        Difference::Edited("1.sql".to_owned()),
        Difference::Missing("2.sql".to_owned()),
    ];
    assert_eq!(error, MigrateError::Changed(expected));
    assert!(
        error
            .to_string()
            .contains("2.sql was applied to this database, but the file is gone")
    );
    assert!(sqlite.status(&changed).is_err());
    assert!(
        !tables(&folder).contains(&"c".to_owned()),
        "nothing is applied on shaken ground"
    );
}

#[test]
fn a_failing_file_is_undone_and_named() {
    let folder = Folder::new();
    let sqlite = open(&folder);
    let files = [
        file("1.sql", &["CREATE TABLE a (x INT) STRICT"]),
        file(
            "2.sql",
            &["CREATE TABLE b (x INT) STRICT", "INSERT INTO nowhere VALUES (1)"],
        ),
    ];
    let error = sqlite.migrate(&files, &[]).expect_err("fails");
    let text = error.to_string();
    assert!(
        text.contains("2.sql") && text.contains("INSERT INTO nowhere") && text.contains("no such table"),
        "{text}"
    );
    assert_eq!(tables(&folder), ["_backflow_migrations", "a"]);
    assert_eq!(sqlite.status(&files).expect("status").pending, ["2.sql"]);
}

#[test]
fn tables_that_others_refer_to_can_be_made_anew() {
    let folder = Folder::new();
    let sqlite = open(&folder);
    let first = file(
        "1.sql",
        &[
            "CREATE TABLE p (id INT PRIMARY KEY) STRICT",
            "CREATE TABLE c (p INT REFERENCES p ON DELETE CASCADE) STRICT",
            "INSERT INTO p VALUES (1)",
            "INSERT INTO c VALUES (1)",
        ],
    );
    let anew = [
        "PRAGMA defer_foreign_keys = ON",
        "ALTER TABLE p RENAME TO \"p before\"",
        "ALTER TABLE c RENAME TO \"c before\"",
        "CREATE TABLE p (id INT PRIMARY KEY, extra TEXT NOT NULL DEFAULT ('x')) STRICT",
        "INSERT INTO p (id) SELECT id FROM \"p before\"",
        "CREATE TABLE c (p INT REFERENCES p ON DELETE CASCADE) STRICT",
        "INSERT INTO c SELECT p FROM \"c before\"",
        "DROP TABLE \"c before\"",
        "DROP TABLE \"p before\"",
    ];
    let second = Translated {
        transactional: false,
        ..file("2.sql", &anew)
    };
    sqlite.migrate(&[first, second], &[]).expect("migrated");
    let plain = Connection::open(folder.file()).expect("open");
    let rows = plain.query_row("SELECT count(*) FROM c JOIN p ON c.p = p.id", [], |row| {
        row.get::<_, i64>(0)
    });
    assert_eq!(rows, Ok(1));
}

#[test]
fn a_key_left_broken_names_its_file() {
    let folder = Folder::new();
    let sqlite = open(&folder);
    let broken = file(
        "1.sql",
        &[
            "CREATE TABLE p (id INT PRIMARY KEY) STRICT",
            "CREATE TABLE c (p INT REFERENCES p) STRICT",
            "PRAGMA defer_foreign_keys = ON",
            "INSERT INTO c VALUES (1)",
        ],
    );
    let error = sqlite.migrate(&[broken], &[]).expect_err("broken");
    assert!(error.to_string().contains("1.sql"), "{error}");
    assert_eq!(tables(&folder), ["_backflow_migrations"]);
}

#[test]
fn reserved_names_are_refused() {
    for statement in [
        "CREATE TABLE _BackFlow_mine (x)",
        "DROP TABLE _backflow_migrations",
        "CREATE INDEX _backflow_i ON a (x)",
        "ALTER TABLE _backflow_migrations ADD COLUMN x TEXT",
    ] {
        let folder = Folder::new();
        let sqlite = open(&folder);
        let files = [
            file("1.sql", &["CREATE TABLE a (x)"]),
            file("2.sql", &[statement]),
        ];
        let error = sqlite.migrate(&files, &[]).expect_err(statement);
        assert!(matches!(error, MigrateError::Reserved { .. }), "{error}");
        assert_eq!(tables(&folder), ["_backflow_migrations", "a"], "{statement}");
    }
}

#[test]
fn processes_that_start_at_once_migrate_once() {
    let folder = Folder::new();
    let files: Vec<Translated> = (0..10)
        .map(|n| {
            file(
                &format!("{n}.sql"),
                &[&format!("CREATE TABLE t{n} (x INT) STRICT")],
            )
        })
        .collect();
    let applied: Vec<usize> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    open(&folder)
                        .migrate(&files, &[])
                        .expect("migrated")
                        .applied
                        .len()
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"))
            .collect()
    });
    assert_eq!(applied.iter().sum::<usize>(), 10, "{applied:?}");
}
