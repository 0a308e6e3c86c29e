//! Decides the kind of each statement of a route, a workflow or a webhook.
//!
//! Invariant: rows of tenants are never given a kind for want of a better one: what cannot be shown is
//! reported, and counts as pinned.
//! Not here: rows opened by a secret (`capability`), the words of the faults (`leak`).

use super::{Kind, NamedBy, capability, leak, stale};
use crate::draft::{DraftQuery, implies_result};
use crate::lower::relate;
use crate::project::Project;
use crate::tenancy::{Scope, Tenancy};
use backflow_catalog::{ColumnId, TableId};
use backflow_config::document::Operation;
use backflow_diag::{Diagnostic, Diagnostics, codes};
use backflow_sql::{SelectItem, SelectList};

/// Where statements run, as far as the proof cares.
pub(crate) struct Flow<'a> {
    pub(crate) project: &'a Project<'a>,
    /// For messages and example requests: `GET /organizations/:slug`.
    pub(crate) name: String,
    /// A caller is always identified.
    pub(crate) auth: bool,
    /// The route crosses tenants as a whole, for this reason.
    pub(crate) cross: Option<&'a str>,
    /// The route itself names its tenant (path or `tenant`).
    pub(crate) named: Option<NamedBy>,
    /// A verified event or schedule, not a caller.
    pub(crate) system: bool,
    /// Names of results, by position.
    pub(crate) names: Vec<Option<String>>,
    pub(crate) queries: Vec<&'a DraftQuery<'a>>,
    /// In a workflow: where each stands among the other steps.
    pub(crate) stands: Vec<Stand>,
}

/// Where a query of a workflow stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stand {
    /// Queries with the same number are one transaction.
    pub(crate) group: usize,
    /// Its failure does not end the workflow.
    pub(crate) tolerated: bool,
}

impl<'a> Flow<'a> {
    /// Statements that run for nobody in particular.
    pub(crate) fn system(project: &'a Project<'a>, name: String) -> Self {
        Flow {
            project,
            name,
            auth: false,
            cross: None,
            named: None,
            system: true,
            names: Vec::new(),
            queries: Vec::new(),
            stands: Vec::new(),
        }
    }
}

impl Flow<'_> {
    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| known.as_deref() == Some(name))
    }

    /// How expressions read a column of a result.
    pub(super) fn path(&self, index: usize, column: &str) -> String {
        let name = self.names.get(index).and_then(Option::as_deref).unwrap_or("…");
        if self.stands.is_empty() {
            format!("results.{name}.{column}")
        } else {
            format!("steps.{name}.result.{column}")
        }
    }

    pub(super) fn stand(&self, index: usize) -> Stand {
        self.stands.get(index).copied().unwrap_or_default()
    }
}

/// The kind of every query, in order. A query whose kind cannot be shown is reported and counts as pinned.
pub(crate) fn decide(flow: &Flow<'_>, out: &mut Diagnostics) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = Vec::new();
    for index in 0..flow.queries.len() {
        let kind = one(flow, index, &kinds, out);
        stale::judge(flow, index, &kind, out);
        kinds.push(kind);
    }
    kinds
}

fn one(flow: &Flow<'_>, index: usize, before: &[Kind], out: &mut Diagnostics) -> Kind {
    let Some(query) = flow.queries.get(index) else {
        return Kind::Pinned;
    };
    let writes = query.doc.operation.value != Operation::Select;
    if writes && flow.project.is_directory(query.table) {
        out.push(directory_write(query));
        return Kind::Own;
    }
    let reason = query
        .doc
        .cross_tenant
        .as_ref()
        .map(|reason| reason.value.as_str())
        .or(flow.cross);
    if let Some(reason) = reason {
        return Kind::Cross(reason.to_owned());
    }
    let Some(tenancy) = &flow.project.tenancy else {
        return Kind::Global;
    };
    if flow.project.is_directory(query.table) {
        return directory(flow, query, out);
    }
    let touched = touched(flow.project, query);
    for table in &touched.scoped {
        if let Scope::Unclear(ways) = tenancy.scope(*table) {
            out.push(leak::unclear(flow.project, query, *table, ways));
            return Kind::Pinned;
        }
    }
    if touched.scoped.is_empty() {
        if touched.directory {
            out.push(directory_leak(query, "the rows it stands in belong to no tenant"));
        }
        return Kind::Global;
    }
    if flow.system {
        return Kind::System;
    }
    let kind = scoped(flow, tenancy, index, before, out);
    if !flow.auth && kind != Kind::Global {
        out.push(leak::open(flow, query));
    }
    kind
}

/// A query that touches scoped rows.
fn scoped(flow: &Flow<'_>, tenancy: &Tenancy, index: usize, before: &[Kind], out: &mut Diagnostics) -> Kind {
    let Some(query) = flow.queries.get(index) else {
        return Kind::Pinned;
    };
    let operation = query.doc.operation.value;
    if query.table == tenancy.table && matches!(operation, Operation::Insert | Operation::Upsert) {
        let plain =
            operation == Operation::Insert && query.doc.ignore_duplicates.is_none() && !query.many_rows;
        if !plain {
            out.push(by_upsert(flow, query));
        }
        return Kind::Creates;
    }
    if let Some(by) = created_by(flow, tenancy, query, before) {
        if skippable(flow, by, index) {
            out.push(created_skipped(flow, query, by));
        }
        return Kind::Created { by };
    }
    if flow.named.is_none()
        && let Some(kind) = capability::kind(flow, tenancy, index, before, out)
    {
        return kind;
    }
    if flow.named == Some(NamedBy::Mine) && operation != Operation::Select {
        out.push(leak::several(flow, query));
    }
    Kind::Pinned
}

