//! Calls to providers, checked against their manifests.
//!
//! Role: finds provider and action, lowers the parameters, types the result.
//! Invariant: a call in a plan has every parameter that its action needs, and none that it does not know.
//! Not here: whether a value fits a parameter; see `param`.

use super::credential;
use super::param::{self, Wanted, listed};
use crate::draft;
use crate::frame::Frame;
use crate::lower::hook::claimed;
use crate::manifest::{Action, Manifest, ParamKind};
use crate::model::{Call, Results, Shape};
use crate::project::Project;
use backflow_config::document::{Ask, Step as StepDoc};
use backflow_config::tree::{Member, Tree};
use backflow_diag::{Diagnostic, Diagnostics, codes, nearest};
use backflow_expr::{Kind, Type};
use std::collections::BTreeSet;

/// The action that is asked for; `None`: a fault was reported.
pub(super) fn find<'p>(
    project: &'p Project<'_>,
    ask: &Ask,
    out: &mut Diagnostics,
) -> Option<(&'p Manifest, &'p Action)> {
    let Some(manifest) = project.manifests.find(&ask.provider) else {
        let known: Vec<&str> = project.manifests.iter().map(|one| one.name.as_str()).collect();
        out.push(
            Diagnostic::new(
                codes::UNKNOWN_PROVIDER,
                format!("nobody knows the provider `{}`", ask.provider.value),
            )
            .at(
                ask.provider.span,
                "neither built in nor among `customIntegrations`",
            )
            .note(listed("known here", &known))
            .did_you_mean(nearest(&ask.provider, known.iter().copied())),
        );
        return None;
    };
    let found = manifest.action(&ask.action);
    if found.is_none() {
        let known: Vec<&str> = manifest.actions.iter().map(|one| one.name.as_str()).collect();
        out.push(
            Diagnostic::new(
                codes::UNKNOWN_ACTION,
                format!("`{}` has no action `{}`", manifest.name, ask.action.value),
            )
            .at(ask.action.span, "unknown action")
            .note(listed("its actions", &known))
            .did_you_mean(nearest(&ask.action, known.iter().copied())),
        );
    }
    found.map(|action| (manifest, action))
}

/// The call; `None`: a fault was reported.
pub(super) fn lower<'a>(
    project: &'a Project<'a>,
    frame: &mut Frame<'a>,
    (ask, (manifest, action)): (&'a Ask, (&Manifest, &Action)),
    out: &mut Diagnostics,
) -> Option<Call> {
    let wanted = Wanted {
        of: format!("{}.{}", manifest.name, action.name),
        noun: "parameter",
        params: &action.params,
        open: action.open,
    };
    let members = members(ask);
    let known = wanted.names(members, out);
    let needed = wanted.needed(members, ask.action.span, out);
    let alternatives = alternatives(action, members, ask, out);
    let mut lowered = Vec::new();
    let mut whole = known && needed && alternatives;
    for member in members {
        let value = param::lower(frame, &manifest.name, &member.value, out);
        let Some(value) = value else {
            whole = false;
            continue;
        };
        whole &= wanted.judge(member, &value, out);
        let param = action.params.iter().find(|param| param.name == member.key.value);
        let given = (member.key.value.as_str(), &member.value, &value);
        claimed::parameter((project, frame), (&manifest.name, param), given, out);
        whole &= !credential::is_retired(project, (manifest, action), member, &value, out);
        credential::warn_of_unmapped(project, (manifest, action), member, &value, out);
        lowered.push((member.key.value.clone(), value));
    }
    whole.then(|| Call {
        provider: manifest.name.clone(),
        action: action.name.clone(),
        params: Shape::Object(lowered),
        required: required(action, members),
        repeat: action.repeat,
        results: Results::default(),
    })
}

fn members(ask: &Ask) -> &[Member] {
    match ask.params.as_ref().map(|params| &params.tree) {
        Some(Tree::Object(members)) => members,
        _ => &[],
    }
}

/// What must be there when the call is made: what the action requires, and the only one given of several of which
/// one is needed.
fn required(action: &Action, members: &[Member]) -> Vec<(String, ParamKind)> {
    let given = |name: &String| members.iter().any(|member| member.key.value == *name);
    let only = action.one_of.iter().filter_map(|names| {
        let mut those = names.iter().filter(|name| given(name));
        let first = those.next()?;
        those.next().is_none().then_some(first.as_str())
    });
    let only: Vec<&str> = only.collect();
    let needed = action
        .params
        .iter()
        .filter(|param| param.required || only.contains(&param.name.as_str()));
    needed
        .map(|param| (param.name.clone(), param.kind.clone()))
        .collect()
}

/// Whether of each list of names one is given.
fn alternatives(action: &Action, members: &[Member], ask: &Ask, out: &mut Diagnostics) -> bool {
    let mut all = true;
    for names in &action.one_of {
        if members.iter().any(|member| names.contains(&member.key.value)) {
            continue;
        }
        all = false;
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        out.push(
            Diagnostic::new(
                codes::MISSING_PARAMETER,
                format!(
                    "`{}.{}` needs one of {}",
                    ask.provider.value,
                    action.name,
                    names.join(", ")
                ),
            )
            .at(ask.action.span, "none of them is given")
            .help("add one of them to `params`"),
        );
    }
    all
}

/// What is known of an action's result.
pub(super) fn result(action: &Action) -> Option<Type> {
    let members = action.result.as_ref()?.iter().map(|member| {
        let ty = type_of(&member.kind);
        let ty = if member.optional {
            ty.optional().nullable()
        } else {
            ty
        };
        (member.name.clone(), ty)
    });
    Some(Type::object(members.collect()))
}

/// The type of what has such a kind.
fn type_of(kind: &ParamKind) -> Type {
    match kind {
        ParamKind::Text => Type::new(Kind::Text),
        ParamKind::Integer => Type::new(Kind::Integer),
        ParamKind::Number => Type::new(Kind::Number),
        ParamKind::Bool => Type::new(Kind::Bool),
        ParamKind::Object => Type::new(Kind::Object(None)),
        ParamKind::List(item) => Type::list(type_of(item)),
        ParamKind::OneOf(_) | ParamKind::Any => Type::unknown(),
    }
}

/// What a step sends where, in words.
pub(super) fn fact(doc: &StepDoc, ask: &Ask) -> String {
    let paths: BTreeSet<String> = ask.params.iter().flat_map(draft::node_paths).collect();
    let paths: Vec<String> = paths.into_iter().collect();
    let what = if paths.is_empty() {
        "fixed values only".to_owned()
    } else {
        paths.join(", ")
    };
    format!(
        "step `{}` sends to `{}` ({}): {what}",
        doc.id.value, ask.provider.value, ask.action.value
    )
}
