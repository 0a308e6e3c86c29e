//! What the server's errors are called.

use crate::testing::{Bench, Script, call, text};
use backflow_engine::store::StatementError;
use backflow_sql::ir::Datum;

const TABLES: &str = "
CREATE TABLE p (id int4 PRIMARY KEY);
CREATE DOMAIN kind AS text CHECK (VALUE <> 'none') NOT NULL;
CREATE TABLE \"t x\" (
  id text PRIMARY KEY, tenant text, \"e mail\" text, name text, a int4 NOT NULL DEFAULT 1, b int4,
  c int4 CONSTRAINT positive CHECK (c > 0), v varchar(3), k kind DEFAULT 'some', p int4 REFERENCES p,
  UNIQUE (tenant, name)
);
CREATE UNIQUE INDEX mails ON \"t x\" (tenant, lower(\"e mail\")) WHERE b IS DISTINCT FROM 9;
CREATE UNIQUE INDEX covering ON \"t x\" (b) INCLUDE (c);
CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'a secret'; END $$;
CREATE TRIGGER stop BEFORE UPDATE ON p FOR EACH ROW EXECUTE FUNCTION stop();
INSERT INTO p VALUES (1);
INSERT INTO \"t x\" (id, tenant, \"e mail\", name, b, p) VALUES ('1', 'x', 'A', 'n', 1, 1)";

async fn error(bench: &Bench, sql: &str) -> StatementError {
    let alone = bench
        .run(Script::alone(call(sql, 0, vec![])))
        .await
        .expect("run")
        .error();
    let whole = bench
        .run(Script::new(vec![call(sql, 0, vec![])]))
        .await
        .expect("run")
        .error();
    assert_eq!(alone, whole, "{sql}");
    alone
}

fn unique(columns: &[&str]) -> StatementError {
    StatementError::Unique(columns.iter().map(|&column| column.to_owned()).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn constraints_are_told_as_on_sqlite() {
    for settings in ["", "pgbouncer=true&pool_max=2"] {
        let bench = Bench::new(settings).await;
        bench.probe.execute(TABLES);
        let check = |name: &str| StatementError::Check(Some(name.to_owned()));
        let cases = [
            ("INSERT INTO \"t x\" (id) VALUES ('1')", unique(&["id"])),
            (
                "INSERT INTO \"t x\" (id, tenant, name) VALUES ('2', 'x', 'n')",
                unique(&["tenant", "name"]),
            ),
            ("INSERT INTO \"t x\" (id, b) VALUES ('2', 1)", unique(&["b"])),
            // Plain columns first, then those that the expression and the condition mention.
            (
                "INSERT INTO \"t x\" (id, tenant, \"e mail\") VALUES ('2', 'x', 'a')",
                unique(&["tenant", "e mail", "b"]),
            ),
            (
                "INSERT INTO \"t x\" (id, a) VALUES ('2', NULL)",
                StatementError::NotNull("a".into()),
            ),
            ("INSERT INTO \"t x\" (id, c) VALUES ('2', 0)", check("positive")),
            (
                "INSERT INTO \"t x\" (id, k) VALUES ('2', 'none')",
                check("kind_check"),
            ),
            (
                "INSERT INTO \"t x\" (id, k) VALUES ('2', NULL)",
                StatementError::Check(None),
            ),
            (
                "INSERT INTO \"t x\" (id, v) VALUES ('2', 'long')",
                StatementError::Check(None),
            ),
            (
                "INSERT INTO \"t x\" (id, p) VALUES ('2', 7)",
                StatementError::ForeignKey,
            ),
            ("DELETE FROM p", StatementError::ForeignKey),
            ("UPDATE p SET id = 2", StatementError::Check(None)),
        ];
        for (sql, expected) in cases {
            assert_eq!(error(&bench, sql).await, expected, "{sql}");
        }
        assert_eq!(bench.probe.number("SELECT count(*) FROM \"t x\""), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_out_of_range_and_of_the_wrong_kind() {
    let bench = Bench::new("").await;
    let cases = [
        ("SELECT 2147483647::int4 + 1", StatementError::OutOfRange),
        ("SELECT 1 / 0", StatementError::OutOfRange),
        ("SELECT '294278-01-01'::timestamptz", StatementError::OutOfRange),
        ("SELECT 'x'::uuid", StatementError::Check(None)),
        ("SELECT 'x'::int4", StatementError::Check(None)),
        ("SELECT 'a' ~ '('", StatementError::Invalid),
    ];
    for (sql, expected) in cases {
        assert_eq!(error(&bench, sql).await, expected, "{sql}");
    }
    // A value that cannot be sent as its type is the statement's fault, not the connection's.
    let wrong = call("SELECT $1::uuid::text", 1, vec![text("x")]);
    assert_eq!(
        bench.run(Script::read(wrong)).await.expect("run").error(),
        StatementError::Check(None)
    );
    for sql in ["SELECT nothing", "SELEC", "SELECT 1 WHERE"] {
        assert!(
            matches!(error(&bench, sql).await, StatementError::Other(_)),
            "{sql}"
        );
    }
    let one = bench
        .run(Script::read(call("SELECT 1", 1, vec![])))
        .await
        .expect("run");
    assert_eq!(one.cell(), Datum::Int(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_changed_its_columns_is_looked_up_again_under_a_new_name() {
    let bench = Bench::new("").await;
    bench.probe.execute(
        "CREATE TABLE u (a int4, b int4); CREATE UNIQUE INDEX one ON u (a); INSERT INTO u VALUES (1, 1)",
    );
    assert_eq!(error(&bench, "INSERT INTO u VALUES (1, 2)").await, unique(&["a"]));
    bench
        .probe
        .execute("DROP INDEX one; CREATE UNIQUE INDEX two ON u (b)");
    assert_eq!(error(&bench, "INSERT INTO u VALUES (1, 1)").await, unique(&["b"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_changes_under_prepared_statements_is_noticed() {
    let bench = Bench::new("pool_max=2").await;
    bench.probe.execute("INSERT INTO t VALUES ('1', 1)");
    let mut read = call("SELECT n FROM t", 1, vec![]);
    let mut all = call("SELECT * FROM t WHERE id = $1", 2, vec![text("1")]);
    for calls in [&mut read, &mut all] {
        calls.alone = true;
    }
    let once = async |call: &backflow_engine::store::Call, expected: Datum| {
        let alone = bench.run(Script::read(call.clone())).await.expect("run");
        let writing = bench.run(Script::alone(call.clone())).await.expect("run");
        let mut inside = call.clone();
        inside.alone = false;
        let whole = bench
            .run(Script::new(vec![inside.clone(), inside]))
            .await
            .expect("run");
        for script in [alone, writing, whole] {
            let rows = script.answers.last().expect("answer").as_ref().expect("rows");
            assert_eq!(rows.rows[0].cells.last(), Some(&expected));
        }
    };
    once(&read, Datum::Int(1)).await;
    once(&all, Datum::Int(1)).await;
    bench.probe.execute("ALTER TABLE t ALTER n TYPE text");
    once(&read, text("1")).await;
    once(&all, text("1")).await;
    // Whoever else uses the session may have thrown them away.
    bench
        .run(Script::alone(call("DEALLOCATE ALL", 0, vec![])))
        .await
        .expect("run");
    once(&read, text("1")).await;
    once(&all, text("1")).await;
}
