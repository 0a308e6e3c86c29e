//! What converts to what.

use super::*;
use ColumnType as Ty;
use backflow_catalog::EnumId;
use backflow_expr::json;

fn value(json: &str) -> Value {
    json::parse(json.as_bytes(), 64).expect("a test's JSON is JSON")
}

fn show(datum: Result<Datum, Misfit>) -> String {
    match datum {
        Ok(Datum::Null) => "NULL".to_owned(),
        Ok(Datum::Bool(truth)) => truth.to_string(),
        Ok(Datum::Int(whole)) => whole.to_string(),
        Ok(Datum::Float(float)) => format!("~{float}"),
        Ok(Datum::Text(text)) => format!("'{text}'"),
        Err(_) => "misfit".to_owned(),
    }
}

fn table(ty: &Ty, wire: bool, rows: &[(&str, &str)]) {
    let labels = ["owner".to_owned(), "member".to_owned()];
    for (json, expected) in rows {
        assert_eq!(
            show(convert(&value(json), ty, &labels, wire)),
            *expected,
            "{json} as {ty:?}, wire {wire}"
        );
    }
}

#[test]
fn null_is_null_of_every_type() {
    for ty in [
        Ty::Bool,
        Ty::Int4,
        Ty::Text,
        Ty::Jsonb,
        Ty::Array(Box::new(Ty::Int4)),
        Ty::Enum(EnumId(0)),
    ] {
        assert_eq!(convert(&Value::Null, &ty, &[], false), Ok(Datum::Null));
    }
}

#[test]
fn integers_are_whole_and_in_range() {
    let rows = [
        ("7", "7"),
        ("2.0", "2"),
        ("-0", "0"),
        ("1e2", "100"),
        ("0.5", "misfit"),
        ("true", "misfit"),
    ];
    table(&Ty::Int4, false, &rows);
    table(
        &Ty::Int2,
        false,
        &[("32767", "32767"), ("32768", "misfit"), ("-32768", "-32768")],
    );
    table(
        &Ty::Int4,
        false,
        &[
            ("2147483647", "2147483647"),
            ("2147483648", "misfit"),
            ("1e400", "misfit"),
        ],
    );
    let rows = [
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "misfit"),
    ];
    table(&Ty::Int8, false, &rows);
    table(&Ty::Int4, false, &[("\"7\"", "misfit")]);
    table(
        &Ty::Int4,
        true,
        &[
            ("\"7\"", "7"),
            ("\"7.5\"", "misfit"),
            ("\"\"", "misfit"),
            ("\" 7\"", "misfit"),
        ],
    );
}

#[test]
fn the_message_tells_a_fraction_from_an_overflow() {
    let message = |json| convert(&value(json), &Ty::Int2, &[], false).unwrap_err().message;
    assert_eq!(message("0.5"), "must be a whole number");
    assert_eq!(message("1e-2000"), "must be a whole number");
    assert_eq!(message("40000"), "is out of range for smallint");
    assert_eq!(message("1e2000"), "is out of range for smallint");
}

#[test]
fn numeric_keeps_digits_and_never_rounds() {
    let rows = [
        ("1.50", "'1.50'"),
        ("1e3", "'1000'"),
        ("1.5e-3", "'0.0015'"),
        ("-0.0", "'0.0'"),
        (
            "12345678901234567890123456789012345678901234567890.1",
            "'12345678901234567890123456789012345678901234567890.1'",
        ),
        ("1e40", "'10000000000000000000000000000000000000000'"),
        ("1e-40", "'0.0000000000000000000000000000000000000001'"),
        ("1e5000", "misfit"),
        ("0e999999999999", "'0'"),
        ("\"1\"", "misfit"),
    ];
    table(&Ty::Numeric(None), false, &rows);
    let rows = [
        ("1.5", "'1.50'"),
        ("1.500", "'1.50'"),
        ("1.505", "misfit"),
        ("999.99", "'999.99'"),
        ("1000", "misfit"),
        ("-999", "'-999.00'"),
        ("0", "'0.00'"),
    ];
    table(&Ty::Numeric(Some((5, 2))), false, &rows);
    table(
        &Ty::Numeric(Some((2, 4))),
        false,
        &[("0.0099", "'0.0099'"), ("0.0100", "misfit")],
    );
    table(&Ty::Numeric(None), true, &[("\"1.0\"", "'1.0'")]);
}

