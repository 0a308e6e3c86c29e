//! Orders, completed so that no tie is left to the database.
//!
//! Invariant: an order ends in a key of the table whose columns are never null, or in all columns that can be
//! sorted by; that of groups in all that they are grouped by.
//! Not here: its text; see the sql crate.

use super::filter::embeds::not_embedded;
use super::select::{self, Orders, groups, is_grouped, reached};
use super::value::Cx;
use crate::draft;
use crate::project::Project;
use backflow_catalog::{ColumnId, ColumnType, TableId};
use backflow_config::tree::{Node, Tree};
use backflow_diag::{Diagnostic, Span, Spanned, Text, codes, nearest};
use backflow_sql::ir::{Member, Order, Scalar};
use backflow_sql::{ColumnPath, OrderTerm, parse_column_path, parse_order};

/// One key of the author's order.
#[derive(Debug, Clone)]
pub(crate) struct Term {
    order: Order,
    span: Span,
}

/// The rows that are ordered.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'m> {
    pub(crate) table: TableId,
    /// What is embedded in them, as the select names it.
    pub(crate) members: &'m [Member],
}

/// The author's keys. Those that an object gives an embed (`referencedTable`) go into `orders`.
pub(crate) fn terms(
    cx: &mut Cx<'_, '_>,
    rows: Rows<'_>,
    node: &Node,
    orders: &mut Orders,
) -> Option<Vec<Term>> {
    match &node.tree {
        Tree::Text(text) => {
            let parsed = parse_order(text, cx.out)?;
            let terms: Vec<_> = parsed.into_iter().map(|term| one(cx, rows, &term)).collect();
            terms.into_iter().collect()
        }
        Tree::Object(_) => object(cx, rows, node, orders),
        Tree::List(items) => {
            let all: Vec<_> = items.iter().map(|item| terms(cx, rows, item, orders)).collect();
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

/// The whole order of rows whose members are final.
pub(crate) fn finish(
    cx: &mut Cx<'_, '_>,
    table: TableId,
    members: &[Member],
    terms: Vec<Term>,
) -> Option<Vec<Order>> {
    if !is_grouped(members) {
        let own = terms.into_iter().map(|term| term.order).collect();
        return Some(complete(cx.project, table, own));
    }
    let groups = groups(members);
    let mut whole = true;
    let mut order: Vec<Order> = Vec::new();
    for term in terms {
        if !groups.contains(&term.order.by) {
            cx.out.push(not_grouped(term.span));
            whole = false;
        }
        order.push(term.order);
    }
    let rest: Vec<Scalar> = groups
        .into_iter()
        .filter(|group| !order.iter().any(|term| term.by == *group))
        .collect();
    order.extend(rest.into_iter().map(ascending));
    whole.then_some(order)
}

/// Adds the primary key, else a unique key, else all columns, as far as they are not there yet.
pub(crate) fn complete(project: &Project<'_>, table: TableId, mut order: Vec<Order>) -> Vec<Order> {
    for column in decisive(project, table) {
        let by = Scalar::Column(column);
        if !order.iter().any(|term| term.by == by) {
            order.push(ascending(by));
        }
    }
    order
}

/// Columns that leave no tie between rows that differ. A unique key whose columns may be null does: then all
/// others follow it.
pub(crate) fn decisive(project: &Project<'_>, table: TableId) -> Vec<ColumnId> {
    let row = project.table(table);
    let not_null = |key: &&[ColumnId]| key.iter().all(|column| project.column(table, *column).not_null);
    if !row.primary_key.is_empty() {
        return row.primary_key.clone();
    }
    if let Some(key) = row.keys().find(not_null) {
        return key.to_vec();
    }
    let mut columns = row.keys().next().unwrap_or_default().to_vec();
    for column in row.column_ids() {
        if !columns.contains(&column) && sortable(&project.column(table, column).ty) {
            columns.push(column);
        }
    }
    columns
}

/// Smallest first, NULLs last.
pub(crate) fn ascending(by: Scalar) -> Order {
    Order {
        by,
        descending: false,
        nulls_first: false,
    }
}

fn sortable(ty: &ColumnType) -> bool {
    match ty {
        ColumnType::Array(item) => sortable(item),
        ty => !matches!(ty, ColumnType::Json | ColumnType::Other(_)),
    }
}

fn one(cx: &mut Cx<'_, '_>, rows: Rows<'_>, term: &OrderTerm) -> Option<Term> {
    let by = value(cx, rows, &term.path)?;
    let order = Order {
        by,
        descending: term.descending,
        nulls_first: term.nulls_first.unwrap_or(term.descending),
    };
    Some(Term {
        order,
        span: term.span,
    })
}

/// A column, a path into it, or either of a related row.
fn value(cx: &mut Cx<'_, '_>, rows: Rows<'_>, path: &ColumnPath) -> Option<Scalar> {
    value_in(cx, rows, &path.embeds, path)
}

fn value_in(
    cx: &mut Cx<'_, '_>,
    rows: Rows<'_>,
    embeds: &[Spanned<String>],
    path: &ColumnPath,
) -> Option<Scalar> {
    let Some((name, rest)) = embeds.split_first() else {
        return column(cx, rows.table, path);
    };
    let Some(embed) = select::find(rows.members, name) else {
        cx.out.push(not_embedded(name));
        return None;
    };
    if embed.many {
        cx.out.push(by_many(name, path));
        return None;
    }
    let related = Rows {
        table: embed.read.from,
        members: select::inside(embed),
    };
    let value = value_in(cx, related, rest, path)?;
    Some(select::related(cx.project, embed, value))
}

fn column(cx: &mut Cx<'_, '_>, table: TableId, path: &ColumnPath) -> Option<Scalar> {
    let column = draft::column(&cx.project.catalog, table, &path.column, cx.out)?;
    let declared = cx.project.column(table, column).ty.clone();
    let is_json = matches!(declared, ColumnType::Json | ColumnType::Jsonb);
    if !path.json.is_empty() && !is_json {
        let fault = super::filter::no_json(cx.project, (table, column), path.column.span);
        cx.out.push(fault);
        return None;
    }
    if super::filter::is_unequal(&reached(declared, &path.json)) {
        cx.out.push(unsortable(&path.column));
        return None;
    }
    Some(match path.json.as_slice() {
        [] => Scalar::Column(column),
        json => Scalar::Json(column, json.to_vec()),
    })
}

/// `{"column": "created_at", "ascending": false, "nullsFirst": true, "referencedTable": "tasks"}`
fn object(cx: &mut Cx<'_, '_>, rows: Rows<'_>, node: &Node, orders: &mut Orders) -> Option<Vec<Term>> {
    let Tree::Object(members) = &node.tree else {
        return None;
    };
    let (mut column, mut ascending, mut nulls, mut of) = (None, true, None, None);
    for member in members {
        match (member.key.value.as_str(), &member.value.tree) {
            ("column", Tree::Text(text)) => column = Some(text),
            ("ascending", Tree::Bool(yes)) => ascending = *yes,
            ("nullsFirst", Tree::Bool(yes)) => nulls = Some(*yes),
            ("referencedTable" | "foreignTable", Tree::Text(text)) => of = Some(text),
            ("column" | "ascending" | "nullsFirst" | "referencedTable" | "foreignTable", _) => {
                cx.out.push(wrong(&member.value));
                return None;
            }
            (other, _) => {
                let near = nearest(other, ["column", "ascending", "nullsFirst", "referencedTable"]);
                cx.out.push(
                    Diagnostic::new(codes::UNKNOWN_KEY, format!("unknown key `{other}` of an order"))
                        .at(member.key.span, "not known here")
                        .did_you_mean(near),
                );
            }
        }
    }
    let Some(column) = column else {
        cx.out.push(wrong(node));
        return None;
    };
    let descending = !ascending;
    let nulls_first = nulls.unwrap_or(descending);
    let said = move |by| Term {
        order: Order {
            by,
            descending,
            nulls_first,
        },
        span: column.span(),
    };
    let Some(of) = of else {
        return ordered_by(cx, rows, column).map(|by| vec![said(by)]);
    };
    let path = parse_column_path(of, cx.out)?;
    let path: Vec<Spanned<String>> = path.embeds.into_iter().chain([path.column]).collect();
    let rows = inner_rows(cx, rows, &path)?;
    let by = ordered_by(cx, rows, column)?;
    let path = path.into_iter().map(|name| name.value).collect();
    orders.push((path, vec![said(by)]));
    Some(Vec::new())
}

/// What an object names: a column as it stands, else what a text would name: `projects(name)`.
fn ordered_by(cx: &mut Cx<'_, '_>, rows: Rows<'_>, text: &Text) -> Option<Scalar> {
    if cx.project.table(rows.table).column(text.as_str()).is_some() {
        let path = ColumnPath {
            embeds: Vec::new(),
            column: Spanned::new(text.value.to_string(), text.span()),
            json: Vec::new(),
        };
        return column(cx, rows.table, &path);
    }
    let parsed = parse_order(text, cx.out)?;
    match parsed.as_slice() {
        [term] if !term.descending && term.nulls_first.is_none() => value(cx, rows, &term.path),
        _ => {
            cx.out.push(
                Diagnostic::new(codes::WRONG_TYPE, "`column` names one column")
                    .at(text.span(), "more than that")
                    .help("directions stand in `ascending` and `nullsFirst`; several columns are a list of objects"),
            );
            None
        }
    }
}

/// The embedded rows at the end of a path.
pub(crate) fn inner_rows<'m>(
    cx: &mut Cx<'_, '_>,
    rows: Rows<'m>,
    path: &[Spanned<String>],
) -> Option<Rows<'m>> {
    let Some((name, rest)) = path.split_first() else {
        return Some(rows);
    };
    let Some(embed) = select::find(rows.members, name) else {
        cx.out.push(not_embedded(name));
        return None;
    };
    if rest.is_empty() && !embed.many {
        cx.out.push(single_row(name));
        return None;
    }
    let inner = Rows {
        table: embed.read.from,
        members: select::inside(embed),
    };
    inner_rows(cx, inner, rest)
}

/// A bound or an order for what is one row at most.
fn single_row(name: &Spanned<String>) -> Diagnostic {
    Diagnostic::new(
        codes::SELECT_UNSUPPORTED,
        format!("`{}` is one row at most", name.value),
    )
    .at(name.span, "nothing to order or to limit")
    .help(format!(
        "to order the rows around it, write `\"order\": \"{}(…)\"`",
        name.value
    ))
}

fn by_many(name: &Spanned<String>, path: &ColumnPath) -> Diagnostic {
    let (name, span) = (&name.value, name.span);
    Diagnostic::new(
        codes::SELECT_UNSUPPORTED,
        format!("rows cannot be ordered by `{name}`: there may be many"),
    )
    .at(span, "which of them would count?")
    .help(format!(
        "to order the embedded rows themselves, write `\"{name}.order\": \"{}\"`",
        path.column.value
    ))
}

fn unsortable(name: &Spanned<String>) -> Diagnostic {
    Diagnostic::new(
        codes::SELECT_UNSUPPORTED,
        format!("rows cannot be ordered by `{}`", name.value),
    )
    .at(name.span, "`json` has no order")
    .help("order by a value in it: `data->>name`, or `data->size` for a number")
}

fn not_grouped(span: Span) -> Diagnostic {
    Diagnostic::new(
        codes::SELECT_UNSUPPORTED,
        "totals are ordered by what they are grouped by",
    )
    .at(span, "no plain member of the select")
    .note(
        "beside totals, the plain columns of a select make the groups; a group has no single value of others",
    )
    .help("name it in `select`, or leave it out here")
}

fn wrong(node: &Node) -> Diagnostic {
    Diagnostic::new(codes::WRONG_TYPE, "this is no order")
        .at(node.span, "not understood")
        .help("write `\"created_at.desc,name\"`, or `{\"column\": \"created_at\", \"ascending\": false}`")
}
