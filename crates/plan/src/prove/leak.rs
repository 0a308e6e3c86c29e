//! Faults that show the request which would leak.
//!
//! Invariant: the request shown fits the route it is shown for.
//! Not here: deciding that something leaks; see `kind`.

use super::Flow;
use crate::draft::DraftQuery;
use crate::project::Project;
use backflow_catalog::TableId;
use backflow_diag::{Diagnostic, codes};

/// A request of somebody who should see nothing, for a route with parameters.
fn attack(flow: &Flow<'_>) -> String {
    let (method, path) = flow.name.split_once(' ').unwrap_or(("", flow.name.as_str()));
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| match segment.strip_prefix(':') {
            Some(name) => format!("<{name} of another tenant>"),
            None => segment.to_owned(),
        })
        .collect();
    format!("{method} {}", segments.join("/"))
}

/// Scoped rows on a route without a caller.
pub(super) fn open(flow: &Flow<'_>, query: &DraftQuery<'_>) -> Diagnostic {
    let table = &flow.project.table(query.table).name;
    Diagnostic::new(
        codes::NEEDS_AUTH,
        format!("rows of `{table}` belong to tenants, but anyone may call this route"),
    )
    .at(query.place(), "belongs to tenants")
    .note(format!(
        "for example, `{}` without a token would be answered",
        attack(flow)
    ))
    .help("set `\"requireAuth\": true`, or say why with `\"crossTenant\": {\"reason\": \"…\"}`")
}

/// A table whose way to the tenant is not clear.
pub(super) fn unclear(
    project: &Project<'_>,
    query: &DraftQuery<'_>,
    table: TableId,
    ways: &[String],
) -> Diagnostic {
    let name = &project.table(table).name;
    Diagnostic::new(
        codes::AMBIGUOUS_SCOPE,
        format!("it is not clear which tenant a row of `{name}` belongs to"),
    )
    .at(
        query.place(),
        match ways {
            [one] => one.clone(),
            several => format!("several ways: {}", several.join("; ")),
        },
    )
    .note("rows that could belong to two tenants could be read by the wrong one")
    .help(format!(
        "say it: `\"tenancy\": {{\"tables\": {{\"{name}\": \"<column>\"}}}}`, or `false` if it is global"
    ))
}

/// A secret opens one row; an embed would open its neighbours.
pub(super) fn embeds_beyond(flow: &Flow<'_>, query: &DraftQuery<'_>) -> Diagnostic {
    let table = &flow.project.table(query.table).name;
    let place = query
        .doc
        .select
        .as_ref()
        .map_or(query.place(), backflow_diag::Text::span);
    Diagnostic::new(
        codes::TENANT_LEAK,
        format!("the secret opens one row of `{table}`, not related rows"),
    )
    .at(place, "embeds rows of the tenant")
    .note(format!(
        "`{}` by whoever holds the secret would read them",
        attack(flow)
    ))
    .help("leave the embed out, or say why with `\"crossTenant\": {\"reason\": \"…\"}` on the query")
}

/// A write on a route that means all tenants of the caller.
pub(super) fn several(flow: &Flow<'_>, query: &DraftQuery<'_>) -> Diagnostic {
    let table = &flow.project.table(query.table).name;
    Diagnostic::new(
        codes::TENANT_LEAK,
        format!("this would write rows of `{table}` in several tenants at once"),
    )
    .at(
        query.place(),
        "`\"tenant\": \"mine\"` means every tenant of the caller",
    )
    .note(format!(
        "`{}` by a member of two tenants would reach both, though one was meant",
        attack(flow)
    ))
    .help("name one tenant: in the path, or by a template such as `\"tenant\": \"{{params.id}}\"`")
}
