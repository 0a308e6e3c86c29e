//! Values as text: compact JSON, and the text of a template's hole.
//!
//! Invariant: the same value always gives the same bytes; numbers keep their digits.
//! Not here: reading; see `json`.

use crate::time::timestamp_text;
use crate::value::Value;
use std::borrow::Cow;

impl Value {
    /// Appends compact JSON. Undefined members of objects are left out; undefined elsewhere is `null`.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        match self {
            Value::Undefined | Value::Null => out.extend_from_slice(b"null"),
            Value::Bool(true) => out.extend_from_slice(b"true"),
            Value::Bool(false) => out.extend_from_slice(b"false"),
            Value::Number(number) => out.extend_from_slice(number.to_string().as_bytes()),
            Value::Text(text) => write_json_text(text, out),
            Value::Time(time) => write_json_text(&timestamp_text(*time), out),
            Value::List(items) => {
                let mut separator = b'[';
                for item in items.iter() {
                    out.push(separator);
                    separator = b',';
                    item.write_json(out);
                }
                out.extend_from_slice(if separator == b'[' { b"[]" } else { b"]" });
            }
            Value::Object(members) => {
                let mut separator = b'{';
                for (name, value) in members.iter().filter(|(_, value)| !value.is_undefined()) {
                    out.push(separator);
                    separator = b',';
                    write_json_text(name, out);
                    out.push(b':');
                    value.write_json(out);
                }
                out.extend_from_slice(if separator == b'{' { b"{}" } else { b"}" });
            }
        }
    }

    /// Compact JSON as text.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = Vec::new();
        self.write_json(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// The text this puts into a template: text as it is, numbers as digits, times canonical, lists and
    /// objects as compact JSON. Nothing for null and undefined.
    #[must_use]
    pub fn hole_text(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Value::Undefined | Value::Null => return None,
            Value::Text(text) => Cow::Borrowed(text),
            Value::Time(time) => Cow::Owned(timestamp_text(*time)),
            other => Cow::Owned(other.to_json()),
        })
    }
}

/// Appends a JSON string with its quotes.
pub fn write_json_text(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x0c => out.extend_from_slice(b"\\f"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_compact_and_leaves_undefined_members_out() {
        let value = Value::object([
            ("a", Value::Undefined),
            ("b", Value::list([Value::Undefined, Value::Null, true.into()])),
            ("c\u{1}\"\n", "ä/\u{7f}\\".into()),
            ("t", Value::Time(jiff::Timestamp::UNIX_EPOCH)),
        ]);
        assert_eq!(
            value.to_json(),
            "{\"b\":[null,null,true],\"c\\u0001\\\"\\n\":\"ä/\u{7f}\\\\\",\"t\":\"1970-01-01T00:00:00.000000+00:00\"}"
        );
        assert_eq!(Value::object([("a", Value::Undefined)]).to_json(), "{}");
        assert_eq!(Value::list([]).to_json(), "[]");
        assert_eq!(Value::Undefined.to_json(), "null");
    }

    #[test]
    fn holes_format_values_and_have_no_text_for_nothing() {
        assert_eq!(Value::from(12).hole_text().as_deref(), Some("12"));
        assert_eq!(Value::from("x\"").hole_text().as_deref(), Some("x\""));
        assert_eq!(
            Value::list([1.into(), "a".into()]).hole_text().as_deref(),
            Some("[1,\"a\"]")
        );
        assert_eq!(Value::Null.hole_text(), None);
        assert_eq!(Value::Undefined.hole_text(), None);
    }
}
