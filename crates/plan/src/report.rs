//! What `check` says beyond faults: how tenants were found, what is global, what lacks an index.
//!
//! Invariant: nothing here refuses a config.
//! Not here: rendering; these are sentences and diagnostics.

use crate::model::{PathPattern, Place, Route};
use crate::project::{DIRECTORY, Project, queries, workflow_queries};
use crate::tenancy::{Scope, Tenancy};
use backflow_catalog::TableId;
use backflow_config::document::{Operation as OperationDoc, Route as RouteDoc};
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, Span, codes};
use std::collections::BTreeSet;

/// Sentences about the project, then those noted while routes were compiled.
pub(crate) fn facts(project: &Project<'_>, noted: Vec<String>) -> Vec<String> {
    let mut facts = Vec::new();
    match &project.tenancy {
        None => facts.push("tenancy: none; every row is everybody's".to_owned()),
        Some(tenancy) => tenancy_facts(project, tenancy, &mut facts),
    }
    if project.catalog.table_ids().any(|id| project.is_directory(id)) {
        facts.push(format!(
            "directory: `{DIRECTORY}` is kept by the engine from verified tokens (id, email, name)"
        ));
    }
    for (table, column) in &project.capabilities {
        let (table, column) = (project.table(*table), project.column(*table, *column));
        facts.push(format!(
            "secret: `{}.{}` opens its row to whoever knows it",
            table.name, column.name
        ));
    }
    facts.extend(noted);
    facts
}

fn tenancy_facts(project: &Project<'_>, tenancy: &Tenancy, facts: &mut Vec<String>) {
    let column = |table: TableId, column| project.column(table, column).name.as_str();
    let members = &tenancy.members;
    let role = members.role.map_or(String::new(), |role| {
        format!(", role `{}`", column(members.table, role))
    });
    facts.push(format!(
        "tenancy: tenants are rows of `{}`; members are in `{}` (tenant `{}`, user `{}`{role})",
        project.table(tenancy.table).name,
        project.table(members.table).name,
        column(members.table, members.tenant),
        column(members.table, members.user),
    ));
    let used = used_tables(project);
    for id in project.catalog.table_ids() {
        let name = &project.table(id).name;
        match tenancy.scope(id) {
            Scope::Tenant | Scope::Unclear(_) => {}
            Scope::Column { column: by, inferred } => {
                let how = if *inferred { ", by its name" } else { "" };
                facts.push(format!(
                    "tenancy: `{name}` belongs to the tenant in `{}`{how}",
                    column(id, *by)
                ));
            }
            Scope::Parent { parent, .. } => {
                let parent = &project.table(*parent).name;
                facts.push(format!(
                    "tenancy: `{name}` belongs to the tenant of its `{parent}`"
                ));
            }
            Scope::Global if used.contains(&id) && !project.is_directory(id) => {
                facts.push(format!(
                    "tenancy: `{name}` is global: every caller reads the same rows"
                ));
            }
            Scope::Global => {}
        }
    }
}

/// Tables that some query names.
fn used_tables(project: &Project<'_>) -> BTreeSet<TableId> {
    queries(project.document)
        .filter_map(|query| project.catalog.find(&query.table))
        .collect()
}

/// Warnings about the project as a whole.
pub(crate) fn warnings(project: &Project<'_>, routes: &[(Route, &RouteDoc)], out: &mut Diagnostics) {
    crossings(project, out);
    let Some(tenancy) = &project.tenancy else { return };
    missing_indexes(project, tenancy, out);
    for (_, doc) in routes {
        oracles(project, tenancy, doc, out);
    }
}

/// Everything that crosses tenants on purpose.
fn crossings(project: &Project<'_>, out: &mut Diagnostics) {
    let of_routes = project
        .document
        .routes
        .iter()
        .filter_map(|route| route.cross_tenant.as_ref());
    let of_queries = queries(project.document).filter_map(|query| query.cross_tenant.as_ref());
    for reason in of_routes.chain(of_queries) {
        out.push(
            Diagnostic::new(codes::CROSS_TENANT, "this crosses tenants on purpose")
                .at(reason.span, "the reason given")
                .note("nothing here is limited to the caller's tenant"),
        );
    }
}

