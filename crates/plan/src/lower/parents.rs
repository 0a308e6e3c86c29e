//! Rows that a new or changed row points at.
//!
//! Role: a foreign key into a scoped table must lead to a row of the same tenant.
//! Invariant: a parent of another tenant is as good as a missing one, so nobody learns that it exists.
//! Not here: keys into global tables; the database checks those.

use super::data::{Assignments, scalar_of};
use super::pin::Anchor;
use super::value::Cx;
use backflow_catalog::{ColumnId, ForeignKey, TableId};
use backflow_diag::{Diagnostic, codes};
use backflow_sql::ir::{Assigned, Comparison, Cond, Scalar};

/// Conditions for the parents of one row. They name only parameters, constants and other tables; for an
/// update (`existing`) also columns of the row that stay as they are.
pub(crate) fn conditions(cx: &mut Cx<'_, '_>, row: &Assignments, existing: bool) -> Vec<Cond> {
    if matches!(cx.pins.anchor, Anchor::Anywhere) {
        return Vec::new();
    }
    let mut keys: Vec<ForeignKey> = cx.project.table(cx.table).foreign_keys.clone();
    keys.retain(|key| needs_check(cx, key, row));
    if matches!(cx.pins.anchor, Anchor::New | Anchor::Secret) {
        keys.iter().for_each(|key| report_loose(cx, key));
        return Vec::new();
    }
    keys.iter().map(|key| condition(cx, key, row, existing)).collect()
}

/// A new tenant, or a row that only a secret ties, has no tenant yet that a parent could be held to.
fn report_loose(cx: &mut Cx<'_, '_>, key: &ForeignKey) {
    let parent = &cx.project.table(key.table).name;
    let columns: Vec<&str> = key
        .columns
        .iter()
        .map(|column| cx.project.column(cx.table, *column).name.as_str())
        .collect();
    let columns = columns.join(", ");
    cx.out.push(
        Diagnostic::new(
            codes::TENANT_LEAK,
            format!("`{columns}` could point at another tenant's row of `{parent}`"),
        )
        .at(cx.place, "no tenant is known here that the row could be held to")
        .help(format!(
            "leave `{columns}` out here, and set it in a route that is bound to the tenant"
        )),
    );
}

/// Keys into scoped tables, other than the tenant column itself, of which some column is written.
fn needs_check(cx: &Cx<'_, '_>, key: &ForeignKey, row: &Assignments) -> bool {
    let Some(tenancy) = &cx.project.tenancy else {
        return false;
    };
    let own = tenancy.tenant_column(cx.table);
    let is_tenant_column = key.table == tenancy.table && own.is_some_and(|column| key.columns == [column]);
    let written = key.columns.iter().any(|column| assigned(row, *column).is_some());
    cx.project.is_scoped(key.table) && !is_tenant_column && written
}

fn assigned(row: &Assignments, column: ColumnId) -> Option<&Assigned> {
    row.iter()
        .find(|(known, _)| *known == column)
        .map(|(_, assigned)| assigned)
}

fn condition(cx: &mut Cx<'_, '_>, key: &ForeignKey, row: &Assignments, existing: bool) -> Cond {
    let mut on = Vec::new();
    let mut parts = Vec::new();
    let mut empty = Vec::new();
    let mut flags = Vec::new();
    for (column, target) in key.columns.iter().zip(&key.references) {
        match assigned(row, *column) {
            Some(value) => {
                if let Assigned::IfGiven { flag, .. } = value {
                    flags.push(*flag);
                }
                let Some(scalar) = scalar_of(value) else {
                    return Cond::TRUE;
                };
                empty.push(Cond::IsNull(scalar.clone()));
                parts.push(equal(*target, scalar.clone()));
            }
            None if existing => on.push((*column, *target)),
            // A new row gets the default, mostly NULL, and then the key points nowhere.
            None => return Cond::TRUE,
        }
    }
    parts.push(pin(cx, key.table));
    let exists = Cond::Exists {
        table: key.table,
        on,
        filter: Box::new(Cond::All(parts)),
    };
    empty.push(exists);
    flags.into_iter().fold(Cond::Any(empty), |cond, flag| Cond::When {
        flag,
        cond: Box::new(cond),
    })
}

fn pin(cx: &mut Cx<'_, '_>, table: TableId) -> Cond {
    cx.pins.on(table, &mut cx.binds)
}

fn equal(column: ColumnId, value: Scalar) -> Cond {
    Cond::Compare {
        left: Scalar::Column(column),
        op: Comparison::Eq,
        right: value,
    }
}
