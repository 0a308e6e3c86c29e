//! Whole migrations, read.
//!
//! Invariant: what is asserted about names was taken from a PostgreSQL 15 server.

mod expressions;
mod faults;
mod robust;
mod unmodelled;

use super::{Ddl, Schema, read};
use crate::model::{Catalog, Column, ColumnType, DefaultValue, Table};
use backflow_diag::{Diagnostics, SourceMap};

/// Reads one file; the diagnostics as `CODE slice: message`.
fn read_one(sql: &str) -> (Schema, Vec<String>) {
    let mut sources = SourceMap::default();
    let file = sources.add("migrations/0001_a.sql", sql);
    let mut diagnostics = Diagnostics::default();
    let schema = read(&sources, &[file], &mut diagnostics);
    let said = diagnostics.iter().map(|d| {
        let place = d.span().map(|span| sources.slice(span)).unwrap_or_default();
        format!("{} `{place}` {}", d.code.id, d.message)
    });
    let said = said.collect();
    (schema, said)
}

/// Reads one file that has no fault and no warning.
fn clean(sql: &str) -> Catalog {
    let (schema, said) = read_one(sql);
    assert_eq!(said, Vec::<String>::new(), "{sql}");
    schema.catalog
}

fn table<'a>(catalog: &'a Catalog, name: &str) -> &'a Table {
    catalog.table(catalog.find(name).expect(name))
}

fn column<'a>(catalog: &'a Catalog, table_name: &str, name: &str) -> &'a Column {
    let table = table(catalog, table_name);
    let id = table.column(name).expect(name);
    table.columns.get(usize::from(id.0)).expect(name)
}

fn statement_kinds(sql: &str) -> Vec<Ddl> {
    read_one(sql)
        .0
        .migrations
        .remove(0)
        .statements
        .into_iter()
        .map(|statement| statement.ddl)
        .collect()
}

#[test]
fn types_in_all_their_spellings() {
    let numeric = |p, s| ColumnType::Numeric(Some((p, s)));
    let cases: &[(&str, ColumnType)] = &[
        ("int", ColumnType::Int4),
        ("INTEGER", ColumnType::Int4),
        ("pg_catalog.int4", ColumnType::Int4),
        ("bigint", ColumnType::Int8),
        ("smallint", ColumnType::Int2),
        ("bool", ColumnType::Bool),
        ("real", ColumnType::Float4),
        ("float", ColumnType::Float8),
        ("float(24)", ColumnType::Float4),
        ("double precision", ColumnType::Float8),
        ("numeric", ColumnType::Numeric(None)),
        ("decimal(10, 2)", numeric(10, 2)),
        ("numeric(5)", numeric(5, 0)),
        ("text", ColumnType::Text),
        ("varchar", ColumnType::Text),
        ("varchar(20)", ColumnType::Varchar(20)),
        ("character varying(20)", ColumnType::Varchar(20)),
        ("char(3)", ColumnType::Char(3)),
        ("citext", ColumnType::Other("citext".into())),
        ("uuid", ColumnType::Uuid),
        ("date", ColumnType::Date),
        ("time without time zone", ColumnType::Time),
        ("timestamp", ColumnType::Timestamp),
        ("timestamp(3) with time zone", ColumnType::TimestampTz),
        ("timestamptz", ColumnType::TimestampTz),
        ("interval day to second", ColumnType::Interval),
        ("json", ColumnType::Json),
        ("jsonb", ColumnType::Jsonb),
        ("bytea", ColumnType::Bytea),
        ("text[]", ColumnType::Array(Box::new(ColumnType::Text))),
        ("int ARRAY[4]", ColumnType::Array(Box::new(ColumnType::Int4))),
        ("\"Mood\"", ColumnType::Enum(crate::EnumId(0))),
        (
            "public.\"Mood\"[]",
            ColumnType::Array(Box::new(ColumnType::Enum(crate::EnumId(0)))),
        ),
    ];
    for (written, ty) in cases {
        let catalog = clean(&format!(
            "CREATE TYPE \"Mood\" AS ENUM ('a', 'b'); CREATE TABLE t (c {written});"
        ));
        assert_eq!(&column(&catalog, "t", "c").ty, ty, "{written}");
    }
}

