//! Settings of the project that this version reads but does not follow.
//!
//! Role: warns about each, so that nobody relies on it.
//! Invariant: a setting that has no effect never passes silently.
//! Not here: features of routes (the planner).

use backflow_config::document::Document;
use backflow_diag::{Diagnostic, Diagnostics, Span, codes};

/// Warns about all of them.
pub(crate) fn report(document: &Document, out: &mut Diagnostics) {
    let project = &document.project;
    let place = |node: &backflow_config::Node| node.place();
    let settings = [
        (
            "cors",
            project.cors_origins.first().map(|origin| origin.map.whole()),
            "answers carry no CORS headers",
        ),
        (
            "cache",
            project.cache.as_ref().map(place),
            "every answer is computed",
        ),
    ];
    for (name, span, meanwhile) in settings {
        if let Some(span) = span {
            warn(
                &format!("`{name}` has no effect in this version"),
                span,
                meanwhile,
                out,
            );
        }
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
