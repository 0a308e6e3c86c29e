//! What the functions do.
//!
//! Role: runs one pure function on its arguments.
//! Invariant: text is accounted for before it is made, so that no call can fill the memory.
//! Not here: which arguments are allowed at check time; see `functions`.

use crate::date::{self, Duration, moment};
use crate::digest;
use crate::functions::Function;
use crate::limits;
use crate::number::Number;
use crate::pattern::Pattern;
use crate::value::Value;
use jiff::Timestamp;
use rust_decimal::{Decimal, RoundingStrategy};
use std::cmp::Ordering;

/// What is wrong, without the place.
pub(crate) type Fallible<T> = Result<T, String>;

/// How much text a run may still make.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Default for Budget {
    fn default() -> Self {
        Self(limits::OUTPUT_BYTES)
    }
}

impl Budget {
    /// Accounts for so many bytes.
    pub(crate) fn take(&mut self, bytes: usize) -> Fallible<()> {
        match self.0.checked_sub(bytes) {
            Some(left) => {
                self.0 = left;
                Ok(())
            }
            None => Err("the resulting text is too long".to_owned()),
        }
    }
}

/// Calls a pure function. Arguments that are undefined or null give the same, as told in `functions`.
pub(crate) fn call(function: Function, arguments: &[Value], budget: &mut Budget) -> Fallible<Value> {
    match function {
        Function::Json => {
            return match arguments.first() {
                None | Some(Value::Undefined) => Ok(Value::Undefined),
                Some(value) => made(value.to_json(), budget),
            };
        }
        Function::Coalesce => {
            let last = arguments.last();
            let found = arguments.iter().find(|value| !value.is_nothing());
            return Ok(found.or(last).cloned().unwrap_or_default());
        }
        _ => {}
    }
    if arguments.iter().any(Value::is_undefined) {
        return Ok(Value::Undefined);
    }
    if arguments.contains(&Value::Null) {
        return Ok(Value::Null);
    }
    let arguments = Arguments { function, arguments };
    match function {
        Function::Abs
        | Function::Ceil
        | Function::Floor
        | Function::Max
        | Function::Min
        | Function::Round => arguments.numeric().map(Value::Number),
        Function::DateAdd | Function::DateSub | Function::FormatDate => arguments.date(budget),
        Function::Boolean => boolean(arguments.at(0)).map(Value::Bool),
        Function::Number => number(arguments.at(0)).map(Value::Number),
        Function::Length => arguments.length(),
        Function::Split => arguments.split(budget),
        _ => arguments.textual(budget),
    }
}

fn made(text: String, budget: &mut Budget) -> Fallible<Value> {
    budget.take(text.len())?;
    Ok(Value::text(text))
}

struct Arguments<'a> {
    function: Function,
    arguments: &'a [Value],
}

