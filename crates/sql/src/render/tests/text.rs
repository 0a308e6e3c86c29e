//! The exact text of the main shapes.

use super::*;
use crate::ir::{
    ArithmeticOp, Assigned, Bound, Comparison, Conflict, ConflictUpdate, Datum, Delete, Insert, Update,
};

fn compare(left: Scalar, op: Comparison, right: Scalar) -> Cond {
    Cond::Compare { left, op, right }
}

#[test]
fn a_read() {
    let mut query = read(ORGS, vec![member("id", 0), member("n", 1)]);
    query.outputs.cells = vec![c(0)];
    query.filter = Cond::equals(c(1), ParamId(0), ColumnType::Text);
    query.limit = Some(Bound::Fixed(2));
    query.offset = Some(Bound::Param(ParamId(1)));
    let statement = render(&Query::Read(query), &catalog(), Dialect::Sqlite);
    assert_eq!(
        statement.text,
        "SELECT '{\"id\":'||json_quote(t0.\"id\")||',\"n\":'||json_quote(t0.\"name\")||'}',t0.\"id\" \
         FROM \"orgs\" AS t0 WHERE t0.\"name\" = ?1 ORDER BY t0.\"id\" NULLS LAST LIMIT 2 OFFSET ?2"
    );
    assert!(statement.json);
    assert_eq!(statement.cells, 1);
}

#[test]
fn nothing_asked_for() {
    assert_eq!(
        sql(&Query::Read(read(ORGS, vec![]))),
        "SELECT '{}' FROM \"orgs\" AS t0 ORDER BY t0.\"id\" NULLS LAST"
    );
    let mut bare = read(ORGS, vec![]);
    bare.outputs.members = None;
    bare.order = vec![];
    assert_eq!(sql(&Query::Read(bare)), "SELECT 1 FROM \"orgs\" AS t0");
}

#[test]
fn embeds() {
    let task_org = embed("org", false, &[(1, 0)], read(ORGS, vec![member("id", 0)]));
    let query = Query::Read(read(TASKS, vec![Member::Embed(task_org)]));
    assert_eq!(
        sql(&query),
        "SELECT '{\"org\":'||coalesce((SELECT '{\"id\":'||json_quote(t1.\"id\")||'}' FROM \"orgs\" AS t1 \
         WHERE t1.\"id\" = t0.\"org_id\" ORDER BY t1.\"id\" NULLS LAST LIMIT 1),'null')||'}' \
         FROM \"tasks\" AS t0 ORDER BY t0.\"id\" NULLS LAST"
    );
    let mut tasks = embed("tasks", true, &[(0, 1)], read(TASKS, vec![member("id", 0)]));
    tasks.inner = true;
    let query = Query::Read(read(ORGS, vec![Member::Embed(tasks)]));
    assert_eq!(
        sql(&query),
        "SELECT '{\"tasks\":'||(SELECT '['||coalesce(group_concat('{\"id\":'||json_quote(t1.\"id\")||'}',',' \
         ORDER BY t1.\"id\" NULLS LAST),'')||']' FROM \"tasks\" AS t1 WHERE t1.\"org_id\" = t0.\"id\")||'}' \
         FROM \"orgs\" AS t0 WHERE EXISTS(SELECT 1 FROM \"tasks\" AS t2 WHERE t2.\"org_id\" = t0.\"id\") \
         ORDER BY t0.\"id\" NULLS LAST"
    );
}

