//! Values as forms and JSON, byte for byte as the official Node clients write them.
//!
//! Role: bracketed form fields, percent-encoding, the order of members.
//! Invariant: the same value gives the same bytes; a value never ends a field or a segment early.
//! Not here: which parameters go where; the connectors know.

use backflow_expr::{Object, Value};
use std::borrow::Cow;

/// The members of an object as JavaScript has them: keys that are array indices first, by number.
pub(crate) fn members(object: &Object) -> Vec<(&str, &Value)> {
    let mut all: Vec<(&str, &Value)> = object.iter().map(|(name, value)| (&**name, value)).collect();
    all.sort_by_key(|(name, _)| array_index(name).map_or((1, 0), |index| (0, index)));
    all
}

fn array_index(name: &str) -> Option<u32> {
    let index = name.parse::<u32>().ok().filter(|index| *index < u32::MAX)?;
    (index.to_string() == name).then_some(index)
}

/// The value with the members of all its objects in that order.
pub(crate) fn in_order(value: &Value) -> Value {
    match value {
        Value::List(items) => Value::list(items.iter().map(in_order)),
        Value::Object(object) => Value::object(
            members(object)
                .into_iter()
                .map(|(name, value)| (name, in_order(value))),
        ),
        other => other.clone(),
    }
}

/// Form fields: `a=1&b[c]=2&d[0]=3`. Undefined, and lists and objects without members, give none; null gives an
/// empty value; an instant its seconds since 1970.
pub(crate) fn form<'a>(fields: impl IntoIterator<Item = (&'a str, &'a Value)>) -> String {
    let mut out = String::new();
    for (name, value) in fields {
        field(&percent(name, is_form_byte), value, &mut out);
    }
    out
}

fn field(name: &str, value: &Value, out: &mut String) {
    let text = match value {
        Value::Undefined => return,
        Value::List(items) => {
            for (index, item) in items.iter().enumerate() {
                field(&format!("{name}[{index}]"), item, out);
            }
            return;
        }
        Value::Object(object) => {
            for (key, value) in members(object) {
                field(&format!("{name}[{}]", percent(key, is_form_byte)), value, out);
            }
            return;
        }
        Value::Null => Cow::Borrowed(""),
        Value::Time(time) => Cow::Owned(time.as_microsecond().div_euclid(1_000_000).to_string()),
        other => other.hole_text().unwrap_or_default(),
    };
    if !out.is_empty() {
        out.push('&');
    }
    out.push_str(name);
    out.push('=');
    out.push_str(&percent(&text, is_form_byte));
}

/// A value as one segment of a path, as `encodeURIComponent` does.
pub(crate) fn segment(text: &str) -> String {
    percent(text, |byte| {
        let mark = matches!(
            byte,
            b'-' | b'.' | b'_' | b'~' | b'!' | b'*' | b'\'' | b'(' | b')'
        );
        byte.is_ascii_alphanumeric() || mark
    })
}

/// What `qs` leaves as it is, which puts brackets back after encoding.
fn is_form_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'[' | b']')
}

const HEX: &[u8; 16] = b"0123456789ABCDEF";

fn percent(text: &str, stays: impl Fn(u8) -> bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if stays(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(json: &str) -> String {
        let value = backflow_expr::json::parse(json.as_bytes(), 64).unwrap();
        form(members(value.as_object().unwrap()))
    }

    #[test]
    fn fields_nest_in_brackets() {
        let json = r#"{"a": {"b": [1, {"c": true}], "d": null}, "e": [], "f": {}, "g": "x y&z=ä[1]'"}"#;
        assert_eq!(
            of(json),
            "a[b][0]=1&a[b][1][c]=true&a[d]=&g=x%20y%26z%3D%C3%A4[1]%27"
        );
        assert_eq!(of(r#"{"b": 1, "10": 2, "2": 3, "02": 4}"#), "2=3&10=2&b=1&02=4");
        assert_eq!(of(r#"{"a&b": {"c=d": 1.50}}"#), "a%26b[c%3Dd]=1.50");
        let time = Value::Time(jiff::Timestamp::from_millisecond(-1500).unwrap());
        let list = Value::list([Value::Undefined, time]);
        assert_eq!(form([("t", &list), ("u", &Value::Undefined)]), "t[1]=-2");
    }

    #[test]
    fn a_segment_stays_one() {
        assert_eq!(segment("a/b?c#d e%"), "a%2Fb%3Fc%23d%20e%25");
        assert_eq!(segment("it's (ok)!*~"), "it's%20(ok)!*~");
        assert_eq!(segment("[x]"), "%5Bx%5D");
    }
}
