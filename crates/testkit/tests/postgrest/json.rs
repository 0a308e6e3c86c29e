//! JSON as it stands on the wire: members in their order and as often as they come, numbers with their digits.
//!
//! Invariant: two texts read the same only if nothing but blanks and the spelling of texts is between them.
//! Not here: what may differ; see `forms`.

use std::fmt;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Json {
    /// A number or word, as it is written.
    Plain(String),
    /// A text, unescaped.
    Text(String),
    /// A list.
    List(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads a document; nothing if it is none.
    pub(crate) fn read(text: &str) -> Option<Json> {
        let mut rest = text;
        let value = value(&mut rest)?;
        rest.trim().is_empty().then_some(value)
    }
}

impl fmt::Display for Json {
    /// Without blanks.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Json::Plain(word) => f.write_str(word),
            Json::Text(text) => f.write_str(&serde_json::Value::from(text.as_str()).to_string()),
            Json::List(items) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { "," })?;
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Json::Object(members) => {
                f.write_str("{")?;
                for (at, (name, value)) in members.iter().enumerate() {
                    f.write_str(if at == 0 { "" } else { "," })?;
                    write!(f, "{}:{value}", serde_json::Value::from(name.as_str()))?;
                }
                f.write_str("}")
            }
        }
    }
}

fn value(rest: &mut &str) -> Option<Json> {
    *rest = rest.trim_start();
    match rest.chars().next()? {
        '"' => text(rest).map(Json::Text),
        '[' => items(rest, "[", "]", value).map(Json::List),
        '{' => items(rest, "{", "}", member).map(Json::Object),
        _ => plain(rest),
    }
}

fn take(rest: &mut &str, sign: &str) -> bool {
    *rest = rest.trim_start();
    let Some(after) = rest.strip_prefix(sign) else {
        return false;
    };
    *rest = after;
    true
}

fn items<T>(rest: &mut &str, open: &str, close: &str, item: fn(&mut &str) -> Option<T>) -> Option<Vec<T>> {
    let mut found = Vec::new();
    if !take(rest, open) {
        return None;
    }
    if take(rest, close) {
        return Some(found);
    }
    loop {
        found.push(item(rest)?);
        if take(rest, close) {
            return Some(found);
        }
        if !take(rest, ",") {
            return None;
        }
    }
}

fn member(rest: &mut &str) -> Option<(String, Json)> {
    *rest = rest.trim_start();
    let name = text(rest)?;
    take(rest, ":").then(|| value(rest))?.map(|value| (name, value))
}

fn text(rest: &mut &str) -> Option<String> {
    let mut escaped = true; // The first quote opens.
    let end = rest.char_indices().find_map(|(at, sign)| {
        let closes = sign == '"' && !escaped;
        escaped = sign == '\\' && !escaped;
        closes.then_some(at + 1)
    })?;
    let (quoted, after) = rest.split_at_checked(end)?;
    *rest = after;
    serde_json::from_str(quoted).ok()
}

fn plain(rest: &mut &str) -> Option<Json> {
    let end = rest.find(|sign: char| ",]}".contains(sign) || sign.is_whitespace());
    let (word, after) = rest.split_at_checked(end.unwrap_or(rest.len()))?;
    serde_json::from_str::<serde_json::Value>(word).ok()?;
    *rest = after;
    Some(Json::Plain(word.to_owned()))
}