#[test]
fn conditions() {
    let flag = ParamId(3);
    let cond = Cond::All(vec![
        Cond::Any(vec![
            Cond::IsNull(col(2)),
            compare(col(2), Comparison::Ge, param(0, ColumnType::Numeric(None))),
        ]),
        Cond::Not(Box::new(compare(
            col(6),
            Comparison::Lt,
            param(1, ColumnType::Enum(EnumId(0))),
        ))),
        Cond::When {
            flag,
            cond: Box::new(Cond::Like {
                left: col(1),
                pattern: param(2, ColumnType::Text),
                fold: true,
            }),
        },
        Cond::In {
            left: col(2),
            list: ParamId(4),
            ty: ColumnType::Numeric(None),
        },
        Cond::Exists {
            table: TASKS,
            on: vec![(c(0), c(1))],
            filter: Box::new(Cond::TRUE),
        },
        Cond::Any(vec![]),
    ]);
    let mut query = read(ORGS, vec![]);
    query.filter = cond;
    query.order = vec![];
    assert_eq!(
        sql(&Query::Read(query)),
        "SELECT '{}' FROM \"orgs\" AS t0 WHERE \
         (t0.\"price\" IS NULL OR bf_dec_key(t0.\"price\") >= bf_dec_key(?1)) \
         AND NOT (CASE t0.\"status\" WHEN 'trial' THEN 0 WHEN 'active' THEN 1 WHEN 'it''s' THEN 2 END < \
         CASE ?2 WHEN 'trial' THEN 0 WHEN 'active' THEN 1 WHEN 'it''s' THEN 2 END) \
         AND (NOT ?4 OR lower(t0.\"name\") LIKE lower(?3) ESCAPE '\\') \
         AND bf_dec_key(t0.\"price\") IN (SELECT bf_dec_key(nullif(trim(?5 -> fullkey,'\"'),'null')) FROM temp.json_each(?5)) \
         AND EXISTS(SELECT 1 FROM \"tasks\" AS t1 WHERE t1.\"org_id\" = t0.\"id\") AND FALSE"
    );
}

fn counter_upsert() -> Insert {
    let sum = Scalar::Arithmetic {
        op: ArithmeticOp::Add,
        left: Box::new(Scalar::Coalesce(vec![
            col(2),
            Scalar::Literal(Datum::Int(0), ColumnType::Int4),
        ])),
        right: Box::new(param(2, ColumnType::Int4)),
        ty: ColumnType::Int4,
    };
    Insert {
        into: COUNTERS,
        columns: vec![c(0), c(1), c(2)],
        rows: vec![vec![
            Assigned::Value(param(0, ColumnType::Int8)),
            Assigned::Value(param(1, ColumnType::Text)),
            Assigned::IfGiven {
                flag: ParamId(3),
                value: param(2, ColumnType::Int4),
            },
        ]],
        each: None,
        guard: Cond::Exists {
            table: ORGS,
            on: vec![],
            filter: Box::new(Cond::equals(c(0), ParamId(0), ColumnType::Int8)),
        },
        conflict: Some(Conflict {
            target: vec![c(0), c(1)],
            update: Some(ConflictUpdate {
                set: vec![
                    (c(2), Assigned::Value(sum)),
                    (c(3), Assigned::Value(Scalar::Excluded(c(3)))),
                ],
                filter: Cond::equals(c(0), ParamId(0), ColumnType::Int8),
            }),
        }),
        outputs: Outputs {
            members: Some(vec![member("used", 2)]),
            cells: vec![],
            extra: Vec::new(),
        },
    }
}

#[test]
fn an_upsert() {
    assert_eq!(
        sql(&Query::Insert(counter_upsert())),
        "INSERT INTO \"counters\" (\"org_id\",\"period\",\"used\") \
         SELECT ?1,?2,CASE WHEN ?4 THEN ?3 ELSE 0 END \
         WHERE EXISTS(SELECT 1 FROM \"orgs\" AS t0 WHERE t0.\"id\" = ?1) \
         ON CONFLICT (\"org_id\",\"period\") DO UPDATE SET \
         \"used\" = bf_int4(coalesce(\"counters\".\"used\",0) + ?3), \"limit\" = excluded.\"limit\" \
         WHERE \"counters\".\"org_id\" = ?1 RETURNING '{\"used\":'||json_quote(\"counters\".\"used\")||'}'"
    );
}

