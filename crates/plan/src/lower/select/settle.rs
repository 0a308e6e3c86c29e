//! The members of an answer, when everything is said about them.
//!
//! Role: embeds that are not shown become conditions; beside totals, what is spread becomes values that rows are
//! grouped by or totals are made of; lists get their order.
//! Invariant: every list of rows has a complete order, and groups are ordered by what they are grouped by.
//! Not here: writes, of which totals and orders are no part; see `written`.

use super::embed::{exists, inside, is_hidden, related};
use crate::lower::filter::is_unequal;
use crate::lower::order::{self, Term};
use crate::lower::value::Cx;
use backflow_catalog::{ColumnType, TableId};
use backflow_diag::{Diagnostic, codes};
use backflow_sql::ir::{Cond, Datum, Embed, JsonStep, Link, Member, Scalar};

/// The orders that a query gives its embeds, by the path of each.
pub(crate) type Orders = Vec<(Vec<String>, Vec<Term>)>;

/// Makes members final. `path` is where they stand among embeds.
pub(crate) fn settle(
    cx: &mut Cx<'_, '_>,
    (table, members, filter): (TableId, &mut Vec<Member>, &mut Cond),
    path: &mut Vec<String>,
    orders: &Orders,
) -> Option<()> {
    let totals = is_grouped(members);
    if totals {
        report_json(cx, table, members);
    }
    let mut settled = Vec::with_capacity(members.len());
    for member in std::mem::take(members) {
        let Member::Embed(embed) = member else {
            settled.push(member);
            continue;
        };
        let is_flat = totals && embed.spread;
        if (is_hidden(&embed) || is_flat) && embed.inner {
            *filter = std::mem::replace(filter, Cond::TRUE).and(exists(&embed));
        }
        if is_hidden(&embed) {
            continue;
        }
        if is_flat {
            let project = cx.project;
            flatten(cx, &embed, &|value| related(project, &embed, value), &mut settled)?;
            continue;
        }
        settled.push(Member::Embed(settle_embed(cx, embed, path, orders)?));
    }
    *members = settled;
    Some(())
}

/// The rows of an embed, ordered.
pub(super) fn settle_embed(
    cx: &mut Cx<'_, '_>,
    mut embed: Embed,
    path: &mut Vec<String>,
    orders: &Orders,
) -> Option<Embed> {
    path.push(embed.key.clone());
    let mut members = embed.read.outputs.members.take().unwrap_or_default();
    let rows = (embed.read.from, &mut members, &mut embed.read.filter);
    let settled = settle(cx, rows, path, orders);
    let own = orders.iter().filter(|(of, _)| of == path);
    let terms = own.flat_map(|(_, terms)| terms.clone()).collect();
    path.pop();
    settled?;
    embed.read.order = order::finish(cx, embed.read.from, &members, terms)?;
    embed.read.outputs.members = Some(members);
    Some(embed)
}

/// Whether there are totals among members, those of a spread row included.
pub(crate) fn is_grouped(members: &[Member]) -> bool {
    members.iter().any(|member| match member {
        Member::Aggregate { .. } => true,
        Member::Embed(embed) => embed.spread && is_grouped(inside(embed)),
        Member::Column { .. } | Member::Computed { .. } => false,
    })
}

/// What grouped rows are grouped by.
pub(crate) fn groups(members: &[Member]) -> Vec<Scalar> {
    let mut found: Vec<Scalar> = Vec::new();
    let mut add = |scalar: Scalar| {
        if !found.contains(&scalar) {
            found.push(scalar);
        }
    };
    for member in members {
        match member {
            Member::Column { column, path, .. } if path.is_empty() => add(Scalar::Column(*column)),
            Member::Column { column, path, .. } => add(Scalar::Json(*column, path.clone())),
            Member::Computed { value, .. } if !matches!(value, Scalar::Literal(..)) => add(value.clone()),
            Member::Embed(embed) => {
                let (Link::Direct(pairs) | Link::Junction { outer: pairs, .. }) = &embed.link;
                pairs.iter().for_each(|(outer, _)| add(Scalar::Column(*outer)));
            }
            Member::Computed { .. } | Member::Aggregate { .. } => {}
        }
    }
    found
}

/// The members of a spread row as values of the rows around it.
fn flatten(
    cx: &mut Cx<'_, '_>,
    embed: &Embed,
    wrap: &dyn Fn(Scalar) -> Scalar,
    into: &mut Vec<Member>,
) -> Option<()> {
    let project = cx.project;
    for member in inside(embed) {
        into.push(match member {
            Member::Column {
                key,
                column,
                path,
                cast,
            } => {
                let declared = project.column(embed.read.from, *column).ty.clone();
                let plain = match path.as_slice() {
                    [] => Scalar::Column(*column),
                    path => Scalar::Json(*column, path.to_vec()),
                };
                let (value, ty) = match cast {
                    Some(to) => (Scalar::Cast(Box::new(plain), to.clone()), to.clone()),
                    None => (plain, reached(declared, path)),
                };
                Member::Computed {
                    key: key.clone(),
                    value: wrap(value),
                    ty,
                }
            }
            Member::Computed { key, value, ty } => Member::Computed {
                key: key.clone(),
                value: wrap(value.clone()),
                ty: ty.clone(),
            },
            Member::Aggregate {
                key,
                function,
                of,
                cast,
            } => Member::Aggregate {
                key: key.clone(),
                function: *function,
                of: Some(wrap(of.clone().unwrap_or_else(present))),
                cast: cast.clone(),
            },
            Member::Embed(deeper) if is_hidden(deeper) => continue,
            Member::Embed(deeper) if deeper.spread => {
                flatten(cx, deeper, &|value| wrap(related(project, deeper, value)), into)?;
                continue;
            }
            Member::Embed(deeper) => {
                let fault = embed_in_group(cx, embed, deeper);
                cx.out.push(fault);
                return None;
            }
        });
    }
    Some(())
}

/// What is there where there is a row.
fn present() -> Scalar {
    Scalar::Literal(Datum::Int(1), ColumnType::Int4)
}

/// The type at the end of a path.
pub(crate) fn reached(declared: ColumnType, path: &[JsonStep]) -> ColumnType {
    match path.last() {
        None => declared,
        Some(step) if step.as_text => ColumnType::Text,
        Some(_) => ColumnType::Jsonb,
    }
}

fn embed_in_group(cx: &Cx<'_, '_>, embed: &Embed, deeper: &Embed) -> Diagnostic {
    let help = match deeper.many {
        true => "leave it out: only a single row can be spread".to_owned(),
        false => format!("spread it too: `...{}(…)`", deeper.key),
    };
    Diagnostic::new(
        codes::SELECT_UNSUPPORTED,
        format!(
            "beside totals, `...{}` cannot hold the embed `{}`",
            embed.key, deeper.key
        ),
    )
    .at(cx.place, "rows are grouped by what is spread")
    .help(help)
}

/// JSON as it was written has no equality to group by.
fn report_json(cx: &mut Cx<'_, '_>, table: TableId, members: &[Member]) {
    for member in members {
        let Member::Column {
            key, column, path, ..
        } = member
        else {
            continue;
        };
        if path.is_empty() && is_unequal(&cx.project.column(table, *column).ty) {
            cx.out.push(
                Diagnostic::new(
                    codes::SELECT_UNSUPPORTED,
                    format!("rows cannot be grouped by `{key}`"),
                )
                .at(cx.place, "beside totals, its plain columns make the groups")
                .note("`json` keeps a text as it was written, and has no equality")
                .help("make the column `jsonb`, or take a value out of it: `data->>kind`"),
            );
        }
    }
}
