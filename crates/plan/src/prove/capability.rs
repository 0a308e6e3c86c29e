//! Rows opened by a secret, and what may be done with them.
//!
//! Invariant: the secret opens one row; only that row may be updated, and nobody but the caller becomes a
//! member by it.
//! Not here: which columns are secrets; see `project`.

use super::{Flow, Kind, kind::touched, leak};
use crate::draft::{DraftAssignment, DraftQuery};
use crate::project::Project;
use crate::tenancy::Tenancy;
use backflow_catalog::ColumnId;
use backflow_config::document::Operation;
use backflow_diag::{Diagnostic, Diagnostics, Span, codes};

/// The kind of a query that opens a row, or works with one that an earlier query opened.
pub(super) fn kind(
    flow: &Flow<'_>,
    tenancy: &Tenancy,
    index: usize,
    before: &[Kind],
    out: &mut Diagnostics,
) -> Option<Kind> {
    let query = flow.queries.get(index)?;
    match query.doc.operation.value {
        Operation::Select => opens(flow, query, out),
        Operation::Update => opened(flow, query, before),
        Operation::Insert if query.table == tenancy.members.table => joins(flow, tenancy, index, before, out),
        _ => None,
    }
}

/// A `single` select by a secret column.
fn opens(flow: &Flow<'_>, query: &DraftQuery<'_>, out: &mut Diagnostics) -> Option<Kind> {
    if !query.doc.single {
        return None;
    }
    let columns = flow
        .project
        .capabilities
        .iter()
        .filter(|(table, _)| *table == query.table);
    let column = columns
        .map(|(_, column)| *column)
        .find(|column| query.pinned_to(*column).is_some())?;
    // The secret opens this row, not its neighbours.
    let touched = touched(flow.project, query);
    if touched.scoped.len() > 1 || touched.directory {
        out.push(leak::embeds_beyond(flow, query));
    }
    Some(Kind::Capability { column })
}

/// An update of the opened row, found by its primary key.
fn opened(flow: &Flow<'_>, query: &DraftQuery<'_>, before: &[Kind]) -> Option<Kind> {
    let [key] = flow.project.table(query.table).primary_key.as_slice() else {
        return None;
    };
    let (by, column) = source(flow, query.pinned_to(*key)?.value.as_result()?, before)?;
    let opener = flow.queries.get(by)?;
    (opener.table == query.table && column == *key).then_some(Kind::Opened { by })
}

/// The caller's own membership, with the opened row's role.
fn joins(
    flow: &Flow<'_>,
    tenancy: &Tenancy,
    index: usize,
    before: &[Kind],
    out: &mut Diagnostics,
) -> Option<Kind> {
    let query = flow.queries.get(index)?;
    let tenant = query.assigned(tenancy.members.tenant)?;
    let (by, column) = source(flow, tenant.value.as_result()?, before)?;
    let opener = flow.queries.get(by)?;
    if tenancy.tenant_column(opener.table) != Some(column) {
        return None;
    }
    let column = |column| &flow.project.column(tenancy.members.table, column).name;
    let mut refuse = |message: &str, (span, why): (Span, &str), help: String| {
        out.push(foreign(message, (span, why), help));
    };
    let user = query.assigned(tenancy.members.user);
    if user.and_then(|user| user.value.as_path()).as_deref() != Some("auth.sub") {
        refuse(
            "a secret makes only its bearer a member",
            (place(query, user), "could be anybody"),
            format!(
                "write `\"{}\": \"{{{{auth.sub}}}}\"`",
                column(tenancy.members.user)
            ),
        );
    }
    if let Some(role) = tenancy.members.role.and_then(|role| query.assigned(role)) {
        let from = role
            .value
            .as_result()
            .and_then(|result| source(flow, result, before));
        let role_name = tenancy
            .members
            .role
            .map(|role| flow.project.column(tenancy.members.table, role));
        let same = from.is_some_and(|(opened, column)| {
            opened == by
                && role_name.is_some_and(|name| flow.project.column(opener.table, column).name == name.name)
        });
        if !same {
            let name = tenancy.members.role.map_or("role", |role| column(role).as_str());
            refuse(
                "the role must be the one that the opened row grants",
                (place(query, Some(role)), "could be more than was granted"),
                format!("write `\"{name}\": \"{{{{{}}}}}\"`", flow.path(by, name)),
            );
        }
    }
    if before.contains(&Kind::Joins { by }) {
        refuse(
            "a secret opens one membership",
            (query.place(), "this would make a second one"),
            "make one membership for each row that is opened".to_owned(),
        );
    }
    Some(Kind::Joins { by })
}

/// The query that opened a row by a secret, and the column that a result path names.
fn source(flow: &Flow<'_>, (name, column): (String, String), before: &[Kind]) -> Option<(usize, ColumnId)> {
    let by = flow.position(&name)?;
    matches!(before.get(by), Some(Kind::Capability { .. })).then_some(())?;
    let column = column_named(flow.project, flow.queries.get(by)?, &column)?;
    Some((by, column))
}

fn column_named(project: &Project<'_>, query: &DraftQuery<'_>, name: &str) -> Option<ColumnId> {
    project.table(query.table).column(name)
}

/// The member of `data` that is at fault, else the query.
fn place(query: &DraftQuery<'_>, value: Option<&DraftAssignment<'_>>) -> Span {
    value.map_or(query.place(), |value| value.name.span)
}

fn foreign(message: &str, (span, why): (Span, &str), help: String) -> Diagnostic {
    Diagnostic::new(codes::FOREIGN_MEMBERSHIP, message)
        .at(span, why)
        .note("whoever holds the secret could otherwise let anyone in, or with more rights than were granted")
        .help(help)
}
