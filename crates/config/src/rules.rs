//! Reader of `validation`: rules for body, path and query values.
//!
//! Input: the value of `validation`. Output: [`Validation`].
//! Invariant: rules that contradict each other are reported here, before anything is checked against them.
//! Not here: compiling patterns, checking values.

mod contradiction;

use crate::document::{Field, RuleType, Rules, Validation};
use crate::object::Object;
use crate::tree::{Node, Tree};
use crate::value;
use backflow_diag::{Diagnostics, Spanned};

/// The words `format` takes.
pub const FORMATS: [&str; 10] = [
    "email",
    "uuid",
    "date",
    "date-time",
    "time",
    "uri",
    "url",
    "hostname",
    "ipv4",
    "ipv6",
];

/// The words `type` takes.
pub(crate) const TYPES: [(&str, RuleType); 6] = [
    ("string", RuleType::String),
    ("number", RuleType::Number),
    ("integer", RuleType::Integer),
    ("boolean", RuleType::Boolean),
    ("array", RuleType::Array),
    ("object", RuleType::Object),
];

/// Reads `validation` (or `request`).
pub(crate) fn validation(node: &Node, key: &str, out: &mut Diagnostics) -> Option<Validation> {
    let mut object = Object::open(node, key, "a validation", out)?;
    let mut part = |key| {
        let node = object.node(key)?;
        fields(node, key, object.out)
    };
    let validation = Validation {
        body: part("body"),
        params: part("params"),
        query: part("query"),
    };
    object.finish();
    Some(validation)
}

/// Reads an object of names and their rules.
pub(crate) fn fields(node: &Node, key: &str, out: &mut Diagnostics) -> Option<Vec<Field>> {
    let Tree::Object(members) = &node.tree else {
        value::wrong_type(node, key, "an object of names and their rules", out);
        return None;
    };
    let read = members.iter().filter_map(|member| {
        let rules = rules(&member.value, &member.key.value, out)?;
        Some(Field {
            name: member.key.clone(),
            rules,
        })
    });
    Some(read.collect())
}

/// Reads the rules of one value; `name` is the value's.
fn rules(node: &Node, name: &str, out: &mut Diagnostics) -> Option<Rules> {
    let mut object = Object::open(node, name, "a rule", out)?;
    let ty = object.word("type").and_then(|word| {
        let ty = value::one_of(&word, "type", &TYPES, object.out)?;
        Some(Spanned::new(ty, word.span))
    });
    let any = 0..=u32::MAX;
    let format = object.word("format");
    let rules = Rules {
        span: object.span(),
        ty,
        required: object.flag("required", false),
        nullable: object.flag("nullable", false),
        format: value::keyword(format, "format", &FORMATS, object.out),
        pattern: object.text("pattern"),
        choices: choices(&mut object),
        minimum: number(&mut object, "minimum"),
        maximum: number(&mut object, "maximum"),
        min_length: object.integer("minLength", any.clone()),
        max_length: object.integer("maxLength", any.clone()),
        min_items: object.integer("minItems", any.clone()),
        max_items: object.integer("maxItems", any),
        items: object
            .node("items")
            .and_then(|items| self::rules(items, "items", object.out))
            .map(Box::new),
        properties: object
            .node("properties")
            .and_then(|properties| fields(properties, "properties", object.out)),
        default: object.node("default").cloned(),
    };
    contradiction::check(&mut object, &rules);
    object.finish();
    Some(rules)
}

fn choices(object: &mut Object<'_, '_>) -> Option<Spanned<Vec<Node>>> {
    let node = object.node("enum")?;
    match &node.tree {
        Tree::List(items) => Some(Spanned::new(items.clone(), node.span)),
        _ => {
            value::wrong_type(node, "enum", "a list of values", object.out);
            None
        }
    }
}

/// A number, kept as written.
fn number(object: &mut Object<'_, '_>, key: &'static str) -> Option<Spanned<String>> {
    let node = object.node(key)?;
    match &node.tree {
        Tree::Number(digits) => Some(Spanned::new(digits.clone(), node.span)),
        _ => {
            value::wrong_type(node, key, "a number", object.out);
            None
        }
    }
}