impl<'a> Arguments<'a> {
    fn at(&self, index: usize) -> &'a Value {
        self.arguments.get(index).unwrap_or(&Value::Undefined)
    }

    fn wrong<T>(&self, wanted: &str, found: &Value) -> Fallible<T> {
        Err(format!(
            "`{}` takes {wanted}, not {}",
            self.function.name(),
            found.kind_name()
        ))
    }

    fn text(&self, index: usize) -> Fallible<&'a str> {
        match self.at(index) {
            Value::Text(text) => Ok(text),
            other => self.wrong("text", other),
        }
    }

    fn time(&self, index: usize) -> Fallible<Timestamp> {
        match self.at(index) {
            value @ (Value::Time(_) | Value::Text(_)) => moment(value)
                .ok_or_else(|| format!("`{}` takes a time; this text is none", self.function.name())),
            other => self.wrong("a time", other),
        }
    }

    fn decimal(&self, index: usize) -> Fallible<Decimal> {
        match self.at(index) {
            Value::Number(number) => number
                .as_decimal()
                .ok_or_else(|| "the number is too large".to_owned()),
            other => self.wrong("a number", other),
        }
    }

    fn numeric(&self) -> Fallible<Number> {
        let first = self.decimal(0)?;
        let away = RoundingStrategy::MidpointAwayFromZero;
        Ok(match self.function {
            Function::Abs => first.abs().into(),
            Function::Ceil => first.ceil().into(),
            Function::Floor => first.floor().into(),
            Function::Round => match self.arguments.get(1) {
                None => first.round_dp_with_strategy(0, away).into(),
                Some(digits) => {
                    let digits = digits
                        .as_i64()
                        .and_then(|n| u32::try_from(n).ok())
                        .filter(|n| *n <= 28);
                    let digits = digits.ok_or("`round` takes 0 to 28 digits")?;
                    first.round_dp_with_strategy(digits, away).into()
                }
            },
            largest_or_smallest => {
                let wanted = if largest_or_smallest == Function::Max {
                    Ordering::Greater
                } else {
                    Ordering::Less
                };
                let mut best = first;
                for index in 1..self.arguments.len() {
                    let next = self.decimal(index)?;
                    if next.cmp(&best) == wanted {
                        best = next;
                    }
                }
                best.into()
            }
        })
    }

    fn date(&self, budget: &mut Budget) -> Fallible<Value> {
        let time = self.time(0)?;
        let text = self.text(1)?;
        if self.function == Function::FormatDate {
            let pattern = Pattern::parse(text).map_err(|error| error.message())?;
            budget.take(text.len() * 4)?;
            return made(pattern.format(time), budget);
        }
        let duration = Duration::parse(text).ok_or_else(|| date::FORM.to_owned())?;
        let duration = match self.function {
            Function::DateSub => duration.negated(),
            _ => duration,
        };
        shift(time, duration)
    }

    fn length(&self) -> Fallible<Value> {
        match length(self.at(0)) {
            Some(length) => Ok(length),
            None => self.wrong("a text or a list", self.at(0)),
        }
    }

    fn split(&self, budget: &mut Budget) -> Fallible<Value> {
        let (text, separator) = (self.text(0)?, self.text(1)?);
        budget.take(text.len())?;
        let most = limits::SPLIT_ITEMS;
        let items: Vec<Value> = if separator.is_empty() {
            let chars = text.chars().take(most + 1);
            chars.map(|c| Value::text(&*c.encode_utf8(&mut [0; 4]))).collect()
        } else {
            text.split(separator).take(most + 1).map(Value::text).collect()
        };
        if items.len() > most {
            return Err(format!("`split` gives at most {most} items"));
        }
        Ok(Value::List(items.into()))
    }

    fn textual(&self, budget: &mut Budget) -> Fallible<Value> {
        let text = match self.function {
            Function::Concat => self.concat(budget)?,
            Function::Join => self.join(budget)?,
            Function::Replace => return self.replace(budget),
            Function::String => self.at(0).hole_text().unwrap_or_default().into_owned(),
            Function::Lower => self.text(0)?.to_lowercase(),
            Function::Upper => self.text(0)?.to_uppercase(),
            Function::Trim => self.text(0)?.trim().to_owned(),
            Function::Sha256 => digest::sha256(self.text(0)?),
            Function::HmacSha256 => digest::hmac_sha256(self.text(0)?, self.text(1)?),
            Function::Base64 => digest::base64(self.text(0)?),
            // All that are called elsewhere, by name: a new function does not compile until it has a place.
            Function::Abs
            | Function::Boolean
            | Function::Ceil
            | Function::Coalesce
            | Function::DateAdd
            | Function::DateSub
            | Function::Floor
            | Function::FormatDate
            | Function::Json
            | Function::Length
            | Function::Max
            | Function::Min
            | Function::Now
            | Function::Number
            | Function::Round
            | Function::Split
            | Function::Uuid => return Err(format!("`{}` cannot be called here", self.function.name())),
        };
        made(text, budget)
    }

    fn concat(&self, budget: &mut Budget) -> Fallible<String> {
        let mut joined = String::new();
        for argument in self.arguments {
            let text = argument.hole_text().unwrap_or_default();
            budget.take(text.len())?;
            joined.push_str(&text);
        }
        Ok(joined)
    }

    fn join(&self, budget: &mut Budget) -> Fallible<String> {
        let Value::List(items) = self.at(0) else {
            return self.wrong("a list", self.at(0));
        };
        let separator = match self.arguments.len() {
            1 => ",",
            _ => self.text(1)?,
        };
        let mut joined = String::new();
        for (n, item) in items.iter().enumerate() {
            let text = item.hole_text().unwrap_or_default();
            budget.take(text.len() + separator.len())?;
            if n > 0 {
                joined.push_str(separator);
            }
            joined.push_str(&text);
        }
        Ok(joined)
    }

    fn replace(&self, budget: &mut Budget) -> Fallible<Value> {
        let (text, old, new) = (self.text(0)?, self.text(1)?, self.text(2)?);
        if old.is_empty() {
            return Ok(self.at(0).clone());
        }
        let count = text.matches(old).count();
        budget.take(text.len() - count * old.len() + count * new.len())?;
        Ok(Value::text(text.replace(old, new)))
    }
}

/// Moves an instant.
pub(crate) fn shift(time: Timestamp, duration: Duration) -> Fallible<Value> {
    let moved = duration.after(time).map(Value::Time);
    moved.ok_or_else(|| "the time lies outside the years 0001 to 9999".to_owned())
}

/// The number of characters or items.
pub(crate) fn length(value: &Value) -> Option<Value> {
    let count = match value {
        Value::Text(text) => text.chars().count(),
        Value::List(items) => items.len(),
        _ => return None,
    };
    i64::try_from(count).ok().map(Value::int)
}

fn boolean(value: &Value) -> Fallible<bool> {
    let none = || "this is no truth value".to_owned();
    match value {
        Value::Bool(truth) => Ok(*truth),
        Value::Number(number) => match number.as_i64() {
            Some(0) => Ok(false),
            Some(1) => Ok(true),
            _ => Err(none()),
        },
        Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "on" | "1" => Ok(true),
            "false" | "f" | "no" | "n" | "off" | "0" => Ok(false),
            _ => Err(none()),
        },
        _ => Err(none()),
    }
}

/// Numbers as PostgreSQL reads them: also with a plus, leading zeros, or a bare point.
fn number(value: &Value) -> Fallible<Number> {
    match value {
        Value::Number(number) => Ok(number.clone()),
        Value::Bool(truth) => Ok(Number::Int(i64::from(*truth))),
        Value::Text(text) => plain_number(text.trim()).ok_or_else(|| "this text is no number".to_owned()),
        other => Err(format!("{} cannot become a number", other.kind_name())),
    }
}

fn plain_number(text: &str) -> Option<Number> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let digits = digits.trim_start_matches('0');
    let zero = if digits.starts_with(|c: char| c.is_ascii_digit()) {
        ""
    } else {
        "0"
    };
    let literal = format!("{sign}{zero}{digits}");
    let literal = literal
        .strip_suffix('.')
        .filter(|_| text != ".")
        .unwrap_or(&literal);
    Number::parse(literal)
}
