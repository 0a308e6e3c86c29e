//! What only the credentials tell about a step that calls a provider.
//!
//! Role: values that the version of the credentials does not take, names that they do not map.
//! Invariant: only what the author wrote as it stands is judged; what an expression gives is not known here.
//! Not here: parameters as the manifest alone has them; see `workflow`.

use crate::manifest::Manifest;
use crate::project::Project;
use backflow_config::document::{StepAction, Workflow};
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, Text, codes, nearest};

/// Judges every call of the project.
pub(crate) fn report(project: &Project<'_>, out: &mut Diagnostics) {
    let document = project.document;
    let routes = document.routes.iter().filter_map(|route| route.workflow.as_ref());
    let hooks = document.webhooks.iter().flat_map(|hook| &hook.actions);
    let all = routes
        .chain(&document.workflows)
        .chain(hooks.map(|action| &action.workflow));
    for workflow in all {
        of_workflow(project, workflow, out);
    }
}

fn of_workflow(project: &Project<'_>, workflow: &Workflow, out: &mut Diagnostics) {
    for step in &workflow.steps {
        if let StepAction::Integration {
            provider,
            action,
            params: Some(params),
        } = &step.action
        {
            call(project, (&provider.value, &action.value), params, out);
        }
        let undo = step.compensate.as_ref();
        let word = |key| undo.and_then(|node| node.member(key)).and_then(literal);
        let params = undo.and_then(|node| node.member("params"));
        if let (Some(provider), Some(action), Some(params)) = (word("integration"), word("action"), params) {
            call(project, (provider.as_str(), action.as_str()), params, out);
        }
    }
}

fn call(project: &Project<'_>, (provider, action): (&str, &str), params: &Node, out: &mut Diagnostics) {
    let Some(manifest) = project.manifests.find(provider) else {
        return;
    };
    retired(project, manifest, (action, params), out);
    unmapped(project, manifest, (action, params), out);
}

/// Text without a hole.
fn literal(node: &Node) -> Option<&Text> {
    match &node.tree {
        Tree::Text(text) if !text.as_str().contains("{{") && !text.as_str().contains("${") => Some(text),
        _ => None,
    }
}

/// A key of a provider's credentials.
fn credential<'a>(project: &Project<'a>, provider: &str, key: &str) -> Option<&'a Node> {
    let all = project.document.project.credentials.as_ref()?;
    all.member(provider)?.member(key)
}

fn retired(
    project: &Project<'_>,
    manifest: &Manifest,
    (action, params): (&str, &Node),
    out: &mut Diagnostics,
) {
    let version = credential(project, &manifest.name, "apiVersion").and_then(literal);
    let (Some(version), Some(action)) = (version, manifest.action(action)) else {
        return;
    };
    for gone in &action.retired {
        // Versions begin with their dates.
        if version.as_str() < gone.since.as_str() {
            continue;
        }
        let Some(node) = params.member(&gone.param) else {
            continue;
        };
        let items = match &node.tree {
            Tree::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        for text in items.iter().filter_map(literal) {
            let rest = text.as_str().strip_prefix(gone.value.as_str());
            if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.')) {
                let message = format!("`{}` is not there any more in `{}`", gone.value, version.as_str());
                out.push(
                    Diagnostic::new(codes::RETIRED_VALUE, message)
                        .at(text.span(), format!("removed with {}", gone.since))
                        .at(version.span(), "the version is chosen here")
                        .help(format!("write `{}`, or choose an earlier version", gone.instead)),
                );
            }
        }
    }
}

fn unmapped(
    project: &Project<'_>,
    manifest: &Manifest,
    (action, params): (&str, &Node),
    out: &mut Diagnostics,
) {
    for lookup in manifest.lookups.iter().filter(|lookup| lookup.action == action) {
        let Some(text) = params.member(&lookup.param).and_then(literal) else {
            continue;
        };
        let name = text.as_str();
        let map = credential(project, &manifest.name, &lookup.credential).map(|node| &node.tree);
        let known: Vec<&str> = match map {
            Some(Tree::Object(members)) => members.iter().map(|member| member.key.value.as_str()).collect(),
            // An expression gives it; its names are not known here.
            Some(_) => continue,
            None => Vec::new(),
        };
        if name.starts_with(lookup.own.as_str()) || known.contains(&name) {
            continue;
        }
        let place = format!("credentials.{}.{}", manifest.name, lookup.credential);
        out.push(
            Diagnostic::new(
                codes::UNMAPPED_NAME,
                format!("`{name}` is sent to {} as it stands", manifest.name),
            )
            .at(text.span(), format!("no id, and no name of `{place}`"))
            .help(format!(
                "map it: `\"{}\": {{\"{name}\": \"{}…\"}}`",
                lookup.credential, lookup.own
            ))
            .did_you_mean(nearest(name, known.iter().copied())),
        );
    }
}
