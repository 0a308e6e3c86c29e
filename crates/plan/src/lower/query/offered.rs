//! The rows that an insert or upsert offers, judged together.
//!
//! Invariant: of several rows in one upsert, each gives every column that any of them changes.
//! Not here: single values; two rows of one key, which the engine judges when the values are there.

use crate::draft::DraftQuery;
use crate::lower::data::{self, Assignments};
use crate::lower::value::Cx;
use crate::model::KeyPart;
use backflow_catalog::{ColumnId, DefaultValue};
use backflow_diag::{Diagnostic, Spanned, codes};
use backflow_sql::ir::{Assigned, Dialect, Scalar};

/// On SQLite no word stands for a default that the database computes.
pub(super) fn report_computed_defaults(cx: &mut Cx<'_, '_>, draft: &DraftQuery<'_>, rows: &[Assignments]) {
    if cx.project.dialect != Dialect::Sqlite {
        return;
    }
    for value in draft.rows.iter().flatten() {
        let declared = cx.project.column(cx.table, value.column);
        // Rows may be many: they are only looked through where it matters.
        if !matches!(declared.default, Some(DefaultValue::Expression(_))) {
            continue;
        }
        let may_miss = rows.iter().any(|row| {
            let found = row.iter().find(|(known, _)| *known == value.column);
            !matches!(found, Some((_, Assigned::Value(_))))
        });
        if may_miss {
            let name = &declared.name;
            cx.out.push(
                Diagnostic::new(
                    codes::MISSING_VALUE,
                    format!("`{name}` may be missing, and its default is computed by the database"),
                )
                .at(value.name.span, "in some requests, or in some rows")
                .note("SQLite computes such a default only where no row gives the column a value")
                .help(format!(
                    "give every row a value, or make the default of `{name}` a constant"
                )),
            );
        }
    }
}

/// The keys of offered rows; of a row whose key is not known beforehand, nothing.
pub(super) fn offered_keys(target: &[ColumnId], rows: &[Assignments]) -> Vec<Vec<KeyPart>> {
    let part = |row: &Assignments, column: &ColumnId| {
        let (_, assigned) = row.iter().find(|(known, _)| known == column)?;
        match data::scalar_of(assigned)? {
            Scalar::Param(id, _) => Some(KeyPart::Bind(usize::from(id.0))),
            Scalar::Literal(value, ty) => Some(KeyPart::Fixed(value.clone(), ty.clone())),
            _ => None,
        }
    };
    let key = |row| target.iter().map(|column| part(row, column)).collect();
    rows.iter().filter_map(key).collect()
}

/// One statement gives every row the same columns: of several rows, none can keep what another changes.
pub(super) fn report_uneven(
    cx: &mut Cx<'_, '_>,
    draft: &DraftQuery<'_>,
    rows: &[Assignments],
    key: &[ColumnId],
) {
    // What finds a row does not change it.
    let mut told: Vec<ColumnId> = key.to_vec();
    for value in draft.rows.iter().flatten() {
        let certain = |row: &Assignments| {
            let found = row.iter().find(|(known, _)| *known == value.column);
            matches!(found, Some((_, Assigned::Value(_))))
        };
        let named = draft
            .rows
            .iter()
            .all(|row| row.iter().any(|other| other.column == value.column));
        if told.contains(&value.column) || (named && rows.iter().all(certain)) {
            continue;
        }
        told.push(value.column);
        let why = if named {
            "may be missing"
        } else {
            "stands in some rows only"
        };
        cx.out.push(uneven(&value.name, why));
    }
}

/// Of items that an upsert offers, none can leave out what another changes.
pub(super) fn report_optional(
    cx: &mut Cx<'_, '_>,
    draft: &DraftQuery<'_>,
    optional: &[ColumnId],
    key: Option<&[ColumnId]>,
) {
    let Some(key) = key else { return };
    for value in draft.rows.iter().flatten() {
        if optional.contains(&value.column) && !key.contains(&value.column) {
            cx.out.push(uneven(&value.name, "may be missing in an item"));
        }
    }
}

fn uneven(name: &Spanned<String>, why: &str) -> Diagnostic {
    Diagnostic::new(
        codes::MISSING_VALUE,
        format!("in an upsert of several rows, every row needs `{}`", name.value),
    )
    .at(name.span, why)
    .note("rows that exist get what `data` names; of several rows all get the same columns")
    .help("require it, give every row a value (`{{… ?? null}}` if need be), or write an upsert for each row")
}