#[test]
fn floats_are_finite() {
    let rows = [
        ("0.1", "~0.1"),
        ("1e400", "misfit"),
        ("1e-400", "misfit"),
        ("0", "~0"),
        ("1e308", "~1"),
    ];
    table(&Ty::Float8, false, &rows[..4]);
    table(
        &Ty::Float4,
        false,
        &[
            ("0.1", "~0.1"),
            ("0.123456789", "~0.12345679"),
            ("1e39", "misfit"),
        ],
    );
}

#[test]
fn truth_is_no_text_unless_it_came_over_the_wire() {
    table(
        &Ty::Bool,
        false,
        &[
            ("true", "true"),
            ("\"true\"", "misfit"),
            ("1", "misfit"),
            ("0", "misfit"),
        ],
    );
    table(
        &Ty::Bool,
        true,
        &[
            ("\"true\"", "true"),
            ("\"false\"", "false"),
            ("\"TRUE\"", "misfit"),
            ("\"1\"", "misfit"),
        ],
    );
}

#[test]
fn text_is_only_text() {
    table(
        &Ty::Text,
        true,
        &[
            ("\"7\"", "'7'"),
            ("7", "misfit"),
            ("true", "misfit"),
            ("[]", "misfit"),
            ("{}", "misfit"),
        ],
    );
    table(
        &Ty::Varchar(2),
        false,
        &[("\"äö\"", "'äö'"), ("\"abc\"", "misfit")],
    );
    assert_eq!(
        show(convert(&Value::from("a\0"), &Ty::Text, &[], false)),
        "misfit"
    );
    table(
        &Ty::Enum(EnumId(0)),
        false,
        &[("\"owner\"", "'owner'"), ("\"Owner\"", "misfit"), ("1", "misfit")],
    );
}

#[test]
fn uuids_are_canonical() {
    let rows = [
        (
            "\"6F9619FF-8B86-D011-B42D-00C04FC964FF\"",
            "'6f9619ff-8b86-d011-b42d-00c04fc964ff'",
        ),
        ("\"6F9619FF8B86D011B42D00C04FC964FF\"", "misfit"),
        ("\"6F9619FF-8B86-D011-B42D-00C04FC964F\"", "misfit"),
        ("\"6F9619FF-8B86-D011-B42D-00C04FC964FG\"", "misfit"),
        ("\"\"", "misfit"),
        ("7", "misfit"),
    ];
    table(&Ty::Uuid, false, &rows);
}

#[test]
fn moments_are_canonical() {
    let rows = [
        ("\"2026-11-23T18:10:15Z\"", "'2026-11-23T18:10:15.000000+00:00'"),
        (
            "\"2026-11-23T18:10:15.5+02:00\"",
            "'2026-11-23T16:10:15.500000+00:00'",
        ),
        ("\"soon\"", "misfit"),
        ("1700000000", "misfit"),
    ];
    table(&Ty::TimestampTz, false, &rows);
    table(
        &Ty::Timestamp,
        false,
        &[("\"2026-11-23T18:10:15Z\"", "'2026-11-23T18:10:15.000000'")],
    );
    let rows = [
        ("\"2024-02-29\"", "'2024-02-29'"),
        ("\"2026-02-29\"", "misfit"),
        ("\"2026-2-9\"", "misfit"),
    ];
    table(&Ty::Date, false, &rows);
    table(&Ty::Date, false, &[("\"2026-11-23T18:10:15Z\"", "misfit")]);
    let rows = [
        ("\"18:10\"", "'18:10:00'"),
        ("\"18:10:15.250\"", "'18:10:15.25'"),
        ("\"18:10:15.000\"", "'18:10:15'"),
        ("\"24:00:00\"", "misfit"),
        ("\"18:10.5\"", "misfit"),
        ("\"1:10:00\"", "misfit"),
        ("\"18:10:15.\"", "misfit"),
        ("\"+1:10:00\"", "misfit"),
        ("\"18:10:15:00\"", "misfit"),
    ];
    table(&Ty::Time, false, &rows);
    let time = Value::Time("2026-11-23T18:10:15.123456789Z".parse().unwrap());
    assert_eq!(
        show(convert(&time, &Ty::TimestampTz, &[], false)),
        "'2026-11-23T18:10:15.123456+00:00'"
    );
    assert_eq!(
        show(convert(&time, &Ty::Timestamp, &[], false)),
        "'2026-11-23T18:10:15.123456'"
    );
    assert_eq!(show(convert(&time, &Ty::Date, &[], false)), "'2026-11-23'");
    assert_eq!(show(convert(&time, &Ty::Time, &[], false)), "'18:10:15.123456'");
}

