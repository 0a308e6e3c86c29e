//! Changing what SQLite cannot change in place.
//!
//! Role: renames the table away, makes it anew, copies its rows, drops the old one.
//! Input: definitions before and after. Output: SQL statements.
//! Invariant: no row that refers to the table is lost or set null on the way: tables with foreign keys to it
//! are rebuilt along with it, so that nothing refers to an old table when it is dropped.
//! Not here: which statements need it; see `alter`.

use super::fault::{instead, unsupported};
use super::quote::{ident, idents, text};
use super::script::Out;
use super::table;
use backflow_catalog::ddl::{Action, ConstraintKind, Definition, Generated, Reference, TableDef};
use backflow_diag::Span;

/// A table to rebuild.
pub(super) struct Root {
    /// Its name before.
    pub(super) old: String,
    /// Its name after.
    pub(super) new: String,
    /// Columns that do not simply keep their value: name after, and SQL over the old row; `None` leaves the
    /// column to its default.
    pub(super) sources: Vec<(String, Option<String>)>,
}

impl Root {
    /// A table that keeps its name and every value.
    pub(super) fn same(name: &str) -> Self {
        Self {
            old: name.to_owned(),
            new: name.to_owned(),
            sources: Vec::new(),
        }
    }
}

/// Rebuilds tables and all that refer to them. `span` is where it is asked for.
pub(super) fn rebuild(
    before: &Definition,
    after: &Definition,
    roots: Vec<Root>,
    span: Span,
    out: &mut Out<'_>,
) {
    let roots = with_referrers(before, after, roots);
    let Some(order) = parents_first(after, &roots) else {
        let why = "the table must be made anew for it, and it takes part in a ring of foreign keys";
        let fault = unsupported(span, "this change", why);
        out.take::<()>(Err(instead(fault, "say it in `CREATE TABLE` from the start")));
        return;
    };
    out.push("PRAGMA defer_foreign_keys = ON".to_owned());
    for root in &roots {
        if let Some(table) = before.table(&root.old) {
            drop_indexes(table, out);
        }
    }
    for root in &roots {
        out.push(format!(
            "ALTER TABLE {} RENAME TO {}",
            ident(&root.old),
            ident(&aside(&root.old))
        ));
    }
    for root in &order {
        if let Some(table) = after.table(&root.new) {
            table::create(after, table, out);
            copy(before, table, root, out);
        }
    }
    for root in order.iter().rev() {
        out.push(format!("DROP TABLE {}", ident(&aside(&root.old))));
    }
}

/// The name of the old table while its successor is filled.
fn aside(name: &str) -> String {
    format!("{name} before")
}

fn with_referrers(before: &Definition, after: &Definition, mut roots: Vec<Root>) -> Vec<Root> {
    let mut next = 0;
    while let Some(root) = roots.get(next) {
        let referrers: Vec<String> = before
            .referrers(&root.old)
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in referrers {
            if !roots.iter().any(|root| root.old == name) && after.table(&name).is_some() {
                roots.push(Root::same(&name));
            }
        }
        next += 1;
    }
    roots
}

/// The tables in an order in which each comes after those it points at; `None` when there is none, or when a
/// table points at itself in a way that would stop its old rows from going.
fn parents_first<'a>(after: &Definition, roots: &'a [Root]) -> Option<Vec<&'a Root>> {
    let mut order: Vec<&Root> = Vec::new();
    while order.len() < roots.len() {
        let placed = |name: &str| order.iter().any(|root| root.new == name);
        let ready = roots.iter().find(|root| {
            let Some(table) = after.table(&root.new) else {
                return false;
            };
            let waits = table.references().any(|key| {
                let target = &key.table.value;
                *target != root.new && roots.iter().any(|other| other.new == *target) && !placed(target)
            });
            !placed(&root.new) && !waits
        })?;
        let table = after.table(&ready.new)?;
        if table
            .references()
            .any(|key| key.table.value == ready.new && !lets_go(table, key))
        {
            return None;
        }
        order.push(ready);
    }
    Some(order)
}

/// Whether a key of a table to itself allows all rows to be deleted at once without its unique indexes.
fn lets_go(table: &TableDef, key: &Reference) -> bool {
    let primary = table.primary_key();
    let to_primary =
        key.references.len() == primary.len() && key.references.iter().all(|c| primary.contains(c));
    to_primary && matches!(key.on_delete, Action::NoAction | Action::Cascade)
}

/// Drops every index of a table.
fn drop_indexes(table: &TableDef, out: &mut Out<'_>) {
    for constraint in &table.constraints {
        if let (ConstraintKind::Unique { .. }, Some(name)) = (&constraint.kind, &constraint.name) {
            out.push(format!("DROP INDEX {}", ident(&name.value)));
        }
    }
    for index in &table.indexes {
        if let Some(name) = &index.name {
            // Some are left out on SQLite.
            out.push(format!("DROP INDEX IF EXISTS {}", ident(&name.value)));
        }
    }
}

fn copy(before: &Definition, table: &TableDef, root: &Root, out: &mut Out<'_>) {
    let old = before.table(&root.old);
    let (mut columns, mut values) = (Vec::new(), Vec::new());
    for column in &table.columns {
        let name = column.name.value.as_str();
        if matches!(column.generated, Some(Generated::Stored(_))) {
            continue;
        }
        let given = root
            .sources
            .iter()
            .find(|(column, _)| column == name)
            .map(|(_, source)| source.clone());
        let kept = old.and_then(|old| old.column(name)).map(|_| ident(name));
        if let Some(value) = given.unwrap_or(kept) {
            columns.push(name);
            values.push(value);
        }
    }
    let (new, aside_name) = (ident(&table.name.value), ident(&aside(&root.old)));
    if columns.is_empty() {
        out.push(format!("INSERT INTO {new} DEFAULT VALUES"));
        return;
    }
    let (columns, values) = (idents(columns), values.join(", "));
    out.push(format!(
        "INSERT INTO {new} ({columns}) SELECT {values} FROM {aside_name} ORDER BY rowid"
    ));
    let counts = |column: &backflow_catalog::ddl::ColumnDef| {
        matches!(
            column.generated,
            Some(Generated::Serial | Generated::Identity { .. })
        )
    };
    if table.columns.iter().any(counts) && old.is_some_and(|old| old.columns.iter().any(counts)) {
        // Numbers that were given out once are not given out again.
        let (new, old) = (text(&table.name.value), text(&aside(&root.old)));
        out.push(format!("DELETE FROM sqlite_sequence WHERE name = {new}"));
        out.push(format!("INSERT INTO sqlite_sequence (name, seq) SELECT {new}, seq FROM sqlite_sequence WHERE name = {old}"));
    }
}
