//! What SQLite answers to reads.

use super::*;
use crate::ir::{Aggregate, Bound, Comparison, Containment, JsonKey, JsonStep};

pub(super) fn only(column: u16, ids: &[i64], query: Read) -> Read {
    let list: Vec<Cond> = ids
        .iter()
        .map(|id| Cond::Compare {
            left: col(column),
            op: Comparison::Eq,
            right: Scalar::Literal(crate::ir::Datum::Int(*id), ColumnType::Int8),
        })
        .collect();
    Read {
        filter: Cond::Any(list),
        ..query
    }
}

fn step(name: &str, as_text: bool) -> JsonStep {
    JsonStep {
        key: JsonKey::Name(name.into()),
        as_text,
    }
}

#[test]
fn every_type_prints_as_json() {
    let keys = [
        "id",
        "name",
        "price",
        "ratio",
        "active",
        "meta",
        "status",
        "created_at",
    ];
    let members = keys.iter().zip(0..).map(|(key, at)| member(key, at)).collect();
    let rows = run(&Query::Read(read(ORGS, members)), &[]);
    assert_eq!(
        rows,
        [
            r#"{"id":1,"name":"Acme \"x\"","price":10.50,"ratio":0.1,"active":true,"meta":{"a": {"b": [1, 2.50]}, "t": "é\n"},"status":"trial","created_at":"2026-11-23T18:10:15.123456+00:00"}"#,
            r#"{"id":2,"name":"Beta","price":9.00,"ratio":null,"active":false,"meta":null,"status":"active","created_at":null}"#,
            r#"{"id":3,"name":"Gamma","price":null,"ratio":1e+20,"active":null,"meta":[],"status":null,"created_at":null}"#,
        ]
    );
}

