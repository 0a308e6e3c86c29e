//! Validation rules, compiled.
//!
//! Invariant: a pattern is compiled within a bound of memory, or is a fault.
//! Not here: rules that contradict each other, which the config crate reports.

use crate::model::{BodyRule, Field, Format, Input, PathPattern, Pattern, Rule, RuleKind};
use crate::project::constant;
use backflow_config::document::{Field as FieldDoc, RuleType, Rules, Validation};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, Text, codes, nearest};
use backflow_expr::Number;

/// Compiled patterns may take so many bytes each; a larger one is refused.
const PATTERN_BYTES: usize = 1 << 18;

/// What the words of `format` mean.
const FORMATS: [(&str, Format); backflow_config::FORMATS.len()] = [
    ("email", Format::Email),
    ("uuid", Format::Uuid),
    ("date", Format::Date),
    ("date-time", Format::DateTime),
    ("time", Format::Time),
    ("uri", Format::Uri),
    ("url", Format::Uri),
    ("hostname", Format::Hostname),
    ("ipv4", Format::Ipv4),
    ("ipv6", Format::Ipv6),
];

/// The rules of a route. `reads_body`: whether any expression reads the body.
pub(crate) fn lower(
    validation: &Validation,
    path: &PathPattern,
    reads_body: bool,
    out: &mut Diagnostics,
) -> Input {
    let params = validation.params.as_deref().unwrap_or_default();
    for field in params {
        if !path.params().any(|name| name == field.name.value) {
            let near = nearest(&field.name.value, path.params());
            out.push(
                Diagnostic::new(
                    codes::UNUSED_PARAM,
                    format!("the path has no parameter `{}`", field.name.value),
                )
                .at(field.name.span, "validates nothing")
                .did_you_mean(near),
            );
        }
    }
    let body = match &validation.body {
        Some(declared) => BodyRule::Fields(fields(declared, out)),
        None if reads_body => BodyRule::Any,
        None => BodyRule::Unread,
    };
    let known: Vec<&FieldDoc> = params
        .iter()
        .filter(|field| path.params().any(|name| name == field.name.value))
        .collect();
    Input {
        params: known.into_iter().map(|doc| field(doc, out)).collect(),
        query: validation.query.as_ref().map(|declared| fields(declared, out)),
        body,
    }
}

pub(crate) fn fields(declared: &[FieldDoc], out: &mut Diagnostics) -> Vec<Field> {
    declared.iter().map(|doc| field(doc, out)).collect()
}

fn field(doc: &FieldDoc, out: &mut Diagnostics) -> Field {
    Field {
        name: doc.name.value.clone(),
        required: doc.rules.required,
        default: doc.rules.default.as_ref().map(constant),
        rule: rule(&doc.rules, out),
    }
}

fn rule(rules: &Rules, out: &mut Diagnostics) -> Rule {
    let bound =
        |bound: &Option<Spanned<String>>| bound.as_ref().and_then(|digits| Number::parse(&digits.value));
    let whole = |count: &Option<Spanned<u32>>| count.as_ref().map(|count| count.value);
    let kind = match rules.ty.as_ref().map(|ty| ty.value) {
        None => RuleKind::Any,
        Some(RuleType::String) => RuleKind::Text {
            min: whole(&rules.min_length),
            max: whole(&rules.max_length),
            format: rules.format.as_ref().and_then(format),
            pattern: rules.pattern.as_ref().and_then(|text| pattern(text, out)),
        },
        Some(ty @ (RuleType::Number | RuleType::Integer)) => RuleKind::Number {
            whole: ty == RuleType::Integer,
            min: bound(&rules.minimum),
            max: bound(&rules.maximum),
        },
        Some(RuleType::Boolean) => RuleKind::Bool,
        Some(RuleType::Array) => RuleKind::List {
            min: whole(&rules.min_items),
            max: whole(&rules.max_items),
            items: rules.items.as_ref().map(|items| Box::new(rule(items, out))),
        },
        Some(RuleType::Object) => RuleKind::Object(rules.properties.as_ref().map(|p| fields(p, out))),
    };
    let choices = rules
        .choices
        .as_ref()
        .map(|choices| choices.value.iter().map(constant).collect());
    Rule {
        kind,
        nullable: rules.nullable,
        choices,
    }
}

/// Other words were refused when the document was read.
fn format(name: &Spanned<String>) -> Option<Format> {
    FORMATS
        .iter()
        .find(|(known, _)| *known == name.value)
        .map(|(_, format)| *format)
}

/// Compiles a pattern as JavaScript reads it, as far as a linear-time engine can: `$` is the end of the text.
fn pattern(text: &Text, out: &mut Diagnostics) -> Option<Pattern> {
    let compiled = regex::RegexBuilder::new(text.as_str())
        .size_limit(PATTERN_BYTES)
        .nest_limit(64)
        .build();
    match compiled {
        Ok(regex) => Some(Pattern {
            source: text.as_str().to_owned(),
            regex,
        }),
        Err(error) => {
            let why = match &error {
                regex::Error::CompiledTooBig(_) => "it grows too large when compiled".to_owned(),
                other => other
                    .to_string()
                    .lines()
                    .last()
                    .unwrap_or_default()
                    .trim()
                    .trim_start_matches("error: ")
                    .to_owned(),
            };
            out.push(
                Diagnostic::new(codes::BAD_PATTERN, "this pattern cannot be compiled")
                    .at(text.span(), why)
                    .note(
                        "patterns run in linear time, so they have no look-around and no back-references, \
                         and are limited in size",
                    )
                    .help("simplify it; single values are excluded by an `enum` or a `condition`"),
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_that_is_read_means_something() {
        assert_eq!(FORMATS.map(|(name, _)| name), backflow_config::FORMATS);
    }
}
