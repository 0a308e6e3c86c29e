//! Orders, completed so that no tie is left to the database.
//!
//! Invariant: an order ends in a key of the table, or in all columns that can be sorted by.
//! Not here: its text; see the sql crate.

use super::value::Cx;
use crate::draft;
use crate::project::Project;
use backflow_catalog::{ColumnId, ColumnType, TableId};
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, codes, nearest};
use backflow_sql::ir::{Order, Scalar};
use backflow_sql::parse_order;

/// The author's order, then a unique key.
pub(crate) fn lower(cx: &mut Cx<'_, '_>, table: TableId, order: Option<&Node>) -> Option<Vec<Order>> {
    let own = match order {
        Some(node) => terms(cx, table, node)?,
        None => Vec::new(),
    };
    Some(complete(cx.project, table, own))
}

/// Adds the primary key, else a unique key, else all columns, as far as they are not there yet.
pub(crate) fn complete(project: &Project<'_>, table: TableId, mut order: Vec<Order>) -> Vec<Order> {
    let row = project.table(table);
    let key: Vec<ColumnId> = match row.keys().next() {
        Some(key) => key.to_vec(),
        None => row
            .column_ids()
            .filter(|column| sortable(&project.column(table, *column).ty))
            .collect(),
    };
    for column in key {
        let by = Scalar::Column(column);
        if !order.iter().any(|term| term.by == by) {
            order.push(Order {
                by,
                descending: false,
                nulls_first: false,
            });
        }
    }
    order
}

fn sortable(ty: &ColumnType) -> bool {
    !matches!(ty, ColumnType::Json | ColumnType::Other(_))
}

fn terms(cx: &mut Cx<'_, '_>, table: TableId, node: &Node) -> Option<Vec<Order>> {
    match &node.tree {
        Tree::Text(text) => {
            let parsed = parse_order(text, cx.out)?;
            let mut found = Vec::new();
            for term in parsed {
                if let Some(embed) = term.path.embeds.first() {
                    cx.out.push(by_embed(embed));
                    return None;
                }
                let column = draft::column(&cx.project.catalog, table, &term.path.column, cx.out)?;
                let by = match term.path.json.as_slice() {
                    [] => Scalar::Column(column),
                    path => Scalar::Json(column, path.to_vec()),
                };
                let nulls_first = term.nulls_first.unwrap_or(term.descending);
                found.push(Order {
                    by,
                    descending: term.descending,
                    nulls_first,
                });
            }
            Some(found)
        }
        Tree::Object(_) => object(cx.project, table, node, cx.out).map(|order| vec![order]),
        Tree::List(items) => {
            let all: Vec<_> = items.iter().map(|item| terms(cx, table, item)).collect();
            all.into_iter()
                .collect::<Option<Vec<_>>>()
                .map(|all| all.into_iter().flatten().collect())
        }
        _ => {
            cx.out.push(wrong(node));
            None
        }
    }
}

/// `{"column": "created_at", "ascending": false, "nullsFirst": true}`
fn object(project: &Project<'_>, table: TableId, node: &Node, out: &mut Diagnostics) -> Option<Order> {
    let Tree::Object(members) = &node.tree else {
        return None;
    };
    let (mut column, mut ascending, mut nulls) = (None, true, None);
    for member in members {
        match (member.key.value.as_str(), &member.value.tree) {
            ("column", Tree::Text(text)) => {
                let name = Spanned::new(text.value.to_string(), text.span());
                column = Some(draft::column(&project.catalog, table, &name, out)?);
            }
            ("ascending", Tree::Bool(yes)) => ascending = *yes,
            ("nullsFirst", Tree::Bool(yes)) => nulls = Some(*yes),
            ("column" | "ascending" | "nullsFirst", _) => {
                out.push(wrong(&member.value));
                return None;
            }
            (other, _) => {
                let near = nearest(other, ["column", "ascending", "nullsFirst"]);
                out.push(
                    Diagnostic::new(codes::UNKNOWN_KEY, format!("unknown key `{other}` of an order"))
                        .at(member.key.span, "not known here")
                        .did_you_mean(near),
                );
            }
        }
    }
    if column.is_none() {
        out.push(wrong(node));
    }
    let descending = !ascending;
    Some(Order {
        by: Scalar::Column(column?),
        descending,
        nulls_first: nulls.unwrap_or(descending),
    })
}

fn by_embed(name: &Spanned<String>) -> Diagnostic {
    Diagnostic::new(
        codes::SELECT_UNSUPPORTED,
        format!("rows cannot be ordered by the relation `{}`", name.value),
    )
    .at(name.span, "not a column of this table")
    .help("order by the row's own columns")
}

fn wrong(node: &Node) -> Diagnostic {
    Diagnostic::new(codes::WRONG_TYPE, "this is no order")
        .at(node.span, "not understood")
        .help("write `\"created_at.desc,name\"`, or `{\"column\": \"created_at\", \"ascending\": false}`")
}
