//! What columns of each type take, refuse and default to.

use super::{changed, migrated, refused, text};

/// Whether a value fits a column of a type.
fn fits(ty: &str, value: &str) -> bool {
    let db = migrated(&[&format!(
        "CREATE TYPE mood AS ENUM ('happy', 'it''s'); CREATE TABLE t (c {ty});"
    )]);
    let done = db.execute_batch(&format!("INSERT INTO t (c) VALUES ({value})"));
    if let Err(error) = &done {
        let expected = [
            "CHECK constraint failed: t.c.type",
            "cannot store",
            "datatype mismatch",
        ];
        assert!(
            expected.iter().any(|text| error.to_string().contains(text)),
            "{ty} {value}: {error}"
        );
    }
    done.is_ok()
}

#[test]
fn types_accept_their_canonical_form_only() {
    let uuid = "'0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5b'";
    for (ty, value) in [
        ("bool", "1"),
        ("smallint", "-32768"),
        ("bigint", "9223372036854775807"),
        ("real", "1.5"),
        ("varchar(3)", "'äöü'"),
        ("uuid", uuid),
        ("date", "'2024-02-29'"),
        ("time", "'18:10:15'"),
        ("time", "'18:10:15.5'"),
        ("timestamp", "'2026-11-23T18:10:15.123456'"),
        ("timestamptz", "'2026-11-23T18:10:15.999999+00:00'"),
        ("numeric", "'-0.50'"),
        ("numeric", "'12345678901234567890.1'"),
        ("numeric(5,2)", "'999.99'"),
        ("numeric(2,2)", "'0.99'"),
        ("numeric(3)", "'-999'"),
        ("json", "'[1, {}]'"),
        ("jsonb", "'\"x\"'"),
        ("text[]", "'[\"a\"]'"),
        ("bytea", "'\\x00ff'"),
        ("mood", "'it''s'"),
    ] {
        assert!(fits(ty, value), "{ty} {value}");
        assert!(fits(ty, "NULL"), "{ty} null");
    }
    for (ty, value) in [
        ("bool", "2"),
        ("smallint", "32768"),
        ("int", "-2147483649"),
        ("int", "'x'"),
        ("varchar(3)", "'abcd'"),
        ("uuid", "'0190A1B2-c3d4-4e5f-8a9b-0c1d2e3f4a5b'"),
        ("uuid", "'0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a5'"),
        ("uuid", "'0190a1b2-c3d4-4e5f-8a9b-0c1d2e3f4a-b'"),
        ("uuid", "'--------------------------------------'"),
        ("date", "'2026-02-29'"),
        ("date", "'2026-2-9'"),
        ("date", "'now'"),
        ("time", "'24:00:00'"),
        ("time", "'18:10:15.'"),
        ("time", "'18:10:15.x'"),
        ("timestamp", "'2026-11-23 18:10:15.123456'"),
        ("timestamp", "'2026-11-23T18:10:15.123456+00:00'"),
        ("timestamptz", "'2026-11-23T18:10:15.123+00:00'"),
        ("timestamptz", "'2026-11-23T18:10:15.12345x+00:00'"),
        ("timestamptz", "'2026-02-30T18:10:15.123456+00:00'"),
        ("timestamptz", "'2026-11-23T18:10:60.123456+00:00'"),
        ("numeric", "'1.'"),
        ("numeric", "'.5'"),
        ("numeric", "'01'"),
        ("numeric", "'-00.5'"),
        ("numeric", "'1e3'"),
        ("numeric", "'1-2'"),
        ("numeric", "''"),
        ("numeric", "'-'"),
        ("numeric", "'--1'"),
        ("numeric", "'NaN'"),
        ("numeric(5,2)", "'1.5'"),
        ("numeric(5,2)", "'1000.00'"),
        ("numeric(3)", "'1.0'"),
        ("json", "'{'"),
        ("text[]", "'{}'"),
        ("text[]", "'x'"),
        ("bytea", "'\\x0'"),
        ("bytea", "'\\xFF'"),
        ("bytea", "x'00'"),
        ("mood", "'sad'"),
    ] {
        assert!(!fits(ty, value), "{ty} {value}");
    }
}

