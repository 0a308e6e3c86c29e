//! Names of members between `camelCase` and `snake_case`.
//!
//! Role: renames the members of objects as SendGrid's own client does, which also moves what it renames to the end.
//! Invariant: lists, and what lies under the ignored names, stay as they are.
//! Not here: which members there are.

use backflow_expr::{Object, Value};
use std::sync::Arc;

/// Under these names stand words of the author's own.
const IGNORED: [&str; 4] = ["dynamicTemplateData", "customArgs", "headers", "sections"];

/// `mailSettings` for `mail_settings` and `mail-settings`, at every depth.
pub(super) fn camel(value: &Value) -> Value {
    renamed(value, camel_word)
}

/// `mail_settings` for `mailSettings`, at every depth.
pub(super) fn snake(value: &Value) -> Value {
    renamed(value, snake_word)
}

fn renamed(value: &Value, word: fn(&str) -> String) -> Value {
    let Some(object) = value.as_object() else {
        return value.clone();
    };
    let mut out: Object = object.clone();
    for (name, value) in object {
        let other = word(name);
        let is_ignored = IGNORED.contains(&name.as_ref()) || IGNORED.contains(&other.as_str());
        let value = if is_ignored {
            value.clone()
        } else {
            renamed(value, word)
        };
        if other == **name {
            out.insert(Arc::clone(name), value);
        } else {
            out.shift_remove(name);
            out.insert(other.into(), value);
        }
    }
    Value::Object(Arc::new(out))
}

fn camel_word(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for letter in name.trim().chars() {
        match letter {
            '_' | '-' | ' ' => upper = !out.is_empty(),
            letter if out.is_empty() => out.extend(letter.to_lowercase()),
            letter if upper => {
                out.extend(letter.to_uppercase());
                upper = false;
            }
            letter => out.push(letter),
        }
    }
    out
}

fn snake_word(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for letter in name.trim().chars() {
        match letter {
            '-' | ' ' => {
                if !out.ends_with('_') {
                    out.push('_');
                }
            }
            letter if letter.is_ascii_uppercase() => {
                if !out.is_empty() && !out.ends_with('_') {
                    out.push('_');
                }
                out.push(letter.to_ascii_lowercase());
            }
            letter => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_renamed_moves_to_the_end() {
        let json = br#"{"sendAt": 1, "a": {"bC": [{"dE": 1}]}, "customArgs": {"xY": 1}, "from": 2}"#;
        let value = backflow_expr::json::parse(json, 9).unwrap();
        assert_eq!(
            snake(&value).to_json(),
            r#"{"a":{"b_c":[{"dE":1}]},"from":2,"send_at":1,"custom_args":{"xY":1}}"#
        );
        assert_eq!(camel(&snake(&value)).member("sendAt"), 1.into());
        assert_eq!(camel_word("click-tracking_x"), "clickTrackingX");
        assert_eq!(snake_word("clickTracking"), "click_tracking");
    }
}