#[test]
fn defaults_are_understood() {
    let literal = |text: &str| Some(DefaultValue::Literal(text.to_owned()));
    let expression = |text: &str| Some(DefaultValue::Expression(text.to_owned()));
    let cases = [
        ("uuid DEFAULT gen_random_uuid()", Some(DefaultValue::RandomUuid)),
        (
            "uuid DEFAULT extensions.uuid_generate_v4()",
            Some(DefaultValue::RandomUuid),
        ),
        ("timestamptz DEFAULT now() NOT NULL", Some(DefaultValue::Now)),
        (
            "timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP(3)",
            Some(DefaultValue::Now),
        ),
        (
            "timestamptz DEFAULT timezone('utc'::text, now()) NOT NULL",
            Some(DefaultValue::Now),
        ),
        (
            "timestamp DEFAULT (now() AT TIME ZONE 'utc')",
            Some(DefaultValue::Now),
        ),
        ("date DEFAULT CURRENT_DATE", Some(DefaultValue::Now)),
        ("text DEFAULT now()", expression("now()")),
        ("int DEFAULT -1", literal("-1")),
        ("int DEFAULT 1.5", expression("1.5")),
        ("numeric DEFAULT 1.50", literal("1.50")),
        (
            "text DEFAULT 'it''s'::character varying NOT NULL",
            literal("it's"),
        ),
        ("text DEFAULT NULL", None),
        ("bool DEFAULT TRUE NOT NULL", literal("true")),
        ("text[] DEFAULT '{}'", literal("{}")),
        (
            "text[] DEFAULT ARRAY['a b', 'c\"']::text[]",
            literal("{\"a b\",\"c\\\"\"}"),
        ),
        ("jsonb DEFAULT '{}'::jsonb NOT NULL", literal("{}")),
        ("serial", Some(DefaultValue::Sequence)),
        (
            "bigint GENERATED BY DEFAULT AS IDENTITY (START 5)",
            Some(DefaultValue::Sequence),
        ),
        ("text DEFAULT 'a' || 'b'", expression("'a' || 'b'")),
        (
            "int DEFAULT nextval('s'::regclass)",
            expression("nextval('s'::regclass)"),
        ),
        ("int DEFAULT (SELECT 1) NOT NULL", expression("(SELECT 1)")),
    ];
    for (written, default) in cases {
        let catalog = clean(&format!("CREATE TABLE t (c {written});"));
        assert_eq!(column(&catalog, "t", "c").default, default, "{written}");
        let not_null = written.contains("NOT NULL") || written.contains("IDENTITY") || written == "serial";
        assert_eq!(column(&catalog, "t", "c").not_null, not_null, "{written}");
    }
}

#[test]
fn names_are_made_up_as_the_server_does() {
    let catalog = clean(
        "CREATE TABLE orgs (id uuid PRIMARY KEY, slug text UNIQUE);
         CREATE TABLE m (a int, org uuid REFERENCES orgs, b uuid CONSTRAINT mine REFERENCES orgs (id),
           UNIQUE (a, org), PRIMARY KEY (a, b));
         CREATE INDEX ON m (lower(a::text), a);
         CREATE INDEX ON m (b);
         CREATE INDEX ON m (b DESC) WHERE a > 0;
         CREATE UNIQUE INDEX ON m (b, a);",
    );
    let m = table(&catalog, "m");
    let names: Vec<_> = m.foreign_keys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["m_org_fkey", "mine"]);
    let names: Vec<_> = m.uniques.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["m_a_org_key", "m_b_a_idx"]);
    let indexes: Vec<_> = m
        .indexes
        .iter()
        .map(|i| (i.name.as_str(), i.columns.len(), i.partial))
        .collect();
    assert_eq!(
        indexes,
        [
            ("m_lower_a_idx", 0, false),
            ("m_b_idx", 1, false),
            ("m_b_idx1", 1, true)
        ]
    );
    assert_eq!(
        table(&catalog, "orgs")
            .uniques
            .first()
            .map(|key| key.name.as_str()),
        Some("orgs_slug_key")
    );
    assert!(column(&catalog, "m", "a").not_null, "a primary key is never null");
    assert_eq!(
        m.foreign_keys
            .iter()
            .map(|key| key.references.len())
            .collect::<Vec<_>>(),
        [1, 1]
    );
}

