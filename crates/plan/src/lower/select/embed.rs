//! Embeds: rows of related tables inside a row.
//!
//! Invariant: every embedded table, and every table between, carries the pin of the statement's kind.
//! Not here: finding the relation (`relate`); what filters, orders and bounds add (`filter::embeds`, `settle`).

use super::members;
use crate::lower::value::Cx;
use crate::lower::{order, relate};
use crate::project::Project;
use backflow_catalog::TableId;
use backflow_diag::{Diagnostic, Spanned, codes};
use backflow_sql::SelectItem;
use backflow_sql::ir::{Cond, Embed, Link, Member, Outputs, Read, Scalar};

/// An embed as a select names it.
pub(super) fn embed(
    cx: &mut Cx<'_, '_>,
    table: TableId,
    item: &SelectItem,
    excluded: &[&str],
) -> Option<Embed> {
    let SelectItem::Embed {
        alias,
        name,
        hint,
        inner,
        spread,
        select,
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
        cx.out.push(many_spread(item, name));
        return None;
    }
    let members = if select.items.is_empty() {
        Vec::new()
    } else {
        members(cx, relation.to, Some(select), excluded)
    };
    let is_hidden = select.items.is_empty();
    let filter = cx.pins.on(relation.to, &mut cx.binds);
    let link = pinned_link(cx, relation.link);
    let read = Read {
        from: relation.to,
        outputs: Outputs {
            members: Some(members),
            ..Outputs::default()
        },
        filter,
        order: Vec::new(),
        limit: None,
        offset: None,
        lock: false,
    };
    Some(Embed {
        key: alias.as_ref().unwrap_or(name).value.clone(),
        many: relation.many,
        inner: *inner,
        spread: *spread || is_hidden,
        link,
        read: Box::new(read),
    })
}

fn many_spread(item: &SelectItem, name: &Spanned<String>) -> Diagnostic {
    Diagnostic::new(
        codes::SELECT_UNSUPPORTED,
        "only a single related row can be spread",
    )
    .at(item.span(), "these are many rows")
    .note("the members of one row can stand in the outer one; those of many would stand there several times")
    .help(format!("embed it: `{}(…)`", name.value))
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

/// The embed of this name.
pub(crate) fn find<'m>(members: &'m [Member], name: &str) -> Option<&'m Embed> {
    members.iter().find_map(|member| match member {
        Member::Embed(embed) if embed.key == name => Some(embed),
        _ => None,
    })
}

/// The members of an embed; none if it has no JSON.
pub(crate) fn inside(embed: &Embed) -> &[Member] {
    embed.read.outputs.members.as_deref().unwrap_or_default()
}

/// Whether an embed names nothing (`tasks()`): it serves filters and orders, and is not shown.
pub(crate) fn is_hidden(embed: &Embed) -> bool {
    embed.spread && inside(embed).is_empty()
}

/// Some related row is there that fulfils the embed's filters.
pub(crate) fn exists(embed: &Embed) -> Cond {
    let filter = conditions(embed);
    let to = embed.read.from;
    match &embed.link {
        Link::Direct(pairs) => Cond::Exists {
            table: to,
            on: pairs.clone(),
            filter: Box::new(filter),
        },
        Link::Junction {
            table,
            outer,
            inner,
            filter: between,
        } => {
            let far = Cond::Exists {
                table: to,
                on: inner.clone(),
                filter: Box::new(filter),
            };
            Cond::Exists {
                table: *table,
                on: outer.clone(),
                filter: Box::new(between.clone().and(far)),
            }
        }
    }
}

/// What a related row fulfils: the embed's filter, and those of inner embeds in it.
fn conditions(embed: &Embed) -> Cond {
    let inner = inside(embed).iter().filter_map(|member| match member {
        Member::Embed(deeper) if deeper.inner => Some(exists(deeper)),
        _ => None,
    });
    inner.fold(embed.read.filter.clone(), Cond::and)
}

/// A value of the one related row.
pub(crate) fn related(project: &Project<'_>, embed: &Embed, value: Scalar) -> Scalar {
    let from = embed.read.from;
    let read = Read {
        from,
        outputs: Outputs::default(),
        filter: conditions(embed),
        order: order::complete(project, from, Vec::new()),
        limit: None,
        offset: None,
        lock: false,
    };
    Scalar::Related {
        link: Box::new(embed.link.clone()),
        read: Box::new(read),
        value: Box::new(value),
    }
}