#[test]
fn defaults_are_canonical() {
    for (column, expected) in [
        ("c bool DEFAULT TRUE", "1"),
        ("c int DEFAULT -5", "-5"),
        ("c numeric(6,2) DEFAULT 0", "0.00"),
        ("c numeric DEFAULT 1.50", "1.50"),
        ("c text DEFAULT 'it''s'::text", "it's"),
        (
            "c uuid DEFAULT 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        ),
        (
            "c timestamptz DEFAULT '2026-01-01 00:00:00+02'",
            "2025-12-31T22:00:00.000000+00:00",
        ),
        (
            "c jsonb DEFAULT '{\"bb\":1,\"a\":[]}'::jsonb",
            "{\"a\": [], \"bb\": 1}",
        ),
        ("c text[] DEFAULT '{a,b}'", "[\"a\",\"b\"]"),
        ("c int[] DEFAULT ARRAY[1, 2]", "[1,2]"),
        ("c text DEFAULT 'a' || 'b'", "ab"),
        ("c int DEFAULT (1 + 2) * 3", "9"),
        ("c bytea DEFAULT '\\xAB'", "\\xab"),
        ("c text DEFAULT NULL", "null"),
        ("c bool DEFAULT (1 > 2)", "0"),
    ] {
        let db = migrated(&[&format!("CREATE TABLE t (id int, {column});")]);
        db.execute_batch("INSERT INTO t (id) VALUES (1)").expect(column);
        assert_eq!(text(&db, "SELECT c FROM t"), expected, "{column}");
    }
    for column in [
        "c timestamptz DEFAULT now()",
        "c timestamptz DEFAULT timezone('utc'::text, now())",
        "c timestamptz DEFAULT now() + interval '7 days 2 hours'",
        "c timestamptz DEFAULT CURRENT_TIMESTAMP - '1 week'::interval",
        "c timestamp DEFAULT now()",
        "c date DEFAULT CURRENT_DATE",
        "c time DEFAULT LOCALTIME",
        "c uuid DEFAULT uuid_generate_v4()",
        "c text DEFAULT gen_random_uuid()::text",
    ] {
        let db = migrated(&[&format!("CREATE TABLE t (id int, {column} NOT NULL);")]);
        db.execute_batch("INSERT INTO t (id) VALUES (1)").expect(column);
    }
}

#[test]
fn sequences_count_in_the_primary_key() {
    let db = migrated(&["CREATE TABLE t (id bigserial PRIMARY KEY, n text);
        CREATE TABLE u (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n text);"]);
    for table in ["t", "u"] {
        db.execute_batch(&format!(
            "INSERT INTO {table} (n) VALUES ('a'), ('b'); DELETE FROM {table} WHERE id = 2;"
        ))
        .expect("insert");
        db.execute_batch(&format!("INSERT INTO {table} (n) VALUES ('c')"))
            .expect("insert");
        assert_eq!(text(&db, &format!("SELECT group_concat(id) FROM {table}")), "1,3");
    }
    let db = migrated(&["CREATE TABLE t (id int PRIMARY KEY, n text);"]);
    assert_eq!(
        refused(&db, "INSERT INTO t (n) VALUES ('a')"),
        "NOT NULL constraint failed: t.id"
    );
}

#[test]
fn checks_hold() {
    let db = migrated(&["CREATE TABLE t (
          id int PRIMARY KEY, price numeric(10,2) CHECK (price >= 0), slug text CHECK (slug ~ '^[a-z0-9-]+$'),
          status text CHECK (status IN ('a', 'b')), starts date, ends date, CHECK (ends > starts),
          name varchar(10) CONSTRAINT named CHECK (length(trim(name)) > 0 AND name NOT LIKE '\\_%'),
          doc jsonb CHECK (jsonb_typeof(doc) = 'object'), total int GENERATED ALWAYS AS (id * 2) STORED,
          on_from date CHECK (on_from >= '2020-01-01'::date), tags text[] CHECK (tags <> '{}'),
          mail text CHECK (mail ILIKE '%@X.org' OR mail IS NULL), flag bool CHECK (flag IS NOT FALSE));"]);
    let good = "INSERT INTO t (id, price, slug, status, starts, ends, name, doc, on_from, tags, mail, flag) VALUES
        (1, '10.00', 'a-1', 'a', '2026-01-01', '2026-01-02', 'x', '{}', '2020-01-01', '[\"a\"]', 'me@x.ORG', 1)";
    db.execute_batch(good).expect("good");
    assert_eq!(text(&db, "SELECT total FROM t"), "2");
    for (change, constraint) in [
        ("price = '-0.01'", "t_price_check"),
        ("slug = 'A'", "t_slug_check"),
        ("slug = ''", "t_slug_check"),
        ("status = 'c'", "t_status_check"),
        ("ends = '2026-01-01'", "t_check"),
        ("name = ' '", "named"),
        ("name = '_a'", "named"),
        ("doc = '[]'", "t_doc_check"),
        ("on_from = '2019-12-31'", "t_on_from_check"),
        ("tags = '[]'", "t_tags_check"),
        ("mail = 'x'", "t_mail_check"),
        ("flag = 0", "t_flag_check"),
    ] {
        assert_eq!(
            refused(&db, &format!("UPDATE t SET {change}")),
            format!("CHECK constraint failed: {constraint}")
        );
    }
    db.execute_batch("UPDATE t SET price = '9.00', slug = NULL, flag = NULL")
        .expect("good too");
    db.execute_batch("UPDATE t SET price = '100000.00'")
        .expect("numbers compare as numbers");
}

#[test]
fn rows_are_inserted_in_canonical_form() {
    let db = migrated(&["CREATE TYPE m AS ENUM ('x'); CREATE TABLE t (id uuid PRIMARY KEY, at timestamptz, b bool,
            n numeric(5,2), e m, j jsonb, a text[], d int DEFAULT 7, u uuid, s text);
         INSERT INTO t VALUES ('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', '2026-01-01', true, 1, 'x', '{\"b\":1}', '{q}',
            DEFAULT, gen_random_uuid(), 5), ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12', now(), 'f', -2.345, NULL, NULL,
            ARRAY['z'], -1, NULL, DEFAULT);
         INSERT INTO t (id) VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12') ON CONFLICT (id) DO NOTHING;
         INSERT INTO t (id) VALUES ('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12') ON CONFLICT DO NOTHING;"]);
    assert_eq!(
        text(
            &db,
            "SELECT id, at, b, n, e, j, a, d, length(u), s FROM t ORDER BY id LIMIT 1"
        ),
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11|2026-01-01T00:00:00.000000+00:00|1|1.00|x|{\"b\": 1}|[\"q\"]|7|36|5"
    );
    assert_eq!(
        text(&db, "SELECT b, n, a, d FROM t WHERE e IS NULL"),
        "0|-2.35|[\"z\"]|-1"
    );
}

#[test]
fn existing_rows_get_new_columns() {
    let first =
        "CREATE TABLE o (id int PRIMARY KEY, n text); CREATE TABLE c (o int REFERENCES o ON DELETE CASCADE);";
    let rows = "INSERT INTO o VALUES (1, 'a'), (2, 'b'); INSERT INTO c VALUES (1), (2), (2);";
    for (add, expected) in [
        ("x int", "null"),
        ("x int NOT NULL DEFAULT 5", "5"),
        ("x text CHECK (x <> '') DEFAULT 'q'", "q"),
        ("x int GENERATED ALWAYS AS (id + 1) STORED", "2"),
        ("x int REFERENCES o", "null"),
        ("x int REFERENCES o DEFAULT 1", "1"),
    ] {
        let db = changed(first, rows, &format!("ALTER TABLE o ADD COLUMN {add};")).expect(add);
        assert_eq!(text(&db, "SELECT x FROM o WHERE id = 1"), expected, "{add}");
        assert_eq!(text(&db, "SELECT count(*) FROM c"), "3", "{add}: no row is lost");
    }
    for add in [
        "x timestamptz NOT NULL DEFAULT now()",
        "x uuid UNIQUE DEFAULT gen_random_uuid()",
    ] {
        let db = changed(first, rows, &format!("ALTER TABLE o ADD COLUMN {add};")).expect(add);
        assert_eq!(text(&db, "SELECT count(x) FROM o"), "2", "{add}");
        assert_eq!(text(&db, "SELECT count(*) FROM c"), "3", "{add}: no row is lost");
        db.execute_batch("DELETE FROM o WHERE id = 2").expect("delete");
        assert_eq!(
            text(&db, "SELECT count(*) FROM c"),
            "1",
            "{add}: the key still cascades"
        );
    }
    for add in [
        "x int NOT NULL",
        "x int UNIQUE DEFAULT 1",
        "x int CHECK (x > 1) DEFAULT 1",
    ] {
        assert!(
            changed(first, rows, &format!("ALTER TABLE o ADD COLUMN {add};")).is_err(),
            "{add}"
        );
    }
}
