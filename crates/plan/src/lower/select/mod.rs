//! Selects become members of an answer.
//!
//! Role: `*`, columns, computed members, totals and embeds, with the tenant's predicate on every embedded table.
//! What filters and orders add to embeds comes later; then [`settle`] makes the members final.
//! Invariant: a secret column is only a member when the select names it.
//! Not here: finding the relation; see `relate`.

mod aggregate;
mod cast;
mod embed;
mod settle;
mod written;

pub(crate) use embed::{exists, find, inside, related};
pub(crate) use settle::{Orders, groups, is_grouped, reached, settle};
pub(crate) use written::settle as settle_written;

use super::computed;
use super::filter;
use super::value::Cx;
use crate::draft;
use crate::project::Project;
use backflow_catalog::{ColumnId, ColumnType, TableId};
use backflow_diag::{Diagnostic, Span, codes};
use backflow_sql::ir::{JsonKey, Member};
use backflow_sql::{SelectItem, SelectList};

/// How deep embeds may nest: databases limit the depth of a statement.
const DEEPEST: usize = 8;

/// The embed that lies too deep, if one does.
fn too_deep(list: &SelectList, depth: usize) -> Option<Span> {
    list.items.iter().find_map(|item| match item {
        SelectItem::Embed { span, .. } if depth == DEEPEST => Some(*span),
        SelectItem::Embed { select, .. } => too_deep(select, depth + 1),
        _ => None,
    })
}

/// The members that a select asks for; without one, all columns but secrets. Of what is faulty, nothing.
pub(crate) fn members(
    cx: &mut Cx<'_, '_>,
    table: TableId,
    select: Option<&SelectList>,
    excluded: &[&str],
) -> Vec<Member> {
    let Some(list) = select else {
        return star(cx.project, table, excluded);
    };
    if let Some(span) = too_deep(list, 0) {
        cx.out.push(
            Diagnostic::new(
                codes::SELECT_UNSUPPORTED,
                format!("embeds nest {DEEPEST} levels deep at most"),
            )
            .at(span, "deeper than that")
            .help("ask for the inner rows in a route of their own"),
        );
        return Vec::new();
    }
    let mut found = Vec::new();
    for item in &list.items {
        let members = lower(cx, table, item, excluded).unwrap_or_default();
        found.extend(members.into_iter().map(|member| (member, item.span())));
    }
    report_twins(cx, &found);
    found.into_iter().map(|(member, _)| member).collect()
}

/// All columns but secrets.
pub(crate) fn star(project: &Project<'_>, table: TableId, excluded: &[&str]) -> Vec<Member> {
    let row = project.table(table);
    row.column_ids()
        .filter(|column| !project.secrets.contains(&(table, *column)))
        .map(|column| (column, &project.column(table, column).name))
        .filter(|(_, name)| !excluded.contains(&name.as_str()))
        .map(|(column, name)| plain(name.clone(), column))
        .collect()
}

fn plain(key: String, column: ColumnId) -> Member {
    Member::Column {
        key,
        column,
        path: Vec::new(),
        cast: None,
    }
}

fn lower(cx: &mut Cx<'_, '_>, table: TableId, item: &SelectItem, excluded: &[&str]) -> Option<Vec<Member>> {
    match item {
        SelectItem::Star(_) => Some(star(cx.project, table, excluded)),
        SelectItem::Column { .. } => column(cx, table, item).map(|member| vec![member]),
        SelectItem::Count { alias, .. } => Some(vec![aggregate::count(alias.as_ref())]),
        SelectItem::Computed { expr, alias, .. } => {
            let (value, ty) = computed::computed(cx.project, table, expr, cx.out)?;
            Some(vec![Member::Computed {
                key: alias.value.clone(),
                value,
                ty,
            }])
        }
        SelectItem::Embed { .. } => embed::embed(cx, table, item, excluded).map(|e| vec![Member::Embed(e)]),
    }
}

fn column(cx: &mut Cx<'_, '_>, table: TableId, item: &SelectItem) -> Option<Member> {
    let SelectItem::Column {
        alias,
        name,
        path,
        cast,
        aggregate,
        ..
    } = item
    else {
        return None;
    };
    let id = draft::column(&cx.project.catalog, table, name, cx.out)?;
    let declared = cx.project.column(table, id).ty.clone();
    if !path.is_empty() && !matches!(declared, ColumnType::Json | ColumnType::Jsonb) {
        cx.out.push(filter::no_json(cx.project, (table, id), name.span));
        return None;
    }
    if aggregate.is_some() {
        return aggregate::member(cx, item, (id, declared));
    }
    let mut path = path.clone();
    let cast = match cast {
        Some(to) => Some(cast::out_of(cx, (&declared, &mut path), to, name.span)?),
        None => None,
    };
    // As PostgREST: behind a position, the last name before it.
    let own = path.iter().rev().find_map(|step| match &step.key {
        JsonKey::Name(name) => Some(name.clone()),
        JsonKey::Index(_) => None,
    });
    let key = alias
        .as_ref()
        .map(|alias| alias.value.clone())
        .or(own)
        .unwrap_or_else(|| name.value.clone());
    Some(Member::Column {
        key,
        column: id,
        path,
        cast,
    })
}

fn report_twins(cx: &mut Cx<'_, '_>, members: &[(Member, Span)]) {
    for (index, (member, span)) in members.iter().enumerate() {
        let Some(key) = key(member) else { continue };
        if members
            .iter()
            .take(index)
            .any(|(earlier, _)| self::key(earlier) == Some(key))
        {
            cx.out.push(
                Diagnostic::new(
                    codes::DUPLICATE_OUTPUT,
                    format!("the answer would hold `{key}` twice"),
                )
                .at(*span, "stands there already")
                .help(format!("give one of them another name: `other:{key}`")),
            );
        }
    }
}

/// The name of a member; spread members have none of their own.
pub(crate) fn key(member: &Member) -> Option<&str> {
    match member {
        Member::Column { key, .. } | Member::Computed { key, .. } | Member::Aggregate { key, .. } => {
            Some(key)
        }
        Member::Embed(embed) => (!embed.spread).then_some(embed.key.as_str()),
    }
}
