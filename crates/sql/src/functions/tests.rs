//! The functions by their names in SQL.

use super::*;
use proptest::prelude::*;

fn call(name: &str, args: &[Arg<'_>]) -> Called {
    let scalar = SCALARS.iter().find(|scalar| scalar.name == name).unwrap();
    assert_eq!(usize::try_from(scalar.arity).unwrap(), args.len());
    (scalar.call)(args)
}

/// The answer as text; errors by their message.
fn shown(called: Called) -> String {
    match called {
        Ok(Answer::Null) => "NULL".to_owned(),
        Ok(Answer::Int(value)) => value.to_string(),
        Ok(Answer::Float(value)) => format!("{value:?}"),
        Ok(Answer::Text(value)) => value,
        Err(error) => error.to_string(),
    }
}

fn texts(name: &str, left: &str, right: &str) -> String {
    shown(call(name, &[Arg::Text(left), Arg::Text(right)]))
}

fn one(name: &str, arg: Arg<'_>) -> String {
    shown(call(name, &[arg]))
}

/// Results as PostgreSQL gives them.
#[test]
fn decimal_arithmetic() {
    for (function, left, right, expected) in [
        ("bf_dec_add", "10.50", "0.001", "10.501"),
        ("bf_dec_add", "-1.5", "1.50", "0.00"),
        ("bf_dec_add", "99999999999999999999", "1", "100000000000000000000"),
        ("bf_dec_sub", "1", "1.25", "-0.25"),
        ("bf_dec_sub", "0.10", "0.1", "0.00"),
        ("bf_dec_mul", "1.10", "-2.5", "-2.750"),
        ("bf_dec_mul", "0.00", "-5", "0.00"),
        ("bf_dec_div", "1", "3", "0.33333333333333333333"),
        ("bf_dec_div", "2", "3", "0.66666666666666666667"),
        ("bf_dec_div", "10", "2", "5.0000000000000000"),
        ("bf_dec_div", "100000", "3", "33333.333333333333"),
        ("bf_dec_div", "-7", "2.0", "-3.5000000000000000"),
        ("bf_dec_div", "0.0", "3", "0.00000000000000000000"),
        ("bf_dec_div", "1", "0.00", "NULL"),
        ("bf_dec_rem", "7.5", "2", "1.5"),
        ("bf_dec_rem", "-7.5", "2", "-1.5"),
        ("bf_dec_rem", "5", "5.00", "0.00"),
        ("bf_dec_rem", "5", "0", "NULL"),
    ] {
        assert_eq!(
            texts(function, left, right),
            expected,
            "{function} {left} {right}"
        );
    }
}

#[test]
fn decimals_are_read_rounded_and_limited() {
    for (written, expected) in [
        ("007.50", "7.50"),
        ("-0", "0"),
        ("-.5", "-0.5"),
        ("5.", "5"),
        ("1e3", "1000"),
        ("1.25e-3", "0.00125"),
        ("12.5E1", "125"),
        ("", "invalid text for type"),
        ("1e", "invalid text for type"),
        ("0x10", "invalid text for type"),
        ("1e9999", "numeric out of range"),
        ("1e-9999", "numeric out of range"),
        ("1e2147483647", "numeric out of range"),
        ("1e-2147483648", "numeric out of range"),
        ("NaN", "invalid text for type"),
    ] {
        assert_eq!(one("bf_dec", Arg::Text(written)), expected, "{written}");
    }
    assert_eq!(one("bf_dec", Arg::Float(0.1 + 0.2)), "0.3");
    assert_eq!(one("bf_dec", Arg::Float(-1.5e20)), "-150000000000000000000");
    let round = |value: &str, precision, scale| {
        shown(call(
            "bf_dec_round",
            &[Arg::Text(value), Arg::Int(precision), Arg::Int(scale)],
        ))
    };
    assert_eq!(round("2.345", 5, 2), "2.35");
    assert_eq!(round("-2.345", 5, 2), "-2.35");
    assert_eq!(round("0.004", 5, 2), "0.00");
    assert_eq!(round("9.5", 1, 0), "numeric out of range");
    assert_eq!(round("999.996", 5, 2), "numeric out of range");
    assert_eq!(round("3", 5, 2), "3.00");
}

#[test]
fn whole_numbers() {
    assert_eq!(one("bf_int2", Arg::Int(-32768)), "-32768");
    assert_eq!(one("bf_int2", Arg::Int(32768)), "integer out of range");
    assert_eq!(one("bf_int4", Arg::Int(2_147_483_648)), "integer out of range");
    assert_eq!(one("bf_int8", Arg::Float(1.0)), "integer out of range");
    assert_eq!(one("bf_int8", Arg::Null), "NULL");
    assert_eq!(one("bf_dec_int", Arg::Text("2.5")), "3");
    assert_eq!(
        one("bf_dec_int", Arg::Text("9223372036854775807.5")),
        "integer out of range"
    );
    assert_eq!(one("bf_float_int", Arg::Float(2.5)), "2");
    assert_eq!(one("bf_float_int", Arg::Float(9.3e18)), "integer out of range");
    let text = |text, most| shown(call("bf_text_int", &[Arg::Text(text), Arg::Int(most)]));
    assert_eq!(text(" -12 ", i64::MAX), "-12");
    assert_eq!(text("-9223372036854775808", i64::MAX), "-9223372036854775808");
    assert_eq!(text("9223372036854775808", i64::MAX), "integer out of range");
    for (wrong, said) in [
        ("1.0", "invalid text for type"),
        ("", "invalid text for type"),
        ("-", "invalid text for type"),
        ("99999999999.0", "integer out of range"),
        ("2147483640x", "invalid text for type"),
    ] {
        assert_eq!(text(wrong, i32::MAX.into()), said, "{wrong}");
    }
    assert_eq!(one("bf_text_bool", Arg::Text("Yes")), "1");
    assert_eq!(one("bf_text_bool", Arg::Text("fal")), "0");
    assert_eq!(one("bf_text_bool", Arg::Text("o")), "invalid text for type");
}

#[test]
fn float_texts() {
    for (value, expected) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (0.1, "0.1"),
        (1.5, "1.5"),
        (-1234.5, "-1234.5"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (123_456_789_012_345.0, "123456789012345"),
        (1e15, "1e+15"),
        (1.25e100, "1.25e+100"),
        (f64::INFINITY, "\"Infinity\""),
        (f64::NAN, "\"NaN\""),
    ] {
        assert_eq!(one("bf_float", Arg::Float(value)), expected);
    }
    assert_eq!(one("bf_real", Arg::Float(f64::from(0.1f32))), "0.1");
    assert_eq!(one("bf_real", Arg::Float(1e6)), "1e+06");
    assert_eq!(one("bf_float4", Arg::Float(1e39)), "float out of range");
    assert_eq!(one("bf_float8", Arg::Float(f64::INFINITY)), "float out of range");
    assert_eq!(
        shown(call("bf_float_rem", &[Arg::Float(5.5), Arg::Int(2)])),
        "1.5"
    );
    assert_eq!(
        shown(call("bf_float_rem", &[Arg::Float(5.5), Arg::Float(0.0)])),
        "NULL"
    );
}

/// What PostgreSQL answers, or with which error it fails.
#[test]
fn float_arithmetic() {
    let call = |name, left: f64, right: f64| shown(call(name, &[Arg::Float(left), Arg::Float(right)]));
    assert_eq!(call("bf_float_rem", 0.3, 0.1), "0.0");
    assert_eq!(call("bf_float_mul", 1e-300, 1e-300), "float out of range");
    assert_eq!(call("bf_float_mul", 0.0, 1e-300), "0.0");
    assert_eq!(call("bf_float_div", 1e-300, 1e300), "float out of range");
    assert_eq!(call("bf_float_div", 1.0, 0.0), "NULL");
    assert_eq!(call("bf_real_add", 123_456.7, 0.1), "123456.805");
    assert_eq!(call("bf_real_mul", 1e-38, 1e-38), "float out of range");
    assert_eq!(call("bf_real_div", 1.0, 3.0), "0.33333334");
    assert_eq!(one("bf_float4", Arg::Float(1e-46)), "float out of range");
    // A single is kept as its digits, as it comes from a request.
    assert_eq!(one("bf_float4", Arg::Float(f64::from(0.1_f32))), "0.1");
    assert_eq!(one("bf_text_float", Arg::Text(" -1.5e3 ")), "-1500.0");
    assert_eq!(one("bf_text_float", Arg::Text("1e400")), "float out of range");
    assert_eq!(one("bf_text_float", Arg::Text("1e-400")), "float out of range");
    assert_eq!(one("bf_text_float", Arg::Text("0e-400")), "0.0");
    assert_eq!(
        one("bf_text_float", Arg::Text("infinity")),
        "invalid text for type"
    );
}

#[test]
fn instants() {
    const DAY: i64 = 86_400_000_000;
    let shift = |text: &str, by: i64| shown(call("bf_shift", &[Arg::Text(text), Arg::Int(by)]));
    assert_eq!(
        shift("2024-02-28T23:59:59.999999+00:00", 1),
        "2024-02-29T00:00:00.000000+00:00"
    );
    assert_eq!(
        shift("2026-01-01T00:00:00.000000", -1),
        "2025-12-31T23:59:59.999999"
    );
    assert_eq!(shift("2025-02-28", DAY), "2025-03-01");
    assert_eq!(shift("0001-01-01", DAY), "0001-01-02");
    assert_eq!(shift("0001-01-01", -DAY), "time out of range");
    assert_eq!(shift("9999-12-31T23:59:59.999999+00:00", 1), "time out of range");
    assert_eq!(shift("23:00:00", 7_200_000_000), "01:00:00");
    assert_eq!(shift("23:00:00.25", 1_000_000), "23:00:01.25");
    assert_eq!(shift("tomorrow", 1), "invalid text for type");
    assert_eq!(shift("9223372036854775807:00:00", 1), "invalid text for type");
    assert_eq!(shift("2025-02-28", i64::MIN), "time out of range");
}

#[test]
fn json_steps() {
    let get = |doc: &str, key: Arg<'_>| shown(call("bf_json_get", &[Arg::Text(doc), key]));
    let text = |doc: &str, key: Arg<'_>| shown(call("bf_json_text", &[Arg::Text(doc), key]));
    let doc = r#" { "a" : [1, {"b": "}\""} , 2.50], "k\u00e9y":"x\ud83d\ude00\n", "n":null, "a2":{}, "d":1, "d":2 } "#;
    assert_eq!(get(doc, Arg::Text("a")), r#"[1, {"b": "}\""} , 2.50]"#);
    assert_eq!(text(doc, Arg::Text("kéy")), "x😀\n");
    assert_eq!(
        (get(doc, Arg::Text("n")), text(doc, Arg::Text("n"))),
        ("null".into(), "NULL".into())
    );
    assert_eq!(get(doc, Arg::Text("d")), "2");
    assert_eq!(get(doc, Arg::Text("none")), "NULL");
    assert_eq!(get(doc, Arg::Int(0)), "NULL");
    let array = r#"[1, {"b": "}\""} , 2.50]"#;
    assert_eq!(get(array, Arg::Int(1)), r#"{"b": "}\""}"#);
    assert_eq!(text(array, Arg::Int(2)), "2.50");
    assert_eq!(get(array, Arg::Int(3)), "NULL");
    assert_eq!(get(array, Arg::Int(-1)), "2.50");
    assert_eq!(get(array, Arg::Int(-3)), "1");
    assert_eq!(get(array, Arg::Int(-4)), "NULL");
    assert_eq!(get(array, Arg::Int(i64::MIN)), "NULL");
    assert_eq!(get("[]", Arg::Int(-1)), "NULL");
    assert_eq!(get("[]", Arg::Int(0)), "NULL");
    // As `'"s"'::jsonb -> 0`; `json` gives NULL.
    let at = |doc: &str, key: Arg<'_>| shown(call("bf_jsonb_at", &[Arg::Text(doc), key]));
    assert_eq!(
        (at("\"s\"", Arg::Int(0)), get("\"s\"", Arg::Int(0))),
        ("\"s\"".into(), "NULL".into())
    );
    assert_eq!(
        (
            at("7", Arg::Int(1)),
            at("{}", Arg::Int(0)),
            at("[7]", Arg::Int(0))
        ),
        ("NULL".into(), "NULL".into(), "7".into())
    );
    assert_eq!(
        shown(call("bf_jsonb_text_at", &[Arg::Text("\"s\""), Arg::Int(0)])),
        "s"
    );
}

#[test]
fn containment() {
    let holds = |name: &str, left: &str, right: &str| texts(name, left, right) == "1";
    assert!(holds(
        "bf_contains",
        r#"{"a":1, "b":[1,2,{"c":3}]}"#,
        r#"{"b":[{"c":3.0}]}"#
    ));
    assert!(!holds("bf_contains", r#"{"a":1}"#, r#"{"a":1,"b":2}"#));
    assert!(holds("bf_contains", r#"["foo","b\u0061r"]"#, r#""bar""#));
    assert!(!holds("bf_contains", r#"[["foo"]]"#, r#"["foo"]"#));
    assert!(holds("bf_contains", "[1,2]", "[]"));
    assert!(holds("bf_overlaps", "[1,2]", "[2,3]"));
    assert!(!holds("bf_overlaps", "[null]", "[null]"));
    let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
    assert!(!holds("bf_contains", &deep, &deep));
}

#[test]
fn aggregates() {
    let fold = |fold: Fold, values: &[&str]| {
        let mut state = DecimalFold::new(fold);
        for value in values {
            state.step(Arg::Text(value)).unwrap();
        }
        state.step(Arg::Null).unwrap();
        shown(state.finish())
    };
    let values = ["9.5", "10", "-0.25"];
    assert_eq!(fold(Fold::Sum, &values), "19.25");
    assert_eq!(fold(Fold::Avg, &values), "6.4166666666666667");
    assert_eq!(fold(Fold::Min, &values), "-0.25");
    assert_eq!(fold(Fold::Max, &values), "10");
    assert_eq!(fold(Fold::Avg, &[]), "NULL");
}

fn scaled(value: i64, scale: u32) -> String {
    let base = 10i64.pow(scale);
    let sign = if value < 0 { "-" } else { "" };
    let (whole, part) = (
        value.unsigned_abs() / base as u64,
        value.unsigned_abs() % base as u64,
    );
    format!("{sign}{whole}.{part:0width$}", width = scale as usize)
}

proptest! {
    #[test]
    fn keys_order_as_numbers_do(a in -200_000_000i64..200_000_000, b in -200_000_000i64..200_000_000, s in 1u32..6, t in 1u32..6) {
        let exact = |value: i64, scale: u32| i128::from(value) * 10i128.pow(6 - scale);
        let key = |value: i64, scale: u32| one("bf_dec_key", Arg::Text(&scaled(value, scale)));
        prop_assert_eq!(key(a, s).cmp(&key(b, t)), exact(a, s).cmp(&exact(b, t)));
        prop_assert_eq!(key(a, s), key(a * 10, s + 1));
    }

    #[test]
    fn decimals_agree_with_whole_numbers(a in any::<i32>(), b in any::<i32>()) {
        let (x, y) = (i64::from(a), i64::from(b));
        let (left, right) = (x.to_string(), y.to_string());
        prop_assert_eq!(texts("bf_dec_add", &left, &right), (x + y).to_string());
        prop_assert_eq!(texts("bf_dec_sub", &left, &right), (x - y).to_string());
        prop_assert_eq!(texts("bf_dec_mul", &left, &right), (x * y).to_string());
        if y != 0 {
            prop_assert_eq!(texts("bf_dec_rem", &left, &right), (x % y).to_string());
            let quotient: f64 = texts("bf_dec_div", &left, &right).parse().unwrap();
            let expected = x as f64 / y as f64;
            prop_assert!((quotient - expected).abs() <= expected.abs() * 1e-12);
        }
    }

    #[test]
    fn days_agree_with_their_number(days in -700_000i64..2_900_000) {
        let shifted = shown(call("bf_shift", &[Arg::Text("1970-01-01"), Arg::Int(days * 86_400_000_000)]));
        let back = shown(call("bf_shift", &[Arg::Text(&shifted), Arg::Int(-days * 86_400_000_000)]));
        prop_assert_eq!(back, "1970-01-01");
    }

    #[test]
    fn floats_read_back(value in any::<f64>().prop_filter("finite", |value| value.is_finite())) {
        prop_assert_eq!(one("bf_float", Arg::Float(value)).parse::<f64>().unwrap(), value);
    }

    #[test]
    fn nothing_panics(a in any::<String>(), b in r#"[\[\]{}",:0-9.e+-]{0,30}"#, n in any::<i64>(), x in any::<f64>()) {
        let args = [Arg::Null, Arg::Int(n), Arg::Float(x), Arg::Text(&a), Arg::Text(&b)];
        for scalar in SCALARS {
            for first in args {
                for second in args {
                    let all = [first, second, Arg::Int(3)];
                    let arity = usize::try_from(scalar.arity).unwrap();
                    let _answer = (scalar.call)(&all[..arity]);
                }
            }
        }
    }
}
