//! Reading one value as the type its key asks for.
//!
//! Input: a node and the name of its key. Output: the typed value, or nothing and a fault that says what was
//! found, what is expected, and where.
//! Invariant: nothing is converted: `"true"` is text and never a switch.
//! Not here: which keys an object has; see `object`.

use crate::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, Text, codes, nearest};
use std::ops::RangeInclusive;

/// Reports that `key` has another type than `expected`.
pub(crate) fn wrong_type(node: &Node, key: &str, expected: &str, out: &mut Diagnostics) {
    let found = node.kind();
    let message = format!("`{key}` must be {expected}, but {found} was found");
    let mut fault = Diagnostic::new(codes::WRONG_TYPE, message)
        .at(node.place(), format!("expected {expected}"))
        .note("values are never converted, so that a slip cannot change what a setting means");
    if let Some(help) = remedy(node, expected) {
        fault = fault.help(help);
    }
    out.push(fault);
}

fn remedy(node: &Node, expected: &str) -> Option<String> {
    match &node.tree {
        Tree::Null => Some("leave the key out to keep its default".to_owned()),
        Tree::Text(text) => {
            let bare = text.as_str();
            let number = expected.contains("number") && bare.parse::<f64>().is_ok();
            let flag = expected.contains("true or false") && matches!(bare, "true" | "false");
            if number || flag {
                return Some(format!("write `{bare}` without quotes"));
            }
            expected
                .starts_with("a list")
                .then(|| format!("write `[\"{bare}\"]`"))
        }
        Tree::Object(_) if expected.starts_with("a list") => Some("put it between `[` and `]`".to_owned()),
        Tree::Bool(_) | Tree::Number(_) if expected.starts_with("text") => {
            Some("put it between double quotes".to_owned())
        }
        _ => None,
    }
}

/// Any text, with the map into the file.
pub(crate) fn text(node: &Node, key: &str, out: &mut Diagnostics) -> Option<Text> {
    match &node.tree {
        Tree::Text(text) => Some(text.clone()),
        _ => {
            wrong_type(node, key, "text", out);
            None
        }
    }
}

/// Text that is a name: not empty.
pub(crate) fn word(node: &Node, key: &str, out: &mut Diagnostics) -> Option<Spanned<String>> {
    let text = text(node, key, out)?;
    if text.as_str().is_empty() {
        let fault = Diagnostic::new(codes::OUT_OF_RANGE, format!("`{key}` must not be empty"))
            .at(node.span, "empty")
            .note("an empty name refers to nothing")
            .help("write the name, or leave the key out");
        out.push(fault);
        return None;
    }
    Some(Spanned::new(text.value.to_string(), text.span()))
}

/// `true` or `false`.
pub(crate) fn flag(node: &Node, key: &str, out: &mut Diagnostics) -> Option<Spanned<bool>> {
    match node.tree {
        Tree::Bool(value) => Some(Spanned::new(value, node.span)),
        _ => {
            wrong_type(node, key, "true or false", out);
            None
        }
    }
}

/// A whole number within `range`.
pub(crate) fn integer(
    node: &Node,
    key: &str,
    range: RangeInclusive<u32>,
    out: &mut Diagnostics,
) -> Option<Spanned<u32>> {
    let Tree::Number(digits) = &node.tree else {
        wrong_type(node, key, "a whole number", out);
        return None;
    };
    let value = digits.parse::<u32>().ok().filter(|n| range.contains(n));
    if value.is_none() {
        let (least, most) = (range.start(), range.end());
        let bounds = if *most == u32::MAX {
            format!("a whole number from {least} up")
        } else {
            format!("a whole number from {least} to {most}")
        };
        let fault = Diagnostic::new(codes::OUT_OF_RANGE, format!("`{key}` cannot be {digits}"))
            .at(node.span, format!("expected {bounds}"))
            .note("a value outside these bounds has no meaning here")
            .help(format!("write {bounds}"));
        out.push(fault);
    }
    value.map(|n| Spanned::new(n, node.span))
}

