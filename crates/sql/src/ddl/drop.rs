//! `DROP` in SQLite's dialect.
//!
//! Input: definitions before and after the statement. Output: SQL statements.
//! Invariant: dropping a table touches no row of another.
//! Not here: whether something still refers to it; the reader has seen to that.

use super::quote::ident;
use super::rebuild::{Root, rebuild};
use super::script::{Change, Out};
use backflow_catalog::ddl::ConstraintKind;

/// `DROP TABLE`; tables of one statement go with the first of them, those that refer to others first.
pub(super) fn drop_table(change: &Change<'_>, table: &str, together: &[String], out: &mut Out<'_>) {
    if change.before.table(table).is_none() {
        return;
    }
    let freed: Vec<Root> = change
        .before
        .referrers(table)
        .map(|(name, _)| name)
        .filter(|name| !together.iter().any(|dropped| dropped == name))
        .map(Root::same)
        .collect();
    if !freed.is_empty() {
        rebuild(change.before, change.after, dedup(freed), change.span, out);
    }
    if together.len() > 1 {
        // Rows of the others may still point at this one's until they are gone too.
        out.push("PRAGMA defer_foreign_keys = ON".to_owned());
        for other in change.before.referrers(table).map(|(name, _)| name) {
            if together.iter().any(|dropped| dropped == other) {
                out.push(format!("DELETE FROM {}", ident(other)));
            }
        }
    }
    out.push(format!("DROP TABLE {}", ident(table)));
}

fn dedup(roots: Vec<Root>) -> Vec<Root> {
    let mut kept: Vec<Root> = Vec::new();
    for root in roots {
        if !kept.iter().any(|known| known.old == root.old) {
            kept.push(root);
        }
    }
    kept
}

/// `DROP INDEX`
pub(super) fn drop_index(change: &Change<'_>, index: &str, out: &mut Out<'_>) {
    if change.before.table_of_index(index).is_some() {
        // Some are left out on SQLite.
        out.push(format!("DROP INDEX IF EXISTS {}", ident(index)));
    }
}

/// `DROP CONSTRAINT`
pub(super) fn drop_constraint(change: &Change<'_>, table: &str, constraint: &str, out: &mut Out<'_>) {
    let found = change
        .before
        .table(table)
        .and_then(|table| table.constraint(constraint));
    match found.map(|constraint| &constraint.kind) {
        None => {}
        Some(ConstraintKind::Unique { .. }) => out.push(format!("DROP INDEX {}", ident(constraint))),
        Some(_) => rebuild(
            change.before,
            change.after,
            vec![Root::same(table)],
            change.span,
            out,
        ),
    }
}

/// `DROP COLUMN`
pub(super) fn drop_column(change: &Change<'_>, table: &str, out: &mut Out<'_>) {
    rebuild(
        change.before,
        change.after,
        vec![Root::same(table)],
        change.span,
        out,
    );
}
