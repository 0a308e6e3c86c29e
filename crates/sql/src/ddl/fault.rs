//! What SQLite cannot do, in words.
//!
//! Output: diagnostics with a place, a reason and a way out.
//! Invariant: what SQLite would do differently is said, never done.
//! Not here: faults of the reader; see the catalog.

use backflow_diag::{Diagnostic, Span, codes};

/// SQL text, or what is in its way.
pub(super) type Sql<T = String> = Result<T, Box<Diagnostic>>;

/// A fault: `what` cannot be done because of `why`.
pub(super) fn unsupported(span: Span, what: impl Into<String>, why: impl Into<String>) -> Box<Diagnostic> {
    let what = what.into();
    Box::new(
        Diagnostic::new(
            codes::DDL_UNSUPPORTED,
            format!("{what} is not supported on SQLite"),
        )
        .at(span, "not on SQLite")
        .note(why),
    )
}

/// The same fault with a way out.
pub(super) fn instead(mut fault: Box<Diagnostic>, otherwise: &str) -> Box<Diagnostic> {
    fault.helps.push(otherwise.to_owned());
    fault
}
