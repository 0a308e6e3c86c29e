//! `excludeFields`: names that answers and data leave out.
//!
//! Invariant: a name that leaves nothing out is a fault, so that a typing error cannot let a column leave.
//! Not here: leaving out; see `select` and the drafts.

use super::relate;
use crate::draft::DraftQuery;
use crate::project::Project;
use backflow_catalog::TableId;
use backflow_config::document::{Field, Operation};
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, codes, nearest};
use backflow_sql::{SelectItem, SelectList};

/// Judges the names of a route's queries, and those of the route itself, which are for all of its queries.
pub(crate) fn faults(
    project: &Project<'_>,
    (drafts, route): (&[&DraftQuery<'_>], &[Spanned<String>]),
    body: &[Field],
    out: &mut Diagnostics,
) {
    let mut all: Vec<&str> = Vec::new();
    for draft in drafts {
        let known = known(project, draft, body);
        for name in &draft.doc.exclude_fields {
            judge(
                name,
                &known,
                "a column that is answered, nor a member of `data`",
                out,
            );
            report_both(draft, name, out);
        }
        all.extend(known);
    }
    for name in route {
        judge(
            name,
            &all,
            "a column of what its queries answer, nor a member of their `data`",
            out,
        );
    }
}

fn judge(name: &Spanned<String>, known: &[&str], what: &str, out: &mut Diagnostics) {
    if known.contains(&name.value.as_str()) {
        return;
    }
    out.push(
        Diagnostic::new(
            codes::UNKNOWN_COLUMN,
            format!("`{}` leaves nothing out", name.value),
        )
        .at(name.span, format!("neither {what}"))
        .did_you_mean(nearest(name, known.iter().copied())),
    );
}

/// A query that names in `select` what it leaves out.
fn report_both(draft: &DraftQuery<'_>, name: &Spanned<String>, out: &mut Diagnostics) {
    let items = draft.select.iter().flat_map(|list| &list.items);
    for item in items {
        if let SelectItem::Column {
            name: column, span, ..
        } = item
            && column.value == name.value
        {
            out.push(
                Diagnostic::new(
                    codes::NOT_IN_OPERATION,
                    format!("`{}` is selected and left out", name.value),
                )
                .at(name.span, "leaves it out")
                .at(*span, "names it")
                .help("take one of them away"),
            );
        }
    }
}

/// Every name that a query could leave out.
fn known<'n>(project: &'n Project<'_>, draft: &'n DraftQuery<'_>, body: &'n [Field]) -> Vec<&'n str> {
    let mut found = columns(project, draft.table);
    if let Some(select) = &draft.select {
        embedded(project, draft.table, select, &mut found);
    }
    if let Some(each) = &draft.each {
        found.extend(each.fields.iter().map(|field| field.name.value.as_str()));
    }
    let members = |row: &'n Node, found: &mut Vec<&'n str>| {
        if let Tree::Object(members) = &row.tree {
            found.extend(members.iter().map(|member| member.key.value.as_str()));
        }
    };
    match draft.doc.data.as_ref().map(|data| (&data.tree, data)) {
        Some((Tree::Object(_), row)) => members(row, &mut found),
        Some((Tree::List(rows), _)) => rows.iter().for_each(|row| members(row, &mut found)),
        Some((Tree::Text(_), _)) if draft.doc.operation.value != Operation::Select => {
            found.extend(body.iter().map(|field| field.name.value.as_str()));
        }
        _ => {}
    }
    found
}

fn columns<'n>(project: &'n Project<'_>, table: TableId) -> Vec<&'n str> {
    let columns = project.table(table).columns.iter();
    columns.map(|column| column.name.as_str()).collect()
}

fn embedded<'n>(project: &'n Project<'_>, from: TableId, list: &SelectList, found: &mut Vec<&'n str>) {
    for item in &list.items {
        let SelectItem::Embed {
            name, hint, select, ..
        } = item
        else {
            continue;
        };
        if let Ok(relation) = relate::find(project, from, name, hint.as_ref()) {
            found.extend(columns(project, relation.to));
            embedded(project, relation.to, select, found);
        }
    }
}
