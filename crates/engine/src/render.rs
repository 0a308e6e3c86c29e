//! Templates of answers and documents.
//!
//! Invariant: undefined members are left out; a shape is as deep as the author wrote it.
//! Not here: what a route answers without a template.

use crate::fault::{Code, Detail, Fault};
use crate::host::RequestHost;
use backflow_expr::{EvalError, Program, Value};
use backflow_plan::model::Shape;

/// The value of a shape; `label` says in refusals where it stands.
pub(crate) fn shape(
    shape_of: &Shape,
    frame: &[Value],
    host: &mut RequestHost,
    label: &str,
) -> Result<Value, Fault> {
    match shape_of {
        Shape::Constant(value) => Ok(value.clone()),
        Shape::Program(program) => run(program, frame, host, label),
        Shape::Object(members) => {
            let mut values = Vec::with_capacity(members.len());
            for (name, member) in members {
                let value = shape(member, frame, host, label)?;
                if !value.is_undefined() {
                    values.push((name.as_str(), value));
                }
            }
            Ok(Value::object(values))
        }
        Shape::List(items) => {
            let items: Result<Vec<Value>, Fault> =
                items.iter().map(|item| shape(item, frame, host, label)).collect();
            items.map(Value::list)
        }
    }
}

/// Runs a program; an error refuses the request.
pub(crate) fn run(
    program: &Program,
    frame: &[Value],
    host: &mut RequestHost,
    label: &str,
) -> Result<Value, Fault> {
    program.run(frame, host).map_err(|error| refusal(error, label))
}

fn refusal(error: EvalError, label: &str) -> Fault {
    let path = error.path.unwrap_or_else(|| label.to_owned());
    Fault::new(Code::InvalidValue, format!("{path}: {}", error.message)).detail(Detail::new(
        path,
        Code::InvalidValue.text(),
        error.message,
    ))
}
