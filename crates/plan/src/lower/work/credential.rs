//! What a provider's credentials say to the values of its parameters.
//!
//! Role: values that the pinned version does not take any more, names that are mapped to ids.
//! Invariant: only what the config alone says is read; a credential's value stays where it is.
//! Not here: credentials themselves.

use super::param::{fixed, text_of};
use crate::lower::value::has_expressions;
use crate::manifest::{Action, Manifest};
use crate::model::Shape;
use crate::project::Project;
use backflow_config::tree::{Member, Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, Span, codes};
use backflow_expr::Value;

/// Whether a value is one that the pinned version of a provider does not take any more.
pub(super) fn is_retired(
    project: &Project<'_>,
    (manifest, action): (&Manifest, &Action),
    member: &Member,
    value: &Shape,
    out: &mut Diagnostics,
) -> bool {
    let Some((version, pinned)) = version(project, manifest) else {
        return false;
    };
    let retired = action
        .retired
        .iter()
        .filter(|retired| retired.param == member.key.value && version >= retired.since);
    let mut found = false;
    for retired in retired {
        let Some(span) = texts(&member.value, value)
            .into_iter()
            .find(|(text, _)| begins(text, &retired.value))
            .map(|(_, span)| span)
        else {
            continue;
        };
        found = true;
        out.push(
            Diagnostic::new(
                codes::RETIRED_VALUE,
                format!("`{}` does not know `{}` any more", manifest.name, retired.value),
            )
            .at(span, format!("gone since {}", retired.since))
            .at(pinned, "the version that is asked for")
            .help(format!("use `{}`, or an earlier version", retired.instead)),
        );
    }
    found
}

/// `credentials.<provider>.apiVersion`, if the config alone says it.
fn version(project: &Project<'_>, manifest: &Manifest) -> Option<(String, Span)> {
    let node = credentials(project, manifest)?.member("apiVersion")?;
    match &node.tree {
        Tree::Text(text) if !has_expressions(node) => Some((text.as_str().to_owned(), node.span)),
        _ => None,
    }
}

fn credentials<'p>(project: &'p Project<'_>, manifest: &Manifest) -> Option<&'p Node> {
    let all = project.document.project.credentials.as_ref()?;
    all.member(&manifest.name)
}

fn begins(text: &str, path: &str) -> bool {
    text.strip_prefix(path)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The texts of a value that the config alone says, with their places.
fn texts(node: &Node, value: &Shape) -> Vec<(String, Span)> {
    match (&node.tree, value) {
        (Tree::List(items), Shape::List(values)) => {
            let pairs = items.iter().zip(values);
            pairs.flat_map(|(node, value)| texts(node, value)).collect()
        }
        (Tree::List(items), Shape::Constant(Value::List(values))) => {
            let pairs = items.iter().zip(values.iter());
            pairs
                .filter_map(|(node, value)| Some((value.as_text()?.to_owned(), node.span)))
                .collect()
        }
        (_, value) => match fixed(value) {
            Some(Value::List(items)) => {
                let texts = items.iter().filter_map(Value::as_text);
                texts.map(|text| (text.to_owned(), node.span)).collect()
            }
            Some(Value::Text(text)) => vec![(text.to_string(), node.span)],
            _ => Vec::new(),
        },
    }
}

/// A name of the author's own that no credential maps.
pub(super) fn warn_of_unmapped(
    project: &Project<'_>,
    manifest: &Manifest,
    member: &Member,
    value: &Shape,
    out: &mut Diagnostics,
) {
    let Some(names) = manifest
        .names
        .iter()
        .find(|names| names.param == member.key.value)
    else {
        return;
    };
    let Some(text) = text_of(value).filter(|text| !text.starts_with(&names.begins)) else {
        return;
    };
    let mapped = credentials(project, manifest).and_then(|all| all.member(&names.credential));
    if mapped.is_some_and(|mapped| mapped.member(&text).is_some()) {
        return;
    }
    let key = format!("credentials.{}.{}", manifest.name, names.credential);
    out.push(
        Diagnostic::new(codes::UNMAPPED_NAME, format!("`{text}` is not in `{key}`"))
            .at(member.value.place(), "is sent as it stands")
            .note(format!(
                "`{}` knows ids that begin with `{}`",
                manifest.name, names.begins
            ))
            .help(format!("add `\"{text}\": \"{}…\"` to `{key}`", names.begins)),
    );
}
