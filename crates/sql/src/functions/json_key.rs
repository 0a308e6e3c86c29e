//! JSON values as texts that order and equal as PostgreSQL's `jsonb` does.
//!
//! Role: objects above arrays above booleans above numbers above texts above null; longer arrays and objects
//! above shorter ones, then part by part; texts by code point, numbers by value.
//! Invariant: no key is the beginning of another, so that parts decide in their order; depth is limited, beyond it
//! the text itself decides.
//! Not here: reading JSON bytes; see `json`.

use super::json::{items, unquoted};
use super::{Answer, Arg, Called, Decimal, FunctionError, unary};
use std::collections::BTreeMap;

const MAX_DEPTH: usize = 128;
/// Ends texts and numbers; below everything that they hold.
const END: char = '\u{1}';

/// `bf_json_key(doc)`
pub(super) fn key(args: &[Arg<'_>]) -> Called {
    unary(args, |doc| {
        let Arg::Text(doc) = doc else {
            return Err(FunctionError::WrongArgument);
        };
        let doc = doc.trim_ascii();
        let mut key = String::with_capacity(doc.len() + 8);
        // By an accident that can no longer be undone, PostgreSQL puts it below everything.
        if doc.starts_with('[') && items(doc).next().is_none() {
            key.push('0');
        } else {
            value(doc, MAX_DEPTH, &mut key);
        }
        Ok(Answer::Text(key))
    })
}

fn value(doc: &str, depth: usize, key: &mut String) {
    match doc.bytes().next() {
        Some(b'n') => key.push('1'),
        Some(b'"') => text('2', &unquoted(doc), key),
        Some(b'f') => key.push_str("40"),
        Some(b't') => key.push_str("41"),
        Some(b'[' | b'{') if depth == 0 => text('7', doc, key),
        Some(b'[') => array(doc, depth, key),
        Some(b'{') => object(doc, depth, key),
        _ => match Decimal::parse(doc) {
            Ok(number) => text('3', &number.key(), key),
            Err(_) => text('7', doc, key),
        },
    }
}

fn array(doc: &str, depth: usize, key: &mut String) {
    key.push_str(&format!("5{:010}", items(doc).count()));
    for (_, item) in items(doc) {
        value(item, depth - 1, key);
    }
}

/// Members in the order in which they are stored: shorter names first. Of members of one name the last counts.
fn object(doc: &str, depth: usize, key: &mut String) {
    let mut members = BTreeMap::new();
    for (name, member) in items(doc) {
        let name = unquoted(name);
        members.insert((name.len(), name), member);
    }
    key.push_str(&format!("6{:010}", members.len()));
    for ((_, name), member) in members {
        text('2', &name, key);
        value(member, depth - 1, key);
    }
}

/// What it holds may hold the end's character; such a one is marked by the next above it.
fn text(rank: char, content: &str, key: &mut String) {
    key.push(rank);
    for c in content.chars() {
        if matches!(c, '\u{0}'..='\u{2}') {
            key.push('\u{2}');
        }
        // NUL would end the text for SQLite; JSON of a database never holds one.
        key.push(if c == '\0' { END } else { c });
    }
    key.push(END);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(doc: &str) -> String {
        match key(&[Arg::Text(doc)]) {
            Ok(Answer::Text(key)) => key,
            other => panic!("{doc}: {other:?}"),
        }
    }

    #[test]
    fn keys_order_as_jsonb_does() {
        // As `SELECT j FROM (VALUES …) ORDER BY j` of PostgreSQL 15 gives them, with strings by code point.
        let ordered = [
            "[]",
            "null",
            r#""""#,
            r#""B""#,
            r#""a""#,
            "\"a\\u0001\"",
            "\"a\\u0002\"",
            r#""aa""#,
            r#""ä""#,
            "-10",
            "-1.5",
            "0",
            "0.5",
            "9",
            "10",
            "1e3",
            "false",
            "true",
            "[null]",
            "[[]]",
            "[1, 2]",
            "[1, 3]",
            r#"[1, "x", 0]"#,
            "{}",
            r#"{"a": 2}"#,
            r#"{"aa": 0}"#,
            r#"{"b": 1}"#,
            r#"{"a": 1, "b": 1}"#,
        ];
        for pair in ordered.windows(2) {
            assert!(key_of(pair[0]) < key_of(pair[1]), "{} < {}", pair[0], pair[1]);
        }
    }

    #[test]
    fn equal_values_have_one_key() {
        for (one, other) in [
            ("1", "1.00"),
            ("[1,2]", "[1, 2.0]"),
            (r#"{"b":1,"a":[true]}"#, r#"{"a": [true], "b": 1.0}"#),
            (r#"{"a":1,"a":2}"#, r#"{"a": 2}"#),
            (r#""\u0061""#, r#""a""#),
            ("-0", "0"),
        ] {
            assert_eq!(key_of(one), key_of(other), "{one} = {other}");
        }
        let deep = "[".repeat(300) + &"]".repeat(300);
        assert!(key_of(&deep).len() > 100);
        assert_eq!(key(&[Arg::Null]), Ok(Answer::Null));
    }
}