#[test]
fn reserved_words_are_taken_as_names_and_quoted_for_the_server() {
    let sql = "-- start\nBEGIN;\nCREATE TABLE usage (organization_id int, LIMIT INTEGER CHECK (limit >= 0),\n\
               UNIQUE(organization_id, limit));\nCREATE INDEX ON usage (limit);\nCOMMIT;\n";
    let mut sources = SourceMap::default();
    let file = sources.add("0001.sql", sql);
    let mut diagnostics = Diagnostics::default();
    let schema = read(&sources, &[file], &mut diagnostics);
    let codes: Vec<_> = diagnostics.iter().map(|d| d.code.id).collect();
    assert_eq!(codes, ["W0401"], "one warning for a word");
    let usage = table(&schema.catalog, "usage");
    assert_eq!(usage.uniques.first().map(|key| key.columns.len()), Some(2));
    let text = schema
        .migrations
        .first()
        .map(|migration| migration.postgres(&sources))
        .unwrap_or_default();
    assert_eq!(
        text,
        "-- start\n;\nCREATE TABLE usage (organization_id int, \"limit\" INTEGER CHECK (\"limit\" >= 0),\n\
         UNIQUE(organization_id, \"limit\"));\nCREATE INDEX ON usage (\"limit\");\n;\n"
    );
}

#[test]
fn alter_table_changes_what_is_known() {
    let catalog = clean(
        "CREATE TABLE a (id int PRIMARY KEY, x text, gone int CHECK (gone > 0), y int);
         CREATE TABLE b (id int PRIMARY KEY, a_id int);
         CREATE INDEX gone_idx ON a (gone);
         ALTER TABLE ONLY public.a ADD COLUMN z numeric(4,1) DEFAULT 0 NOT NULL,
           ADD IF NOT EXISTS x int, ALTER x SET NOT NULL, DROP COLUMN gone,
           RENAME COLUMN y TO y2;
         ALTER TABLE b ADD CONSTRAINT b_a FOREIGN KEY (a_id) REFERENCES a ON DELETE CASCADE NOT VALID;
         ALTER TABLE b VALIDATE CONSTRAINT b_a;
         ALTER TABLE a RENAME TO aa;
         ALTER TABLE aa RENAME id TO key;
         ALTER TABLE aa ALTER COLUMN y2 TYPE bigint USING y2::bigint, ALTER y2 SET DEFAULT 7;
         ALTER TABLE aa OWNER TO somebody;",
    );
    assert!(catalog.find("a").is_none());
    let aa = table(&catalog, "aa");
    let names: Vec<_> = aa.columns.iter().map(|c| c.name.as_str()).collect();
    assert_eq!(names, ["key", "x", "y2", "z"]);
    assert!(aa.indexes.is_empty());
    assert_eq!(column(&catalog, "aa", "y2").ty, ColumnType::Int8);
    assert_eq!(
        column(&catalog, "aa", "y2").default,
        Some(DefaultValue::Literal("7".into()))
    );
    assert!(column(&catalog, "aa", "x").not_null);
    let key = table(&catalog, "b").foreign_keys.first().expect("key");
    assert_eq!(key.table, catalog.find("aa").expect("aa"));
    assert_eq!(
        catalog
            .column(key.table, *key.references.first().expect("column"))
            .name,
        "key"
    );
}

