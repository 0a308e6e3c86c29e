//! Resolved queries turned into statements.
//!
//! Role: [`Query`] → [`Statement`]. Structure is the same for every dialect; what differs is behind
//! [`dialect::Syntax`].
//! Invariant: identifiers are quoted, literals come from [`crate::ir::Datum`] and the catalog only and are
//! escaped, every other value is a numbered parameter; the same query always gives the same text.
//! Not here: which conditions a query needs.

mod chain;
mod cond;
mod dialect;
mod fallible;
mod gather;
mod json;
mod postgres;
mod postgres_cast;
mod postgres_native;
mod postgres_text;
mod read;
mod rows;
mod scalar;
mod sqlite;
mod sqlite_cast;
#[cfg(test)]
mod tests;
mod write;

pub use fallible::answers_may_fail;
pub use gather::render_gathered;
pub use sqlite_cast::castable;

use crate::ir::{Chain, Chained, Dialect, Offered, Outputs, Query, Statement};
use backflow_catalog::{Catalog, ColumnId, TableId};
use dialect::{Syntax, quoted};

/// Renders a query for a dialect.
///
/// On SQLite, operators that only PostgreSQL has (ranges, regular expressions, full text search) become
/// NULL, which never holds; the planner refuses them before.
#[must_use]
pub fn render(query: &Query, catalog: &Catalog, dialect: Dialect) -> Statement {
    let mut renderer = Renderer::new(catalog, dialect, written(query).into_iter().collect());
    let text = renderer.query(query);
    let outputs = query.outputs();
    Statement {
        text,
        json: outputs.members.is_some(),
        cells: outputs.cells.len() + outputs.extra.len(),
        ..Statement::default()
    }
}

/// Renders the look at a row that was not made.
#[must_use]
pub fn render_offered(offered: &Offered, catalog: &Catalog, dialect: Dialect) -> Statement {
    let mut renderer = Renderer::new(catalog, dialect, vec![offered.table]);
    let scope = renderer.bare(offered.table);
    let mut cells = Vec::with_capacity(offered.values.len());
    for value in &offered.values {
        let value = renderer.scalar(value, &scope);
        cells.push(renderer.syntax.cell(&value));
    }
    let filter = renderer.filter(&offered.guard, &scope);
    Statement {
        text: format!("SELECT {}{filter}", cells.join(",")),
        json: false,
        cells: offered.values.len(),
        ..Statement::default()
    }
}

/// Renders several queries as one statement.
#[must_use]
pub fn render_chain(chain: &Chain, catalog: &Catalog, dialect: Dialect) -> Chained {
    let state = chain::State::of(chain);
    let written = chain.parts.iter().filter_map(written).collect();
    let mut renderer = Renderer::new(catalog, dialect, written);
    renderer.chain = Some(state);
    renderer.chain(chain)
}

/// The state while one statement is rendered.
struct Renderer<'a> {
    catalog: &'a Catalog,
    syntax: Box<dyn Syntax + 'a>,
    next_alias: usize,
    /// The written tables, by whose names their rows are called; no alias may hide them.
    written: Vec<TableId>,
    /// When several queries become one statement: how they are joined.
    chain: Option<chain::State>,
    /// Whether what is being rendered is a computation without columns, to be done only where a row asks for it.
    deferred: bool,
    /// Values of related rows that have a text already.
    related_values: Vec<rows::RelatedValue>,
}

/// The table that a query writes.
fn written(query: &Query) -> Option<TableId> {
    match query {
        Query::Read(_) => None,
        Query::Insert(insert) => Some(insert.into),
        Query::Update(update) => Some(update.table),
        Query::Delete(delete) => Some(delete.table),
    }
}

/// The row that columns belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Scope {
    table: TableId,
    /// The alias or quoted name before the dot.
    qualifier: String,
    /// The rows come out of a sub-select, which cannot keep every column's name.
    chosen: bool,
}

impl Scope {
    fn new(table: TableId, qualifier: String) -> Self {
        Self {
            table,
            qualifier,
            chosen: false,
        }
    }

    /// The same rows as they come out of a sub-select.
    fn chosen(&self) -> Self {
        Self {
            chosen: true,
            ..self.clone()
        }
    }
}

impl<'a> Renderer<'a> {
    fn new(catalog: &'a Catalog, dialect: Dialect, written: Vec<TableId>) -> Self {
        Self {
            catalog,
            syntax: dialect::of(dialect, catalog),
            next_alias: 0,
            written,
            chain: None,
            deferred: false,
            related_values: Vec::new(),
        }
    }

    fn query(&mut self, query: &Query) -> String {
        match query {
            Query::Read(read) => self.top_read(read),
            Query::Insert(insert) => self.insert(insert),
            Query::Update(update) => self.update(update),
            Query::Delete(delete) => self.delete(delete),
        }
    }

    fn table_name(&self, table: TableId) -> String {
        quoted(&self.catalog.table(table).name)
    }

    fn column_name(&self, table: TableId, column: ColumnId) -> String {
        quoted(&self.catalog.column(table, column).name)
    }

    fn column(&self, scope: &Scope, column: ColumnId) -> String {
        let name = &self.catalog.column(scope.table, column).name;
        let kept = self.syntax.passed_on(name).filter(|_| scope.chosen);
        format!("{}.{}", scope.qualifier, quoted(kept.unwrap_or(name)))
    }

    /// A scope under a new alias.
    fn aliased(&mut self, table: TableId) -> Scope {
        loop {
            let qualifier = format!("t{}", self.next_alias);
            self.next_alias += 1;
            let hides = |table: &TableId| self.catalog.table(*table).name.eq_ignore_ascii_case(&qualifier);
            if !self.written.iter().any(hides) {
                return Scope::new(table, qualifier);
            }
        }
    }

    /// A scope under the table's own name, as `RETURNING` demands.
    fn bare(&self, table: TableId) -> Scope {
        Scope::new(table, self.table_name(table))
    }

    /// All columns of a scope for the query around it, where [`Scope::chosen`] finds them.
    fn passed_on(&self, all: &str, scope: &Scope) -> String {
        let columns = &self.catalog.table(scope.table).columns;
        let renamed = columns.iter().filter_map(|column| {
            let kept = self.syntax.passed_on(&column.name)?;
            let (name, kept) = (quoted(&column.name), quoted(kept));
            Some(format!(",{}.{name} AS {kept}", scope.qualifier))
        });
        format!("{all}{}", renamed.collect::<String>())
    }

    /// `"users" AS t1`
    fn source(&self, scope: &Scope) -> String {
        format!("{} AS {}", self.table_name(scope.table), scope.qualifier)
    }

    /// The JSON column and the cells; empty if nothing is asked for.
    fn columns_out(&mut self, outputs: &Outputs, scope: &Scope) -> Vec<String> {
        let json = outputs
            .members
            .as_ref()
            .map(|members| self.row_json(members, scope));
        let mut cells = Vec::with_capacity(outputs.cells.len() + outputs.extra.len());
        cells.extend(
            outputs
                .cells
                .iter()
                .map(|column| self.typed_column(scope, *column)),
        );
        for value in &outputs.extra {
            cells.push(self.scalar(value, scope));
        }
        if let Some(chain) = &mut self.chain {
            return chain.part_columns(json, cells);
        }
        let cells = cells.iter().map(|cell| self.syntax.cell(cell));
        json.into_iter().chain(cells).collect()
    }
}
