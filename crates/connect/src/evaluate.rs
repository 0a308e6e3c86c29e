//! Programs of credentials and of custom providers, run.
//!
//! Invariant: nothing asks for the time or for an id; the planner refused what would.
//! Not here: values of requests; a step's parameters arrive evaluated.

use backflow_expr::{EvalError, Host, Value};
use backflow_plan::model::{Shape, Source};
use std::collections::HashMap;

/// A world in which nothing happens.
pub(crate) struct Still;

impl Host for Still {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn uuid(&mut self) -> String {
        String::new()
    }
}

/// The values of a frame that are known at start; those of a call are undefined.
pub(crate) fn frame(sources: &[Source], env: &HashMap<String, String>) -> Vec<Value> {
    let known = |source: &Source| match source {
        Source::Env(name) => env
            .get(name)
            .map_or(Value::Undefined, |text| text.as_str().into()),
        Source::Constant(value) => value.clone(),
        _ => Value::Undefined,
    };
    sources.iter().map(known).collect()
}

/// The frame with what a call gives.
pub(crate) fn filled(known: &[Value], sources: &[Source], given: &Value) -> Vec<Value> {
    let fill = |(value, source): (&Value, &Source)| match source {
        Source::Body(keys) => given.at_path(keys),
        _ => value.clone(),
    };
    known.iter().zip(sources).map(fill).collect()
}

/// The value of a shape; undefined members are left out.
pub(crate) fn shape(of: &Shape, frame: &[Value]) -> Result<Value, EvalError> {
    match of {
        Shape::Constant(value) => Ok(value.clone()),
        Shape::Program(program) => program.run(frame, &mut Still),
        Shape::List(items) => {
            let items: Result<Vec<Value>, EvalError> = items.iter().map(|item| shape(item, frame)).collect();
            items.map(Value::list)
        }
        Shape::Object(members) => {
            let mut values = Vec::with_capacity(members.len());
            for (name, member) in members {
                let value = shape(member, frame)?;
                if !value.is_undefined() {
                    values.push((name.as_str(), value));
                }
            }
            Ok(Value::object(values))
        }
    }
}
