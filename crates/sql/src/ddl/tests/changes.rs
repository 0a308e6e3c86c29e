//! Changes of tables that hold rows and are referred to.

use super::{changed, migrated, refused, text};

const FIRST: &str = "CREATE TYPE mood AS ENUM ('a', 'b');
    CREATE TABLE o (id serial PRIMARY KEY, slug text UNIQUE, n int, m mood DEFAULT 'a', CONSTRAINT positive CHECK (n > 0));
    CREATE INDEX o_n ON o (n) WHERE n > 1;
    CREATE TABLE c (id int PRIMARY KEY, o int NOT NULL REFERENCES o ON DELETE CASCADE, s text REFERENCES o (slug) ON DELETE SET NULL);
    CREATE TABLE g (c int REFERENCES c (id) ON DELETE RESTRICT, g int);";
const ROWS: &str =
    "INSERT INTO o (slug, n) VALUES ('x', 1), ('y', 2), ('z', 3); DELETE FROM o WHERE slug = 'z';
    INSERT INTO c VALUES (10, 1, 'x'), (20, 2, NULL); INSERT INTO g VALUES (10, 1), (20, 2), (NULL, 3);";

/// All rows, after a change that loses none.
fn rows(db: &rusqlite::Connection) -> String {
    text(
        db,
        "SELECT (SELECT count(*) FROM o), (SELECT group_concat(o || coalesce(s, '-')) FROM c), (SELECT count(*) FROM g)",
    )
}

fn after(then: &str) -> rusqlite::Connection {
    let db = changed(FIRST, ROWS, then).expect(then);
    assert_eq!(
        text(
            &db,
            "SELECT count(*) FROM sqlite_schema WHERE name LIKE '% before'"
        ),
        "0"
    );
    db
}

#[test]
fn a_rebuilt_table_keeps_rows_keys_and_numbers() {
    for then in [
        "ALTER TABLE o ADD COLUMN at timestamptz DEFAULT now();",
        "ALTER TABLE o ALTER COLUMN n SET NOT NULL;",
        "ALTER TABLE o ALTER COLUMN n SET DEFAULT 9;",
        "ALTER TABLE o ALTER COLUMN n TYPE bigint;",
        "ALTER TABLE o DROP CONSTRAINT positive;",
        "ALTER TABLE o ADD CONSTRAINT small CHECK (n < 100);",
        "ALTER TABLE o DROP COLUMN m;",
        "ALTER TYPE mood ADD VALUE 'c' BEFORE 'b';",
        "ALTER TABLE c ADD CONSTRAINT again FOREIGN KEY (id) REFERENCES c (id);",
        "ALTER TABLE o ADD at timestamptz DEFAULT now(), DROP COLUMN m, ALTER n SET NOT NULL;",
    ] {
        let db = after(then);
        assert_eq!(rows(&db), "2|1x,2-|3", "{then}");
        db.execute_batch("INSERT INTO o (n, slug) VALUES (5, 'new')")
            .expect(then);
        assert_eq!(
            text(&db, "SELECT max(id) FROM o"),
            "4",
            "{then}: numbers are not given out again"
        );
        assert!(
            refused(&db, "DELETE FROM o WHERE id = 1").contains("FOREIGN KEY"),
            "{then}: restricted by g"
        );
        db.execute_batch("DELETE FROM g; DELETE FROM o WHERE id = 1;")
            .expect(then);
        assert_eq!(text(&db, "SELECT count(*) FROM c"), "1", "{then}: cascades");
        assert_eq!(
            text(&db, "SELECT count(*) FROM sqlite_schema WHERE name = 'o_n'"),
            "1",
            "{then}"
        );
        assert!(
            refused(&db, "INSERT INTO o (slug, n) VALUES ('y', 2), ('y', 2)").contains("o.slug"),
            "{then}"
        );
    }
}

#[test]
fn renames_reach_everything() {
    let db = after(
        "ALTER TABLE o RENAME TO orgs; ALTER TABLE orgs RENAME COLUMN n TO number;
        ALTER TABLE orgs RENAME CONSTRAINT positive TO above_zero; ALTER INDEX o_n RENAME TO orgs_number;
        ALTER TABLE orgs RENAME CONSTRAINT o_slug_key TO slug_key;",
    );
    assert_eq!(
        refused(&db, "UPDATE orgs SET number = 0"),
        "CHECK constraint failed: above_zero"
    );
    assert_eq!(
        refused(&db, "UPDATE orgs SET number = 9999999999"),
        "CHECK constraint failed: orgs.number.type"
    );
    let indexes = "SELECT group_concat(name) FROM (SELECT name FROM sqlite_schema WHERE tbl_name = 'orgs' AND type = 'index' ORDER BY name)";
    assert_eq!(text(&db, indexes), "orgs_number,slug_key");
    db.execute_batch("DELETE FROM g; DELETE FROM orgs WHERE id = 2")
        .expect("delete");
    assert_eq!(text(&db, "SELECT group_concat(id) FROM c"), "10");
}

