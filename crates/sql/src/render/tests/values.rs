//! What SQLite computes.

use super::reads::only;
use super::*;
use crate::ir::{ArithmeticOp, Bound, Comparison};

fn computed(value: Scalar, ty: ColumnType) -> Member {
    Member::Computed {
        key: "v".into(),
        value,
        ty,
    }
}

fn arithmetic(op: ArithmeticOp, left: Scalar, right: Scalar, ty: ColumnType) -> Member {
    let value = Scalar::Arithmetic {
        op,
        left: Box::new(left),
        right: Box::new(right),
        ty: ty.clone(),
    };
    computed(value, ty)
}

#[test]
fn arithmetic_is_typed() {
    let task = |member: Member, params: &[Value]| {
        let query = Query::Read(only(0, &[3], read(TASKS, vec![member])));
        try_rows(&database(), &sql(&query), params).map(|rows| rows.concat())
    };
    let one = |value: i64| [Value::Integer(value)];
    let points = |op| arithmetic(op, col(3), param(0, ColumnType::Int4), ColumnType::Int4);
    assert_eq!(
        task(points(ArithmeticOp::Sub), &one(7)).unwrap(),
        r#"{"v":2147483640}"#
    );
    assert_eq!(
        task(points(ArithmeticOp::Div), &one(-2)).unwrap(),
        r#"{"v":-1073741823}"#
    );
    assert_eq!(task(points(ArithmeticOp::Div), &one(0)).unwrap(), r#"{"v":null}"#);
    assert_eq!(task(points(ArithmeticOp::Rem), &one(0)).unwrap(), r#"{"v":null}"#);
    let error = task(points(ArithmeticOp::Add), &one(1)).unwrap_err();
    assert!(error.to_string().contains("integer out of range"), "{error}");
    let wide = arithmetic(
        ArithmeticOp::Mul,
        col(0),
        param(0, ColumnType::Int8),
        ColumnType::Int8,
    );
    assert!(task(wide, &one(i64::MAX)).is_err());
    let numeric = ColumnType::Numeric(None);
    let price = |op| arithmetic(op, col(2), param(0, numeric.clone()), numeric.clone());
    let org = |member: Member, value: &str| {
        let query = Query::Read(only(0, &[1], read(ORGS, vec![member])));
        let params = [Value::Text(value.into())];
        run(&query, if value.is_empty() { &[] } else { &params }).concat()
    };
    assert_eq!(org(price(ArithmeticOp::Add), "0.001"), r#"{"v":10.501}"#);
    assert_eq!(org(price(ArithmeticOp::Div), "3"), r#"{"v":3.5000000000000000}"#);
    assert_eq!(org(price(ArithmeticOp::Div), "0"), r#"{"v":null}"#);
    let test = Scalar::Test(Box::new(Cond::Compare {
        left: col(2),
        op: Comparison::Gt,
        right: param(0, numeric.clone()),
    }));
    assert_eq!(org(computed(test, ColumnType::Bool), "9.5"), r#"{"v":true}"#);
    let int = Scalar::Cast(Box::new(col(2)), ColumnType::Int4);
    assert_eq!(org(computed(int, ColumnType::Int4), ""), r#"{"v":11}"#);
    let date = Scalar::Cast(Box::new(col(7)), ColumnType::Date);
    assert_eq!(org(computed(date, ColumnType::Date), ""), r#"{"v":"2026-11-23"}"#);
    let later = Scalar::Shift(Box::new(col(7)), 8 * 86_400_000_000);
    assert_eq!(
        org(computed(later, ColumnType::TimestampTz), ""),
        r#"{"v":"2026-12-01T18:10:15.123456+00:00"}"#
    );
    let lookup = Scalar::Lookup {
        table: LABELS,
        column: c(1),
        key: c(0),
        value: Box::new(col(0)),
    };
    assert_eq!(org(computed(lookup, ColumnType::Text), ""), r#"{"v":"red"}"#);
}

/// Each cast, of a literal, as PostgreSQL gives it.
#[test]
fn casts() {
    use crate::ir::Datum;
    let text = |value: &str| Datum::Text(value.into());
    let numeric = ColumnType::Numeric(None);
    for (datum, from, to, expected) in [
        (Datum::Bool(true), ColumnType::Bool, ColumnType::Text, "\"true\""),
        (Datum::Bool(true), ColumnType::Bool, ColumnType::Int4, "1"),
        (Datum::Int(0), ColumnType::Int4, ColumnType::Bool, "false"),
        (Datum::Int(-7), ColumnType::Int8, ColumnType::Text, "\"-7\""),
        (
            Datum::Int(7),
            ColumnType::Int8,
            ColumnType::Numeric(Some((5, 2))),
            "7.00",
        ),
        (Datum::Int(7), ColumnType::Int4, ColumnType::Float8, "7"),
        (Datum::Float(2.5), ColumnType::Float8, ColumnType::Int4, "2"),
        (Datum::Float(0.1), ColumnType::Float8, numeric.clone(), "0.1"),
        (Datum::Float(0.1), ColumnType::Float8, ColumnType::Float4, "0.1"),
        (text("2.50"), numeric.clone(), ColumnType::Int8, "3"),
        (text("2.50"), numeric.clone(), ColumnType::Float8, "2.5"),
        (text("2.50"), numeric.clone(), ColumnType::Text, "\"2.50\""),
        (text(" 12"), ColumnType::Text, ColumnType::Int2, "12"),
        (text("abc"), ColumnType::Text, ColumnType::Varchar(2), "\"ab\""),
        (
            text("2026-11-23"),
            ColumnType::Date,
            ColumnType::Timestamp,
            "\"2026-11-23T00:00:00.000000\"",
        ),
        (
            text("2026-11-23T18:10:00.000000"),
            ColumnType::Timestamp,
            ColumnType::Time,
            "\"18:10:00\"",
        ),
        (
            text("2026-11-23T18:10:15.123456+00:00"),
            ColumnType::TimestampTz,
            ColumnType::Time,
            "\"18:10:15.123456\"",
        ),
    ] {
        assert!(
            super::super::castable(&from, &to, Dialect::Sqlite),
            "{from:?} {to:?}"
        );
        let value = |datum| Scalar::Cast(Box::new(Scalar::Literal(datum, from.clone())), to.clone());
        let members = vec![
            computed(value(datum.clone()), to.clone()),
            computed(value(Datum::Null), to.clone()),
        ];
        let rows = run(&Query::Read(only(0, &[1], read(ORGS, members))), &[]);
        assert_eq!(
            rows,
            [format!("{{\"v\":{expected},\"v\":null}}")],
            "{datum:?} {from:?} {to:?}"
        );
    }
    assert!(!super::super::castable(
        &ColumnType::Uuid,
        &ColumnType::Int4,
        Dialect::Sqlite
    ));
}

/// A row that is not answered is not computed, nor is one of a list that is cut.
#[test]
fn only_what_is_answered_may_fail() {
    let more = || {
        arithmetic(
            ArithmeticOp::Add,
            col(3),
            param(0, ColumnType::Int4),
            ColumnType::Int4,
        )
    };
    let one = [Value::Integer(1)];
    let mut tasks = read(TASKS, vec![more()]);
    tasks.filter = Cond::Not(Box::new(Cond::IsNull(col(3))));
    tasks.limit = Some(Bound::Fixed(1));
    for (descending, offset, expected) in [
        (false, 0, Some(r#"{"v":6}"#)),
        (false, 1, Some(r#"{"v":4}"#)),
        (true, 1, Some(r#"{"v":4}"#)),
        (true, 0, None),
    ] {
        tasks.offset = Some(Bound::Fixed(offset));
        tasks.order = vec![Order { descending, ..by(0) }];
        let found = try_rows(&database(), &sql(&Query::Read(tasks.clone())), &one).ok();
        assert_eq!(
            found.map(|rows| rows.concat()).as_deref(),
            expected,
            "{descending} {offset}"
        );
    }
    // By title, which no index orders: `one`, `three`, which overflows, and `two`.
    tasks.offset = None;
    tasks.order = vec![by(2)];
    let found = try_rows(&database(), &sql(&Query::Read(tasks.clone())), &one);
    assert_eq!(found.unwrap(), [r#"{"v":6}"#]);
    tasks.order = vec![by(0)];
    tasks.offset = Some(Bound::Fixed(1));
    let rows = embed("tasks", true, &[], tasks);
    let query = Query::Read(only(0, &[1], read(ORGS, vec![Member::Embed(rows)])));
    assert_eq!(run(&query, &one), [r#"{"tasks":[{"v":4}]}"#]);
}
