//! Providers that the author describes.
//!
//! Role: their addresses, credentials and actions as programs.
//! Invariant: a value of a call never becomes more than one segment of a path, and never a header's name. What is
//! secret is read in credentials and headers, and is added when a request is sent; anywhere else it is kept with the
//! request, which is a warning.
//! Not here: what steps may ask (`manifest`), sending (the crate of connectors).

mod part;

use super::manifest::repeat;
use crate::frame::{Frame, Position, TenantView};
use crate::manifest::Repeat;
use crate::model::{Custom, CustomAction, CustomAuth, CustomBody};
use crate::project::Project;
use backflow_config::document::{Auth, Integration, IntegrationAction};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, Text, codes};
use backflow_expr::Program;
pub(crate) use part::{Part, bad_address, document};

/// All of them.
pub(crate) fn lower<'a>(project: &'a Project<'a>, out: &mut Diagnostics) -> Vec<Custom> {
    let docs = project.document.integrations.iter();
    docs.filter_map(|doc| custom(project, doc, out)).collect()
}

fn custom<'a>(project: &'a Project<'a>, doc: &'a Integration, out: &mut Diagnostics) -> Option<Custom> {
    let mut frame = Frame::new(project, Position::Settings, TenantView::None);
    let mut part = Part::new(&mut frame, out);
    let base = part.base(&doc.base_url);
    let auth = auth(&mut part, doc.auth.as_ref());
    let headers = headers(&mut part, &doc.headers);
    if let Some(name) = &doc.idempotency_header {
        part.header_name(name);
    }
    let actions: Vec<_> = doc
        .actions
        .iter()
        .map(|action| {
            part.frame.enter_action(action.params.as_deref());
            lower_action(&mut part, doc, action)
        })
        .collect();
    let manifest = project.manifests.find(&doc.name.value)?.clone();
    Some(Custom {
        manifest,
        base: base?,
        auth: auth?,
        headers: headers?,
        actions: actions.into_iter().collect::<Option<_>>()?,
        frame: frame.sources,
    })
}

fn auth(part: &mut Part<'_, '_, '_>, doc: Option<&Auth>) -> Option<CustomAuth> {
    Some(match doc {
        None => CustomAuth::None,
        Some(Auth::Bearer(token)) => CustomAuth::Bearer(part.text(token)?),
        Some(Auth::Basic(name, password)) => {
            let (name, password) = (part.text(name), part.text(password));
            CustomAuth::Basic(name?, password?)
        }
        Some(Auth::Header(name, value)) => {
            part.header_name(name);
            CustomAuth::Header(name.value.clone(), part.text(value)?)
        }
        Some(Auth::Query(name, value)) => CustomAuth::Query(name.value.clone(), part.text(value)?),
    })
}

fn headers(part: &mut Part<'_, '_, '_>, docs: &[(Spanned<String>, Text)]) -> Option<Vec<(String, Program)>> {
    let mut read = Vec::new();
    for (name, value) in docs {
        part.header_name(name);
        read.push(part.header(value).map(|program| (name.value.clone(), program)));
    }
    read.into_iter().collect()
}

fn lower_action(
    part: &mut Part<'_, '_, '_>,
    doc: &Integration,
    action: &IntegrationAction,
) -> Option<CustomAction> {
    let repeat = repeat(doc, action);
    if let (Some(word), Repeat::Keyed, None) = (&action.repeat, repeat, &doc.idempotency_header) {
        part.out.push(
            Diagnostic::new(codes::KEY_NEEDS_OTHER, "`keyed` needs `idempotencyHeader`")
                .at(word.span, "no header takes the key")
                .note("a provider knows a request again only by a key that it is given")
                .help("name the header: `\"idempotencyHeader\": \"Idempotency-Key\"`"),
        );
    }
    let path = part.path(&action.path);
    let mut query = Vec::new();
    for (name, value) in &action.query {
        query.push(part.scalar(value).map(|program| (name.value.clone(), program)));
    }
    let headers = headers(part, &action.headers);
    let body = match (&action.body, &action.form) {
        (Some(body), _) => part.shape(body).map(CustomBody::Json),
        (None, Some(form)) => part.shape(form).map(CustomBody::Form),
        (None, None) => Some(CustomBody::None),
    };
    let key_header = doc.idempotency_header.as_ref().map(|name| name.value.clone());
    Some(CustomAction {
        method: action.method.value.as_str().to_owned(),
        path: path?,
        query: query.into_iter().collect::<Option<_>>()?,
        headers: headers?,
        body: body?,
        key_header: key_header.filter(|_| repeat == Repeat::Keyed),
        repeat,
    })
}
