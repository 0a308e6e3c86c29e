//! Form fields with brackets, as Stripe reads them.
//!
//! Role: `a[b][]=1&a[b][]=2` becomes a tree of JSON objects whose leaves are strings; a list is an object with the
//! keys `0`, `1`, …, because only who knows the parameter knows whether it is one.
//! Invariant: bounded in fields and depth; never panics on any bytes.
//! Not here: which parameters there are (`stripe/params.rs`).

use serde_json::{Map, Value};

/// Fields of one request.
const FIELDS: usize = 1000;
/// Brackets behind one name.
const DEPTH: usize = 8;

/// Reads a form or a query; the error says what is wrong with it.
pub(crate) fn decode(text: &[u8]) -> Result<Map<String, Value>, String> {
    let mut root = Map::new();
    let fields = text.split(|byte| *byte == b'&').filter(|field| !field.is_empty());
    for (position, field) in fields.enumerate() {
        if position == FIELDS {
            return Err(format!("more than {FIELDS} parameters"));
        }
        let mut halves = field.splitn(2, |byte| *byte == b'=');
        let name = unescape(halves.next().unwrap_or_default())?;
        let value = unescape(halves.next().unwrap_or_default())?;
        let keys = keys(&name)?;
        insert(&mut root, &keys, value)?;
    }
    Ok(root)
}

/// Undoes `%41` and `+`.
pub(crate) fn unescape(text: &[u8]) -> Result<String, String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.iter();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = (
                    rest.next().copied().and_then(digit),
                    rest.next().copied().and_then(digit),
                );
                let (Some(high), Some(low)) = digits else {
                    return Err("a percent sign without two digits".to_owned());
                };
                high * 16 + low
            }
            other => *other,
        });
    }
    String::from_utf8(bytes).map_err(|_| "Invalid UTF-8 in the parameters".to_owned())
}

fn digit(byte: u8) -> Option<u8> {
    let value = char::from(byte).to_digit(16)?;
    u8::try_from(value).ok()
}

/// `a[b][]` → `a`, `b`, ``.
fn keys(name: &str) -> Result<Vec<&str>, String> {
    let Some((first, rest)) = name.split_once('[') else {
        return Ok(vec![name]);
    };
    let Some(rest) = rest.strip_suffix(']') else {
        return Err(format!("Invalid parameter name: {name}"));
    };
    let mut keys = vec![first];
    keys.extend(rest.split("]["));
    if first.is_empty() || keys.len() > DEPTH || keys.iter().any(|key| key.contains(['[', ']'])) {
        return Err(format!("Invalid parameter name: {name}"));
    }
    Ok(keys)
}

fn insert(node: &mut Map<String, Value>, keys: &[&str], value: String) -> Result<(), String> {
    let Some((first, rest)) = keys.split_first() else {
        return Ok(());
    };
    let key = if first.is_empty() {
        next(node, rest)
    } else {
        (*first).to_owned()
    };
    if rest.is_empty() {
        node.insert(key, Value::String(value));
        return Ok(());
    }
    let child = node.entry(key).or_insert_with(|| Value::Object(Map::new()));
    match child {
        Value::Object(child) => insert(child, rest, value),
        _ => Err(format!(
            "Invalid parameter: {first} is a value and a list at once"
        )),
    }
}

/// Where `[]` puts a value: behind the last element, or into it while it lacks the key that follows.
fn next(node: &Map<String, Value>, rest: &[&str]) -> String {
    let count = node.len();
    let Some(last) = count.checked_sub(1) else {
        return "0".to_owned();
    };
    let is_open = match (rest.first(), node.get(&last.to_string())) {
        (Some(key), Some(Value::Object(element))) => key.is_empty() || !element.contains_key(*key),
        _ => false,
    };
    if is_open { last } else { count }.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(text: &str) -> Value {
        Value::Object(decode(text.as_bytes()).expect("a form"))
    }

    #[test]
    fn brackets_nest() {
        assert_eq!(
            read("a=1&items[0][price]=p&items[0][quantity]=2&metadata[org_id]=x%20y+z"),
            json!({"a": "1", "items": {"0": {"price": "p", "quantity": "2"}}, "metadata": {"org_id": "x y z"}})
        );
        assert_eq!(
            read("expand%5B%5D=a.b&expand[]=c"),
            json!({"expand": {"0": "a.b", "1": "c"}})
        );
    }

    #[test]
    fn empty_brackets_begin_a_new_element_when_a_key_returns() {
        assert_eq!(
            read("items[][price]=a&items[][quantity]=1&items[][price]=b"),
            json!({"items": {"0": {"price": "a", "quantity": "1"}, "1": {"price": "b"}}})
        );
    }

    #[test]
    fn what_is_no_form_is_refused() {
        for wrong in [
            "a[b",
            "[a]=1",
            "a]b[=1",
            "a=%4",
            "a=%zz",
            "a=%ff",
            "a=1&a[b]=2",
            "a[[b]]=1",
        ] {
            assert!(decode(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let deep = format!("a{}=1", "[b]".repeat(9));
        assert!(decode(deep.as_bytes()).is_err());
        let many = vec!["a=1"; 1001].join("&");
        assert!(decode(many.as_bytes()).is_err());
    }
}
