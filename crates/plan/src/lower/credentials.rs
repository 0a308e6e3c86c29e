//! What providers are called with.
//!
//! Role: `credentials`, checked against the manifests.
//! Invariant: their expressions read the environment and constants only, so that they are known at start and are
//! the same for every request.
//! Not here: their values.

use super::custom::{Part, bad_address, document};
use crate::frame::{Frame, Position, TenantView};
use crate::manifest::{Credential, Manifest, ParamKind};
use crate::model::{Credentials, Shape};
use crate::project::Project;
use backflow_config::tree::{Member, Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, codes, nearest};
use backflow_expr::{Kind, Value};

/// All of them, in the order of the file.
pub(crate) fn lower<'a>(project: &'a Project<'a>, out: &mut Diagnostics) -> Vec<Credentials> {
    let Some(Tree::Object(members)) = project
        .document
        .project
        .credentials
        .as_ref()
        .map(|node| &node.tree)
    else {
        return Vec::new();
    };
    let mut all = Vec::new();
    for member in members {
        match project.manifests.find(&member.key.value) {
            Some(manifest) => all.extend(of_provider(project, manifest, member, out)),
            None => out.push(unknown(project, member)),
        }
    }
    all
}

fn unknown(project: &Project<'_>, member: &Member) -> Diagnostic {
    let names: Vec<&str> = project
        .manifests
        .iter()
        .map(|known| known.name.as_str())
        .collect();
    Diagnostic::new(
        codes::UNKNOWN_PROVIDER,
        format!("nobody knows the provider `{}`", member.key.value),
    )
    .at(member.key.span, "neither built in nor among `customIntegrations`")
    .note(format!("known here: {}", names.join(", ")))
    .did_you_mean(nearest(&member.key.value, names.iter().copied()))
}

fn of_provider<'a>(
    project: &'a Project<'a>,
    manifest: &Manifest,
    member: &'a Member,
    out: &mut Diagnostics,
) -> Option<Credentials> {
    // What is no object was reported when it was read.
    let Tree::Object(keys) = &member.value.tree else {
        return None;
    };
    let mut frame = Frame::new(project, Position::Settings, TenantView::None);
    let mut values = Vec::new();
    for key in keys {
        let Some(known) = manifest
            .credentials
            .iter()
            .find(|known| known.name == key.key.value)
        else {
            out.push(unknown_key(manifest, key));
            continue;
        };
        let mut part = Part::new(&mut frame, out);
        if let Some(shape) = document(&mut part, &key.value, &mut Vec::new()) {
            judge(known, &shape, &key.value, out);
            values.push((key.key.value.clone(), shape));
        }
    }
    let is_missing = |known: &&Credential| known.required && member.value.member(&known.name).is_none();
    for known in manifest.credentials.iter().filter(is_missing) {
        out.push(missing(manifest, known, member));
    }
    Some(Credentials {
        provider: manifest.name.clone(),
        values,
        frame: frame.sources,
    })
}

fn unknown_key(manifest: &Manifest, key: &Member) -> Diagnostic {
    let name = &key.key.value;
    let names: Vec<&str> = manifest
        .credentials
        .iter()
        .map(|known| known.name.as_str())
        .collect();
    let fault = Diagnostic::new(codes::UNKNOWN_KEY, format!("unknown key `{name}`")).at(
        key.key.span,
        format!("`{}` is not called with such a key", manifest.name),
    );
    if names.is_empty() {
        return fault.note("what it is called with stands in its own `auth`");
    }
    fault
        .note(format!("known here: {}", names.join(", ")))
        .did_you_mean(nearest(name, names.iter().copied()))
}

fn missing(manifest: &Manifest, known: &Credential, member: &Member) -> Diagnostic {
    let (provider, name) = (&manifest.name, &known.name);
    Diagnostic::new(codes::MISSING_KEY, format!("`{provider}` needs `{name}`"))
        .at(member.key.span, format!("`{name}` is missing"))
        .note(format!("without `{name}` nothing can be asked of it"))
        .help(format!("add `\"{name}\": \"{{{{env.…}}}}\"`"))
}

/// Reports a value that can never be of the kind that is needed, and an address that is none.
fn judge(known: &Credential, shape: &Shape, node: &Node, out: &mut Diagnostics) {
    if !fits(shape, &known.kind) {
        let expected = match known.kind {
            ParamKind::Object => "an object",
            _ => "text",
        };
        out.push(
            Diagnostic::new(
                codes::WRONG_TYPE,
                format!(
                    "`{}` must be {expected}, but {} was found",
                    known.name,
                    node.kind()
                ),
            )
            .at(node.place(), format!("expected {expected}")),
        );
    }
    let text = match shape {
        Shape::Constant(Value::Text(text)) if known.name == "baseUrl" => text,
        _ => return,
    };
    if let Some(why) = bad_address(text) {
        out.push(
            Diagnostic::new(codes::BAD_ADDRESS, "this address cannot be used")
                .at(node.span, why)
                .help("write `https://host`, with a port if needed"),
        );
    }
}

fn fits(shape: &Shape, kind: &ParamKind) -> bool {
    let found = match shape {
        Shape::Constant(value) => backflow_expr::Type::of(value).kind,
        Shape::Program(program) => program.ty().kind.clone(),
        Shape::Object(_) => Kind::Object(None),
        Shape::List(_) => return false,
    };
    match kind {
        ParamKind::Object => matches!(found, Kind::Object(_) | Kind::Unknown),
        _ => matches!(found, Kind::Text | Kind::Unknown),
    }
}