#[test]
fn what_rows_break_is_refused() {
    for then in [
        "ALTER TABLE o ADD CONSTRAINT big CHECK (n > 1);",
        "ALTER TABLE c ALTER COLUMN s SET NOT NULL;",
        "ALTER TABLE o ALTER COLUMN n TYPE smallint, ADD CHECK (n <> 2);",
        "ALTER TABLE g ADD FOREIGN KEY (g) REFERENCES o;",
        "ALTER TABLE g ADD PRIMARY KEY (c);",
    ] {
        assert!(changed(FIRST, ROWS, then).is_err(), "{then}");
    }
    let db = after(
        "ALTER TABLE g ADD UNIQUE (g); ALTER TABLE g DROP COLUMN c; ALTER TABLE g ADD PRIMARY KEY (g);",
    );
    assert_eq!(text(&db, "SELECT group_concat(g) FROM g"), "1,2,3");
}

#[test]
fn types_change_with_their_values() {
    for (from, value, to, expected) in [
        ("int", "5", "numeric(6,2)", "5.00"),
        ("int", "5", "numeric", "5"),
        ("int", "5", "text", "5"),
        ("int", "5", "double precision", "5.0"),
        ("varchar(5)", "'ab'", "text", "ab"),
        (
            "text",
            "'0190A1B2-c3d4-4e5f-8a9b-0c1d2e3f4a5b'",
            "uuid",
            "0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b",
        ),
        (
            "uuid",
            "'0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b'",
            "text",
            "0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b",
        ),
        ("numeric(5,2)", "'1.50'", "numeric", "1.50"),
        ("jsonb", "'{}'", "json", "{}"),
    ] {
        let first = format!("CREATE TABLE t (c {from});");
        let then = format!("ALTER TABLE t ALTER COLUMN c TYPE {to} USING c::{to};");
        let db = changed(&first, &format!("INSERT INTO t VALUES ({value}), (NULL);"), &then).expect(&then);
        assert_eq!(
            text(&db, "SELECT c FROM t WHERE c IS NOT NULL"),
            expected,
            "{then}"
        );
    }
    assert!(
        changed(
            "CREATE TABLE t (c text);",
            "INSERT INTO t VALUES ('x')",
            "ALTER TABLE t ALTER c TYPE uuid USING c::uuid;"
        )
        .is_err()
    );
}

#[test]
fn drops_touch_no_other_rows() {
    let db = after("DROP TABLE o CASCADE; DROP INDEX IF EXISTS o_n;");
    assert_eq!(
        text(&db, "SELECT group_concat(id || coalesce(s, '-')) FROM c"),
        "10x,20-"
    );
    db.execute_batch("INSERT INTO c VALUES (30, 77, 'free')")
        .expect("the key is gone");
    let db = after("DROP TABLE g; DROP TABLE o, c;");
    assert_eq!(
        text(
            &db,
            "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name <> 'sqlite_sequence'"
        ),
        "0"
    );
    let db =
        after("DROP TABLE IF EXISTS g, nothing; ALTER TABLE o DROP COLUMN slug CASCADE; DROP INDEX o_n;");
    assert_eq!(text(&db, "SELECT count(*) FROM c WHERE s = 'x'"), "1");
}

#[test]
fn tables_that_point_at_themselves_are_rebuilt() {
    let first = "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t ON DELETE CASCADE);";
    let rows = "INSERT INTO t VALUES (2, NULL), (1, 2), (3, 1);";
    let db = changed(first, rows, "ALTER TABLE t ADD at timestamptz DEFAULT now();").expect("rebuilt");
    assert_eq!(
        text(&db, "SELECT group_concat(id || '<' || coalesce(up, '')) FROM t"),
        "2<,1<2,3<1"
    );
    db.execute_batch("DELETE FROM t WHERE id = 2").expect("delete");
    assert_eq!(text(&db, "SELECT count(*) FROM t"), "0");
}

#[test]
fn a_rebuild_outside_of_a_transaction_brings_its_own() {
    let (made, said) = super::translate(&[
        "CREATE TABLE t (id int PRIMARY KEY);",
        "-- backflow: no transaction\nALTER TABLE t ADD at timestamptz DEFAULT now(); ALTER TABLE t ADD x int;",
    ]);
    assert_eq!(said, Vec::<String>::new());
    let second = made.into_iter().flatten().nth(1).expect("second");
    assert_eq!(second.first().map(String::as_str), Some("BEGIN IMMEDIATE"));
    assert_eq!(second.iter().filter(|sql| *sql == "COMMIT").count(), 1);
    assert_eq!(
        second.last().map(String::as_str),
        Some(
            "ALTER TABLE \"t\" ADD COLUMN \"x\" INTEGER CONSTRAINT \"t.x.type\" CHECK (\"x\" BETWEEN -2147483648 AND 2147483647)"
        )
    );
}

#[test]
fn nothing_to_do_is_nothing_done() {
    let sql = "CREATE EXTENSION IF NOT EXISTS pgcrypto; SET x = 1; COMMENT ON TABLE t IS 'x'; BEGIN; COMMIT;
        CREATE TABLE IF NOT EXISTS t (id int); CREATE TABLE IF NOT EXISTS t (id int); DROP TABLE IF EXISTS u;
        CREATE INDEX ON t USING gin (id);";
    let (made, said) = super::translate(&[sql]);
    assert_eq!(said, Vec::<String>::new());
    assert_eq!(made.first().and_then(Option::as_ref).map(Vec::len), Some(1));
    drop(migrated(&[sql]));
}
