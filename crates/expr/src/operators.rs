//! What the operators do.
//!
//! Role: arithmetic, comparison and joining of two values.
//! Invariant: equality is strict, it never converts; only an instant and the text of one can meet.
//! Not here: `||`, `&&`, `??`, which do not always look at both operands; see `run`.

use crate::ast::BinaryOp;
use crate::call::{Budget, Fallible};
use crate::date::moment;
use crate::value::Value;
use std::cmp::Ordering;

/// Applies an operator to two values.
///
/// Where an operand is undefined, arithmetic gives undefined; where one is null, null; comparisons by order
/// are false then. A text that meets null is an error, as in a template.
pub(crate) fn apply(op: BinaryOp, left: &Value, right: &Value, budget: &mut Budget) -> Fallible<Value> {
    match op {
        BinaryOp::Equal => Ok(Value::Bool(equal(left, right))),
        BinaryOp::NotEqual => Ok(Value::Bool(!equal(left, right))),
        BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual => {
            if left.is_nothing() || right.is_nothing() {
                return Ok(Value::Bool(false));
            }
            let order = order(left, right)?;
            Ok(Value::Bool(match op {
                BinaryOp::Less => order == Ordering::Less,
                BinaryOp::LessOrEqual => order != Ordering::Greater,
                BinaryOp::Greater => order == Ordering::Greater,
                _ => order != Ordering::Less,
            }))
        }
        _ => calculate(op, left, right, budget),
    }
}

fn calculate(op: BinaryOp, left: &Value, right: &Value, budget: &mut Budget) -> Fallible<Value> {
    let (a, b) = match (left, right) {
        (Value::Undefined, _) | (_, Value::Undefined) => return Ok(Value::Undefined),
        (Value::Text(_), Value::Null) | (Value::Null, Value::Text(_)) => {
            return Err("null cannot become part of a text".to_owned());
        }
        (Value::Null, _) | (_, Value::Null) => return Ok(Value::Null),
        (Value::Text(a), Value::Text(b)) if op == BinaryOp::Add => {
            budget.take(a.len() + b.len())?;
            return Ok(Value::text([a.as_ref(), b.as_ref()].concat()));
        }
        (Value::Number(a), Value::Number(b)) => (a, b),
        _ => {
            return Err(format!(
                "`{}` cannot work on {} and {}",
                op.symbol(),
                left.kind_name(),
                right.kind_name()
            ));
        }
    };
    let result = match op {
        BinaryOp::Add => a.add(b),
        BinaryOp::Sub => a.sub(b),
        BinaryOp::Mul => a.mul(b),
        BinaryOp::Div => a.div(b),
        _ => a.rem(b),
    };
    result.map(Value::Number).map_err(|error| error.to_string())
}

/// Strict equality; lists and objects by what is in them, an instant and a text by the instant.
pub(crate) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Time(time), text @ Value::Text(_)) | (text @ Value::Text(_), Value::Time(time)) => {
            moment(text) == Some(*time)
        }
        _ => left == right,
    }
}

fn order(left: &Value, right: &Value) -> Fallible<Ordering> {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => return Ok(a.compare(b)),
        (Value::Text(a), Value::Text(b)) => return Ok(a.cmp(b)),
        (Value::Time(_), Value::Time(_) | Value::Text(_)) | (Value::Text(_), Value::Time(_)) => {
            return match (moment(left), moment(right)) {
                (Some(a), Some(b)) => Ok(a.cmp(&b)),
                _ => Err("a time is compared with a text that is none".to_owned()),
            };
        }
        _ => {}
    }
    Err(format!(
        "{} and {} have no order",
        left.kind_name(),
        right.kind_name()
    ))
}
