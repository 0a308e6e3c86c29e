//! Steps into JSON text.
//!
//! Role: `->` and `->>` without reading and printing the document again, so that what is taken keeps its
//! bytes. Input: valid JSON (columns are checked). Invariant: invalid JSON gives NULL, never a panic.
//! Not here: printing JSON.

use super::{Answer, Arg, Called, FunctionError, binary};

/// `bf_json_get(doc, key)`: the member (text key) or element (integer key), as JSON.
pub(super) fn member(args: &[Arg<'_>]) -> Called {
    binary(args, |doc, key| Ok(json(find(doc, key)?)))
}

/// `bf_json_text(doc, key)`: the same as text; JSON's null is NULL.
pub(super) fn member_text(args: &[Arg<'_>]) -> Called {
    binary(args, |doc, key| Ok(text(find(doc, key)?)))
}

/// `bf_jsonb_at(doc, position)`: of a value that is no array or object, `jsonb` gives the value itself at 0 and -1.
pub(super) fn element(args: &[Arg<'_>]) -> Called {
    binary(args, |doc, key| Ok(json(at(doc, key)?)))
}

/// `bf_jsonb_text_at(doc, position)`: the same as text; JSON's null is NULL.
pub(super) fn element_text(args: &[Arg<'_>]) -> Called {
    binary(args, |doc, key| Ok(text(at(doc, key)?)))
}

fn json(value: Option<&str>) -> Answer {
    value.map_or(Answer::Null, |value| Answer::Text(value.to_owned()))
}

fn text(value: Option<&str>) -> Answer {
    match value {
        None | Some("null") => Answer::Null,
        Some(value) if value.starts_with('"') => Answer::Text(unquoted(value)),
        Some(value) => Answer::Text(value.to_owned()),
    }
}

fn at<'a>(doc: Arg<'a>, key: Arg<'_>) -> Result<Option<&'a str>, FunctionError> {
    match (doc, key) {
        (Arg::Text(scalar), Arg::Int(0 | -1)) if !scalar.trim_ascii_start().starts_with(['[', '{']) => {
            Ok(Some(scalar.trim_ascii()))
        }
        _ => find(doc, key),
    }
}

fn find<'a>(doc: Arg<'a>, key: Arg<'_>) -> Result<Option<&'a str>, FunctionError> {
    let Arg::Text(doc) = doc else {
        return Err(FunctionError::WrongArgument);
    };
    let doc = doc.trim_ascii();
    match key {
        Arg::Text(name) if doc.starts_with('{') => {
            // Of members of one name the last counts.
            Ok(items(doc)
                .filter(|(key, _)| unquoted(key) == name)
                .last()
                .map(|(_, value)| value))
        }
        Arg::Int(at) if doc.starts_with('[') => {
            let at = match usize::try_from(at) {
                Ok(at) => Some(at),
                Err(_) => from_end(doc, at),
            };
            Ok(at.and_then(|at| items(doc).nth(at)).map(|(_, value)| value))
        }
        Arg::Text(_) | Arg::Int(_) => Ok(None),
        _ => Err(FunctionError::WrongArgument),
    }
}

/// The position of an element that is counted from the end.
fn from_end(doc: &str, at: i64) -> Option<usize> {
    let back = usize::try_from(at.unsigned_abs()).ok()?;
    items(doc).count().checked_sub(back)
}

/// Members (key still quoted, value) of an object, or elements (empty key, value) of an array.
pub(super) fn items(doc: &str) -> impl Iterator<Item = (&str, &str)> {
    let object = doc.starts_with('{');
    let mut rest = doc.get(1..).unwrap_or("");
    std::iter::from_fn(move || {
        rest = rest.trim_ascii_start();
        let mut key = "";
        if object {
            (key, rest) = rest.split_at_checked(value_end(rest)?)?;
            rest = rest.trim_ascii_start().strip_prefix(':')?.trim_ascii_start();
        }
        let (value, after) = rest.split_at_checked(value_end(rest)?)?;
        let after = after.trim_ascii_start();
        rest = after.strip_prefix(',').unwrap_or(after);
        Some((key, value))
    })
}

/// Where the value that `text` starts with ends.
fn value_end(text: &str) -> Option<usize> {
    let (mut open, mut quoted, mut escaped) = (0usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        if quoted {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    quoted = false;
                    if open == 0 {
                        return Some(at + 1);
                    }
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => open += 1,
            b'}' | b']' | b',' | b' ' | b'\n' | b'\r' | b'\t' if open == 0 => return (at > 0).then_some(at),
            b'}' | b']' => {
                open -= 1;
                if open == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    (!quoted && open == 0 && !text.is_empty()).then_some(text.len())
}

/// The characters of a JSON string.
pub(super) fn unquoted(json: &str) -> String {
    let inner = json
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .unwrap_or(json);
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        match chars.next() {
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some('u') => text.push(code_point(&mut chars)),
            Some(other) => text.push(other),
            None => {}
        }
    }
    text
}

fn code_point(chars: &mut std::str::Chars<'_>) -> char {
    let first = unit(chars).unwrap_or(0xFFFD);
    if !(0xD800..0xDC00).contains(&first) {
        return char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER);
    }
    let mut ahead = chars.clone();
    if ahead.next() == Some('\\')
        && ahead.next() == Some('u')
        && let Some(second) = unit(&mut ahead).filter(|unit| (0xDC00..0xE000).contains(unit))
    {
        *chars = ahead;
        let point = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        return char::from_u32(point).unwrap_or(char::REPLACEMENT_CHARACTER);
    }
    char::REPLACEMENT_CHARACTER
}

fn unit(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    (0..4).try_fold(0, |value, _| Some(value * 16 + chars.next()?.to_digit(16)?))
}
