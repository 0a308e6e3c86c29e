//! The canonical text of `jsonb`, as PostgreSQL prints it.
//!
//! Invariant: equal documents have equal bytes: keys by length, then by bytes; numbers in plain digits.
//! Not here: `json`, which is kept as written.

use super::{Misfit, digits, without_nul};
use backflow_expr::{Value, write_json_text};

/// Deepest nesting that is stored.
const DEEPEST: usize = 512;

/// The canonical text of a value.
pub(super) fn canonical(value: &Value) -> Result<String, Misfit> {
    check(value)?;
    let mut out = Vec::new();
    write(value, &mut out)?;
    Ok(String::from_utf8(out).unwrap_or_default())
}

/// Refuses what no database stores: U+0000, and nesting without end.
pub(super) fn check(value: &Value) -> Result<(), Misfit> {
    let mut open = vec![(value, 0)];
    while let Some((value, depth)) = open.pop() {
        if depth > DEEPEST {
            return Err(Misfit::new("is nested too deep"));
        }
        match value {
            Value::Text(text) => without_nul(text)?,
            Value::List(items) => open.extend(items.iter().map(|item| (item, depth + 1))),
            Value::Object(members) => {
                for (key, member) in members.iter() {
                    without_nul(key)?;
                    open.push((member, depth + 1));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// [`check`] has bounded the depth.
fn write(value: &Value, out: &mut Vec<u8>) -> Result<(), Misfit> {
    match value {
        Value::Number(number) => out.extend_from_slice(digits::numeric(number, None)?.as_bytes()),
        Value::List(items) => {
            out.push(b'[');
            for (at, item) in items.iter().enumerate() {
                separate(at, out);
                write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => {
            let mut members: Vec<_> = members
                .iter()
                .filter(|(_, member)| !member.is_undefined())
                .collect();
            members
                .sort_by(|(a, _), (b, _)| a.len().cmp(&b.len()).then_with(|| a.as_bytes().cmp(b.as_bytes())));
            out.push(b'{');
            for (at, (key, member)) in members.into_iter().enumerate() {
                separate(at, out);
                write_json_text(key, out);
                out.extend_from_slice(b": ");
                write(member, out)?;
            }
            out.push(b'}');
        }
        scalar => scalar.write_json(out),
    }
    Ok(())
}

fn separate(at: usize, out: &mut Vec<u8>) {
    if at > 0 {
        out.extend_from_slice(b", ");
    }
}
