//! Database queries as written.
//!
//! Invariant: tables, columns, operators and selects are still text.
//! Not here: which keys belong to which operation; see the planner.

use crate::tree::Node;
use backflow_diag::{Span, Spanned, Text};

/// `operation` of a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `select`
    Select,
    /// `insert`
    Insert,
    /// `update`
    Update,
    /// `upsert`
    Upsert,
    /// `delete`
    Delete,
}

/// A query of `supabaseQueries`, or the `params` of a step of type `database`.
#[derive(Debug, Clone)]
pub struct Query {
    /// The whole object.
    pub span: Span,
    /// `table`
    pub table: Spanned<String>,
    /// `operation`
    pub operation: Spanned<Operation>,
    /// `select`
    pub select: Option<Text>,
    /// `data`: an object, an array of objects, or a template
    pub data: Option<Node>,
    /// `filters`; several are joined by "and"
    pub filters: Vec<Filter>,
    /// `order`: PostgREST's string, an object, or a list
    pub order: Option<Node>,
    /// `limit`: a number or a template
    pub limit: Option<Node>,
    /// `offset`: a number or a template
    pub offset: Option<Node>,
    /// `tasks.order`, `tasks.limit`, `tasks.offset`: the same for embedded rows
    pub of_embeds: Vec<OfEmbed>,
    /// `single`
    pub single: bool,
    /// `alias`
    pub alias: Option<Spanned<String>>,
    /// `condition`
    pub condition: Option<Text>,
    /// `onConflict` (array or comma list) or `upsertOptions.onConflict`
    pub on_conflict: Option<Spanned<Vec<Spanned<String>>>>,
    /// `ignoreDuplicates` or `upsertOptions.ignoreDuplicates`
    pub ignore_duplicates: Option<Spanned<bool>>,
    /// `count`: `exact`, `planned` or `estimated`
    pub count: Option<Spanned<String>>,
    /// `allRows`, if it is true
    pub all_rows: Option<Spanned<bool>>,
    /// `require`
    pub require: Option<Text>,
    /// `excludeFields`
    pub exclude_fields: Vec<Spanned<String>>,
    /// `crossTenant.reason`
    pub cross_tenant: Option<Spanned<String>>,
}

equal_but_for_place!(Query {
    table,
    operation,
    select,
    data,
    filters,
    order,
    limit,
    offset,
    of_embeds,
    single,
    alias,
    condition,
    on_conflict,
    ignore_duplicates,
    count,
    all_rows,
    require,
    exclude_fields,
    cross_tenant,
});

/// What is said of embedded rows: the embed's path, a dot, and `order`, `limit` or `offset`.
#[derive(Debug, Clone)]
pub struct OfEmbed {
    /// The whole key, as `projects.tasks.order`.
    pub key: Text,
    /// Its value.
    pub value: Node,
}

impl PartialEq for OfEmbed {
    fn eq(&self, other: &Self) -> bool {
        self.key.as_str() == other.key.as_str() && self.value == other.value
    }
}

/// A member of `filters`.
#[derive(Debug, Clone)]
pub enum Filter {
    /// `{column, operator, value}`
    Test(FilterTest),
    /// `{"or": […]}`
    Or(Vec<Filter>, Span),
    /// `{"and": […]}`
    And(Vec<Filter>, Span),
    /// A group with `"not": true`
    Not(Box<Filter>, Span),
}

impl Filter {
    /// Where it stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Test(test) => test.span,
            Self::Or(_, span) | Self::And(_, span) | Self::Not(_, span) => *span,
        }
    }
}

impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Test(a), Self::Test(b)) => a == b,
            (Self::Or(a, _), Self::Or(b, _)) | (Self::And(a, _), Self::And(b, _)) => a == b,
            (Self::Not(a, _), Self::Not(b, _)) => a == b,
            _ => false,
        }
    }
}

/// One comparison of a filter.
#[derive(Debug, Clone)]
pub struct FilterTest {
    /// The whole object.
    pub span: Span,
    /// `column`
    pub column: Text,
    /// `operator`
    pub operator: Spanned<String>,
    /// `value`
    pub value: Node,
    /// `not`
    pub not: bool,
    /// `optional`
    pub optional: bool,
}

equal_but_for_place!(FilterTest {
    column,
    operator,
    value,
    not,
    optional,
});
