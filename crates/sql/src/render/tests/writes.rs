//! What SQLite does and answers for writes.

use super::*;
use crate::ir::{Assigned, Comparison, Conflict, ConflictUpdate, Datum, Delete, Insert, Update};

fn int(value: i64) -> Assigned {
    Assigned::Value(Scalar::Literal(Datum::Int(value), ColumnType::Int8))
}

fn text(value: &str) -> Assigned {
    Assigned::Value(Scalar::Literal(Datum::Text(value.into()), ColumnType::Text))
}

fn insert(into: TableId, columns: &[u16], rows: Vec<Vec<Assigned>>) -> Insert {
    Insert {
        into,
        columns: columns.iter().copied().map(ColumnId).collect(),
        rows,
        each: None,
        guard: Cond::TRUE,
        conflict: None,
        outputs: Outputs {
            members: Some(vec![member("id", 0)]),
            cells: vec![c(0)],
            extra: Vec::new(),
        },
    }
}

#[test]
fn one_row_with_an_embed() {
    let mut query = insert(TASKS, &[1, 2], vec![vec![int(1), text("new")]]);
    let siblings = read(TASKS, vec![member("title", 2)]);
    let org = read(
        ORGS,
        vec![
            member("name", 1),
            Member::Embed(embed("tasks", true, &[(0, 1)], siblings)),
        ],
    );
    query.outputs.members = Some(vec![
        member("title", 2),
        Member::Embed(embed("org", false, &[(1, 0)], org)),
    ]);
    let rows = run(&Query::Insert(query), &[]);
    let expected = r#"{"title":"new","org":{"name":"Acme \"x\"","tasks":[{"title":"one"},{"title":"two"},{"title":"new"}]}}|5"#;
    assert_eq!(rows, [expected]);
}

