//! The text of statements for PostgreSQL.

use super::*;
use crate::ir::{
    Aggregate, ArithmeticOp, Assigned, Bound, Comparison, Conflict, Containment, Datum, Insert, JsonKey,
    JsonStep, Native, RangeOp, Reading,
};

fn pg(query: &Query) -> String {
    render(query, &catalog(), Dialect::Postgres).text
}

/// A condition on `orgs`.
fn where_(cond: Cond) -> String {
    let mut query = read(ORGS, vec![]);
    query.filter = cond;
    query.order = vec![];
    let text = pg(&Query::Read(query));
    text.split_once(" WHERE ")
        .expect("there is a condition")
        .1
        .to_owned()
}

/// A value of `orgs`, without what makes it JSON.
fn value(value: Scalar) -> String {
    let text = where_(Cond::IsNull(value));
    text.strip_suffix(" IS NULL").expect("it ends so").to_owned()
}

fn compare(left: Scalar, op: Comparison, right: Scalar) -> Cond {
    Cond::Compare { left, op, right }
}

#[test]
fn a_read() {
    let mut query = read(ORGS, vec![member("id", 0), member("n", 1), member("at", 7)]);
    query.outputs.cells = vec![c(0), c(7)];
    query.filter = Cond::equals(c(1), ParamId(0), ColumnType::Text);
    query.order = vec![by(1), by(0)];
    query.limit = Some(Bound::Fixed(2));
    query.offset = Some(Bound::Param(ParamId(1)));
    query.lock = true;
    assert_eq!(
        pg(&Query::Read(query)),
        "SELECT '{\"id\":'||coalesce(t0.\"id\"::text,'null')||',\"n\":'||coalesce(to_json(t0.\"name\")::text,'null')\
         ||',\"at\":'||coalesce('\"'||to_char(t0.\"created_at\" AT TIME ZONE 'UTC','YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"')||'\"','null')||'}',\
         t0.\"id\",to_char(t0.\"created_at\" AT TIME ZONE 'UTC','YYYY-MM-DD\"T\"HH24:MI:SS.US\"+00:00\"') \
         FROM \"orgs\" AS t0 WHERE t0.\"name\" = $1::text \
         ORDER BY t0.\"name\" COLLATE \"C\" NULLS LAST,t0.\"id\" NULLS LAST LIMIT 2 OFFSET $2::int8 \
         FOR NO KEY UPDATE OF t0"
    );
}

#[test]
fn every_parameter_and_constant_has_a_type() {
    let array = ColumnType::Array(Box::new(ColumnType::Int4));
    for (ty, expected) in [
        (ColumnType::Numeric(Some((10, 2))), "$1::numeric"),
        // An explicit cast to a length would cut.
        (ColumnType::Varchar(5), "$1::text"),
        (ColumnType::Enum(EnumId(0)), "$1::\"status\""),
        (ColumnType::Other("my.type".into()), "$1::\"my\".\"type\""),
        (
            array.clone(),
            "CASE WHEN $1::jsonb IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text($1::jsonb))::int4[] END",
        ),
        (
            ColumnType::Array(Box::new(ColumnType::Jsonb)),
            "CASE WHEN $1::jsonb IS NOT NULL THEN ARRAY(SELECT nullif(e,'null') FROM jsonb_array_elements($1::jsonb) AS e)::jsonb[] END",
        ),
    ] {
        assert_eq!(value(param(0, ty)), expected);
    }
    for (datum, ty, expected) in [
        (Datum::Null, ColumnType::Uuid, "NULL::uuid"),
        (Datum::Int(-1), ColumnType::Int4, "'-1'::int4"),
        (Datum::Int(7), ColumnType::Int4, "7"),
        (Datum::Int(7), ColumnType::Int8, "'7'::int8"),
        (Datum::Float(-0.0), ColumnType::Float8, "'-0.0'::float8"),
        (
            Datum::Text("it's".into()),
            ColumnType::Enum(EnumId(0)),
            "'it''s'::\"status\"",
        ),
        // Read alike whatever `standard_conforming_strings` is.
        (Datum::Text("a\\'".into()), ColumnType::Text, "E'a\\\\'''::text"),
        (
            Datum::Text("[1]".into()),
            array,
            "ARRAY(SELECT jsonb_array_elements_text('[1]'::jsonb))::int4[]",
        ),
    ] {
        assert_eq!(value(Scalar::Literal(datum, ty)), expected);
    }
}

