//! Running a program.
//!
//! Role: a frame of values and a host to one value.
//! Invariant: every part runs at most once; the only state is the budget for text.
//! Not here: what to do with an undefined result; the engine decides by where it is used.

use crate::ast::{BinaryOp, Key};
use crate::call::{self, Budget, Fallible};
use crate::code::{Code, EvalError, Host, Piece, Program};
use crate::date::moment;
use crate::functions::Function;
use crate::operators;
use crate::time::to_microsecond;
use crate::value::Value;
use std::borrow::Cow;

impl Program {
    /// Runs it. A slot beyond the frame is undefined.
    ///
    /// # Errors
    /// When values do not fit what is done with them; the caller's request is refused with 422.
    pub fn run(&self, frame: &[Value], host: &mut dyn Host) -> Result<Value, EvalError> {
        run(&self.code, frame, host)
    }
}

/// Runs code.
pub(crate) fn run(code: &Code, frame: &[Value], host: &mut dyn Host) -> Result<Value, EvalError> {
    let mut run = Run {
        frame,
        host,
        budget: Budget::default(),
    };
    run.value(code).map(Cow::into_owned)
}

struct Run<'a> {
    frame: &'a [Value],
    host: &'a mut dyn Host,
    budget: Budget,
}

type Evaluated<'a> = Result<Cow<'a, Value>, EvalError>;

impl<'a> Run<'a> {
    fn value(&mut self, code: &'a Code) -> Evaluated<'a> {
        match code {
            Code::Constant(value) => Ok(Cow::Borrowed(value)),
            Code::Load { slot, keys, .. } => {
                let index = usize::try_from(slot.0).unwrap_or(usize::MAX);
                let value = self.frame.get(index).unwrap_or(&Value::Undefined);
                Ok(under(Cow::Borrowed(value), keys))
            }
            Code::Access(base, keys) => Ok(under(self.value(base)?, keys)),
            Code::Not(operand) => Ok(owned(Value::Bool(!self.value(operand)?.truthy()))),
            Code::Negate(operand) => {
                let value = self.value(operand)?;
                negate(&value).map(owned).map_err(|message| error(code, message))
            }
            Code::Binary(op, left, right) => self.binary(code, *op, (left, right)),
            Code::Choice(parts) => {
                let [condition, then, otherwise] = parts.as_ref();
                if self.value(condition)?.truthy() {
                    self.value(then)
                } else {
                    self.value(otherwise)
                }
            }
            Code::Call(function, arguments) => self.call(code, *function, arguments),
            Code::Shift(time, duration) => self.dated(code, time, |time, _| call::shift(time, *duration)),
            Code::Format(time, pattern) => self.dated(code, time, |time, budget| {
                let text = pattern.format(time);
                budget.take(text.len())?;
                Ok(Value::text(text))
            }),
            Code::Text(pieces) => self.text(pieces),
        }
    }

    fn binary(&mut self, code: &Code, op: BinaryOp, operands: (&'a Code, &'a Code)) -> Evaluated<'a> {
        let left = self.value(operands.0)?;
        let enough = match op {
            BinaryOp::Or => left.truthy(),
            BinaryOp::And => !left.truthy(),
            BinaryOp::Default => !left.is_nothing(),
            _ => {
                let right = self.value(operands.1)?;
                let result = operators::apply(op, &left, &right, &mut self.budget);
                return result.map(owned).map_err(|message| error(code, message));
            }
        };
        if enough { Ok(left) } else { self.value(operands.1) }
    }

    fn call(&mut self, code: &Code, function: Function, arguments: &'a [Code]) -> Evaluated<'a> {
        match function {
            Function::Now => return Ok(owned(Value::Time(to_microsecond(self.host.now())))),
            Function::Uuid => return Ok(owned(Value::text(self.host.uuid()))),
            Function::Coalesce => {
                let mut value = Cow::Owned(Value::Undefined);
                for argument in arguments {
                    value = self.value(argument)?;
                    if !value.is_nothing() {
                        break;
                    }
                }
                return Ok(value);
            }
            _ => {}
        }
        let mut values = Vec::with_capacity(arguments.len());
        for argument in arguments {
            values.push(self.value(argument)?.into_owned());
        }
        let result = call::call(function, &values, &mut self.budget);
        result.map(owned).map_err(|message| error(code, message))
    }

    /// Something made from an instant.
    fn dated(
        &mut self,
        code: &Code,
        time: &'a Code,
        make: impl FnOnce(jiff::Timestamp, &mut Budget) -> Fallible<Value>,
    ) -> Evaluated<'a> {
        let value = self.value(time)?;
        if value.is_nothing() {
            return Ok(value);
        }
        let made = match moment(&value) {
            Some(time) => make(time, &mut self.budget),
            None => Err(format!("a time is needed; this {} is none", value.kind_name())),
        };
        made.map(owned).map_err(|message| error(code, message))
    }

    /// A text with holes: undefined when a hole is, an error when a hole is null.
    fn text(&mut self, pieces: &'a [Piece]) -> Evaluated<'a> {
        let mut text = String::new();
        for piece in pieces {
            let hole = match piece {
                Piece::Literal(literal) => {
                    text.push_str(literal);
                    continue;
                }
                Piece::Hole(hole) => hole,
            };
            let value = self.value(hole)?;
            if value.is_undefined() {
                return Ok(owned(Value::Undefined));
            }
            let Some(part) = value.hole_text() else {
                return Err(error(hole, "null cannot become part of a text".to_owned()));
            };
            self.budget
                .take(part.len())
                .map_err(|message| error(hole, message))?;
            text.push_str(&part);
        }
        Ok(owned(Value::text(text)))
    }
}

fn owned<'a>(value: Value) -> Cow<'a, Value> {
    Cow::Owned(value)
}

fn negate(value: &Value) -> Fallible<Value> {
    match value {
        Value::Undefined | Value::Null => Ok(value.clone()),
        Value::Number(number) => number.neg().map(Value::Number).map_err(|error| error.to_string()),
        other => Err(format!("`-` cannot work on {}", other.kind_name())),
    }
}

/// What lies under keys; `length` of a text or list is its length.
fn under<'a>(value: Cow<'a, Value>, keys: &[Key]) -> Cow<'a, Value> {
    keys.iter().fold(value, |value, key| match value {
        Cow::Borrowed(value) => borrowed_step(value, key),
        Cow::Owned(value) => Cow::Owned(borrowed_step(&value, key).into_owned()),
    })
}

fn borrowed_step<'a>(value: &'a Value, key: &Key) -> Cow<'a, Value> {
    let found = match (value, key) {
        (Value::Object(members), Key::Name(name)) => members.get(name.as_ref()),
        (Value::List(items), Key::Index(index)) => items.get(*index),
        (_, Key::Name(name)) if name.as_ref() == "length" => {
            return Cow::Owned(call::length(value).unwrap_or_default());
        }
        _ => None,
    };
    found.map_or(Cow::Owned(Value::Undefined), Cow::Borrowed)
}

/// An error that names the path it is about.
fn error(code: &Code, message: String) -> EvalError {
    let path = code.first_path().map(str::to_owned);
    EvalError {
        message: match &path {
            Some(path) => format!("`{path}`: {message}"),
            None => message,
        },
        path,
    }
}
