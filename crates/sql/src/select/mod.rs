//! PostgREST's select grammar, with computed columns.
//!
//! Role: text → [`SelectList`]. Input: the author's `select`; output: a tree with places.
//! Invariant: depth and size of a tree are bounded; every fault of the text is reported.
//! Not here: whether columns and relations exist; the planner knows.

mod parse;
#[cfg(test)]
mod tests;

use crate::ir::{Aggregate, JsonStep};
use crate::scalar::ScalarAst;
use backflow_diag::{Span, Spanned};

pub use parse::parse_select;

/// What a select asks for.
#[derive(Debug, Clone, PartialEq)]
pub struct SelectList {
    /// The items, in order; may be empty inside an embed.
    pub items: Vec<SelectItem>,
    /// The whole list.
    pub span: Span,
}

/// One item of a select.
#[derive(Debug, Clone, PartialEq)]
pub enum SelectItem {
    /// `*`
    Star(Span),
    /// A column, perhaps with a path, a cast or an aggregate.
    Column {
        /// The name it is given.
        alias: Option<Spanned<String>>,
        /// The column's name.
        name: Spanned<String>,
        /// Steps into a JSON column.
        path: Vec<JsonStep>,
        /// The type in `::type`, words joined by one space. Behind an aggregate it is the result's.
        cast: Option<Spanned<String>>,
        /// `.sum()` and its kin.
        aggregate: Option<Aggregate>,
        /// Before an aggregate: the type of what is aggregated.
        input_cast: Option<Spanned<String>>,
        /// The whole item.
        span: Span,
    },
    /// `count()`, or `count` alone in an embed.
    Count {
        /// The name it is given.
        alias: Option<Spanned<String>>,
        /// The whole item.
        span: Span,
    },
    /// `(limit - used) as remaining`
    Computed {
        /// The value.
        expr: ScalarAst,
        /// Its name.
        alias: Spanned<String>,
        /// The whole item.
        span: Span,
    },
    /// `alias:rel!hint!inner(…)`, `...rel(…)`
    Embed {
        /// The name it is given.
        alias: Option<Spanned<String>>,
        /// The relation.
        name: Spanned<String>,
        /// Which relation is meant: a key's name, a column or a junction.
        hint: Option<Spanned<String>>,
        /// `!inner`
        inner: bool,
        /// `!left`, which is also what is meant without it.
        left: bool,
        /// `...`
        spread: bool,
        /// What is taken of the related rows.
        select: SelectList,
        /// The whole item.
        span: Span,
    },
}

impl SelectItem {
    /// Where the item stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Star(span)
            | Self::Column { span, .. }
            | Self::Count { span, .. }
            | Self::Computed { span, .. }
            | Self::Embed { span, .. } => *span,
        }
    }
}
