//! Migrations with faults: what is said, where, and that reading goes on.

use super::{read_one, table};

/// What is said about a file.
fn said(sql: &str) -> Vec<String> {
    read_one(sql).1
}

#[test]
fn syntax_faults_have_their_place_and_do_not_stop_the_rest() {
    let (schema, said) = read_one(
        "CRATE TABLE x (id int);
         CREATE TABEL y (id int);
         CREATE TABLE a (id int PRIMARY KEY, name TXT NOT, age int DEFAULT, ok int,);
         CREATE TABLE b (id int
         CREATE TABLE c (id int);
         CREATE TABLE d (id int PRIMARY KEY);",
    );
    assert_eq!(
        said,
        [
            "E0401 `CRATE` expected a statement, found `CRATE`",
            "E0401 `TABEL` expected a kind of thing, found `TABEL`",
            "E0401 `NOT` expected `,` or `)`, found `NOT`",
            "E0401 `,` expected a value, found `,`",
            "E0401 `)` expected a column or constraint after the comma, found `)`",
            "E0401 `CREATE` expected `,` or `)`, found `CREATE`",
        ]
    );
    assert_eq!(table(&schema.catalog, "a").columns.len(), 3);
    assert!(schema.catalog.find("d").is_some());
}

#[test]
fn what_is_never_closed_is_told_at_its_opening() {
    assert_eq!(
        said("CREATE TABLE a (id int); INSERT INTO a VALUES ('x"),
        ["E0401 `'` this string never ends"]
    );
    assert_eq!(
        said("CREATE TABLE a (id int); /* x"),
        ["E0401 `/*` this comment never ends"]
    );
    assert_eq!(
        said("CREATE TABLE \"a (id int);"),
        ["E0401 `\"` this quoted name never ends"]
    );
}

#[test]
fn a_missing_semicolon_is_named() {
    assert_eq!(
        said("CREATE TABLE a (id int) CREATE TABLE b (id int);"),
        ["E0401 `CREATE` expected `;`, found `CREATE`"]
    );
}

#[test]
fn unknown_things_are_reported_each() {
    let prefix = "CREATE TABLE orgs (id int PRIMARY KEY, slug text UNIQUE, name text);\n";
    for (sql, expected) in [
        (
            "CREATE TABLE t (o int REFERENCES orgz);",
            "E0404 `orgz` the foreign key points at `orgz`, which does not exist",
        ),
        (
            "CREATE TABLE t (o int REFERENCES orgs (ids));",
            "E0404 `ids` the key names `ids`, which `orgs` does not have",
        ),
        (
            "CREATE TABLE t (o text REFERENCES orgs (name));",
            "E0404 `orgs` the foreign key points at `orgs`, which has no unique key of exactly these columns",
        ),
        (
            "CREATE TABLE t (a int, UNIQUE (a, b));",
            "E0404 `b` the key names `b`, which `t` does not have",
        ),
        (
            "CREATE TABLE t (a int, CHECK (b > 0));",
            "E0407 `b` `t` has no column `b`",
        ),
        (
            "CREATE INDEX ON orgs (nam);",
            "E0407 `nam` `orgs` has no column `nam`",
        ),
        ("CREATE INDEX ON org (name);", "E0406 `org` unknown table `org`"),
        (
            "ALTER TABLE orgs DROP COLUMN nam;",
            "E0407 `nam` `orgs` has no column `nam`",
        ),
        (
            "INSERT INTO orgs (id, nam) VALUES (1, 2);",
            "E0407 `nam` `orgs` has no column `nam`",
        ),
        (
            "INSERT INTO orgs (id, name) VALUES (1);",
            "E0401 `(1)` this row has 1 values for 2 columns",
        ),
        ("DROP INDEX x;", "E0404 `x` there is no index `x`"),
        (
            "ALTER TABLE orgs DROP CONSTRAINT x;",
            "E0404 `x` there is no constraint `x`",
        ),
        (
            "CREATE TABLE orgs (id int);",
            "E0405 `orgs` the table `orgs` is made twice",
        ),
        (
            "CREATE TABLE t (a int, a text);",
            "E0405 `a` the column `a` is made twice",
        ),
        (
            "ALTER TABLE orgs ADD id int;",
            "E0405 `id` the column `id` is made twice",
        ),
        (
            "CREATE TABLE t (a int PRIMARY KEY, b int PRIMARY KEY);",
            "E0405 `PRIMARY KEY` `t` gets a second primary key",
        ),
        (
            "CREATE INDEX orgs ON orgs (id);",
            "E0405 `orgs` the name `orgs` is made twice",
        ),
        (
            "ALTER TYPE mood ADD VALUE 'x';",
            "E0403 `mood` unknown type `mood`",
        ),
    ] {
        assert_eq!(said(&format!("{prefix}{sql}")), [expected], "{sql}");
    }
}

#[test]
fn what_is_in_use_cannot_be_dropped() {
    let two = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (a int REFERENCES a);";
    assert_eq!(
        said(&format!("{two} DROP TABLE a;")),
        ["E0404 `a` the table `a` is still referred to by `b`"]
    );
    assert_eq!(
        said(&format!("{two} DROP TABLE a CASCADE; DROP TABLE IF EXISTS a, b;")),
        Vec::<String>::new()
    );
    assert_eq!(said(&format!("{two} DROP TABLE a, b;")), Vec::<String>::new());
    assert_eq!(
        said(&format!("{two} ALTER TABLE a DROP CONSTRAINT a_pkey;")),
        ["E0404 `a_pkey` the key `a_pkey` is still referred to by `b`"]
    );
    assert_eq!(
        said(&format!("{two} ALTER TABLE a DROP id;")),
        ["E0404 `id` the column `id` is still referred to by `b`"]
    );
}

#[test]
fn a_table_may_point_at_itself_and_not_ahead() {
    assert_eq!(
        said("CREATE TABLE t (parent int REFERENCES t, id int PRIMARY KEY, boss int REFERENCES t (id));"),
        Vec::<String>::new()
    );
    assert_eq!(
        said("CREATE TABLE a (b int REFERENCES b); CREATE TABLE b (id int PRIMARY KEY);"),
        ["E0404 `b` the foreign key points at `b`, which does not exist"]
    );
}
