//! Rights that end with a transaction.
//!
//! Role: a row that a secret opened was looked at, and locked, in one transaction. After a call the secret may have
//! been used by somebody else, or taken back; nobody has looked again.
//! Invariant: nothing is written on the strength of a secret outside of the transaction that judged it.
//! Not here: what a secret allows inside of it; see `capability`.

use super::{Flow, Kind};
use backflow_diag::{Diagnostic, Diagnostics, codes};

/// Reports a query that works with a row which an earlier transaction opened.
pub(super) fn judge(flow: &Flow<'_>, index: usize, kind: &Kind, out: &mut Diagnostics) {
    let (Kind::Opened { by } | Kind::Joins { by }) = kind else {
        return;
    };
    let (Some(query), Some(opener)) = (flow.queries.get(index), flow.queries.get(*by)) else {
        return;
    };
    if flow.stand(index).group == flow.stand(*by).group {
        return;
    }
    out.push(
        Diagnostic::new(
            codes::STALE_SECRET,
            "what a secret opened is not open any more here",
        )
        .at(
            query.place(),
            "another transaction than the one that looked at the secret",
        )
        .at(opener.place(), "opened here")
        .note("meanwhile the secret can have been used, or taken back, and nobody would notice")
        .help(
            "write what the secret allows directly behind the step that opens the row, and call afterwards",
        ),
    );
}
