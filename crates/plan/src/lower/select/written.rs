//! What a write answers.
//!
//! Role: the members of an insert, update or delete made final.
//! Invariant: nothing is answered that depends on whether a database looks before or after the write: neither
//! rows of the written table, nor rows that a deleted one takes with it.
//! Not here: selects; see `settle`.

use super::embed::{inside, is_hidden};
use super::settle::{Orders, is_grouped, settle_embed};
use crate::lower::value::Cx;
use backflow_catalog::TableId;
use backflow_config::document::Operation;
use backflow_diag::{Diagnostic, codes};
use backflow_sql::ir::{Embed, Link, Member};

/// Makes the members of a write final.
pub(crate) fn settle(
    cx: &mut Cx<'_, '_>,
    members: Vec<Member>,
    operation: Operation,
    orders: &Orders,
) -> Option<Vec<Member>> {
    if is_grouped(&members) {
        let fault = fault("a write answers rows, not totals", "totals are made by a select");
        cx.out.push(fault.at(cx.place, "its `select` asks for totals"));
        return None;
    }
    let mut settled = Vec::with_capacity(members.len());
    let mut whole = true;
    for member in members {
        let Member::Embed(embed) = member else {
            settled.push(member);
            continue;
        };
        if let Some(fault) = unanswerable(cx, &embed, operation) {
            cx.out.push(fault);
            whole = false;
        } else if !is_hidden(&embed) {
            match settle_embed(cx, embed, &mut Vec::new(), orders) {
                Some(embed) => settled.push(Member::Embed(embed)),
                None => whole = false,
            }
        }
    }
    whole.then_some(settled)
}

fn unanswerable(cx: &Cx<'_, '_>, embed: &Embed, operation: Operation) -> Option<Diagnostic> {
    let key = &embed.key;
    if embed.inner {
        let message = format!("`{key}!inner` would hide rows that were written");
        return Some(fault(&message, "leave `!inner` out").at(cx.place, "answers every row it writes"));
    }
    if reaches(embed, cx.table) {
        let table = &cx.project.table(cx.table).name;
        let message = format!("what is written into `{table}` cannot be answered with rows of `{table}`");
        return Some(
            fault(&message, "select them in a query behind this one")
                .at(cx.place, format!("`{key}` leads back to it"))
                .note("databases differ in whether such rows are those before the write or those after it"),
        );
    }
    let backward = operation == Operation::Delete && !is_forward(cx, embed);
    backward.then(|| {
        let message = format!("rows that refer to a deleted row cannot be answered with it: `{key}`");
        fault(&message, "select them in a query before this one")
            .at(cx.place, "they go with it, or let it go")
            .note("databases differ in whether they are still there")
    })
}

fn fault(message: &str, help: &str) -> Diagnostic {
    Diagnostic::new(codes::SELECT_UNSUPPORTED, message).help(help)
}

/// Whether rows of a table are part of an embed.
fn reaches(embed: &Embed, table: TableId) -> bool {
    let between = match &embed.link {
        Link::Junction { table, .. } => Some(*table),
        Link::Direct(_) => None,
    };
    let deeper = |member: &Member| match member {
        Member::Embed(deeper) => reaches(deeper, table),
        _ => false,
    };
    embed.read.from == table || between == Some(table) || inside(embed).iter().any(deeper)
}

/// Whether a key of the written table leads to the embedded row.
fn is_forward(cx: &Cx<'_, '_>, embed: &Embed) -> bool {
    let Link::Direct(pairs) = &embed.link else {
        return false;
    };
    let unique: Vec<_> = pairs.iter().map(|(_, inner)| *inner).collect();
    let keys = &cx.project.table(cx.table).foreign_keys;
    let declared = keys.iter().any(|key| {
        key.table == embed.read.from
            && key
                .columns
                .iter()
                .zip(&key.references)
                .all(|(own, other)| pairs.contains(&(*own, *other)))
    });
    declared || (!embed.many && cx.project.table(embed.read.from).primary_key == unique)
}
