//! Selects become members of an answer.
//!
//! Role: `*`, columns, computed members and embeds, with the tenant's predicate on every embedded table.
//! Invariant: a secret column is only a member when the select names it.
//! Not here: finding the relation; see `relate`.

use super::computed;
use super::filter;
use super::order;
use super::relate;
use super::value::{Cx, type_name};
use crate::draft;
use backflow_catalog::{ColumnId, ColumnType, TableId};
use backflow_diag::{Diagnostic, Span, Spanned, codes};
use backflow_sql::ir::{Cond, Embed, Link, Member, Outputs, Read};
use backflow_sql::{SelectItem, SelectList, castable};

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

/// The members that a select asks for; without one, all columns but secrets.
pub(crate) fn members(
    cx: &mut Cx<'_, '_>,
    table: TableId,
    select: Option<&SelectList>,
    excluded: &[&str],
) -> Option<Vec<Member>> {
    let Some(list) = select else {
        return Some(star(cx, table, excluded));
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
        return None;
    }
    if list.items.is_empty() {
        return Some(star(cx, table, excluded));
    }
    let mut found = Vec::new();
    let mut whole = true;
    for item in &list.items {
        match lower(cx, table, item, excluded) {
            Some(members) => found.extend(members.into_iter().map(|member| (member, item.span()))),
            None => whole = false,
        }
    }
    report_twins(cx, &found);
    whole.then(|| found.into_iter().map(|(member, _)| member).collect())
}

fn star(cx: &Cx<'_, '_>, table: TableId, excluded: &[&str]) -> Vec<Member> {
    let row = cx.project.table(table);
    row.column_ids()
        .filter(|column| !cx.project.secrets.contains(&(table, *column)))
        .map(|column| (column, &cx.project.column(table, column).name))
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
        SelectItem::Star(_) => Some(star(cx, table, excluded)),
        SelectItem::Column { .. } => column(cx, table, item).map(|member| vec![member]),
        SelectItem::Count { alias, .. } => {
            let key = alias
                .as_ref()
                .map_or("count", |alias| alias.value.as_str())
                .to_owned();
            let function = backflow_sql::ir::Aggregate::Count;
            Some(vec![Member::Aggregate {
                key,
                function,
                column: None,
            }])
        }
        SelectItem::Computed { expr, alias, .. } => {
            let (value, ty) = computed::computed(cx.project, table, expr, cx.out)?;
            Some(vec![Member::Computed {
                key: alias.value.clone(),
                value,
                ty,
            }])
        }
        SelectItem::Embed { .. } => embed(cx, table, item).map(|embed| vec![Member::Embed(embed)]),
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
    let cast = match cast {
        Some(cast) => Some(cast_type(cx, cast)?),
        None => None,
    };
    let own = path.last().and_then(|step| match &step.key {
        backflow_sql::ir::JsonKey::Name(name) => Some(name.clone()),
        backflow_sql::ir::JsonKey::Index(_) => None,
    });
    let key = alias
        .as_ref()
        .map(|alias| alias.value.clone())
        .or(own)
        .unwrap_or_else(|| name.value.clone());
    if let Some(function) = aggregate {
        let key = alias
            .as_ref()
            .map_or_else(|| format!("{function:?}").to_lowercase(), |a| a.value.clone());
        return Some(Member::Aggregate {
            key,
            function: *function,
            column: Some(id),
        });
    }
    let ty = &cx.project.column(table, id).ty;
    if !path.is_empty() && !matches!(ty, ColumnType::Json | ColumnType::Jsonb) {
        cx.out.push(filter::no_json(cx.project, (table, id), name.span));
        return None;
    }
    if let Some(to) = &cast {
        let from = match path.last() {
            None => ty.clone(),
            Some(step) if step.as_text => ColumnType::Text,
            Some(_) => ColumnType::Jsonb,
        };
        if !castable(&from, to) {
            cx.out.push(no_cast(cx, name, &from, to));
            return None;
        }
    }
    Some(Member::Column {
        key,
        column: id,
        path: path.clone(),
        cast,
    })
}

