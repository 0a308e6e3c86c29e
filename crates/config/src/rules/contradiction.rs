//! Rules that contradict each other.
//!
//! Input: the rules of one value. Output: a fault for each pair that no value can satisfy, or that never applies.
//! Invariant: a default satisfies the rules it stands beside.
//! Not here: patterns and formats, which the planner compiles.

use crate::document::{RuleType, Rules};
use crate::object::Object;
use crate::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, Span, Spanned, codes};
use std::cmp::Ordering;

/// Reports what is wrong within `rules`, which were just read from `object`.
pub(crate) fn check(object: &mut Object<'_, '_>, rules: &Rules) {
    if let Some(ty) = &rules.ty {
        foreign_keys(object, ty);
    }
    let out = &mut *object.out;
    bounds(rules, out);
    choices(rules, out);
    if let Some(default) = &rules.default {
        default_fits(rules, default, out);
    }
}

fn fault(message: String, span: Span, label: &str) -> Diagnostic {
    Diagnostic::new(codes::BAD_SCHEMA, message).at(span, label)
}

/// Keys that apply to another type than the one said.
fn foreign_keys(object: &mut Object<'_, '_>, ty: &Spanned<RuleType>) {
    const NUMBERS: &[RuleType] = &[RuleType::Number, RuleType::Integer];
    const KEYS: [(&str, &[RuleType]); 10] = [
        ("format", &[RuleType::String]),
        ("pattern", &[RuleType::String]),
        ("minLength", &[RuleType::String]),
        ("maxLength", &[RuleType::String]),
        ("minimum", NUMBERS),
        ("maximum", NUMBERS),
        ("minItems", &[RuleType::Array]),
        ("maxItems", &[RuleType::Array]),
        ("items", &[RuleType::Array]),
        ("properties", &[RuleType::Object]),
    ];
    for (key, types) in KEYS {
        let Some(member) = object.member(key).filter(|_| !types.contains(&ty.value)) else {
            continue;
        };
        let (name, wanted) = (name(ty.value), types.first().map_or("", |ty| self::name(*ty)));
        let report = fault(
            format!("`{key}` can never apply to `{name}`"),
            member.key.span,
            "never applies",
        )
        .at(ty.span, format!("the type is `{name}`"))
        .note(format!(
            "`{key}` is a rule for `{wanted}`; here it would promise a check that is never made"
        ))
        .help(format!("remove `{key}`, or make the type `{wanted}`"));
        object.out.push(report);
    }
}

fn bounds(rules: &Rules, out: &mut Diagnostics) {
    if let (Some(least), Some(most)) = (&rules.minimum, &rules.maximum) {
        let above = compare(&least.value, &most.value) == Some(Ordering::Greater);
        reversed(("minimum", least.span), ("maximum", most.span), above, out);
    }
    let pairs = [
        (("minLength", rules.min_length), ("maxLength", rules.max_length)),
        (("minItems", rules.min_items), ("maxItems", rules.max_items)),
    ];
    for ((low, least), (high, most)) in pairs {
        if let (Some(least), Some(most)) = (least, most) {
            reversed(
                (low, least.span),
                (high, most.span),
                least.value > most.value,
                out,
            );
        }
    }
}

fn reversed(least: (&str, Span), most: (&str, Span), is_above: bool, out: &mut Diagnostics) {
    if is_above {
        let report = fault(
            format!("`{}` is above `{}`", least.0, most.0),
            least.1,
            "more than the upper bound",
        )
        .at(most.1, "the upper bound")
        .note("no value can satisfy both, so every request would be refused")
        .help("swap or correct the two");
        out.push(report);
    }
}

fn choices(rules: &Rules, out: &mut Diagnostics) {
    let Some(choices) = &rules.choices else {
        return;
    };
    if choices.is_empty() {
        let report = fault("`enum` allows nothing".to_owned(), choices.span, "empty")
            .note("no value can satisfy it, so every request would be refused")
            .help("list the allowed values, or remove `enum`");
        out.push(report);
    }
    for (index, choice) in choices.iter().enumerate() {
        wrong_kind(rules, choice, "a value of `enum`", out);
        if choices.iter().take(index).any(|before| before == choice) {
            let report = fault(
                "`enum` lists a value twice".to_owned(),
                choice.place(),
                "again here",
            )
            .note("most often one of the two should be another value")
            .help("remove or correct it");
            out.push(report);
        }
    }
}

