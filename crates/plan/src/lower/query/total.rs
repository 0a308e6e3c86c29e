//! `count`: how many rows there are without `limit` and `offset`.
//!
//! Invariant: it counts exactly the rows that the list would have without bounds: the same filters, the same pin,
//! the same inner embeds.
//! Not here: where the count goes; see the engine.

use crate::draft::DraftQuery;
use crate::lower::select;
use crate::lower::value::Cx;
use backflow_diag::{Diagnostic, Span, codes};
use backflow_sql::ir::{Aggregate, Cond, Member, Outputs, Query, Read};

/// The member that holds the count.
pub(crate) const KEY: &str = "count";

/// The statement that counts the rows of a list.
pub(super) fn total(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>, read: &Read) -> Option<Query> {
    let count = draft.doc.count.as_ref()?;
    let members = read.outputs.members.as_deref().unwrap_or_default();
    if draft.doc.single {
        cx.out.push(misplaced(
            count.span,
            "one row is not counted",
            "take `single` away, or `count`",
        ));
        return None;
    }
    if select::is_grouped(members) {
        let help = "`count()` in `select` counts the rows of each group";
        cx.out.push(misplaced(count.span, "totals are not counted", help));
        return None;
    }
    let inner = members.iter().filter_map(|member| match member {
        Member::Embed(embed) if embed.inner => Some(select::exists(embed)),
        _ => None,
    });
    let filter = inner.fold(read.filter.clone(), Cond::and);
    Some(Query::Read(Read {
        from: read.from,
        outputs: Outputs {
            members: Some(vec![Member::Aggregate {
                key: KEY.to_owned(),
                function: Aggregate::Count,
                of: None,
                cast: None,
            }]),
            ..Outputs::default()
        },
        filter,
        order: Vec::new(),
        limit: None,
        offset: None,
        lock: false,
    }))
}

fn misplaced(span: Span, label: &str, help: &str) -> Diagnostic {
    Diagnostic::new(codes::NOT_IN_OPERATION, "`count` belongs to a list of rows")
        .at(span, label)
        .help(help)
}
