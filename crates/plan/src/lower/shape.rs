//! What is said of a route as a whole, before its queries are looked at.
//!
//! Invariant: nothing here looks into a query.
//! Not here: the stages of a route; see `route`.

use crate::model::{Naming, PathPattern};
use backflow_config::document::Route as RouteDoc;
use backflow_diag::{Diagnostic, Diagnostics, Span, Spanned, codes, nearest};

/// What belongs to no single query.
pub(crate) fn faults(doc: &RouteDoc, out: &mut Diagnostics) {
    let workflow = doc.workflow.as_ref().map(|workflow| workflow.span);
    let workflow = workflow.or(doc.run.as_ref().map(|run| run.span));
    if let (Some(_), Some(workflow)) = (&doc.queries, workflow) {
        out.push(
            Diagnostic::new(
                codes::QUERIES_AND_WORKFLOW,
                "a route has either queries or a workflow",
            )
            .at(workflow, "and this is the other")
            .at(doc.path.span(), "this route has queries")
            .note("nothing says which of them runs first, and which gives the answer")
            .help("put the queries into the workflow as steps of type `database`"),
        );
    }
    if let Some(fault) = answer_without_body(doc) {
        out.push(fault);
    }
    let nothing =
        doc.queries.as_ref().is_none_or(Vec::is_empty) && workflow.is_none() && doc.response.is_none();
    // What it does may be what was refused.
    let inside =
        |span: Span| span.file == doc.span.file && doc.span.start <= span.start && span.end <= doc.span.end;
    if nothing && !out.iter().filter_map(Diagnostic::span).any(inside) {
        out.push(
            Diagnostic::new(codes::EMPTY_ROUTE, "this route does nothing")
                .at(doc.path.span(), "no queries, no workflow, no response")
                .help("add `supabaseQueries`, a `workflow`, or a `response`"),
        );
    }
}

/// An answer beside a status that allows none.
fn answer_without_body(doc: &RouteDoc) -> Option<Diagnostic> {
    let (status, response) = (doc.status.as_ref()?, doc.response.as_ref()?);
    let bodiless = matches!(status.value, 204 | 205 | 304);
    bodiless.then(|| {
        Diagnostic::new(
            codes::BAD_RESPONSE,
            format!("an answer with status {} has no body", status.value),
        )
        .at(response.span, "would never be sent")
        .at(status.span, "allows no body")
        .help("take `response` away, or answer with 200")
    })
}

pub(crate) fn unknown_role(name: &Spanned<String>, possible: &[String]) -> Diagnostic {
    Diagnostic::new(
        codes::UNKNOWN_ROLE,
        format!("nobody can hold the role `{}`", name.value),
    )
    .at(name.span, "not a value of the role column")
    .note(format!("possible: {}", possible.join(", ")))
    .help("use one of these, or let the column allow the new one in a migration")
    .did_you_mean(nearest(&name.value, possible.iter().map(String::as_str)))
}

/// How the route's tenant is named, for people.
pub(crate) fn naming(naming: &Naming, path: &PathPattern) -> String {
    match naming {
        Naming::Param(index) => format!("`:{}` in the path", path.params().nth(*index).unwrap_or("?")),
        Naming::HeaderOrClaim(claim) => {
            let claim: String = claim.iter().map(ToString::to_string).collect();
            format!("X-Tenant-ID, else auth{claim}")
        }
        Naming::Program(program) => format!("`{program}`"),
    }
}