#[test]
fn an_update_and_a_delete() {
    let update = Update {
        table: TASKS,
        set: vec![
            (
                c(3),
                Assigned::IfGiven {
                    flag: ParamId(1),
                    value: param(0, ColumnType::Int4),
                },
            ),
            (
                c(2),
                Assigned::Value(Scalar::Literal(Datum::Text("it's".into()), ColumnType::Text)),
            ),
        ],
        filter: Cond::equals(c(0), ParamId(2), ColumnType::Int8),
        outputs: Outputs::default(),
    };
    assert_eq!(
        sql(&Query::Update(update)),
        "UPDATE \"tasks\" SET \"points\" = CASE WHEN ?2 THEN ?1 ELSE \"tasks\".\"points\" END, \
         \"title\" = 'it''s' WHERE \"tasks\".\"id\" = ?3"
    );
    let delete = Delete {
        table: TASKS,
        filter: Cond::equals(c(0), ParamId(0), ColumnType::Int8),
        outputs: Outputs {
            members: None,
            cells: vec![c(0)],
            extra: Vec::new(),
        },
    };
    assert_eq!(
        sql(&Query::Delete(delete)),
        "DELETE FROM \"tasks\" WHERE \"tasks\".\"id\" = ?1 RETURNING \"tasks\".\"id\""
    );
}

#[test]
fn literals_cannot_be_read_as_anything_else() {
    let literal = |datum: Datum| {
        let value = Scalar::Literal(datum, ColumnType::Int8);
        let mut query = read(ORGS, vec![]);
        query.filter = Cond::IsNull(value);
        query.order = vec![];
        sql(&Query::Read(query))
            .split(" WHERE ")
            .last()
            .unwrap()
            .to_owned()
    };
    assert_eq!(literal(Datum::Int(-1)), "(-1) IS NULL");
    assert_eq!(literal(Datum::Float(2.0)), "2.0 IS NULL");
    assert_eq!(literal(Datum::Float(f64::NEG_INFINITY)), "(-9e999) IS NULL");
    assert_eq!(literal(Datum::Bool(true)), "1 IS NULL");
    assert_eq!(
        literal(Datum::Text("a\0'b".into())),
        "CAST(x'61002762' AS TEXT) IS NULL"
    );
}

#[test]
fn keys_that_cannot_be_null_need_no_words() {
    let mut catalog = catalog();
    catalog.tables[0].columns[0].not_null = true;
    let mut query = read(ORGS, vec![]);
    query.order[0].descending = true;
    query.order.insert(0, by(1));
    let text = render(&Query::Read(query), &catalog, Dialect::Sqlite).text;
    assert!(
        text.ends_with("ORDER BY t0.\"name\" NULLS LAST,t0.\"id\" DESC"),
        "{text}"
    );
}

#[test]
fn a_row_that_was_not_made_and_one_that_stays() {
    let there = Cond::Stays {
        table: COUNTERS,
        filter: Box::new(Cond::equals(c(0), ParamId(0), ColumnType::Int8)),
    };
    let offered = crate::ir::Offered {
        table: COUNTERS,
        guard: there,
        values: vec![
            Scalar::IfGiven {
                flag: ParamId(1),
                value: Box::new(Scalar::Param(ParamId(2), ColumnType::Int8)),
                otherwise: Box::new(Scalar::DefaultOf(c(2))),
            },
            Scalar::Literal(Datum::Int(0), ColumnType::Int8),
        ],
    };
    let text = |dialect| crate::render::render_offered(&offered, &catalog(), dialect).text;
    assert_eq!(
        text(Dialect::Sqlite),
        "SELECT CASE WHEN ?2 THEN ?3 ELSE 0 END,0 WHERE EXISTS(SELECT 1 FROM \"counters\" AS t0 \
         WHERE t0.\"org_id\" = ?1)"
    );
    // Whoever takes the row away waits until the statement has met it, or the statement does not see it.
    assert!(
        text(Dialect::Postgres).ends_with(" FOR KEY SHARE)"),
        "{}",
        text(Dialect::Postgres)
    );
}
