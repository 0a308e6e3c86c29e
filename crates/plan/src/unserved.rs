//! Settings of the project that this version reads but does not follow.
//!
//! Role: warns about each, so that nobody relies on it.
//! Invariant: a setting that has no effect never passes silently.
//! Not here: what a route does.

use backflow_config::document::Document;
use backflow_diag::{Diagnostic, Diagnostics, Span, codes};

/// Warns about all of them.
pub(crate) fn report(document: &Document, out: &mut Diagnostics) {
    let project = &document.project;
    if let Some(origin) = project.cors_origins.first() {
        let (what, span) = ("`cors` has no effect in this version", origin.map.whole());
        warn(what, span, "answers carry no CORS headers", out);
    }
    let others = project
        .jwt
        .algorithms
        .iter()
        .filter(|algorithm| algorithm.value != "HS256");
    for other in others {
        let what = format!("tokens signed with {} are refused by this version", other.value);
        warn(&what, other.span, "only HS256 is accepted", out);
    }
}

fn warn(what: &str, span: Span, meanwhile: &str, out: &mut Diagnostics) {
    out.push(
        Diagnostic::new(codes::NOT_SERVED_YET, what)
            .at(span, meanwhile)
            .note("the config stays valid for versions that follow it"),
    );
}
