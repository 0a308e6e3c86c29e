//! What SQLite cannot do is said, each at its place.

use super::{STARTER, translate};
use proptest::prelude::*;

/// What is said about a file, and that nothing is made of it.
fn said(sql: &str) -> Vec<String> {
    let (made, said) = translate(&[sql]);
    assert_eq!(made, [None], "{sql}");
    said
}

fn table(column: &str) -> String {
    format!("CREATE TABLE t (id int PRIMARY KEY, {column});")
}

fn each(cases: &[(String, &str)]) {
    for (sql, expected) in cases {
        assert_eq!(said(sql), [*expected], "{sql}");
    }
}

#[test]
fn unsupported_types_and_statements_are_named() {
    each(&[
        (
            "CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql;".to_owned(),
            "E0402 `CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql` `CREATE FUNCTION` is not supported on SQLite",
        ),
        (
            table("c citext"),
            "E0402 `citext` the type `citext` is not supported on SQLite",
        ),
        (
            table("c interval"),
            "E0402 `interval` the type `interval` is not supported on SQLite",
        ),
        (table("c txet"), "E0403 `txet` unknown column type `txet`"),
        (
            table("n serial"),
            "E0402 `n serial` a sequence in `n` is not supported on SQLite",
        ),
    ]);
}

#[test]
fn unsupported_expressions_are_named() {
    each(&[
        (
            table("c text CHECK (c ~ '^.+@.+$')"),
            "E0402 `'^.+@.+$'` this expression is not supported on SQLite",
        ),
        (
            table("c text CHECK (c @> 'x')"),
            "E0402 `c @> 'x'` this expression is not supported on SQLite",
        ),
        (
            table("c text CHECK (c = md5(c))"),
            "E0402 `md5(c)` this expression is not supported on SQLite",
        ),
        (
            table("c numeric CHECK (c * 2 > 1)"),
            "E0402 `c * 2` this expression is not supported on SQLite",
        ),
        (
            table("a date, b timestamptz CHECK (b > a)"),
            "E0402 `b > a` comparing values of these types is not supported on SQLite",
        ),
        (
            table("c text CHECK (c < 'x')"),
            "E0402 `c < 'x'` this order of text is not supported on SQLite",
        ),
        (
            table("c real CHECK (c < 0.1)"),
            "E0402 `c < 0.1` comparing a `real` with this is not supported on SQLite",
        ),
        (
            table("c real CHECK (c * 2 < 1)"),
            "E0402 `c * 2` this expression is not supported on SQLite",
        ),
        (
            table("c char(3) CHECK (c LIKE 'a%')"),
            "E0402 `c` this expression is not supported on SQLite",
        ),
        (
            table("c int REFERENCES t ON DELETE CASCADE, d int REFERENCES t ON DELETE RESTRICT"),
            "E0402 `REFERENCES t ON DELETE RESTRICT` `ON DELETE RESTRICT` beside another key to \"t\" that cascades is not supported on SQLite",
        ),
        (
            table("c int DEFAULT nextval('s')"),
            "E0402 `nextval('s')` `nextval` is not supported on SQLite",
        ),
        (
            table("c text DEFAULT now()"),
            "E0402 `now()` this expression is not supported on SQLite",
        ),
        (
            table("c timestamptz DEFAULT now() + interval '1 month'"),
            "E0402 `interval '1 month'` this length of time is not supported on SQLite",
        ),
        (
            table("c uuid DEFAULT 'x'"),
            "E0402 `'x'` this expression is not supported on SQLite",
        ),
    ]);
}

#[test]
fn what_is_said_exactly_is_taken() {
    for column in [
        "c text CHECK (c COLLATE \"C\" < 'x')",
        "c text COLLATE \"C\" CHECK (c BETWEEN 'a' AND 'x')",
        "c real CHECK (c < 0.5 AND c > '0.1')",
        "c char(3) CHECK (c = 'a ' AND length(c) < 3)",
        "c int REFERENCES t ON DELETE CASCADE, d int REFERENCES t ON DELETE NO ACTION",
    ] {
        let (_, said) = translate(&[&table(column)]);
        assert_eq!(said, Vec::<String>::new(), "{column}");
    }
}

#[test]
fn unsupported_clauses_and_values_are_named() {
    each(&[
        (
            table("c text COLLATE \"de_DE\""),
            "E0402 `\"de_DE\"` the collation `de_DE` is not supported on SQLite",
        ),
        (
            table("c uuid REFERENCES auth.users (id)"),
            "E0402 `users` the schema `auth` is not supported on SQLite",
        ),
        (
            table("c int, EXCLUDE (c WITH =)"),
            "E0402 `EXCLUDE (c WITH =)` `EXCLUDE` is not supported on SQLite",
        ),
        (
            table("c int, UNIQUE NULLS NOT DISTINCT (c)"),
            "E0402 `UNIQUE NULLS NOT DISTINCT (c)` `NULLS NOT DISTINCT` is not supported on SQLite",
        ),
        (
            table("\"Id\" int"),
            "E0402 `\"Id\"` the column \"Id\" is not supported on SQLite",
        ),
        (
            "CREATE TABLE sqlite_x (a int);".to_owned(),
            "E0402 `sqlite_x` the table name \"sqlite_x\" is not supported on SQLite",
        ),
        (
            "UPDATE t SET a = 1;".to_owned(),
            "E0402 `UPDATE t SET a = 1` `UPDATE` is not supported on SQLite",
        ),
        (
            format!("{} INSERT INTO t VALUES (1, 'now');", table("c timestamptz")),
            "E0402 `'now'` this expression is not supported on SQLite",
        ),
        (
            format!("{} INSERT INTO t VALUES (1, (SELECT 1));", table("c int")),
            "E0402 `(SELECT 1)` this value is not supported on SQLite",
        ),
        (
            format!(
                "{} ALTER TABLE t ALTER c TYPE int USING length(c);",
                table("c text")
            ),
            "E0402 `length(c)` this change of type is not supported on SQLite",
        ),
    ]);
}

