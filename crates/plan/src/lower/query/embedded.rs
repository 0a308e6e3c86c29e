//! What a query says of its embeds beside filters: `tasks.order`, `tasks.limit`, `tasks.offset`.
//!
//! Invariant: only lists are ordered and bounded.
//! Not here: filters on embeds; see `filter::embeds`.

use super::read::bound;
use crate::draft::DraftQuery;
use crate::lower::filter::embeds::reach;
use crate::lower::order;
use crate::lower::select::{self, Orders};
use crate::lower::value::Cx;
use backflow_config::document::OfEmbed;
use backflow_diag::Spanned;
use backflow_sql::ir::Member;
use backflow_sql::parse_column_path;

/// What a write answers.
pub(super) fn answered(
    cx: &mut Cx<'_, '_>,
    draft: &DraftQuery<'_>,
    excluded: &[&str],
) -> Option<Vec<Member>> {
    let mut members = select::members(cx, cx.table, draft.select.as_ref(), excluded);
    let mut orders = Orders::new();
    keys(cx, draft, &mut members, &mut orders)?;
    select::settle_written(cx, members, draft.doc.operation.value, &orders)
}

/// Bounds go into the embeds, orders into `orders`.
pub(super) fn keys(
    cx: &mut Cx<'_, '_>,
    draft: &DraftQuery<'_>,
    members: &mut [Member],
    orders: &mut Orders,
) -> Option<()> {
    let mut whole = true;
    for key in &draft.doc.of_embeds {
        whole &= one(cx, key, members, orders).is_some();
    }
    whole.then_some(())
}

fn one(cx: &mut Cx<'_, '_>, of: &OfEmbed, members: &mut [Member], orders: &mut Orders) -> Option<()> {
    let path = parse_column_path(&of.key, cx.out)?;
    let rows = order::Rows {
        table: cx.table,
        members,
    };
    let rows = order::inner_rows(cx, rows, &path.embeds)?;
    if path.column.value == "order" {
        let names = |path: &[Spanned<String>]| path.iter().map(|name| name.value.clone()).collect();
        let mut deeper = Orders::new();
        let terms = order::terms(cx, rows, &of.value, &mut deeper)?;
        let own: Vec<String> = names(&path.embeds);
        for (inner, terms) in deeper {
            orders.push((own.iter().cloned().chain(inner).collect(), terms));
        }
        orders.push((own, terms));
        return Some(());
    }
    let count = bound(cx, Some(&of.value), of.key.as_str())?;
    let read = reach(cx, &path.embeds, members)?;
    if path.column.value == "limit" {
        read.limit = count;
    } else {
        read.offset = count;
    }
    Some(())
}
