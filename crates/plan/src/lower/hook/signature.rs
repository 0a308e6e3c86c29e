//! How a webhook's deliveries are signed, and with which secrets.
//!
//! Invariant: a webhook without a signature is in no plan.
//! Not here: checking one (the connectors); what a signature must cover (the reader of the document).

use super::Event;
use crate::frame::{Frame, Position, TenantView};
use crate::manifest::{Algorithm, Encoding, HeaderSignature, SecretForm, Signature, Signed};
use crate::model::Secrets;
use crate::project::Project;
use backflow_config::document::{DigestWord, HashWord, SignedPart, Webhook, WebhookSignature};
use backflow_diag::Diagnostics;
use backflow_expr::Template;

/// As its provider signs, or as the author says; `None`: nobody says it, which was reported.
pub(super) fn lower(event: &Event<'_>) -> Option<Signature> {
    let own = event.doc.signature.as_ref().map(written);
    own.or_else(|| event.events.signature.clone())
}

fn written(doc: &WebhookSignature) -> Signature {
    let signed = doc.signed.iter().map(|part| match part {
        SignedPart::Text(text) => Signed::Text(text.clone()),
        SignedPart::Header(name) => Signed::Header(name.clone()),
        SignedPart::Body => Signed::Body,
    });
    Signature::Header(HeaderSignature {
        header: doc.header.clone(),
        algorithm: match doc.algorithm {
            HashWord::Sha1 => Algorithm::Sha1,
            HashWord::Sha256 => Algorithm::Sha256,
            HashWord::Sha512 => Algorithm::Sha512,
        },
        encoding: match doc.encoding {
            DigestWord::Hex => Encoding::Hex,
            DigestWord::Base64 => Encoding::Base64,
        },
        prefix: doc.prefix.clone(),
        signed: signed.collect(),
        timestamp: doc.timestamp.clone(),
        secret: if doc.secret_is_base64 {
            SecretForm::Base64
        } else {
            SecretForm::Text
        },
    })
}

/// The secrets, in a frame of what is known at start.
pub(super) fn secrets<'a>(
    project: &'a Project<'a>,
    doc: &'a Webhook,
    out: &mut Diagnostics,
) -> Option<Secrets> {
    let mut frame = Frame::new(project, Position::Settings, TenantView::None);
    let mut values = Vec::new();
    for secret in &doc.secrets {
        let template = Template::parse(secret, out);
        values.push(template.and_then(|template| frame.template(&template, out)));
    }
    let values: Option<Vec<_>> = values.into_iter().collect();
    Some(Secrets {
        values: values?,
        frame: frame.sources,
    })
}
