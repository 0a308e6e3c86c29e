//! What a request asks for, typed.
//!
//! Role: [`Args`]: path, ids in it, and checked parameters.
//! Invariant: everything in it fits the endpoint's spec.
//! Not here: checking (`params.rs`).

use super::super::world::World;
use super::failure::Failure;
use serde_json::{Map, Value};

/// What a request asks for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Args {
    /// `/v1/customers`
    pub(crate) path: String,
    /// The id in the path, if the endpoint has one.
    pub(crate) id: String,
    /// Typed parameters.
    pub(crate) params: Map<String, Value>,
}

impl Args {
    /// A text that was given and is not empty.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.params.get(name)?.as_str()
    }

    /// A number.
    pub(crate) fn number(&self, name: &str) -> Option<u64> {
        self.params.get(name)?.as_u64()
    }

    /// A flag; absent is false.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.params.get(name).and_then(Value::as_bool).unwrap_or(false)
    }

    /// A value, or null.
    pub(crate) fn value(&self, name: &str) -> Value {
        self.params.get(name).cloned().unwrap_or_default()
    }

    /// What lies below a parameter.
    pub(crate) fn below(&self, name: &str, inner: &str) -> Option<&Value> {
        self.params.get(name)?.get(inner).filter(|value| !value.is_null())
    }

    /// A text that must be there.
    pub(crate) fn need(&self, name: &str) -> Result<&str, Failure> {
        self.text(name).ok_or_else(|| Failure::missing(name))
    }

    /// The object that the path names.
    pub(crate) fn own(&self, world: &World, kind: &str) -> Result<Value, Failure> {
        named(world, kind, &self.id, "id")
    }

    /// The object that a parameter names, if it is given.
    pub(crate) fn named(&self, world: &World, kind: &str, name: &str) -> Result<Option<Value>, Failure> {
        self.text(name).map(|id| named(world, kind, id, name)).transpose()
    }
}

/// An object that is there and not deleted.
pub(crate) fn named(world: &World, kind: &str, id: &str, param: &str) -> Result<Value, Failure> {
    let found = world
        .get(kind, id)
        .filter(|object| object.get("deleted").is_none());
    found.cloned().ok_or_else(|| Failure::unknown(kind, id, param))
}

/// A text of an object.
pub(crate) fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A number of an object.
pub(crate) fn number(object: &Value, key: &str) -> i64 {
    object.get(key).and_then(Value::as_i64).unwrap_or(0)
}

/// Puts fields over those of an object.
pub(crate) fn lay(object: &mut Value, over: Value) {
    if let (Some(fields), Value::Object(over)) = (object.as_object_mut(), over) {
        fields.extend(over);
    }
}

/// Puts the given parameters of these names over an object's fields.
pub(crate) fn lay_given(object: &mut Value, args: &Args, names: &[&str]) {
    let given = names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), args.params.get(*name)?.clone())));
    let given = Value::Object(given.collect());
    lay(object, given);
}