#[test]
fn conditions() {
    assert_eq!(
        where_(compare(col(1), Comparison::Lt, param(0, ColumnType::Text))),
        "t0.\"name\" COLLATE \"C\" < $1::text COLLATE \"C\""
    );
    let list = Cond::In {
        left: col(0),
        list: ParamId(0),
        ty: ColumnType::Int8,
    };
    assert_eq!(
        where_(list),
        "t0.\"id\" = ANY(ARRAY(SELECT jsonb_array_elements_text($1::jsonb))::int8[])"
    );
    let like = |pattern: Scalar, fold| Cond::Like {
        left: col(1),
        pattern,
        fold,
    };
    let known = |text: &str| Scalar::Literal(Datum::Text(text.into()), ColumnType::Text);
    assert_eq!(where_(like(known("a%"), false)), "t0.\"name\" LIKE 'a%'::text");
    assert_eq!(
        where_(like(known("a\\\\"), true)),
        "lower(t0.\"name\" COLLATE \"C\") LIKE lower(E'a\\\\\\\\'::text COLLATE \"C\")"
    );
    // A pattern that ends in a lone escape would be an error.
    assert_eq!(
        where_(like(param(0, ColumnType::Text), false)),
        "CASE WHEN right($1::text,1) = E'\\\\' AND (length($1::text)-length(rtrim($1::text,E'\\\\'))) % 2 = 1 \
         THEN t0.\"name\" <> t0.\"name\" ELSE t0.\"name\" LIKE $1::text END"
    );
    let contain = Cond::Contain {
        left: col(5),
        op: Containment::ContainedBy,
        right: param(0, ColumnType::Jsonb),
    };
    assert_eq!(where_(contain), "t0.\"meta\" <@ $1::jsonb");
    // Types that have no operator in common are compared as text.
    assert_eq!(
        where_(compare(col(1), Comparison::Eq, param(0, ColumnType::Uuid))),
        "t0.\"name\" = $1::uuid::text"
    );
}

#[test]
fn operators_of_its_own() {
    let native = |op, ty| Cond::Native {
        left: col(1),
        op,
        right: param(0, ty),
    };
    let search = |config: Option<&str>| Native::Search {
        reading: Reading::Web,
        config: config.map(str::to_owned),
    };
    for (op, expected) in [
        (Native::Regex { fold: true }, "t0.\"name\" ~* $1::text"),
        (
            search(Some("german")),
            "to_tsvector('german'::regconfig,t0.\"name\") @@ websearch_to_tsquery('german'::regconfig,$1::text)",
        ),
        (
            search(None),
            "to_tsvector(t0.\"name\") @@ websearch_to_tsquery($1::text)",
        ),
        (Native::Range(RangeOp::Adjacent), "t0.\"name\" -|- $1::text"),
    ] {
        assert_eq!(where_(native(op.clone(), ColumnType::Text)), expected);
    }
    let mut query = read(ORGS, vec![]);
    query.filter = native(Native::Regex { fold: false }, ColumnType::Text);
    assert!(sql(&Query::Read(query)).contains(" WHERE NULL "));
}

#[test]
fn arithmetic_and_json() {
    let number = |op, left: Scalar| Scalar::Arithmetic {
        op,
        left: Box::new(left),
        right: Box::new(param(1, ColumnType::Int8)),
        ty: ColumnType::Int8,
    };
    assert_eq!(value(number(ArithmeticOp::Mul, col(0))), "(t0.\"id\" * $2::int8)");
    assert_eq!(
        value(number(ArithmeticOp::Div, col(0))),
        "(t0.\"id\" / nullif($2::int8,0))"
    );
    // Without a column it would be computed, and fail, with the plan.
    assert_eq!(
        value(number(ArithmeticOp::Mul, param(0, ColumnType::Int8))),
        "((SELECT $1::int8) * (SELECT $2::int8))"
    );
    let zero = Scalar::Literal(Datum::Int(0), ColumnType::Int8);
    assert_eq!(value(number(ArithmeticOp::Add, zero)), "('0'::int8 + $2::int8)");
    let step = |key, as_text| JsonStep { key, as_text };
    let path = vec![
        step(JsonKey::Name("a'\\".into()), false),
        step(JsonKey::Index(-1), false),
        step(JsonKey::Index(i32::MAX), true),
    ];
    assert_eq!(
        value(Scalar::Json(c(5), path)),
        "(((t0.\"meta\" -> E'a''\\\\') -> -1) ->> 2147483647)"
    );
    assert_eq!(
        value(Scalar::Shift(Box::new(col(7)), -5)),
        "(t0.\"created_at\" + '-5 microseconds'::interval)"
    );
}

