//! The rules for requests, applied.
//!
//! Role: checks values against compiled rules, fills in defaults, drops what is not declared.
//! Output: the values as routes read them, and every failure there is.
//! Invariant: all failures are found, up to [`MOST`]; a value is changed only from wire text to what it stands
//! for.
//! Not here: where values come from (`input`).

use crate::fault::Detail;
use crate::format;
use backflow_expr::{Number, Object, Value};
use backflow_plan::model::{Field, Rule, RuleKind};
use std::fmt::Display;
use std::sync::Arc;

/// Most failures that are reported.
const MOST: usize = 100;

/// The failures found so far.
#[derive(Debug, Default)]
pub(crate) struct Failures(pub(crate) Vec<Detail>);

impl Failures {
    fn add(&mut self, path: &str, code: &'static str, message: impl Into<String>) {
        if self.0.len() < MOST {
            self.0.push(Detail::new(path, code, message));
        }
    }
}

/// Checks one field; undefined if it is absent and has no default. `wire`: texts of a URL, which may stand for
/// numbers and truth values.
pub(crate) fn field(field: &Field, value: Value, path: &str, wire: bool, out: &mut Failures) -> Value {
    if !value.is_undefined() {
        return check(&field.rule, value, path, wire, out);
    }
    match &field.default {
        Some(default) => default.clone(),
        None => {
            if field.required {
                out.add(path, "required", "is required");
            }
            Value::Undefined
        }
    }
}

/// Checks the members of an object; others are dropped.
pub(crate) fn fields(rules: &[Field], members: &Value, path: &str, out: &mut Failures) -> Value {
    let mut kept = Object::new();
    for rule in rules {
        let value = field(
            rule,
            members.member(&rule.name),
            &format!("{path}.{}", rule.name),
            false,
            out,
        );
        if !value.is_undefined() {
            kept.insert(Arc::from(rule.name.as_str()), value);
        }
    }
    Value::Object(Arc::new(kept))
}

fn check(rule: &Rule, value: Value, path: &str, wire: bool, out: &mut Failures) -> Value {
    if value == Value::Null {
        if !rule.nullable && !matches!(rule.kind, RuleKind::Any) {
            out.add(path, "type", "must not be null");
        }
        return value;
    }
    let before = out.0.len();
    let value = match &rule.kind {
        RuleKind::Any => value,
        RuleKind::Text { .. } => text(rule, value, path, out),
        RuleKind::Number { .. } => number(rule, value, path, wire, out),
        RuleKind::Bool => boolean(value, path, wire, out),
        RuleKind::List { .. } => list(rule, value, path, wire, out),
        RuleKind::Object(rules) => match (&value, rules) {
            (Value::Object(_), Some(rules)) => fields(rules, &value, path, out),
            (Value::Object(_), None) => value,
            _ => wrong_type(value, "an object", path, out),
        },
    };
    if let Some(choices) = &rule.choices
        && out.0.len() == before
        && !choices.contains(&value)
    {
        let choices: Vec<String> = choices
            .iter()
            .map(|choice| choice.hole_text().unwrap_or_default().into())
            .collect();
        out.add(path, "enum", format!("must be one of: {}", choices.join(", ")));
    }
    value
}

fn wrong_type(value: Value, wanted: &str, path: &str, out: &mut Failures) -> Value {
    out.add(path, "type", format!("must be {wanted}"));
    value
}

fn text(rule: &Rule, value: Value, path: &str, out: &mut Failures) -> Value {
    let RuleKind::Text {
        min,
        max,
        format,
        pattern,
    } = &rule.kind
    else {
        return value;
    };
    let Value::Text(text) = &value else {
        return wrong_type(value, "a text", path, out);
    };
    let length = text.chars().count();
    if let Some(min) = min.filter(|min| length < *min as usize) {
        out.add(path, "min_length", format!("must have at least {min} characters"));
    }
    if let Some(max) = max.filter(|max| length > *max as usize) {
        out.add(path, "max_length", format!("must have at most {max} characters"));
    }
    if let Some(wanted) = format.filter(|wanted| !format::matches(*wanted, text)) {
        out.add(path, "format", format!("must be {}", format::name(wanted)));
    }
    if let Some(pattern) = pattern.as_ref().filter(|pattern| !pattern.regex.is_match(text)) {
        out.add(path, "pattern", format!("must match {}", pattern.source));
    }
    value
}

fn number(rule: &Rule, value: Value, path: &str, wire: bool, out: &mut Failures) -> Value {
    let RuleKind::Number { whole, min, max } = &rule.kind else {
        return value;
    };
    let number = match &value {
        Value::Number(number) => Some(number.clone()),
        Value::Text(text) if wire => Number::parse(text),
        _ => None,
    };
    let wanted = if *whole { "a whole number" } else { "a number" };
    let Some(number) = number.filter(|number| !whole || is_whole(number)) else {
        return wrong_type(value, wanted, path, out);
    };
    if let Some(min) = min.as_ref().filter(|min| number.compare(min).is_lt()) {
        out.add(path, "minimum", format!("must be at least {min}"));
    }
    if let Some(max) = max.as_ref().filter(|max| number.compare(max).is_gt()) {
        out.add(path, "maximum", format!("must be at most {max}"));
    }
    Value::Number(number)
}

fn is_whole(number: &Number) -> bool {
    if number.as_i64().is_some() {
        return true;
    }
    match number.as_decimal() {
        Some(decimal) => decimal.is_integer(),
        None => {
            let literal = number.to_string().to_ascii_lowercase();
            !literal.contains('.') && !literal.contains("e-")
        }
    }
}

fn boolean(value: Value, path: &str, wire: bool, out: &mut Failures) -> Value {
    match &value {
        Value::Bool(_) => value,
        Value::Text(text) if wire && &**text == "true" => Value::Bool(true),
        Value::Text(text) if wire && &**text == "false" => Value::Bool(false),
        _ => wrong_type(value, "true or false", path, out),
    }
}

fn list(rule: &Rule, value: Value, path: &str, wire: bool, out: &mut Failures) -> Value {
    let RuleKind::List { min, max, items } = &rule.kind else {
        return value;
    };
    let Value::List(values) = &value else {
        return wrong_type(value, "a list", path, out);
    };
    let wrong = |count: &u32, least: bool| {
        if least {
            values.len() < *count as usize
        } else {
            values.len() > *count as usize
        }
    };
    bound(
        path,
        "min_items",
        "at least",
        min.filter(|min| wrong(min, true)),
        out,
    );
    bound(
        path,
        "max_items",
        "at most",
        max.filter(|max| wrong(max, false)),
        out,
    );
    let Some(rule) = items else { return value };
    let checked = values.iter().enumerate();
    Value::list(checked.map(|(at, item)| check(rule, item.clone(), &format!("{path}[{at}]"), wire, out)))
}

fn bound(path: &str, code: &'static str, words: &str, broken: Option<impl Display>, out: &mut Failures) {
    if let Some(count) = broken {
        out.add(path, code, format!("must have {words} {count} items"));
    }
}
