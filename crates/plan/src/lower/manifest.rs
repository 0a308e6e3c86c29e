//! Manifests of the providers that the author describes.
//!
//! Role: what steps may ask of them, from their names and parameters alone.
//! Invariant: a provider of the project never takes the place of a built-in one.
//! Not here: the requests that they stand for; see `custom`.

use crate::manifest::{Action, Manifest, Manifests, Param, ParamKind, Repeat};
use backflow_config::document::{
    Document, Integration, IntegrationAction, IntegrationParam, Method, RepeatWord, RuleType,
};
use backflow_diag::{Diagnostic, Diagnostics, codes};
use backflow_expr::{Expr, Template};

/// The built-in providers and the project's own.
pub(crate) fn of(document: &Document, built_in: &Manifests, out: &mut Diagnostics) -> Manifests {
    let mut all = built_in.clone();
    for doc in &document.integrations {
        if built_in.find(&doc.name.value).is_some() {
            out.push(taken(doc));
        } else {
            all.add(manifest(doc));
        }
    }
    all
}

fn taken(doc: &Integration) -> Diagnostic {
    let message = format!("`{}` is a provider that is known already", doc.name.value);
    Diagnostic::new(codes::DUPLICATE_NAME, message)
        .at(doc.name.span, "built in")
        .note("steps that call it could mean either")
        .help("give the integration another name")
}

fn manifest(doc: &Integration) -> Manifest {
    Manifest {
        name: doc.name.value.clone(),
        actions: doc.actions.iter().map(|action| of_action(doc, action)).collect(),
        ..Manifest::default()
    }
}

fn of_action(doc: &Integration, action: &IntegrationAction) -> Action {
    let declared = action.params.as_ref();
    Action {
        name: action.name.value.clone(),
        params: declared.map_or_else(
            || needed_by_path(action),
            |params| params.iter().map(of_param).collect(),
        ),
        one_of: Vec::new(),
        open: declared.is_none(),
        result: None,
        repeat: repeat(doc, action),
        retired: Vec::new(),
    }
}

/// What happens if an action is asked for twice: as the author says, else as HTTP has it.
pub(crate) fn repeat(doc: &Integration, action: &IntegrationAction) -> Repeat {
    match (action.repeat.as_ref().map(|word| word.value), action.method.value) {
        (Some(RepeatWord::Keyed), _) => Repeat::Keyed,
        (Some(RepeatWord::Harmless), _) => Repeat::Harmless,
        (Some(RepeatWord::Doubled), _) => Repeat::Doubled,
        (None, Method::Get | Method::Put | Method::Delete) => Repeat::Harmless,
        (None, Method::Post | Method::Patch) if doc.idempotency_header.is_some() => Repeat::Keyed,
        (None, Method::Post | Method::Patch) => Repeat::Doubled,
    }
}

fn of_param(param: &IntegrationParam) -> Param {
    Param {
        name: param.name.value.clone(),
        required: param.required,
        kind: param.ty.map_or(ParamKind::Any, kind),
        choices: Vec::new(),
    }
}

fn kind(ty: RuleType) -> ParamKind {
    match ty {
        RuleType::String => ParamKind::Text,
        RuleType::Number => ParamKind::Number,
        RuleType::Integer => ParamKind::Integer,
        RuleType::Boolean => ParamKind::Bool,
        RuleType::Array => ParamKind::List(Box::new(ParamKind::Any)),
        RuleType::Object => ParamKind::Object,
    }
}

/// Without `params` anything may be given, but what is a whole hole of the path must be.
fn needed_by_path(action: &IntegrationAction) -> Vec<Param> {
    let template = Template::parse(&action.path, &mut Diagnostics::default());
    let holes = template.iter().flat_map(Template::holes);
    let mut params: Vec<Param> = Vec::new();
    for name in holes.filter_map(plain_param) {
        if params.iter().all(|param| param.name != name) {
            params.push(Param {
                name: name.to_owned(),
                required: true,
                kind: ParamKind::Any,
                choices: Vec::new(),
            });
        }
    }
    params
}

/// `x` of an expression that is just `params.x`.
fn plain_param(expr: &Expr) -> Option<&str> {
    let path = expr.as_path().filter(|path| path.root.value == "params")?;
    match path.keys.as_slice() {
        [key] => key.value.as_name(),
        _ => None,
    }
}
