//! Tests of the JSON reader: a table of edges, and agreement with serde_json.

use super::*;
use JsonErrorKind::{Nul, Syntax, TooDeep, Utf8};
use proptest::prelude::*;

fn kind(bytes: &[u8]) -> Option<JsonErrorKind> {
    parse(bytes, 64).err().map(|error| error.kind)
}

#[test]
fn documents_are_read_as_written() {
    let text = r#" {"b": [1.50, -0, 1e400, true, null], "a\u00e9\ud83d\ude00": "x\/\n", "b2": {} } "#;
    assert_eq!(
        parse(text.as_bytes(), 3).unwrap().to_json(),
        "{\"b\":[1.50,0,1e400,true,null],\"aé😀\":\"x/\\n\",\"b2\":{}}"
    );
    let twice = parse(br#"{"a":1,"b":2,"a":3}"#, 3).unwrap();
    assert_eq!(twice.to_json(), r#"{"a":3,"b":2}"#);
}

#[test]
fn strictness() {
    for bad in [
        "",
        " ",
        "{",
        "[1,]",
        "{\"a\":1,}",
        "{a:1}",
        "'a'",
        "01",
        "1.",
        "+1",
        "NaN",
        "tru",
        "truex",
        "1 2",
        "[1 2]",
        "\"a",
        "\"\n\"",
        "\"\\x\"",
        "\"\\u12g4\"",
        "\"\\u+123\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "// c\n1",
        "\u{feff}1",
        "[1}",
        "{\"a\" 1}",
        "\u{0}",
        "\"\\u00e",
    ] {
        assert_eq!(kind(bad.as_bytes()), Some(Syntax), "{bad:?}");
    }
    assert_eq!(kind(b"\"\x00\""), Some(Nul));
    assert_eq!(kind(br#"{"\u0000":1}"#), Some(Nul));
    assert_eq!(kind(br#"["a\u0000"]"#), Some(Nul));
    assert_eq!(kind(b"\"\xff\""), Some(Utf8));
    assert_eq!(parse(b"[1, x]", 9).unwrap_err().offset, 4);
}

#[test]
fn depth_is_bounded_however_deep_it_is_asked_for() {
    assert!(parse(b"[[1]]", 2).is_ok());
    assert_eq!(parse(b"[[1]]", 1).unwrap_err().kind, TooDeep);
    assert!(parse(b"1", 0).is_ok());
    let siblings = format!("[{}[]]", "[],".repeat(100));
    assert!(parse(siblings.as_bytes(), 2).is_ok());
    let hostile = vec![b'['; 1_000_000];
    assert_eq!(parse(&hostile, usize::MAX).unwrap_err().kind, TooDeep);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        "[^\u{0}]{0,12}".prop_map(serde_json::Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(serde_json::Value::from),
            prop::collection::btree_map("[^\u{0}]{0,6}", inner, 0..6)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_as_serde_json_does(text in "[\\[\\]{}\",:0-9eE.+ \\\\untrfalse-]{0,30}") {
        let ours = parse(text.as_bytes(), 64);
        match serde_json::from_str::<serde_json::Value>(&text) {
            // Only U+0000 may be refused here and not there.
            Ok(_) => prop_assert!(ours.is_ok() || ours.unwrap_err().kind == Nul),
            // Its only other refusal is a number beyond what a float holds.
            Err(error) => prop_assert!(ours.is_err() || error.to_string().contains("out of range")),
        }
    }

    #[test]
    fn never_panics(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Err(error) = parse(&bytes, 8) {
            prop_assert!(error.offset <= bytes.len());
        }
    }

    #[test]
    fn what_serde_json_prints_is_printed_again(value in json()) {
        let text = value.to_string();
        prop_assert_eq!(parse(text.as_bytes(), 64).unwrap().to_json(), text);
    }
}
