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
use backflow_diag::{Diagnostic, Diagnostics, Span, codes, nearest};
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
                format!("`{}` is not there any more in `{version}`", retired.value),
            )
            .at(span, format!("removed with {}", retired.since))
            .at(pinned, "the version is chosen here")
            .help(format!(
                "write `{}`, or choose an earlier version",
                retired.instead
            )),
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
    (manifest, action): (&Manifest, &Action),
    member: &Member,
    value: &Shape,
    out: &mut Diagnostics,
) {
    let mut lookups = manifest.lookups.iter();
    let lookup = lookups.find(|lookup| lookup.action == action.name && lookup.param == member.key.value);
    let (Some(lookup), Some(name)) = (lookup, text_of(value)) else {
        return;
    };
    let map = credentials(project, manifest).and_then(|all| all.member(&lookup.credential));
    let known: Vec<&str> = match map.map(|map| &map.tree) {
        Some(Tree::Object(members)) => members.iter().map(|member| member.key.value.as_str()).collect(),
        // An expression gives it; its names are not known here.
        Some(_) => return,
        None => Vec::new(),
    };
    if name.starts_with(&lookup.own) || known.contains(&name.as_str()) {
        return;
    }
    let place = format!("credentials.{}.{}", manifest.name, lookup.credential);
    let (key, own) = (&lookup.credential, &lookup.own);
    out.push(
        Diagnostic::new(
            codes::UNMAPPED_NAME,
            format!("`{name}` is sent to {} as it stands", manifest.name),
        )
        .at(member.value.place(), format!("no id, and no name of `{place}`"))
        .help(format!("map it: `\"{key}\": {{\"{name}\": \"{own}…\"}}`"))
        .did_you_mean(nearest(&name, known.iter().copied())),
    );
}
