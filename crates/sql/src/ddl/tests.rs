//! Migrations run on a real SQLite, set up as the store sets it up.

mod changes;
mod faults;
mod plans;
mod values;

use super::sqlite;
use backflow_catalog::read;
use backflow_diag::{Diagnostics, SourceMap};
use rusqlite::Connection;
use rusqlite::config::DbConfig;

/// The schema that most tests use: five tables, one column named by a reserved word.
const STARTER: &str = include_str!("../../../../spec/seed/migrations/0001_init.sql");

/// The statements of each file, and what was said (`CODE slice: message`).
fn translate(files: &[&str]) -> (Vec<Option<Vec<String>>>, Vec<String>) {
    let mut sources = SourceMap::default();
    let ids: Vec<_> = files
        .iter()
        .enumerate()
        .map(|(n, sql)| sources.add(format!("{n:04}.sql"), *sql))
        .collect();
    let mut diagnostics = Diagnostics::default();
    let schema = read(&sources, &ids, &mut diagnostics);
    let made = schema
        .migrations
        .iter()
        .map(|migration| sqlite(&schema, migration, &mut diagnostics))
        .collect();
    let said = diagnostics.iter().map(|d| {
        let place = d.span().map(|span| sources.slice(span)).unwrap_or_default();
        format!("{} `{place}` {}", d.code.id, d.message)
    });
    (made, said.collect())
}

fn open() -> Connection {
    let connection = Connection::open_in_memory().expect("memory");
    for (flag, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
    ] {
        connection.set_db_config(flag, on).expect("flag");
    }
    connection
        .execute_batch("PRAGMA foreign_keys = ON; PRAGMA case_sensitive_like = ON;")
        .expect("pragmas");
    connection
}

/// Runs one file in a transaction, and checks that nothing dangles after it.
fn run(connection: &Connection, statements: &[String]) -> rusqlite::Result<()> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    for statement in statements {
        if let Err(error) = connection.execute_batch(statement) {
            connection.execute_batch("ROLLBACK").expect("rollback");
            return Err(error);
        }
    }
    connection.execute_batch("COMMIT")?;
    assert_eq!(
        texts(connection, "SELECT * FROM pragma_foreign_key_check"),
        Vec::<String>::new()
    );
    assert_eq!(text(connection, "PRAGMA integrity_check"), "ok");
    Ok(())
}

/// A database after files without faults.
fn migrated(files: &[&str]) -> Connection {
    let connection = open();
    let (made, said) = translate(files);
    let faults: Vec<_> = said.iter().filter(|line| line.starts_with('E')).collect();
    assert_eq!(faults, Vec::<&String>::new());
    for statements in made.into_iter().flatten() {
        if let Err(error) = run(&connection, &statements) {
            panic!("{error}\n{}", statements.join(";\n"));
        }
    }
    connection
}

/// A database after `first`, rows, and then `then`.
fn changed(first: &str, rows: &str, then: &str) -> rusqlite::Result<Connection> {
    let connection = open();
    let (made, said) = translate(&[first, then]);
    let faults: Vec<_> = said.iter().filter(|line| line.starts_with('E')).collect();
    assert_eq!(faults, Vec::<&String>::new(), "{then}");
    let mut made = made.into_iter().flatten();
    run(&connection, &made.next().expect("first"))?;
    connection.execute_batch(rows)?;
    run(&connection, &made.next().expect("then"))?;
    Ok(connection)
}

fn texts(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(sql).expect(sql);
    let count = statement.column_count();
    let rows = statement.query_map([], |row| {
        let cells = (0..count).map(|at| {
            Ok(match row.get_ref(at)? {
                rusqlite::types::ValueRef::Null => "null".to_owned(),
                rusqlite::types::ValueRef::Integer(value) => value.to_string(),
                rusqlite::types::ValueRef::Real(value) => format!("{value:?}"),
                other => other.as_str().expect("text").to_owned(),
            })
        });
        Ok(cells.collect::<rusqlite::Result<Vec<_>>>()?.join("|"))
    });
    rows.expect(sql).collect::<rusqlite::Result<_>>().expect(sql)
}

fn text(connection: &Connection, sql: &str) -> String {
    texts(connection, sql).join("\n")
}

/// The message of a statement that must fail.
fn refused(connection: &Connection, sql: &str) -> String {
    match connection.execute_batch(sql) {
        Ok(()) => panic!("accepted: {sql}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_starter_schema_works() {
    let db = migrated(&[STARTER]);
    let owner = "'00000000-0000-4000-8000-000000000001'";
    db.execute_batch(&format!(
        "INSERT INTO organizations (name, slug, owner_id) VALUES ('A', 'a', {owner})"
    ))
    .expect("insert");
    let id = text(&db, "SELECT id FROM organizations");
    assert!(id.len() == 36 && id.get(14..15) == Some("4"), "{id}");
    let created = text(&db, "SELECT created_at FROM organizations");
    assert!(
        created.len() == 32 && created.ends_with("000+00:00") && created.get(10..11) == Some("T"),
        "{created}"
    );
    db.execute_batch(&format!(
        "INSERT INTO usage_records (organization_id, feature, used, period) VALUES ('{id}', 'f', 3, '2026-11')
         ON CONFLICT (organization_id, feature, period) DO UPDATE SET used = coalesce(usage_records.used, 0) + 3;
         INSERT INTO usage_records (organization_id, feature, used, period) VALUES ('{id}', 'f', 3, '2026-11')
         ON CONFLICT (organization_id, feature, period) DO UPDATE SET used = coalesce(usage_records.used, 0) + 3;"
    ))
    .expect("upsert");
    assert_eq!(text(&db, "SELECT used, \"limit\" FROM usage_records"), "6|null");
    assert_eq!(
        refused(
            &db,
            &format!("INSERT INTO organizations (name, slug, owner_id) VALUES ('A', 'a', {owner})")
        ),
        "UNIQUE constraint failed: organizations.slug"
    );
    assert_eq!(
        refused(
            &db,
            "INSERT INTO organizations (name, slug, owner_id) VALUES ('A', 'b', 'x')"
        ),
        "CHECK constraint failed: organizations.owner_id.type"
    );
    assert_eq!(
        refused(
            &db,
            &format!(
                "INSERT INTO usage_records (organization_id, feature, period) VALUES ({owner}, 'f', 'p')"
            )
        ),
        "FOREIGN KEY constraint failed"
    );
    assert_eq!(
        refused(&db, "UPDATE usage_records SET \"limit\" = 2147483648"),
        "CHECK constraint failed: usage_records.limit.type"
    );
    assert_eq!(
        refused(&db, "UPDATE usage_records SET used = 1.5"),
        "cannot store REAL value in INTEGER column usage_records.used"
    );
}

#[test]
fn defaults_differ_from_row_to_row() {
    let db = migrated(&[STARTER]);
    for n in 0..200 {
        db.execute_batch(&format!(
            "INSERT INTO organizations (name, slug, owner_id) VALUES ('x', '{n}', '00000000-0000-4000-8000-000000000001')"
        ))
        .expect("the default is a uuid that the check accepts");
    }
    assert_eq!(text(&db, "SELECT count(DISTINCT id) FROM organizations"), "200");
    assert_eq!(
        text(
            &db,
            "SELECT count(*) FROM organizations WHERE substr(id, 20, 1) IN ('8', '9', 'a', 'b')"
        ),
        "200"
    );
}