#[test]
fn json_is_kept_and_jsonb_is_canonical() {
    let document = r#"{"bb":1.50,"a":[1,{"x":"\u0001\"ü"}],"ab":1e2,"a":[]}"#;
    table(
        &Ty::Json,
        false,
        &[(document, "'{\"bb\":1.50,\"a\":[],\"ab\":100}'")],
    );
    let rows = [
        (
            r#"{"b": 1, "aa": 2, "a": 3, "b": 4}"#,
            r#"'{"a": 3, "b": 4, "aa": 2}'"#,
        ),
        (
            r#"{"a":[1,{"x":"\u0001\"ü"},[]],"n":{}}"#,
            r#"'{"a": [1, {"x": "\u0001\"ü"}, []], "n": {}}'"#,
        ),
        (
            "[1.50, 1e2, 1e40, -0.0]",
            "'[1.50, 100, 10000000000000000000000000000000000000000, 0.0]'",
        ),
        ("\"text\"", "'\"text\"'"),
        ("1e5000", "misfit"),
    ];
    table(&Ty::Jsonb, false, &rows);
    let nul = Value::object([("a\0", Value::Null)]);
    assert_eq!(show(convert(&nul, &Ty::Json, &[], false)), "misfit");
}

#[test]
fn arrays_convert_their_items() {
    let of = |ty| Ty::Array(Box::new(ty));
    table(
        &of(Ty::Int4),
        false,
        &[
            ("[1,2.0,null]", "'[1,2,null]'"),
            ("[0.5]", "misfit"),
            ("[\"1\"]", "misfit"),
            ("1", "misfit"),
        ],
    );
    table(&of(Ty::Int4), true, &[("[\"1\"]", "'[1]'")]);
    table(
        &of(Ty::Text),
        false,
        &[("[\"a\\\"\",\"\"]", "'[\"a\\\"\",\"\"]'"), ("[]", "'[]'")],
    );
    table(&of(Ty::Numeric(Some((4, 2)))), false, &[("[1.5]", "'[1.50]'")]);
    table(&of(Ty::Jsonb), false, &[("[{\"a\":1}]", "'[{\"a\": 1}]'")]);
    table(
        &of(Ty::Enum(EnumId(0))),
        false,
        &[("[\"owner\"]", "'[\"owner\"]'"), ("[\"x\"]", "misfit")],
    );
    let message = convert(&value("[1,\"x\"]"), &of(Ty::Int4), &[], false)
        .unwrap_err()
        .message;
    assert_eq!(message, "item 1 must be a number");
}

#[test]
fn bytes_and_types_of_the_database() {
    table(
        &Ty::Bytea,
        false,
        &[
            ("\"\\\\xAb\"", "'\\xab'"),
            ("\"\\\\xA\"", "misfit"),
            ("\"ab\"", "misfit"),
            ("\"\\\\x\"", "'\\x'"),
        ],
    );
    table(
        &Ty::Other("inet".into()),
        false,
        &[("\"::1\"", "'::1'"), ("7", "'7'"), ("[1]", "'[1]'")],
    );
}

#[test]
fn a_restored_cell_converts_to_itself() {
    for (json, ty) in [
        ("true", Ty::Bool),
        ("7", Ty::Int8),
        ("0.1", Ty::Float4),
        ("1.50", Ty::Numeric(None)),
        ("\"2026-11-23T18:10:15.123456Z\"", Ty::TimestampTz),
        ("\"2026-11-23T18:10:15.123456Z\"", Ty::Timestamp),
        ("\"2026-11-23\"", Ty::Date),
        ("\"18:10:15.5\"", Ty::Time),
        ("\"6f9619ff-8b86-d011-b42d-00c04fc964ff\"", Ty::Uuid),
        ("{\"b\":1,\"a\":[null]}", Ty::Jsonb),
        ("[1,2]", Ty::Array(Box::new(Ty::Int4))),
        ("\"123\"", Ty::Text),
    ] {
        let cell = convert(&value(json), &ty, &[], false).unwrap();
        let restored = restore(&cell, &ty);
        assert_eq!(
            convert(&restored, &ty, &[], false).as_ref(),
            Ok(&cell),
            "{json} as {ty:?}"
        );
    }
    assert_eq!(restore(&Datum::Int(1), &Ty::Bool), Value::Bool(true));
    assert!(matches!(
        restore(&datum("2026-11-23T18:10:15Z"), &Ty::TimestampTz),
        Value::Time(_)
    ));
    assert_eq!(
        restore(&datum("1.50"), &Ty::Numeric(None)),
        Value::Number(Number::parse("1.50").unwrap())
    );
    assert_eq!(restore(&datum("{\"a\":1}"), &Ty::Json).member("a"), Value::int(1));
    assert_eq!(restore(&datum("junk"), &Ty::Json), Value::from("junk"));
}
