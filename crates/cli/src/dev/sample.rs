//! Values that pass a route's rules.
//!
//! Role: makes a body and a path that a route accepts, as far as its rules tell.
//! Input: compiled rules. Output: JSON; `None` where no guess fits.
//! Invariant: what is made passes the rules it was made from.
//! Not here: what the database thinks of it.

use backflow_plan::model::{BodyRule, Field, Format, Pattern, Route, Rule, RuleKind, Segment, Source};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Texts that match common patterns.
const GUESSES: [&str; 10] = [
    "acme",
    "Acme",
    "a",
    "1",
    "10",
    "acme-1",
    "ACME",
    "2026-01",
    "2026-01-01",
    "#336699",
];
/// Where nothing is known.
const GUESS: &str = "example";
const DEPTH: usize = 4;

/// A body for a route: `Ok(None)` when it reads none, `Err` when no guess fits.
pub(super) fn body(route: &Route) -> Result<Option<Map<String, Value>>, ()> {
    match &route.input.body {
        BodyRule::Unread => Ok(None),
        BodyRule::Fields(fields) => object(fields, DEPTH).map(Some).ok_or(()),
        BodyRule::Any => {
            let names = route.frame.iter().filter_map(|source| match source {
                Source::Body(keys) => keys.first().and_then(|key| key.as_name()),
                _ => None,
            });
            Ok(Some(
                names
                    .map(|name| (name.to_owned(), json!(text_for(name))))
                    .collect(),
            ))
        }
    }
}

/// Replaces texts that were mere guesses by what the project lists under the word that their name begins with.
pub(super) fn prefer(body: &mut Map<String, Value>, route: &Route, listed: &BTreeMap<String, String>) {
    let BodyRule::Fields(fields) = &route.input.body else {
        return;
    };
    let chosen = |name: &str| {
        let rule = fields.iter().find(|field| field.name == name);
        rule.is_some_and(|field| field.rule.choices.is_some())
    };
    for (name, value) in body.iter_mut().filter(|(name, _)| !chosen(name)) {
        let word = name.split(['_', '-']).next().unwrap_or(name).to_ascii_lowercase();
        if let (Some(text), true) = (listed.get(&word), value == GUESS) {
            *value = json!(text);
        }
    }
}

/// The route's path with its parameters filled in from values used before, else from their rules.
pub(super) fn path(route: &Route, known: &BTreeMap<String, String>) -> Option<String> {
    let mut path = String::new();
    for segment in &route.path.0 {
        path.push('/');
        match segment {
            Segment::Fixed(text) => path.push_str(text),
            Segment::Param(name) => {
                let rule = route.input.params.iter().find(|field| field.name == *name);
                let by_rule = || scalar_text(&value(rule.map(|field| &field.rule)?, name, DEPTH)?);
                path.push_str(&known.get(name).cloned().or_else(by_rule)?);
            }
        }
    }
    Some(if path.is_empty() { "/".to_owned() } else { path })
}

/// A text or number as it stands in a path.
pub(super) fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn object(fields: &[Field], depth: usize) -> Option<Map<String, Value>> {
    let mut members = Map::new();
    for field in fields {
        if field.default.is_some() {
            continue;
        }
        match value(&field.rule, &field.name, depth) {
            Some(value) => drop(members.insert(field.name.clone(), value)),
            None if field.required => return None,
            None => {}
        }
    }
    Some(members)
}

fn value(rule: &Rule, name: &str, depth: usize) -> Option<Value> {
    if let Some(choices) = &rule.choices {
        return serde_json::from_str(&choices.first()?.to_json()).ok();
    }
    match &rule.kind {
        RuleKind::Any => Some(json!(text_for(name))),
        RuleKind::Bool => Some(json!(true)),
        RuleKind::Text {
            min,
            max,
            format,
            pattern,
        } => text(name, (*min, *max), *format, pattern.as_ref()).map(Value::String),
        RuleKind::Number { min, max, .. } => {
            let one = backflow_expr::Number::Int(1);
            let fits = min.as_ref().is_none_or(|min| min.compare(&one).is_le())
                && max.as_ref().is_none_or(|max| max.compare(&one).is_ge());
            let number = if fits {
                Some(&one)
            } else {
                min.as_ref().or(max.as_ref())
            };
            serde_json::from_str(&backflow_expr::Value::Number(number?.clone()).to_json()).ok()
        }
        RuleKind::List { min, items, .. } => {
            let count = usize::try_from(min.unwrap_or(0))
                .ok()
                .filter(|count| *count <= 10)?;
            let item = || match items {
                Some(rule) => value(rule, name, depth.checked_sub(1)?),
                None => Some(json!(text_for(name))),
            };
            (0..count)
                .map(|_| item())
                .collect::<Option<Vec<_>>>()
                .map(Value::Array)
        }
        RuleKind::Object(None) => Some(json!({})),
        RuleKind::Object(Some(fields)) => object(fields, depth.checked_sub(1)?).map(Value::Object),
    }
}

/// What a person would write under a name.
fn text_for(name: &str) -> &'static str {
    let name = name.to_ascii_lowercase();
    let has = |word: &str| name.contains(word);
    if has("email") {
        "bob@example.com"
    } else if has("url") {
        "https://example.com"
    } else if has("name") || has("title") {
        "Acme"
    } else {
        GUESS
    }
}

fn text(
    name: &str,
    (min, max): (Option<u32>, Option<u32>),
    format: Option<Format>,
    pattern: Option<&Pattern>,
) -> Option<String> {
    let first = match format {
        Some(format) => of_format(format),
        None => text_for(name),
    };
    let long = "a".repeat(usize::try_from(min.unwrap_or(0).min(1000)).unwrap_or(0));
    let guesses = std::iter::once(first).chain(GUESSES).chain([long.as_str()]);
    let fits = |text: &&str| {
        let length = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        min.is_none_or(|min| length >= min)
            && max.is_none_or(|max| length <= max)
            && pattern.is_none_or(|pattern| pattern.regex.is_match(text))
    };
    let mut guesses = guesses.take(if format.is_some() { 1 } else { usize::MAX });
    guesses.find(fits).map(str::to_owned)
}

fn of_format(format: Format) -> &'static str {
    match format {
        Format::Email => "bob@example.com",
        Format::Uuid => "7e57ab1e-0000-4000-8000-000000000001",
        Format::Date => "2026-01-31",
        Format::Time => "12:00:00",
        Format::DateTime => "2026-01-31T12:00:00Z",
        Format::Uri => "https://example.com",
        Format::Hostname => "example.com",
        Format::Ipv4 => "192.0.2.1",
        Format::Ipv6 => "2001:db8::1",
    }
}