/// The earlier query that makes the tenant which this one's rows belong to.
fn created_by(flow: &Flow<'_>, tenancy: &Tenancy, query: &DraftQuery<'_>, before: &[Kind]) -> Option<usize> {
    let column = tenancy.tenant_column(query.table)?;
    let (name, key) = match query.doc.operation.value {
        Operation::Insert | Operation::Upsert => {
            let every: Vec<_> = query
                .rows
                .iter()
                .map(|row| {
                    row.iter()
                        .find(|value| value.column == column)
                        .and_then(|v| v.value.as_result())
                })
                .collect();
            let first = every.first().cloned().flatten()?;
            every
                .iter()
                .all(|other| other.as_ref() == Some(&first))
                .then_some(first)?
        }
        _ => query.pinned_to(column)?.value.as_result()?,
    };
    let by = flow.position(&name)?;
    let is_key = flow.project.column(tenancy.table, tenancy.key).name == key;
    (is_key && before.get(by) == Some(&Kind::Creates)).then_some(by)
}

/// Whether the query that makes the tenant can be skipped while a later one runs.
fn skippable(flow: &Flow<'_>, by: usize, index: usize) -> bool {
    let condition_of = |at: usize| flow.queries.get(at).and_then(|query| query.condition.as_ref());
    let tolerated = flow.stand(by).tolerated;
    let condition = condition_of(by);
    if condition.is_none() && !tolerated {
        return false;
    }
    let Some(own) = condition_of(index) else {
        return true;
    };
    let name = flow.names.get(by).cloned().flatten().unwrap_or_default();
    let same = condition == Some(own) && !tolerated;
    !same && !implies_result(own, &name)
}

fn by_upsert(flow: &Flow<'_>, query: &DraftQuery<'_>) -> Diagnostic {
    let table = &flow.project.table(query.table).name;
    Diagnostic::new(
        codes::TENANT_BY_UPSERT,
        format!("a row of `{table}` must be made by a plain insert of one row"),
    )
    .at(
        query.doc.operation.span,
        "could return a tenant that is already somebody else's",
    )
    .note("whoever creates a tenant may write under it; an upsert could hit an existing one")
    .help("use `\"operation\": \"insert\"`; a taken key then answers 409")
}

fn created_skipped(flow: &Flow<'_>, query: &DraftQuery<'_>, by: usize) -> Diagnostic {
    let mut diagnostic = Diagnostic::new(
        codes::CREATED_SKIPPED,
        "this writes under a tenant that may not have been made",
    )
    .at(query.place(), "runs although the tenant may be missing");
    if let Some(condition) = flow
        .queries
        .get(by)
        .and_then(|query| query.doc.condition.as_ref())
    {
        diagnostic = diagnostic.at(condition.span(), "the insert of the tenant can be skipped");
    }
    let diagnostic =
        diagnostic.note("the right to write under a tenant comes from having made it in the same request");
    if flow.stand(by).tolerated {
        return diagnostic.help(
            "run it only if the result of that step is there, or take its `\"onError\": \"continue\"` away",
        );
    }
    diagnostic.help("give both queries the same `condition`")
}

fn directory(flow: &Flow<'_>, query: &DraftQuery<'_>, out: &mut Diagnostics) -> Kind {
    let key = ColumnId(0);
    let own = flow.auth
        && query
            .pinned_to(key)
            .and_then(|test| test.value.as_path())
            .as_deref()
            == Some("auth.sub");
    if !own {
        out.push(directory_leak(query, "a direct query could read everybody"));
    }
    if own && !touched(flow.project, query).scoped.is_empty() {
        return Kind::Pinned;
    }
    Kind::Own
}

fn directory_leak(query: &DraftQuery<'_>, why: &str) -> Diagnostic {
    Diagnostic::new(
        codes::DIRECTORY_ACCESS,
        "the directory of users belongs to no tenant",
    )
    .at(query.place(), why)
    .note(
        "it is read through an embed of a tenant's row (`organization_members(users(name))`), or as the \
             caller's own row (`id` `eq` `{{auth.sub}}`)",
    )
    .help("embed it, filter by `{{auth.sub}}`, or say why with `\"crossTenant\": {\"reason\": \"…\"}`")
}

/// The engine alone writes the directory, whatever reason a route gives.
fn directory_write(query: &DraftQuery<'_>) -> Diagnostic {
    Diagnostic::new(
        codes::DIRECTORY_ACCESS,
        "routes never write the directory of users",
    )
    .at(query.place(), "kept by the engine")
    .note("it holds what verified tokens say; a row that a route could change would speak for somebody else")
    .help("change name and e-mail where tokens are issued, or keep your own data in a table of your own")
}

/// The tables of a query that matter for isolation.
#[derive(Default)]
pub(super) struct Touched {
    pub(super) scoped: Vec<TableId>,
    pub(super) directory: bool,
}

pub(super) fn touched(project: &Project<'_>, query: &DraftQuery<'_>) -> Touched {
    let mut touched = Touched::default();
    if project.is_scoped(query.table) {
        touched.scoped.push(query.table);
    }
    if let Some(select) = &query.select {
        embeds(project, query.table, select, &mut touched);
    }
    touched
}

fn embeds(project: &Project<'_>, from: TableId, list: &SelectList, touched: &mut Touched) {
    for item in &list.items {
        let SelectItem::Embed {
            name, hint, select, ..
        } = item
        else {
            continue;
        };
        let Ok(relation) = relate::find(project, from, name, hint.as_ref()) else {
            continue;
        };
        for table in relation.tables() {
            if project.is_scoped(table) {
                touched.scoped.push(table);
            }
        }
        touched.directory |= project.is_directory(relation.to);
        embeds(project, relation.to, select, touched);
    }
}