fn no_cast(cx: &Cx<'_, '_>, name: &Spanned<String>, from: &ColumnType, to: &ColumnType) -> Diagnostic {
    let (from, to) = (type_name(cx.project, from), type_name(cx.project, to));
    Diagnostic::new(codes::SELECT_UNSUPPORTED, format!("no cast from {from} to {to}"))
        .at(name.span, format!("is of type {from}"))
        .note("a cast that only one database knows, or that they do differently, is refused")
        .help("leave the cast out, or take the value as text: `::text`, and `->>` out of JSON")
}

fn cast_type(cx: &mut Cx<'_, '_>, name: &Spanned<String>) -> Option<ColumnType> {
    let ty = match name.value.to_ascii_lowercase().as_str() {
        "text" | "varchar" | "character varying" => ColumnType::Text,
        "int" | "int4" | "integer" => ColumnType::Int4,
        "int2" | "smallint" => ColumnType::Int2,
        "int8" | "bigint" => ColumnType::Int8,
        "numeric" | "decimal" => ColumnType::Numeric(None),
        "float8" | "double precision" | "float" => ColumnType::Float8,
        "bool" | "boolean" => ColumnType::Bool,
        "uuid" => ColumnType::Uuid,
        "date" => ColumnType::Date,
        "timestamptz" | "timestamp with time zone" => ColumnType::TimestampTz,
        "jsonb" => ColumnType::Jsonb,
        _ => {
            cx.out.push(
                Diagnostic::new(codes::SELECT_UNSUPPORTED, format!("no cast to `{}`", name.value))
                    .at(name.span, "not available")
                    .help("casts lead to text, integer, bigint, numeric, float8, boolean, uuid, date, timestamptz"),
            );
            return None;
        }
    };
    Some(ty)
}

fn embed(cx: &mut Cx<'_, '_>, table: TableId, item: &SelectItem) -> Option<Embed> {
    let SelectItem::Embed {
        alias,
        name,
        hint,
        inner,
        spread,
        select,
        span,
        ..
    } = item
    else {
        return None;
    };
    let relation = match relate::find(cx.project, table, name, hint.as_ref()) {
        Ok(relation) => relation,
        Err(fault) => {
            cx.out.push(fault);
            return None;
        }
    };
    if let Some(how) = &relation.inferred {
        cx.out
            .push(inferred(cx.project.table(table).name.as_str(), name, how));
    }
    if *spread && relation.many {
        cx.out.push(
            Diagnostic::new(
                codes::SELECT_UNSUPPORTED,
                "only a single related row can be spread",
            )
            .at(*span, "these are many rows")
            .note("the members of one row can stand in the outer one; those of many would stand there several times")
            .help(format!("embed it: `{}(…)`", name.value)),
        );
        return None;
    }
    let members = members(cx, relation.to, Some(select), &[])?;
    let aggregated = members
        .iter()
        .any(|member| matches!(member, Member::Aggregate { .. }));
    let order = if aggregated {
        Vec::new()
    } else {
        order::complete(cx.project, relation.to, Vec::new())
    };
    let filter = cx.pins.on(relation.to, &mut cx.binds);
    let link = pinned_link(cx, relation.link);
    let outputs = Outputs {
        members: Some(members),
        ..Outputs::default()
    };
    let read = Read {
        from: relation.to,
        outputs,
        filter,
        order,
        limit: None,
        offset: None,
        lock: false,
    };
    let key = alias.as_ref().unwrap_or(name).value.clone();
    Some(Embed {
        key,
        many: relation.many,
        inner: *inner,
        spread: *spread,
        link,
        read: Box::new(read),
    })
}

/// Rows of a table between are rows like others: pinned too.
fn pinned_link(cx: &mut Cx<'_, '_>, link: Link) -> Link {
    match link {
        Link::Junction {
            table, outer, inner, ..
        } => {
            let filter: Cond = cx.pins.on(table, &mut cx.binds);
            Link::Junction {
                table,
                outer,
                inner,
                filter,
            }
        }
        direct => direct,
    }
}

fn inferred(from: &str, name: &Spanned<String>, how: &str) -> Diagnostic {
    Diagnostic::new(
        codes::INFERRED_RELATION,
        format!("`{from}` → `{}` follows from names, not from a key", name.value),
    )
    .at(name.span, how)
    .help("declare a foreign key, or `relationships` in backflow.json, to make it certain")
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
