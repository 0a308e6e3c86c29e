//! The values that expressions work on.
//!
//! Role: [`Value`], made from JSON, rows and literals, and read by everything that runs.
//! Invariant: `Undefined` (absent) is never confused with `Null`; cloning is cheap, it never copies text.
//! Not here: reading JSON (`json`), writing it (`write`), operators (`operators`).

use crate::ast::Key;
use crate::number::Number;
use std::sync::Arc;

/// The members of an object, in their order.
pub type Object = indexmap::IndexMap<Arc<str>, Value>;

/// A value.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Value {
    /// Absent.
    #[default]
    Undefined,
    /// JSON's and SQL's null.
    Null,
    /// A truth value.
    Bool(bool),
    /// A number; equality is by value, `1` equals `1.0`.
    Number(Number),
    /// Text.
    Text(Arc<str>),
    /// An instant.
    Time(jiff::Timestamp),
    /// A list.
    List(Arc<[Value]>),
    /// An object; equality ignores the order of its members.
    Object(Arc<Object>),
}

impl Value {
    /// A text.
    pub fn text(text: impl Into<Arc<str>>) -> Value {
        Value::Text(text.into())
    }

    /// A whole number.
    #[must_use]
    pub fn int(whole: i64) -> Value {
        Value::Number(Number::Int(whole))
    }

    /// A list.
    pub fn list(items: impl IntoIterator<Item = Value>) -> Value {
        Value::List(items.into_iter().collect())
    }

    /// An object.
    pub fn object<K: Into<Arc<str>>>(members: impl IntoIterator<Item = (K, Value)>) -> Value {
        let members: Object = members
            .into_iter()
            .map(|(name, value)| (name.into(), value))
            .collect();
        Value::Object(Arc::new(members))
    }

    /// Truth as JavaScript has it: `""`, `0`, `false`, null and undefined are false; `[]` and `{}` are true.
    #[must_use]
    pub fn truthy(&self) -> bool {
        match self {
            Value::Undefined | Value::Null => false,
            Value::Bool(truth) => *truth,
            Value::Number(number) => !number.is_zero(),
            Value::Text(text) => !text.is_empty(),
            Value::Time(_) | Value::List(_) | Value::Object(_) => true,
        }
    }

    /// Whether this is null or undefined.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self, Value::Undefined | Value::Null)
    }

    /// Whether this is undefined.
    #[must_use]
    pub fn is_undefined(&self) -> bool {
        matches!(self, Value::Undefined)
    }

    /// What kind of value this is, for messages.
    #[must_use]
    pub fn kind_name(&self) -> &'static str {
        match self {
            Value::Undefined => "undefined",
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::Text(_) => "text",
            Value::Time(_) => "time",
            Value::List(_) => "list",
            Value::Object(_) => "object",
        }
    }

    /// The text, if this is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The number, if this is one.
    #[must_use]
    pub fn as_number(&self) -> Option<&Number> {
        match self {
            Value::Number(number) => Some(number),
            _ => None,
        }
    }

    /// The whole number of 64 bits, if this is exactly one.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        self.as_number().and_then(Number::as_i64)
    }

    /// The items, if this is a list.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The members, if this is an object.
    #[must_use]
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// A member; undefined when it is absent or this is not an object.
    #[must_use]
    pub fn member(&self, name: &str) -> Value {
        self.as_object()
            .and_then(|members| members.get(name))
            .cloned()
            .unwrap_or_default()
    }

    /// An item; undefined when it is absent or this is not a list.
    #[must_use]
    pub fn index(&self, index: usize) -> Value {
        self.as_list()
            .and_then(|items| items.get(index))
            .cloned()
            .unwrap_or_default()
    }

    /// What lies under a path of members and items; undefined when something is missing on the way.
    #[must_use]
    pub fn at_path(&self, keys: &[Key]) -> Value {
        let found = keys.iter().try_fold(self, |value, key| match key {
            Key::Name(name) => value.as_object()?.get(name.as_ref()),
            Key::Index(index) => value.as_list()?.get(*index),
        });
        found.cloned().unwrap_or_default()
    }
}

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Value::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(whole: i64) -> Self {
        Value::int(whole)
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Self {
        Value::Number(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::text(text)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::text(text)
    }
}

impl From<jiff::Timestamp> for Value {
    fn from(time: jiff::Timestamp) -> Self {
        Value::Time(time)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truth_is_that_of_javascript() {
        let zero = Number::parse("0.00").unwrap();
        for falsy in [
            Value::Undefined,
            Value::Null,
            false.into(),
            0.into(),
            zero.into(),
            "".into(),
        ] {
            assert!(!falsy.truthy(), "{falsy:?}");
        }
        let empty: [(&str, Value); 0] = [];
        for truthy in [
            true.into(),
            1.into(),
            "0".into(),
            Value::list([]),
            Value::object(empty),
        ] {
            assert!(truthy.truthy(), "{truthy:?}");
        }
    }

    #[test]
    fn paths_end_in_undefined_where_something_is_missing() {
        let value = Value::object([("a", Value::list([Value::Null, Value::object([("b", 7.into())])]))]);
        let path = |i: usize, b: &str| value.at_path(&[Key::name("a"), Key::Index(i), Key::name(b)]);
        assert_eq!(path(1, "b"), 7.into());
        assert_eq!(path(1, "c"), Value::Undefined);
        assert_eq!(path(0, "b"), Value::Undefined);
        assert_eq!(path(9, "b"), Value::Undefined);
        assert_eq!(value.at_path(&[Key::name("a")]).member("x"), Value::Undefined);
    }

    #[test]
    fn a_value_stays_small() {
        assert!(std::mem::size_of::<Value>() <= 32);
    }
}
