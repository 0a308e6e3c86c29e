//! Metadata.
//!
//! Role: its limits, and what an update does to it.
//! Invariant: at most 50 keys of 40 characters with values of 500; an empty value deletes its key.
//! Not here: whose metadata goes where.

use super::failure::Failure;
use serde_json::{Map, Value};

const KEYS: usize = 50;
const KEY: usize = 40;
const VALUE: usize = 500;

/// Checks what was given; empty values stay, since they delete.
pub(crate) fn check(path: &str, given: &Map<String, Value>) -> Result<Value, Failure> {
    for (key, value) in given {
        let Value::String(value) = value else {
            return Err(Failure::invalid("Metadata values must be strings").param(format!("{path}[{key}]")));
        };
        let (long_key, long_value) = (key.chars().count(), value.chars().count());
        if long_key > KEY {
            let message = format!(
                "Metadata keys can have up to {KEY} characters. You passed in a key that is {long_key} characters long."
            );
            return Err(Failure::invalid(message).param(path));
        }
        if long_value > VALUE {
            let message = format!(
                "Metadata values can have up to {VALUE} characters. You passed in a value that is {long_value} \
                 characters long."
            );
            return Err(Failure::invalid(message).param(format!("{path}[{key}]")));
        }
    }
    too_many(given.values().filter(|value| !is_empty(value)).count(), path)?;
    Ok(Value::Object(given.clone()))
}

/// What there is after an update: `given` is checked, null deletes all.
pub(crate) fn merge(old: &Value, given: &Value) -> Result<Value, Failure> {
    let Value::Object(given) = given else {
        return Ok(Value::Object(Map::new()));
    };
    let mut merged = old.as_object().cloned().unwrap_or_default();
    for (key, value) in given {
        if is_empty(value) {
            merged.remove(key);
        } else {
            merged.insert(key.clone(), value.clone());
        }
    }
    too_many(merged.len(), "metadata")?;
    Ok(Value::Object(merged))
}

fn is_empty(value: &Value) -> bool {
    value.as_str() == Some("")
}

fn too_many(count: usize, path: &str) -> Result<(), Failure> {
    if count <= KEYS {
        return Ok(());
    }
    let message = format!("Metadata can have up to {KEYS} keys. You passed in {count} keys.");
    Err(Failure::invalid(message).param(path))
}
