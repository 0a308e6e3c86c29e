//! What statements that only PostgreSQL knows may have done.

use super::{read_one, table};
use crate::Reach;

const TABLES: &str = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY);";

/// The tables with triggers after some statements.
fn triggered(sql: &str) -> Vec<String> {
    let (schema, said) = read_one(&format!("{TABLES} {sql}"));
    assert_eq!(said, Vec::<String>::new(), "{sql}");
    let tables = schema.catalog.tables.iter().filter(|table| table.triggers);
    tables.map(|table| table.name.clone()).collect()
}

/// The tables that some statements may have changed.
fn touched(sql: &str) -> Vec<String> {
    let schema = read_one(&format!("{TABLES} {sql}")).0;
    let names = schema
        .touched
        .iter()
        .map(|id| schema.catalog.table(*id).name.clone());
    names.collect()
}

#[test]
fn triggers_and_rules_mark_their_table() {
    let none: [&str; 0] = [];
    for (sql, tables) in [
        (
            "CREATE TRIGGER t BEFORE UPDATE OF id OR INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();",
            &["a"][..],
        ),
        (
            "CREATE OR REPLACE TRIGGER t AFTER DELETE ON public.\"b\" EXECUTE FUNCTION f();",
            &["b"],
        ),
        (
            "CREATE CONSTRAINT TRIGGER t AFTER INSERT ON a DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f();",
            &["a"],
        ),
        ("CREATE RULE r AS ON UPDATE TO b DO INSTEAD NOTHING;", &["b"]),
        (
            "CREATE TRIGGER t AFTER DELETE ON a EXECUTE FUNCTION f(); ALTER TABLE a RENAME TO c;",
            &["c"],
        ),
        (
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE a SET id = 1; END $$;",
            &none,
        ),
        ("DO $$ BEGIN EXECUTE 'CREATE TRIGGER …'; END $$;", &["a", "b"]),
        (
            "CREATE TABLE c (a int REFERENCES a ON DELETE CASCADE, b int REFERENCES b);
             CREATE TRIGGER t AFTER DELETE ON c EXECUTE FUNCTION f();",
            &["a", "c"],
        ),
        ("SELECT audit('a');", &["a", "b"]),
        ("SELECT pg_catalog.set_config('search_path', '', false);", &none),
        ("SELECT setval('a_id_seq', (SELECT max(id) FROM a));", &none),
        (
            "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f(); CREATE TABLE c (x int);",
            &["a", "b", "c"],
        ),
    ] {
        assert_eq!(triggered(sql), tables, "{sql}");
    }
    assert!(!table(&read_one(TABLES).0.catalog, "a").triggers);
}

#[test]
fn what_code_names_it_may_have_changed() {
    let function = "CREATE FUNCTION grow() RETURNS void LANGUAGE sql AS 'ALTER TABLE B ADD COLUMN x int';";
    for (sql, tables) in [
        ("DO $$ BEGIN ALTER TABLE A ADD COLUMN x int; END $$;", &["a"][..]),
        (function, &[]),
        (&format!("{function} SELECT grow();"), &["b"]),
        (
            "ALTER TABLE a ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON a USING (true);",
            &[],
        ),
        (
            "ALTER TABLE a DROP CONSTRAINT a_pkey; ALTER TABLE a ADD PRIMARY KEY USING INDEX i;",
            &["a"],
        ),
        ("ALTER TABLE a INHERIT b;", &["a", "b"]),
        ("CREATE VIEW v AS SELECT * FROM a;", &[]),
        (
            "DO $$ BEGIN EXECUTE format('ALTER TABLE %I ADD COLUMN x int', t); END $$; CREATE INDEX ON a (x);",
            &["a", "b"],
        ),
    ] {
        assert_eq!(touched(sql), tables, "{sql}");
    }
}

#[test]
fn how_far_statements_reach() {
    for (sql, reach) in [
        (
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            Reach::Nothing,
        ),
        ("CREATE MATERIALIZED VIEW v AS SELECT 1", Reach::Relations),
        ("CREATE TABLE c AS SELECT * FROM a", Reach::Relations),
        ("CREATE DOMAIN d AS text", Reach::Relations),
        ("SELECT id INTO c FROM a", Reach::Relations),
        ("UPDATE a SET id = 1", Reach::Nothing),
        ("CALL p()", Reach::Anything),
        ("WITH x AS (SELECT grow()) SELECT * FROM x", Reach::Anything),
    ] {
        let found: Vec<Reach> = read_one(&format!("{TABLES} {sql}"))
            .0
            .unmodelled
            .iter()
            .map(|one| one.reach)
            .collect();
        assert_eq!(found, [reach], "{sql}");
    }
}
