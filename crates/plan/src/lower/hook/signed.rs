//! Whether what tells events apart is signed.
//!
//! Role: judges what `event` reads of headers, where the author describes the signature.
//! Invariant: an `id` or `created` that `custom` events read of a header is covered by their signature.
//! Not here: providers whose headers are known (GitHub signs none of its own); what a signature must cover in any case
//! (the reader of the document).

use backflow_config::document::{SignedPart, WebhookSignature};
use backflow_diag::{Diagnostic, Diagnostics, codes};
use backflow_expr::Template;
use backflow_expr::ast::Path;

/// What an event says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    Id,
    Created,
    /// What it is, or is about: conditions are the place to judge it.
    Other,
}

/// Reports headers that anybody could fill in.
pub(super) fn judge(
    signature: Option<&WebhookSignature>,
    said: Said,
    template: &Template,
    out: &mut Diagnostics,
) {
    let Some(signature) = signature.filter(|_| said != Said::Other) else {
        return;
    };
    let paths = template.holes().flat_map(|hole| hole.paths());
    for (path, header) in paths.filter_map(|path| Some((path, header(path)?))) {
        let is_it = |part: &SignedPart| matches!(part, SignedPart::Header(name) if *name == header);
        if !signature.signed.iter().any(is_it) {
            out.push(unsigned(said, path, &header));
        }
    }
}

/// The header that a path reads, in lower case.
fn header(path: &Path) -> Option<String> {
    let name = path.keys.first().filter(|_| path.root.value == "headers")?;
    name.value.as_name().map(str::to_ascii_lowercase)
}

fn unsigned(said: Said, path: &Path, header: &str) -> Diagnostic {
    let (what, why, instead) = match said {
        Said::Created => (
            "instant",
            "anybody who saw a delivery could give it another instant, and so decide which events come too late",
            "leave `created` out: then it is when the event arrived",
        ),
        Said::Id | Said::Other => (
            "id",
            "anybody who saw a delivery could send it again under another id, and it would be done again",
            "leave `id` out: then the bytes tell events apart",
        ),
    };
    Diagnostic::new(codes::BAD_SIGNATURE, format!("the {what} of these events is not signed"))
        .at(path.span(), format!("the signature does not cover `{header}`"))
        .note(why)
        .help(format!(
            "put `{{headers.{header}}}` into `signed` if the sender signs it; else take the {what} out of the body, \
             `{{{{payload.…}}}}`, or {instead}"
        ))
}
