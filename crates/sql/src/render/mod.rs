//! Resolved queries turned into statements.
//!
//! Role: [`Query`] → [`Statement`]. Structure is the same for every dialect; what differs is behind
//! [`dialect::Syntax`].
//! Invariant: identifiers are quoted, literals come from [`crate::ir::Datum`] and the catalog only and are
//! escaped, every other value is a numbered parameter; the same query always gives the same text.
//! Not here: which conditions a query needs.

mod cond;
mod dialect;
mod json;
mod read;
mod rows;
mod scalar;
mod sqlite;
mod sqlite_cast;
#[cfg(test)]
mod tests;
mod write;

pub use sqlite_cast::castable;

use crate::ir::{Dialect, Outputs, Query, Statement};
use backflow_catalog::{Catalog, ColumnId, TableId};
use dialect::{Syntax, quoted};

/// Renders a query for a dialect.
///
/// On SQLite, operators that only PostgreSQL has (ranges, regular expressions, full text search) become
/// NULL, which never holds; the planner refuses them before.
#[must_use]
pub fn render(query: &Query, catalog: &Catalog, dialect: Dialect) -> Statement {
    let mut renderer = Renderer::new(catalog, dialect, query);
    let (text, outputs) = match query {
        Query::Read(read) => (renderer.top_read(read), &read.outputs),
        Query::Insert(insert) => (renderer.insert(insert), &insert.outputs),
        Query::Update(update) => (renderer.update(update), &update.outputs),
        Query::Delete(delete) => (renderer.delete(delete), &delete.outputs),
    };
    Statement {
        text,
        json: outputs.members.is_some(),
        cells: outputs.cells.len() + outputs.extra.len(),
    }
}

/// The state while one statement is rendered.
struct Renderer<'a> {
    catalog: &'a Catalog,
    syntax: &'static dyn Syntax,
    next_alias: usize,
    /// The written table's name, by which its rows are called; no alias may hide it.
    written: Option<&'a str>,
}

/// The row that columns belong to.
#[derive(Debug, Clone)]
struct Scope {
    table: TableId,
    /// The alias or quoted name before the dot.
    qualifier: String,
}

impl<'a> Renderer<'a> {
    fn new(catalog: &'a Catalog, dialect: Dialect, query: &Query) -> Self {
        let written = match query {
            Query::Read(_) => None,
            Query::Insert(insert) => Some(insert.into),
            Query::Update(update) => Some(update.table),
            Query::Delete(delete) => Some(delete.table),
        };
        Self {
            catalog,
            syntax: dialect::of(dialect),
            next_alias: 0,
            written: written.map(|table| catalog.table(table).name.as_str()),
        }
    }

    fn table_name(&self, table: TableId) -> String {
        quoted(&self.catalog.table(table).name)
    }

    fn column_name(&self, table: TableId, column: ColumnId) -> String {
        quoted(&self.catalog.column(table, column).name)
    }

    fn column(&self, scope: &Scope, column: ColumnId) -> String {
        format!("{}.{}", scope.qualifier, self.column_name(scope.table, column))
    }

    /// A scope under a new alias.
    fn aliased(&mut self, table: TableId) -> Scope {
        loop {
            let qualifier = format!("t{}", self.next_alias);
            self.next_alias += 1;
            if !self
                .written
                .is_some_and(|name| name.eq_ignore_ascii_case(&qualifier))
            {
                return Scope { table, qualifier };
            }
        }
    }

    /// A scope under the table's own name, as `RETURNING` demands.
    fn bare(&self, table: TableId) -> Scope {
        Scope {
            table,
            qualifier: self.table_name(table),
        }
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
        let mut columns: Vec<String> = json.into_iter().collect();
        columns.extend(outputs.cells.iter().map(|column| self.column(scope, *column)));
        for value in &outputs.extra {
            columns.push(self.scalar(value, scope).sql);
        }
        columns
    }
}