#[test]
fn to_one_to_many_and_bounds() {
    let mut tasks = read(TASKS, vec![member("title", 2)]);
    tasks.order[0].descending = true;
    let all = Query::Read(read(
        ORGS,
        vec![Member::Embed(embed("tasks", true, &[(0, 1)], tasks.clone()))],
    ));
    assert_eq!(
        run(&all, &[]),
        [
            r#"{"tasks":[{"title":"two"},{"title":"one"}]}"#,
            r#"{"tasks":[{"title":"three"}]}"#,
            r#"{"tasks":[]}"#
        ]
    );
    tasks.limit = Some(Bound::Param(ParamId(0)));
    tasks.offset = Some(Bound::Fixed(1));
    let some = Query::Read(read(
        ORGS,
        vec![Member::Embed(embed("tasks", true, &[(0, 1)], tasks))],
    ));
    assert_eq!(
        run(&some, &[Value::Integer(1)]),
        [
            r#"{"tasks":[{"title":"one"}]}"#,
            r#"{"tasks":[]}"#,
            r#"{"tasks":[]}"#
        ]
    );
    let org = embed("org", false, &[(1, 0)], read(ORGS, vec![member("price", 2)]));
    let one = Query::Read(read(TASKS, vec![Member::Embed(org), member("id", 0)]));
    assert_eq!(
        run(&one, &[])[2..],
        [r#"{"org":{"price":9.00},"id":3}"#, r#"{"org":null,"id":4}"#]
    );
}

#[test]
fn spreads_merge_and_are_null_without_a_row() {
    let mut org = embed(
        "org",
        false,
        &[(1, 0)],
        read(ORGS, vec![member("org_name", 1), member("price", 2)]),
    );
    org.spread = true;
    let mut empty = org.clone();
    empty.read.outputs.members = Some(vec![]);
    let members = vec![Member::Embed(empty), Member::Embed(org), member("id", 0)];
    let query = Query::Read(only(0, &[3, 4], read(TASKS, members)));
    assert_eq!(
        run(&query, &[]),
        [
            r#"{"org_name":"Beta","price":9.00,"id":3}"#,
            r#"{"org_name":null,"price":null,"id":4}"#
        ]
    );
}

#[test]
fn inner_and_junction() {
    let mut labels = embed("labels", true, &[], read(LABELS, vec![member("name", 1)]));
    labels.inner = true;
    labels.link = Link::Junction {
        table: TASK_LABELS,
        outer: vec![(c(0), c(0))],
        inner: vec![(c(1), c(0))],
        filter: Cond::TRUE,
    };
    let query = Query::Read(read(TASKS, vec![member("id", 0), Member::Embed(labels)]));
    assert_eq!(
        run(&query, &[]),
        [
            r#"{"id":1,"labels":[{"name":"red"},{"name":"blue"}]}"#,
            r#"{"id":2,"labels":[{"name":"red"}]}"#
        ]
    );
}

fn aggregate(key: &str, function: Aggregate, column: Option<u16>) -> Member {
    Member::Aggregate {
        key: key.into(),
        function,
        of: column.map(|column| Scalar::Column(ColumnId(column))),
        cast: None,
    }
}

#[test]
fn aggregates() {
    let count = read(TASKS, vec![aggregate("count", Aggregate::Count, None)]);
    let query = Query::Read(read(
        ORGS,
        vec![Member::Embed(embed("tasks", true, &[(0, 1)], count))],
    ));
    assert_eq!(
        run(&query, &[]),
        [
            r#"{"tasks":[{"count":2}]}"#,
            r#"{"tasks":[{"count":1}]}"#,
            r#"{"tasks":[{"count":0}]}"#
        ]
    );
    let members = vec![
        member("org_id", 1),
        aggregate("n", Aggregate::Sum, Some(3)),
        aggregate("avg", Aggregate::Avg, Some(3)),
        aggregate("max", Aggregate::Max, Some(3)),
    ];
    assert_eq!(
        run(&Query::Read(read(TASKS, members)), &[]),
        [
            r#"{"org_id":1,"n":8,"avg":4.0000000000000000,"max":5}"#,
            r#"{"org_id":2,"n":2147483647,"avg":2147483647.00000000,"max":2147483647}"#,
            r#"{"org_id":null,"n":null,"avg":null,"max":null}"#,
        ]
    );
    let members = vec![
        aggregate("sum", Aggregate::Sum, Some(2)),
        aggregate("min", Aggregate::Min, Some(2)),
        aggregate("status", Aggregate::Max, Some(6)),
    ];
    assert_eq!(
        run(&Query::Read(read(ORGS, members)), &[]),
        [r#"{"sum":19.50,"min":9.00,"status":"active"}"#]
    );
}

#[test]
fn grouped_embeds_with_bounds_and_order() {
    let members = vec![member("title", 2), aggregate("n", Aggregate::Count, None)];
    let mut tasks = read(TASKS, members);
    tasks.order = vec![
        Order {
            by: col(2),
            descending: true,
            nulls_first: true,
        },
        by(0),
    ];
    let query = Query::Read(only(
        0,
        &[1],
        read(ORGS, vec![Member::Embed(embed("t", true, &[(0, 1)], tasks))]),
    ));
    assert_eq!(
        run(&query, &[]),
        [r#"{"t":[{"title":"two","n":1},{"title":"one","n":1}]}"#]
    );
}

#[test]
fn json_steps_keep_digits_and_layout() {
    let path = |steps: Vec<JsonStep>| Member::Column {
        key: "v".into(),
        column: c(5),
        path: steps,
        cast: None,
    };
    let members = vec![
        path(vec![step("a", false)]),
        path(vec![
            step("a", false),
            step("b", false),
            JsonStep {
                key: JsonKey::Index(1),
                as_text: true,
            },
        ]),
        path(vec![step("t", true)]),
        path(vec![step("t", false)]),
        path(vec![step("none", false)]),
    ];
    let rows = run(&Query::Read(only(0, &[1, 2], read(ORGS, members))), &[]);
    assert_eq!(
        rows,
        [
            r#"{"v":{"b": [1, 2.50]},"v":"2.50","v":"é\n","v":"é\n","v":null}"#,
            r#"{"v":null,"v":null,"v":null,"v":null,"v":null}"#
        ]
    );
}

#[test]
fn order_by_value_with_nulls_where_said() {
    let ordered = |column: u16, descending: bool, nulls_first: bool| {
        let mut query = read(ORGS, vec![member("id", 0)]);
        query.order.insert(
            0,
            Order {
                by: col(column),
                descending,
                nulls_first,
            },
        );
        run(&Query::Read(query), &[]).concat()
    };
    // numerics by value (9.00 before 10.50), enums by label
    assert_eq!(ordered(2, false, false), r#"{"id":2}{"id":1}{"id":3}"#);
    assert_eq!(ordered(2, true, true), r#"{"id":3}{"id":1}{"id":2}"#);
    assert_eq!(ordered(6, false, true), r#"{"id":3}{"id":1}{"id":2}"#);
}

fn ids(filter: Cond, params: &[Value]) -> String {
    let mut query = read(ORGS, vec![]);
    query.outputs.members = None;
    query.outputs.cells = vec![c(0)];
    query.filter = filter;
    run(&Query::Read(query), params).join(",")
}

#[test]
fn null_never_holds_not_even_negated() {
    let equal = || Cond::Compare {
        left: col(2),
        op: Comparison::Eq,
        right: param(0, ColumnType::Numeric(None)),
    };
    let nine = [Value::Text("9.0".into())];
    assert_eq!(ids(equal(), &nine), "2");
    assert_eq!(ids(Cond::Not(Box::new(equal())), &nine), "1");
    assert_eq!(ids(Cond::Not(Box::new(equal())), &[Value::Null]), "");
    let distinct = Cond::Distinct {
        left: col(2),
        right: param(0, ColumnType::Numeric(None)),
    };
    assert_eq!(ids(distinct, &nine), "1,3");
    assert_eq!(ids(Cond::IsBool(col(4), false), &[]), "2");
}

#[test]
fn lists_patterns_flags_and_other_rows() {
    let list = |column: u16, ty: ColumnType| Cond::In {
        left: col(column),
        list: ParamId(0),
        ty,
    };
    let text = |value: &str| [Value::Text(value.into())];
    assert_eq!(ids(list(0, ColumnType::Int8), &text("[1,3]")), "1,3");
    assert_eq!(ids(list(4, ColumnType::Bool), &text("[false]")), "2");
    assert_eq!(
        ids(list(2, ColumnType::Numeric(None)), &text(r#"["10.5","7"]"#)),
        "1"
    );
    assert_eq!(ids(list(0, ColumnType::Int8), &text("[]")), "");
    let like = |fold: bool| Cond::Like {
        left: col(1),
        pattern: param(0, ColumnType::Text),
        fold,
    };
    assert_eq!(ids(like(false), &text("b%")), "");
    assert_eq!(ids(like(true), &text("b%")), "2");
    assert_eq!(ids(like(true), &text("b\\%")), "");
    let when = Cond::When {
        flag: ParamId(1),
        cond: Box::new(Cond::equals(c(0), ParamId(0), ColumnType::Int8)),
    };
    assert_eq!(ids(when.clone(), &[Value::Null, Value::Integer(0)]), "1,2,3");
    assert_eq!(ids(when, &[Value::Integer(2), Value::Integer(1)]), "2");
    let rows = Cond::InRows {
        left: col(0),
        table: TASKS,
        column: c(1),
        filter: Box::new(Cond::equals(c(3), ParamId(0), ColumnType::Int4)),
    };
    assert_eq!(ids(rows, &[Value::Integer(3)]), "1");
    let contains = Cond::Contain {
        left: col(5),
        op: Containment::Contains,
        right: param(0, ColumnType::Jsonb),
    };
    assert_eq!(ids(contains, &text(r#"{"a":{"b":[2.5]}}"#)), "1");
}

#[test]
fn wide_rows_stay_within_the_depth_limit() {
    let members = (0..1500).map(|at| member(&format!("m{at}"), 0)).collect();
    let rows = run(&Query::Read(only(0, &[1], read(ORGS, members))), &[]);
    assert!(rows.concat().ends_with(r#""m1498":1,"m1499":1}"#));
}