/// Reports a value of another type than the rules say; true if it did.
fn wrong_kind(rules: &Rules, value: &Node, what: &str, out: &mut Diagnostics) -> bool {
    let Some(ty) = rules.ty.filter(|ty| !is_of(value, ty.value, rules.nullable)) else {
        return false;
    };
    let name = name(ty.value);
    let report = fault(
        format!("{what} is {}, but the type is `{name}`", value.kind()),
        value.place(),
        "of another type",
    )
    .at(ty.span, "the type")
    .note("values are never converted here, so it could never be accepted")
    .help(match value.tree {
        Tree::Null => "add `\"nullable\": true`, or remove it".to_owned(),
        _ => format!("write a value of type `{name}`"),
    });
    out.push(report);
    true
}

fn default_fits(rules: &Rules, default: &Node, out: &mut Diagnostics) {
    if wrong_kind(rules, default, "the default", out) || matches!(default.tree, Tree::Null) {
        return;
    }
    let mut breaks = |key: &str, span: Span| {
        let report = fault(
            format!("the default does not satisfy `{key}`"),
            default.place(),
            "the default",
        )
        .at(span, "the rule it breaks")
        .note("a caller who leaves the value out would get one that no caller may send")
        .help("correct the default or the rule");
        out.push(report);
    };
    if let Some(choices) = rules
        .choices
        .as_ref()
        .filter(|choices| !choices.contains(default))
    {
        breaks("enum", choices.span);
    }
    match &default.tree {
        Tree::Number(digits) => {
            let against = |bound: &Spanned<String>| compare(digits, &bound.value);
            for (key, bound, wrong) in [
                ("minimum", &rules.minimum, Ordering::Less),
                ("maximum", &rules.maximum, Ordering::Greater),
            ] {
                if let Some(bound) = bound.as_ref().filter(|bound| against(bound) == Some(wrong)) {
                    breaks(key, bound.span);
                }
            }
        }
        Tree::Text(text) => {
            let size = text.as_str().chars().count();
            sizes(
                size,
                ("minLength", rules.min_length),
                ("maxLength", rules.max_length),
                &mut breaks,
            );
        }
        Tree::List(items) => {
            let size = items.len();
            sizes(
                size,
                ("minItems", rules.min_items),
                ("maxItems", rules.max_items),
                &mut breaks,
            );
        }
        _ => {}
    }
}

type Size<'a> = (&'a str, Option<Spanned<u32>>);

fn sizes(size: usize, least: Size<'_>, most: Size<'_>, breaks: &mut impl FnMut(&str, Span)) {
    if let Some(bound) = least.1.filter(|bound| size < bound.value as usize) {
        breaks(least.0, bound.span);
    }
    if let Some(bound) = most.1.filter(|bound| size > bound.value as usize) {
        breaks(most.0, bound.span);
    }
}

fn is_of(value: &Node, ty: RuleType, is_nullable: bool) -> bool {
    match (&value.tree, ty) {
        (Tree::Null, _) => is_nullable,
        (Tree::Number(digits), RuleType::Integer) => is_whole(digits),
        (Tree::Number(_), RuleType::Number)
        | (Tree::Text(_), RuleType::String)
        | (Tree::Bool(_), RuleType::Boolean)
        | (Tree::List(_), RuleType::Array)
        | (Tree::Object(_), RuleType::Object) => true,
        _ => false,
    }
}

fn is_whole(digits: &str) -> bool {
    digits.parse::<f64>().is_ok_and(|number| number.fract() == 0.0)
}

/// Numbers too close for a float to tell apart count as equal: they contradict nothing.
fn compare(a: &str, b: &str) -> Option<Ordering> {
    a.parse::<f64>().ok()?.partial_cmp(&b.parse::<f64>().ok()?)
}

fn name(ty: RuleType) -> &'static str {
    match ty {
        RuleType::String => "string",
        RuleType::Number => "number",
        RuleType::Integer => "integer",
        RuleType::Boolean => "boolean",
        RuleType::Array => "array",
        RuleType::Object => "object",
    }
}