/// Tenant columns that every request filters by, without an index.
fn missing_indexes(project: &Project<'_>, tenancy: &Tenancy, out: &mut Diagnostics) {
    for id in used_tables(project) {
        let Scope::Column { column, .. } = tenancy.scope(id) else {
            continue;
        };
        let table = project.table(id);
        let declared = project.column(id, *column);
        let (false, Some(span)) = (table.is_indexed(*column), declared.span) else {
            continue;
        };
        let (table, column) = (&table.name, &declared.name);
        out.push(
            Diagnostic::new(codes::MISSING_INDEX, format!("`{table}.{column}` has no index"))
                .at(span, "every request on this table filters by it")
                .help(format!(
                    "add `CREATE INDEX ON {table} ({column});` in a new migration"
                )),
        );
    }
}

/// Unique keys without the tenant that callers fill: a taken value tells that somebody else has it.
fn oracles(project: &Project<'_>, tenancy: &Tenancy, doc: &RouteDoc, out: &mut Diagnostics) {
    let own = doc.queries.iter().flatten();
    let queries = own.chain(doc.workflow.iter().flat_map(workflow_queries));
    for query in queries {
        let writes = matches!(query.operation.value, OperationDoc::Insert | OperationDoc::Upsert);
        let Some(id) = project
            .catalog
            .find(&query.table)
            .filter(|id| writes && tenancy.is_scoped(*id))
        else {
            continue;
        };
        let own = tenancy.tenant_column(id);
        for key in &project.table(id).uniques {
            if own.is_some_and(|own| key.columns.contains(&own)) {
                continue;
            }
            let names: Vec<&str> = key
                .columns
                .iter()
                .map(|c| project.column(id, *c).name.as_str())
                .collect();
            let from_caller = query.data.as_ref().and_then(|data| {
                let rows: &[Node] = match &data.tree {
                    Tree::List(rows) => rows,
                    _ => std::slice::from_ref(data),
                };
                let mut members = rows
                    .iter()
                    .flat_map(|row| names.iter().filter_map(|name| row.member(name)));
                let written = members.find(|value| crate::draft::node_reads_caller(value));
                written.map(|value| value.span).or_else(|| {
                    let declared = crate::lower::whole::declared(doc, data);
                    let sent = declared
                        .iter()
                        .any(|field| names.contains(&field.name.value.as_str()));
                    sent.then_some(data.span)
                })
            });
            if let Some(span) = from_caller {
                let is_tenant = id == tenancy.table;
                out.push(oracle(&project.table(id).name, &names, (span, is_tenant)));
            }
        }
    }
}

fn oracle(table: &str, names: &[&str], (span, is_tenant): (Span, bool)) -> Diagnostic {
    let names = names.join(", ");
    Diagnostic::new(
        codes::UNIQUE_ORACLE,
        format!("`{table} ({names})` is unique across all tenants"),
    )
    .at(span, "filled by the caller")
    .note("a 409 tells a stranger that another tenant has this value")
    .help(if is_tenant {
        "nothing to do if the value is public, as a part of an address is"
    } else {
        "put the tenant column into the key, unless the value is public anyway"
    })
}

/// How a route is bound to a tenant, in words.
#[must_use]
pub(crate) fn place(route: &Route) -> String {
    place_of(&route.place, &route.path)
}

/// How anything is bound to a tenant, in words.
pub(crate) fn place_of(place: &Place, path: &PathPattern) -> String {
    match place {
        Place::Nowhere => "no tenant".to_owned(),
        Place::Mine => "all tenants of the caller".to_owned(),
        Place::Named(_) => "the tenant that whoever starts it names".to_owned(),
        Place::One(guard) => {
            let by = crate::lower::shape::naming(&guard.naming, path);
            match &guard.roles {
                Some(roles) => format!("tenant named by {by}; any of the roles {}", roles.join(", ")),
                None => format!("tenant named by {by}; any member"),
            }
        }
    }
}