#[test]
fn several_rows_guarded_or_not() {
    let rows = || vec![vec![int(1), text("a")], vec![int(1), text("b")]];
    let mut query = insert(TASKS, &[1, 2], rows());
    assert!(sql(&Query::Insert(query.clone())).contains("VALUES (1,'a'),(1,'b') RETURNING"));
    assert_eq!(
        run(&Query::Insert(query.clone()), &[]),
        [r#"{"id":5}|5"#, r#"{"id":6}|6"#]
    );
    query.guard = Cond::Exists {
        table: ORGS,
        on: vec![],
        filter: Box::new(Cond::equals(c(0), ParamId(0), ColumnType::Int8)),
    };
    assert_eq!(run(&Query::Insert(query.clone()), &[Value::Integer(1)]).len(), 2);
    assert_eq!(run(&Query::Insert(query.clone()), &[Value::Integer(9)]).len(), 0);
    query.conflict = Some(Conflict {
        target: vec![c(0)],
        update: None,
    });
    assert_eq!(run(&Query::Insert(query.clone()), &[Value::Integer(1)]).len(), 2);
    query.rows = vec![];
    assert_eq!(run(&Query::Insert(query), &[]).len(), 0);
}

#[test]
fn defaults() {
    let connection = database();
    let mut query = insert(NOTES, &[], vec![vec![]]);
    query.outputs.members = Some(vec![member("text", 3)]);
    assert_eq!(
        run_on(&connection, &Query::Insert(query.clone()), &[]),
        [r#"{"text":"it's"}|1"#]
    );
    query.guard = Cond::Not(Box::new(Cond::Any(vec![])));
    assert_eq!(
        run_on(&connection, &Query::Insert(query.clone()), &[]),
        [r#"{"text":"it's"}|2"#]
    );
    query.rows = vec![vec![], vec![]];
    assert_eq!(run_on(&connection, &Query::Insert(query.clone()), &[]).len(), 2);
    let maybe = Assigned::IfGiven {
        flag: ParamId(0),
        value: param(1, ColumnType::Text),
    };
    let mut query = insert(
        NOTES,
        &[0, 1, 2, 3],
        vec![vec![
            Assigned::Default,
            Assigned::Default,
            Assigned::Default,
            maybe,
        ]],
    );
    query.outputs.members = Some(vec![member("ref", 1), member("at", 2), member("text", 3)]);
    let row = run_on(
        &connection,
        &Query::Insert(query.clone()),
        &[Value::Integer(0), Value::Null],
    )
    .concat();
    let pattern: String = row
        .chars()
        .map(|c| if c.is_ascii_hexdigit() { 'x' } else { c })
        .collect();
    assert!(
        pattern.starts_with(
            r#"{"rxx":"xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx","xt":"xxxx-xx-xxTxx:xx:xx.xxxxxx+xx:xx","txxt":"it's"}|"#
        ),
        "{row}"
    );
    let given = run_on(
        &connection,
        &Query::Insert(query),
        &[Value::Integer(1), Value::Text("x".into())],
    );
    assert!(given.concat().contains(r#""text":"x""#));
}

fn upsert(filter: Cond, set: Vec<(ColumnId, Assigned)>) -> Query {
    Query::Insert(Insert {
        conflict: Some(Conflict {
            target: vec![c(0), c(1)],
            update: Some(ConflictUpdate { set, filter }),
        }),
        outputs: Outputs {
            members: Some(vec![member("used", 2), member("limit", 3)]),
            cells: vec![],
            extra: Vec::new(),
        },
        ..insert(
            COUNTERS,
            &[0, 1, 2, 3],
            vec![vec![int(1), text("2026-11"), int(6), int(99)]],
        )
    })
}

#[test]
fn upserts_see_both_rows() {
    let both = Scalar::Arithmetic {
        op: crate::ir::ArithmeticOp::Add,
        left: Box::new(col(2)),
        right: Box::new(Scalar::Excluded(c(2))),
        ty: ColumnType::Int4,
    };
    let within = Cond::Compare {
        left: both.clone(),
        op: Comparison::Le,
        right: col(3),
    };
    let set = || vec![(c(2), Assigned::Value(both.clone()))];
    assert_eq!(
        run(&upsert(within.clone(), set()), &[]),
        [r#"{"used":10,"limit":10}"#]
    );
    assert_eq!(run(&upsert(Cond::Not(Box::new(within)), set()), &[]).len(), 0);
    assert_eq!(
        run(&upsert(Cond::TRUE, vec![]), &[]),
        [r#"{"used":4,"limit":10}"#]
    );
}

#[test]
fn updates_and_deletes_answer_rows_with_embeds() {
    let tasks = embed("tasks", true, &[(0, 1)], read(TASKS, vec![member("id", 0)]));
    let update = Query::Update(Update {
        table: ORGS,
        set: vec![
            (c(1), text("new")),
            (
                c(4),
                Assigned::IfGiven {
                    flag: ParamId(0),
                    value: param(1, ColumnType::Bool),
                },
            ),
        ],
        filter: Cond::Exists {
            table: TASKS,
            on: vec![(c(0), c(1))],
            filter: Box::new(Cond::equals(c(0), ParamId(2), ColumnType::Int8)),
        },
        outputs: Outputs {
            members: Some(vec![
                member("name", 1),
                member("active", 4),
                Member::Embed(tasks.clone()),
            ]),
            cells: vec![c(0)],
            extra: Vec::new(),
        },
    });
    let params = [Value::Integer(0), Value::Null, Value::Integer(2)];
    assert_eq!(
        run(&update, &params),
        [r#"{"name":"new","active":true,"tasks":[{"id":1},{"id":2}]}|1"#]
    );
    let delete = Query::Delete(Delete {
        table: ORGS,
        filter: Cond::equals(c(0), ParamId(0), ColumnType::Int8),
        outputs: Outputs {
            members: Some(vec![member("name", 1), Member::Embed(tasks)]),
            cells: vec![],
            extra: Vec::new(),
        },
    });
    assert_eq!(
        run(&delete, &[Value::Integer(2)]),
        [r#"{"name":"Beta","tasks":[{"id":3}]}"#]
    );
}

/// A table that is called like an alias, and one called like the row offered in an upsert.
#[test]
fn names_that_clash() {
    for name in ["t0", "T1", "excluded", "Excluded"] {
        let catalog = odd_catalog(name, "n");
        let mut query = insert(TableId(0), &[0, 1], vec![vec![int(1), text("b")]]);
        query.guard = Cond::Not(Box::new(Cond::Exists {
            table: TableId(0),
            on: vec![],
            filter: Box::new(Cond::equals(c(0), ParamId(0), ColumnType::Int8)),
        }));
        query.conflict = Some(Conflict {
            target: vec![c(0)],
            update: Some(ConflictUpdate {
                set: vec![(c(1), Assigned::Value(Scalar::Excluded(c(1))))],
                filter: Cond::Compare {
                    left: col(1),
                    op: Comparison::Ne,
                    right: Scalar::Excluded(c(1)),
                },
            }),
        });
        query.outputs.members = Some(vec![
            member("n", 1),
            Member::Embed(embed(
                "same",
                true,
                &[(0, 0)],
                read(TableId(0), vec![member("n", 1)]),
            )),
        ]);
        let text = render(&Query::Insert(query), &catalog, Dialect::Sqlite).text;
        let connection = database();
        connection
            .execute_batch(&format!(
                "CREATE TABLE {name} (id INTEGER PRIMARY KEY, n TEXT); INSERT INTO {name} VALUES (1,'a')"
            ))
            .unwrap();
        let rows = try_rows(&connection, &text, &[Value::Integer(7)])
            .unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(rows, [r#"{"n":"b","same":[{"n":"b"}]}|1"#], "{text}");
    }
}

#[test]
fn rows_of_a_list_parameter() {
    let list = r#"[[1,"two",null],[1,"one","x"]]"#;
    let mut query = insert(
        TASKS,
        &[1, 2],
        vec![vec![
            Assigned::Value(Scalar::Item(0, ColumnType::Int8)),
            Assigned::Value(Scalar::Item(1, ColumnType::Text)),
        ]],
    );
    query.each = Some(ParamId(0));
    query.outputs.members = Some(vec![member("title", 2)]);
    query.outputs.cells = Vec::new();
    let list = rusqlite::types::Value::Text(list.to_owned());
    assert_eq!(
        run(&Query::Insert(query.clone()), std::slice::from_ref(&list)),
        [r#"{"title":"two"}"#, r#"{"title":"one"}"#]
    );
    // A guard is judged for each row.
    query.guard = Cond::Compare {
        left: Scalar::Item(2, ColumnType::Text),
        op: Comparison::Eq,
        right: Scalar::Literal(Datum::Text("x".into()), ColumnType::Text),
    };
    query.conflict = Some(Conflict {
        target: vec![c(0)],
        update: None,
    });
    assert_eq!(run(&Query::Insert(query), &[list]), [r#"{"title":"one"}"#]);
}
