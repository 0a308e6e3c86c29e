//! Filters with their texts parsed and their columns looked up.
//!
//! Invariant: a test without a column leads into an embed, or names one.
//! Not here: which operators fit, what embeds are; see `lower::filter`.

use super::{DraftValue, column, read_value};
use backflow_catalog::{Catalog, ColumnId, TableId};
use backflow_config::document::{Filter, FilterTest};
use backflow_diag::{Diagnostic, Diagnostics, codes};
use backflow_sql::{
    ColumnPath, Operator, SelectItem, SelectList, nearest_operator, parse_column_path, parse_operator,
};

/// A filter with its texts parsed.
pub(crate) enum DraftFilter<'a> {
    Test(DraftTest<'a>),
    Or(Vec<DraftFilter<'a>>),
    And(Vec<DraftFilter<'a>>),
    /// A group that must not hold.
    Not(Box<DraftFilter<'a>>),
}

/// A comparison of a filter.
pub(crate) struct DraftTest<'a> {
    pub(crate) doc: &'a FilterTest,
    pub(crate) path: ColumnPath,
    /// The column, when the path neither leads into an embed nor names one.
    pub(crate) column: Option<ColumnId>,
    pub(crate) operator: Operator,
    pub(crate) value: DraftValue<'a>,
}

/// Reads a filter.
pub(super) fn read_filter<'a>(
    rows: (&Catalog, TableId, Option<&SelectList>),
    filter: &'a Filter,
    out: &mut Diagnostics,
) -> Option<DraftFilter<'a>> {
    let mut inner = |filters: &'a [Filter]| {
        filters
            .iter()
            .filter_map(|filter| read_filter(rows, filter, out))
            .collect::<Vec<_>>()
    };
    match filter {
        Filter::Or(filters, _) => Some(DraftFilter::Or(inner(filters))),
        Filter::And(filters, _) => Some(DraftFilter::And(inner(filters))),
        Filter::Not(group, _) => read_filter(rows, group, out).map(|group| DraftFilter::Not(Box::new(group))),
        Filter::Test(test) => read_test(rows, test, out).map(DraftFilter::Test),
    }
}

fn read_test<'a>(
    (catalog, table, select): (&Catalog, TableId, Option<&SelectList>),
    test: &'a FilterTest,
    out: &mut Diagnostics,
) -> Option<DraftTest<'a>> {
    let path = parse_column_path(&test.column, out);
    let operator = parse_operator(&test.operator);
    if operator.is_none() {
        out.push(
            Diagnostic::new(
                codes::UNKNOWN_WORD,
                format!("unknown operator `{}`", test.operator.value),
            )
            .at(test.operator.span, "not a filter operator")
            .did_you_mean(nearest_operator(&test.operator))
            .help("operators are those of PostgREST: eq, neq, gt, gte, lt, lte, like, ilike, in, is, …"),
        );
    }
    let value = read_value(&test.value, out);
    let (path, operator, value) = (path?, operator?, value?);
    let known = catalog.table(table).column(&path.column);
    let is_embed = known.is_none() && select.is_some_and(|select| embeds(select, &path.column));
    let column = if path.embeds.is_empty() && !is_embed {
        Some(column(catalog, table, &path.column, out)?)
    } else {
        None
    };
    Some(DraftTest {
        doc: test,
        path,
        column,
        operator,
        value,
    })
}

/// Whether a select embeds something under this name.
fn embeds(select: &SelectList, wanted: &str) -> bool {
    select.items.iter().any(|item| match item {
        SelectItem::Embed { alias, name, .. } => alias.as_ref().unwrap_or(name).value == wanted,
        _ => false,
    })
}