#[test]
fn statements_are_sorted_by_what_they_are() {
    use Ddl::{Comment, Nothing, Transaction};
    let harmless = "CREATE EXTENSION IF NOT EXISTS \"uuid-ossp\"; CREATE EXTENSION pgcrypto;
        SET search_path = public; GRANT ALL ON t TO x; CREATE SCHEMA IF NOT EXISTS public;";
    assert!(statement_kinds(harmless).iter().all(|ddl| *ddl == Nothing));
    assert_eq!(
        statement_kinds("COMMENT ON TABLE t IS 'x'; BEGIN; commit"),
        [Comment, Transaction, Transaction]
    );
    let other = |sql: &str| match statement_kinds(sql).as_slice() {
        [Ddl::Other { keyword }] => keyword.clone(),
        other => format!("{other:?}"),
    };
    assert_eq!(
        other("CREATE OR REPLACE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql"),
        "CREATE FUNCTION"
    );
    assert_eq!(other("CREATE EXTENSION postgis"), "CREATE EXTENSION postgis");
    assert_eq!(other("DO $$ BEGIN x; END $$"), "DO");
    assert_eq!(other("SELECT 1"), "SELECT");
    assert_eq!(other("CREATE TABLE x AS SELECT 1"), "CREATE TABLE … AS");
    assert_eq!(
        other("CREATE TABLE auth.users (id int)"),
        "CREATE TABLE in the schema `auth`"
    );
    assert_eq!(other("INSERT INTO t SELECT 1"), "INSERT … SELECT");
    assert_eq!(other("CREATE POLICY p ON t USING (true)"), "CREATE POLICY");
}

#[test]
fn after_an_unknown_statement_tables_may_exist() {
    let (schema, said) = read_one(
        "DO $$ BEGIN EXECUTE 'CREATE TABLE x (id int primary key)'; END $$;
         CREATE TABLE t (id int REFERENCES x, u uuid REFERENCES auth.users (id)); ALTER TABLE x ADD y int;",
    );
    assert_eq!(said, Vec::<String>::new());
    assert!(table(&schema.catalog, "t").foreign_keys.is_empty());
}

#[test]
fn migrations_carry_their_name_and_transaction() {
    let mut sources = SourceMap::default();
    let one = sources.add("migrations/0001_a.sql", "CREATE TABLE a (id int);");
    let two = sources.add(
        "migrations/0002_b.sql",
        "-- backflow: no transaction\nALTER TABLE a ADD b int;",
    );
    let mut diagnostics = Diagnostics::default();
    let schema = read(&sources, &[one, two], &mut diagnostics);
    assert!(!diagnostics.has_errors());
    let seen: Vec<_> = schema
        .migrations
        .iter()
        .map(|m| (m.name.as_str(), m.transactional))
        .collect();
    assert_eq!(seen, [("0001_a.sql", true), ("0002_b.sql", false)]);
    assert_eq!(table(&schema.catalog, "a").columns.len(), 2);
}

#[test]
fn insert_rows_are_kept() {
    let kinds = statement_kinds(
        "CREATE TABLE t (a int, b text);
         INSERT INTO t (a, b) VALUES (1, DEFAULT), (-2, 'x') ON CONFLICT (a) DO NOTHING;",
    );
    let Some(Ddl::Insert(insert)) = kinds.get(1) else {
        panic!("{kinds:?}")
    };
    assert_eq!((insert.columns.len(), insert.rows.len()), (2, 2));
    assert_eq!(insert.ignore_conflicts.as_ref().map(Vec::len), Some(1));
    assert!(
        insert
            .rows
            .first()
            .and_then(|row| row.get(1))
            .is_some_and(Option::is_none)
    );
}
