//! One migration, statement by statement.
//!
//! Role: replays all migrations before it to know what exists, then translates each statement between the
//! definition before and the one after it.
//! Output: [`sqlite`]'s list of statements.
//! Invariant: all faults are reported; with a fault there is no list.
//! Not here: the translations.

use super::fault::{Sql, instead, unsupported};
use super::quote::ident;
use super::{alter, drop, insert, keys, table};
use backflow_catalog::ddl::{Ddl, DdlStatement, Definition, Name};
use backflow_catalog::{Migration, Schema};
use backflow_diag::{Diagnostic, Diagnostics, Span};

/// A statement's effect.
pub(super) struct Change<'a> {
    pub(super) before: &'a Definition,
    pub(super) after: &'a Definition,
    /// The statement.
    pub(super) span: Span,
}

/// Where SQL and faults go.
pub(super) struct Out<'a> {
    statements: Vec<String>,
    diagnostics: &'a mut Diagnostics,
    failed: bool,
}

impl Out<'_> {
    /// Adds a statement.
    pub(super) fn push(&mut self, sql: String) {
        self.statements.push(sql);
    }

    /// The value, or its fault reported.
    pub(super) fn take<T>(&mut self, sql: Sql<T>) -> Option<T> {
        sql.map_err(|fault| {
            self.failed = true;
            self.diagnostics.push(*fault);
        })
        .ok()
    }

    /// Reports what does not stop the migration.
    pub(super) fn warn(&mut self, warning: Diagnostic) {
        self.diagnostics.push(warning);
    }
}

/// The statements that do on SQLite what a migration of this schema does on PostgreSQL.
///
/// They run in order in one transaction with foreign keys on; of a migration that is not transactional, what
/// belongs together is put in a transaction of its own. `None` when something cannot be translated; it is
/// reported.
pub fn sqlite(schema: &Schema, migration: &Migration, diagnostics: &mut Diagnostics) -> Option<Vec<String>> {
    let mut definition = Definition::default();
    // Faults of the reader were reported when it read.
    let mut known = Diagnostics::default();
    for earlier in schema
        .migrations
        .iter()
        .take_while(|earlier| earlier.file != migration.file)
    {
        for statement in &earlier.statements {
            definition.apply(statement, &mut known);
        }
    }
    let mut out = Out {
        statements: Vec::new(),
        diagnostics,
        failed: false,
    };
    for statement in &migration.statements {
        let before = definition.clone();
        let mut faults = Diagnostics::default();
        definition.apply(statement, &mut faults);
        // The rest of the statement is looked at all the same, for faults of its own.
        out.failed |= faults.has_errors();
        let first = out.statements.len();
        let change = Change {
            before: &before,
            after: &definition,
            span: statement.span,
        };
        same_but_for_case(&change, &mut out);
        keys::of_many_spellings(&change, &mut out);
        keys::at_odds(&change, &mut out);
        translate(&change, statement, &mut out);
        let made = out.statements.len() - first;
        if !migration.transactional && made > 1 {
            out.statements.insert(first, "BEGIN IMMEDIATE".to_owned());
            out.statements.push("COMMIT".to_owned());
        }
    }
    (!out.failed).then_some(out.statements)
}

fn translate(change: &Change<'_>, statement: &DdlStatement, out: &mut Out<'_>) {
    let changed = change.before != change.after;
    match &statement.ddl {
        Ddl::Comment | Ddl::Nothing | Ddl::Transaction | Ddl::CreateEnum { .. } => {}
        Ddl::Insert(rows) => insert::insert(change.after, rows, out),
        Ddl::Other { keyword } => {
            let why = "only PostgreSQL knows how to do it, or it cannot be seen what it does to the tables";
            let fault = unsupported(statement.span, format!("`{keyword}`"), why);
            out.take::<()>(Err(instead(fault, "remove it")));
        }
        // `IF EXISTS`, `IF NOT EXISTS` and nothing to do.
        _ if !changed => {}
        Ddl::CreateTable(create) => {
            if let Some(table) = change.after.table(&create.table.value) {
                table::create(change.after, table, out);
            }
        }
        Ddl::CreateIndex(create) => {
            let made = change
                .after
                .table(&create.table.value)
                .and_then(|table| Some((table, table.indexes.last()?)));
            if let Some((table, index)) = made
                && let Some(sql) = out.take(table::index(change.after, table, index)).flatten()
            {
                out.push(sql);
            }
        }
        Ddl::AddColumn { table, column, .. } => alter::add_column(change, &table.value, column, out),
        Ddl::AddConstraint { table, .. } => alter::add_constraint(change, &table.value, out),
        Ddl::DropTable { table, together, .. } => drop::drop_table(change, &table.value, together, out),
        Ddl::DropIndex { index, .. } => drop::drop_index(change, &index.value, out),
        Ddl::DropColumn { table, .. } => drop::drop_column(change, &table.value, out),
        Ddl::DropConstraint {
            table, constraint, ..
        } => {
            drop::drop_constraint(change, &table.value, &constraint.value, out);
        }
        Ddl::RenameTable { table, to } => alter::rename_table(change, &table.value, &to.value, out),
        Ddl::RenameColumn { table, column, to } => {
            alter::rename_column(change, &table.value, &column.value, &to.value, out);
        }
        Ddl::RenameConstraint {
            table,
            constraint,
            to,
        } => {
            alter::rename_constraint(change, &table.value, (&constraint.value, &to.value), out);
        }
        Ddl::RenameIndex { index, to, .. } => alter::rename_index(change, &index.value, &to.value, out),
        Ddl::AlterColumn {
            table,
            column,
            change: what,
        } => {
            alter::alter_column(change, &table.value, column, what, out);
        }
        Ddl::AddEnumLabel { name, .. } => alter::add_label(change, &name.value, out),
    }
}

/// SQLite knows names without regard to case: two that differ only in it cannot both exist.
fn same_but_for_case(change: &Change<'_>, out: &mut Out<'_>) {
    let tables: Vec<&Name> = change.after.tables.iter().map(|table| &table.name).collect();
    report_alike("table", &tables, out);
    for table in &change.after.tables {
        if change.before.table(&table.name.value) != Some(table) {
            let columns: Vec<&Name> = table.columns.iter().map(|column| &column.name).collect();
            report_alike("column", &columns, out);
        }
    }
    for table in tables.iter().filter(|table| is_reserved(&table.value)) {
        let why = "names that begin with `sqlite_` are SQLite's own";
        let fault = unsupported(table.span, format!("the table name {}", ident(&table.value)), why);
        out.take::<()>(Err(instead(fault, "choose another name")));
    }
}

fn is_reserved(name: &str) -> bool {
    name.get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case("sqlite_"))
}

fn report_alike(what: &str, names: &[&Name], out: &mut Out<'_>) {
    for (at, name) in names.iter().enumerate() {
        let alike = names
            .iter()
            .take(at)
            .any(|earlier| earlier.value.eq_ignore_ascii_case(&name.value));
        if alike {
            let why =
                format!("another {what} has this name in other case, and SQLite does not tell them apart");
            let fault = unsupported(name.span, format!("the {what} {}", ident(&name.value)), why);
            out.take::<()>(Err(instead(fault, "choose another name")));
        }
    }
}
