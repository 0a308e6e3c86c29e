//! Query strings.
//!
//! Role: the text after `?` as names and values, in order.
//! Invariant: names and values are decoded once and hold no U+0000.
//! Not here: which values a route wants; see `input`.

use crate::fault::{Code, Detail, Fault};
use crate::path::percent_decode;
use backflow_expr::{Object, Value};
use std::borrow::Cow;
use std::sync::Arc;

/// Most values of a query string.
const MOST: usize = 1000;

/// The names and values of a query string.
pub(crate) struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl<'a> Query<'a> {
    /// Reads the raw text.
    pub(crate) fn parse(raw: Option<&'a str>) -> Result<Self, Fault> {
        let mut pairs = Vec::new();
        for part in raw.unwrap_or("").split('&').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let decode = |text| percent_decode(text, true).ok_or_else(|| Fault::of(Code::BadQuery));
            pairs.push((decode(name)?, decode(value)?));
            if pairs.len() > MOST {
                let detail = Detail::new("query", "too_many", format!("must have at most {MOST} values"));
                return Err(Fault::of(Code::BadQuery).detail(detail));
            }
        }
        Ok(Self(pairs))
    }

    /// The first value of a name.
    pub(crate) fn first(&self, name: &str) -> Value {
        self.all(name).next().unwrap_or_default()
    }

    /// All values of a name, as a list; undefined if there is none.
    pub(crate) fn list(&self, name: &str) -> Value {
        let values: Vec<Value> = self.all(name).collect();
        if values.is_empty() {
            Value::Undefined
        } else {
            Value::list(values)
        }
    }

    /// The first value of every name.
    pub(crate) fn whole(&self) -> Value {
        let mut members = Object::new();
        for (name, value) in &self.0 {
            members
                .entry(Arc::from(&**name))
                .or_insert_with(|| Value::from(&**value));
        }
        Value::Object(Arc::new(members))
    }

    fn all(&self, name: &str) -> impl Iterator<Item = Value> {
        self.0
            .iter()
            .filter(move |(other, _)| other == name)
            .map(|(_, value)| Value::from(&**value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_kept_in_order() {
        let query = Query::parse(Some("a=1&b=x+y%26&&a=2&c&=z&d=a=b")).ok().unwrap();
        assert_eq!(query.first("a"), "1".into());
        assert_eq!(query.list("a"), Value::list(["1".into(), "2".into()]));
        assert_eq!(query.first("b"), "x y&".into());
        assert_eq!(query.first("c"), "".into());
        assert_eq!(query.first("d"), "a=b".into());
        assert_eq!(query.first("e"), Value::Undefined);
        assert_eq!(query.list("e"), Value::Undefined);
        assert_eq!(
            query.whole().to_json(),
            r#"{"a":"1","b":"x y&","c":"","":"z","d":"a=b"}"#
        );
    }

    #[test]
    fn what_cannot_be_decoded_is_refused() {
        for raw in ["a=%zz", "a=%FF", "a=%00", "%C3=1", "a=%"] {
            assert_eq!(
                Query::parse(Some(raw)).err().map(|fault| fault.code()),
                Some(Code::BadQuery),
                "{raw}"
            );
        }
        let many = "a&".repeat(1001);
        assert!(Query::parse(Some(&many)).is_err());
    }
}