/// A list of names.
pub(crate) fn words(node: &Node, key: &str, out: &mut Diagnostics) -> Vec<Spanned<String>> {
    list(node, key, "a list of texts", out)
        .iter()
        .filter_map(|item| word(item, key, out))
        .collect()
}

/// A name or a list of names.
pub(crate) fn one_or_more_words(node: &Node, key: &str, out: &mut Diagnostics) -> Vec<Spanned<String>> {
    match node.tree {
        Tree::Text(_) => word(node, key, out).into_iter().collect(),
        _ => words(node, key, out),
    }
}

/// A text or a list of texts.
pub(crate) fn one_or_more_texts(node: &Node, key: &str, out: &mut Diagnostics) -> Vec<Text> {
    match &node.tree {
        Tree::Text(text) => vec![text.clone()],
        _ => list(node, key, "a list of texts", out)
            .iter()
            .filter_map(|item| text(item, key, out))
            .collect(),
    }
}

/// The elements of a list; none, and a fault, if it is none. `expected` starts with "a list".
pub(crate) fn list<'a>(node: &'a Node, key: &str, expected: &str, out: &mut Diagnostics) -> &'a [Node] {
    match &node.tree {
        Tree::List(items) => items,
        _ => {
            wrong_type(node, key, expected, out);
            &[]
        }
    }
}

/// One of several known words; `noun` says what they are: "operation", "method".
///
/// A word that is not known is reported; the nearest known one is handed back, if there is one, so that the
/// rest of the object can be checked too.
pub(crate) fn one_of<T: Copy>(
    word: &Spanned<String>,
    noun: &str,
    known: &[(&'static str, T)],
    out: &mut Diagnostics,
) -> Option<T> {
    let find = |name: &str| {
        known
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| *value)
    };
    if let Some(value) = find(&word.value) {
        return Some(value);
    }
    let names = || known.iter().map(|(name, _)| *name);
    let near = nearest(&word.value, names());
    let list: Vec<String> = names().map(|name| format!("`{name}`")).collect();
    let fault = Diagnostic::new(codes::UNKNOWN_WORD, format!("unknown {noun} `{}`", word.value))
        .at(word.span, format!("not {} {noun}", article(noun)))
        .note(format!("known here: {}", list.join(", ")))
        .did_you_mean(near);
    out.push(fault);
    near.and_then(find)
}

fn article(noun: &str) -> &'static str {
    if noun.starts_with(['a', 'e', 'i', 'o', 'u']) {
        "an"
    } else {
        "a"
    }
}

/// A word that must be one of `known` and is kept as text.
pub(crate) fn keyword(
    word: Option<Spanned<String>>,
    noun: &str,
    known: &[&'static str],
    out: &mut Diagnostics,
) -> Option<Spanned<String>> {
    let word = word?;
    let table: Vec<(&'static str, &'static str)> = known.iter().map(|name| (*name, *name)).collect();
    let found = one_of(&word, noun, &table, out)?;
    Some(Spanned::new(found.to_owned(), word.span))
}

/// Reports names that stand twice; `noun` says what they name.
pub(crate) fn unique<'a>(
    names: impl IntoIterator<Item = &'a Spanned<String>>,
    noun: &str,
    out: &mut Diagnostics,
) {
    let mut seen = std::collections::BTreeMap::new();
    for name in names {
        let Some(first) = seen.insert(name.value.as_str(), name.span) else {
            continue;
        };
        seen.insert(name.value.as_str(), first);
        let fault = Diagnostic::new(
            codes::DUPLICATE_NAME,
            format!("two {noun} are called `{}`", name.value),
        )
        .at(name.span, "again here")
        .at(first, "first here")
        .note("what refers to this name could mean either")
        .help("give one of them another name");
        out.push(fault);
    }
}