#[test]
fn rows_are_chosen_before_what_may_fail() {
    let mut query = read(ORGS, vec![]);
    query.outputs.members = Some(vec![Member::Column {
        key: "n".into(),
        column: c(1),
        path: Vec::new(),
        cast: Some(ColumnType::Int4),
    }]);
    query.limit = Some(Bound::Fixed(1));
    assert_eq!(
        pg(&Query::Read(query)),
        "SELECT '{\"n\":'||coalesce(t0.\"name\"::int4::text,'null')||'}' FROM \
         (SELECT * FROM \"orgs\" AS t0 ORDER BY t0.\"id\" NULLS LAST LIMIT 1) AS t0 ORDER BY t0.\"id\" NULLS LAST"
    );
}

#[test]
fn totals_of_groups() {
    let total = |function, of: u16| Member::Aggregate {
        key: "v".into(),
        function,
        of: Some(col(of)),
        cast: None,
    };
    let text = pg(&Query::Read(read(
        ORGS,
        vec![member("meta", 5), total(Aggregate::Sum, 3)],
    )));
    assert!(text.contains("GROUP BY t0.\"meta\""), "{text}");
    // One of several texts of equal values, always the same.
    assert!(
        text.contains("min(t0.\"meta\"::text COLLATE \"C\")::jsonb"),
        "{text}"
    );
    // Digits are added, so that the order of rows does not matter.
    assert!(
        text.contains("sum(CASE WHEN (SELECT set_config('extra_float_digits','1',TRUE)) IS NOT NULL"),
        "{text}"
    );
    let text = pg(&Query::Read(read(
        ORGS,
        vec![total(Aggregate::Min, 4), total(Aggregate::Max, 1)],
    )));
    assert!(text.contains("bool_and(t0.\"active\")"), "{text}");
    assert!(text.contains("max(t0.\"name\" COLLATE \"C\")"), "{text}");
}

#[test]
fn defaults_are_a_word_or_an_expression() {
    let insert = |guard: Cond, given: Assigned| {
        Query::Insert(Insert {
            into: NOTES,
            columns: vec![c(0), c(3)],
            rows: vec![
                vec![Assigned::Default, given.clone()],
                vec![Assigned::Value(param(2, ColumnType::Int8)), given],
            ],
            guard,
            conflict: Some(Conflict {
                target: vec![c(0)],
                update: None,
            }),
            each: None,
            outputs: Outputs::default(),
        })
    };
    let perhaps = Assigned::IfGiven {
        flag: ParamId(1),
        value: param(0, ColumnType::Text),
    };
    assert_eq!(
        pg(&insert(Cond::TRUE, perhaps.clone())),
        "INSERT INTO \"notes\" (\"id\",\"text\") VALUES \
         (DEFAULT,CASE WHEN $2::bool THEN $1::text ELSE 'it''s'::text END),\
         ($3::int8,CASE WHEN $2::bool THEN $1::text ELSE 'it''s'::text END) ON CONFLICT (\"id\") DO NOTHING"
    );
    let guard = Cond::Exists {
        table: ORGS,
        on: vec![],
        filter: Box::new(Cond::TRUE),
    };
    assert_eq!(
        pg(&insert(guard, Assigned::Default)),
        "INSERT INTO \"notes\" (\"id\",\"text\") SELECT * FROM (VALUES \
         (nextval(pg_get_serial_sequence('\"notes\"','id'))::int8,'it''s'::text),($3::int8,'it''s'::text)) AS v \
         WHERE EXISTS(SELECT 1 FROM \"orgs\" AS t0) ON CONFLICT (\"id\") DO NOTHING"
    );
}

#[test]
fn moments_as_defaults_are_in_utc() {
    let mut catalog = catalog();
    let literal = DefaultValue::Literal("2026-01-31 01:00+01".into());
    catalog.tables[5].columns[2].default = Some(literal);
    let mut query = read(NOTES, vec![]);
    query.filter = Cond::IsNull(Scalar::DefaultOf(c(2)));
    let text = render(&Query::Read(query), &catalog, Dialect::Postgres).text;
    assert!(
        text.contains("'2026-01-31T00:00:00.000000+00:00'::timestamptz"),
        "{text}"
    );
}

#[test]
fn tables_of_our_own() {
    let mut users = catalog().tables[5].clone();
    users.columns[0].ty = ColumnType::Uuid;
    users.columns[0].not_null = true;
    assert_eq!(
        crate::ddl::system(&users, crate::ddl::Rows::Short, Dialect::Postgres),
        "CREATE TABLE IF NOT EXISTS \"notes\" (\"id\" uuid NOT NULL, \"ref\" uuid, \"at\" timestamptz, \"text\" text, PRIMARY KEY (\"id\"))"
    );
}