#[test]
fn all_faults_of_a_file_are_reported() {
    let said = said(
        "CREATE TABLE t (a citext, b interval, c text CHECK (c ~ 'x')); DO $$ x $$; CREATE TABLE u (a inet);",
    );
    assert_eq!(said.len(), 5, "{said:?}");
}

#[test]
fn nested_expressions_take_bounded_time() {
    let deep = format!("{}a{}", "coalesce(".repeat(40), ", 1)".repeat(40));
    let said = said(&format!("CREATE TABLE t (a int, CHECK ({deep} > 0));"));
    assert_eq!(said.len(), 1);
}

#[test]
fn rings_of_keys_cannot_be_rebuilt() {
    let ring = "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);
        ALTER TABLE a ADD COLUMN b int REFERENCES b; ALTER TABLE a ADD COLUMN at timestamptz DEFAULT now();";
    assert_eq!(
        said(ring),
        ["E0402 `ADD COLUMN at timestamptz DEFAULT now()` this change is not supported on SQLite"]
    );
}

#[test]
fn deferrable_keys_are_warned_about() {
    let (made, said) = translate(&[
        "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t DEFERRABLE INITIALLY DEFERRED);",
    ]);
    assert!(made.first().is_some_and(Option::is_some));
    assert_eq!(said, ["W0403 `DEFERRABLE` `DEFERRABLE` has no effect on SQLite"]);
}

#[test]
fn faults_of_the_reader_are_not_repeated() {
    assert_eq!(
        said("CREATE TABLE t (a int REFERENCES nothing, b citext); CREATE TABLE t (b int);"),
        [
            "E0404 `nothing` the foreign key points at `nothing`, which does not exist",
            "E0402 `citext` the type `citext` is not supported on SQLite",
            "E0405 `t` the table `t` is made twice",
        ]
    );
}

/// Parts of columns.
const PARTS: &[&str] = &[
    "int",
    "text",
    "uuid",
    "numeric(5,2)",
    "timestamptz",
    "jsonb",
    "text[]",
    "bool",
    "m",
    "DEFAULT",
    "CHECK",
    "(",
    ")",
    "c",
    "id",
    "=",
    ">",
    "'x'",
    "'{}'",
    "1",
    "-1.5",
    "now()",
    "IN",
    ",",
    "AND",
    "NOT",
    "NULL",
    "LIKE",
    "'a%'",
    "::",
    "UNIQUE",
    "REFERENCES t",
    "PRIMARY KEY",
    "lower(",
    "coalesce(",
    "IS",
    "||",
    "+",
    "CASE WHEN",
    "THEN",
    "END",
    "GENERATED ALWAYS AS (",
    "STORED",
    "~",
    "'^[a-z]+$'",
    "BETWEEN",
    "serial",
];

proptest! {
    /// Whatever is translated runs.
    #[test]
    fn translated_columns_are_sql(parts in proptest::collection::vec(proptest::sample::select(PARTS), 1..12)) {
        let sql = format!("CREATE TYPE m AS ENUM ('x'); CREATE TABLE t (id int PRIMARY KEY, c {});", parts.join(" "));
        let (made, _said) = translate(&[&sql]);
        let (_, read) = translate(&[&sql]);
        if let (Some(Some(statements)), false) = (made.first(), read.iter().any(|line| line.starts_with('E'))) {
            let db = super::open();
            if let Err(error) = super::run(&db, statements) {
                panic!("{error}: {sql}\n{}", statements.join(";\n"));
            }
        }
    }

    /// Names and texts cannot break out of their quotes.
    #[test]
    fn names_and_texts_stay_what_they_are(name in "[^\0]{1,12}", value in "[^\0]{0,20}") {
        let quoted = name.replace('"', "\"\"");
        let constant = value.replace('\'', "''");
        let sql = format!("CREATE TABLE t (\"{quoted}\" text DEFAULT '{constant}', \"{quoted}2\" int);");
        let (made, said) = translate(&[&sql]);
        prop_assert_eq!(said, Vec::<String>::new());
        let db = super::open();
        super::run(&db, made.first().and_then(Option::as_ref).expect("translated")).expect("runs");
        db.execute_batch(&format!("INSERT INTO t (\"{quoted}2\") VALUES (1)")).expect("inserts");
        let stored: String = db.query_row(&format!("SELECT \"{quoted}\" FROM t"), [], |row| row.get(0)).expect("row");
        prop_assert_eq!(stored, value);
    }
}

#[test]
fn the_starter_schema_has_one_warning() {
    let (_, said) = translate(&[STARTER]);
    assert_eq!(said, ["W0401 `limit` `limit` is a reserved word"]);
}
