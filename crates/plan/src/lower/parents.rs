//! Rows that a new or changed row points at.
//!
//! Role: a foreign key into a scoped table must lead to a row of the same tenant.
//! Invariant: a parent of another tenant is as good as a missing one, so nobody learns that it exists.
//! Not here: keys into global tables; the database checks those.

use super::binds;
use super::data::{Assignments, scalar_of};
use super::pin::Anchor;
use super::value::Cx;
use crate::convert::convert;
use backflow_catalog::{ColumnId, DefaultValue, ForeignKey, TableId};
use backflow_diag::{Diagnostic, codes};
use backflow_expr::Value;
use backflow_sql::ir::{Assigned, Comparison, Cond, ParamId, Scalar};

/// Values of one key that may be missing: each doubles the checks.
const MOST_OPTIONAL: usize = 4;

/// Conditions for the parents of one row. They name only parameters, constants and other tables; for an
/// update (`existing`) also columns of the row that stay as they are.
pub(crate) fn conditions(cx: &mut Cx<'_, '_>, row: &Assignments, existing: bool) -> Vec<Cond> {
    if matches!(cx.pins.anchor, Anchor::Anywhere) {
        return Vec::new();
    }
    let mut keys: Vec<ForeignKey> = cx.project.table(cx.table).foreign_keys.clone();
    keys.retain(|key| needs_check(cx, key, row, existing));
    if matches!(cx.pins.anchor, Anchor::New | Anchor::Secret) {
        keys.iter().for_each(|key| report_loose(cx, key));
        return Vec::new();
    }
    keys.iter().map(|key| condition(cx, key, row, existing)).collect()
}

/// An upsert that meets a row changes what is offered and leaves the rest: a key of which only a part is offered
/// would be half the caller's, half the stored row's.
pub(crate) fn whole(cx: &mut Cx<'_, '_>, rows: &[Assignments]) {
    if matches!(cx.pins.anchor, Anchor::Anywhere | Anchor::New | Anchor::Secret) {
        return;
    }
    let tenant = cx
        .project
        .tenancy
        .as_ref()
        .and_then(|tenancy| tenancy.tenant_column(cx.table));
    let keys: Vec<ForeignKey> = cx.project.table(cx.table).foreign_keys.clone();
    for key in keys {
        let certain = |row: &Assignments, column| matches!(assigned(row, column), Some(Assigned::Value(_)));
        // The tenant is the same in both.
        let free: Vec<ColumnId> = key
            .columns
            .iter()
            .copied()
            .filter(|column| tenant != Some(*column))
            .collect();
        let part = rows
            .iter()
            .any(|row| free.iter().any(|column| !certain(row, *column)));
        if free.len() > 1 && part && rows.iter().any(|row| needs_check(cx, &key, row, true)) {
            report_part(cx, &key);
        }
    }
}

/// A new tenant, or a row that only a secret ties, has no tenant yet that a parent could be held to.
fn report_loose(cx: &mut Cx<'_, '_>, key: &ForeignKey) {
    let parent = &cx.project.table(key.table).name;
    let columns = names(cx, key);
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

/// Keys into scoped tables, other than the tenant column itself, of which some column is written,
/// be it by a default.
fn needs_check(cx: &Cx<'_, '_>, key: &ForeignKey, row: &Assignments, existing: bool) -> bool {
    let Some(tenancy) = &cx.project.tenancy else {
        return false;
    };
    let own = tenancy.tenant_column(cx.table);
    let is_tenant_column = key.table == tenancy.table && own.is_some_and(|column| key.columns == [column]);
    let given = |column: &ColumnId| {
        let default = &cx.project.column(cx.table, *column).default;
        assigned(row, *column).is_some() || (!existing && matches!(default, Some(DefaultValue::Literal(_))))
    };
    let written = key.columns.iter().any(given);
    cx.project.is_scoped(key.table) && !is_tenant_column && written
}

fn assigned(row: &Assignments, column: ColumnId) -> Option<&Assigned> {
    row.iter()
        .find(|(known, _)| *known == column)
        .map(|(_, assigned)| assigned)
}

/// The columns of a key with what each gets; of a value that may be missing, the flag too.
struct Pointer<'k> {
    key: &'k ForeignKey,
    values: Vec<(Option<ParamId>, Option<Scalar>)>,
    existing: bool,
}

fn condition(cx: &mut Cx<'_, '_>, key: &ForeignKey, row: &Assignments, existing: bool) -> Cond {
    let values: Vec<_> = key
        .columns
        .iter()
        .map(|column| match assigned(row, *column) {
            Some(Assigned::IfGiven { flag, value }) => (Some(*flag), Some(value.clone())),
            Some(assigned) => (None, scalar_of(assigned).cloned()),
            None => (None, None),
        })
        .collect();
    let computed = |(_, value): &(_, Option<Scalar>)| value.as_ref().is_some_and(|value| !is_plain(value));
    if values.iter().any(computed) {
        report_computed(cx, key);
        return Cond::Any(Vec::new());
    }
    let flags: Vec<ParamId> = values.iter().filter_map(|(flag, _)| *flag).collect();
    if flags.len() > MOST_OPTIONAL {
        report_optional(cx, key);
        return Cond::Any(Vec::new());
    }
    let pointer = Pointer {
        key,
        values,
        existing,
    };
    // What is not given stays as it is, or gets its default: the key is another one for each choice.
    let choices = (0..1_usize << flags.len()).map(|choice| {
        let given = |flag: ParamId| {
            let position = flags.iter().position(|known| *known == flag);
            position.is_some_and(|position| choice >> position & 1 == 1)
        };
        let checked = leads(cx, &pointer, &given);
        flags
            .iter()
            .fold(checked, |cond, flag| match (&cond, given(*flag)) {
                (cond, _) if *cond == Cond::TRUE => Cond::TRUE,
                (_, true) => when(*flag, cond),
                (_, false) => Cond::Any(vec![
                    Cond::Not(Box::new(when(*flag, Cond::Any(Vec::new())))),
                    cond,
                ]),
            })
    });
    choices
        .filter(|cond| *cond != Cond::TRUE)
        .fold(Cond::TRUE, Cond::and)
}

/// The parent that these values lead to is of the tenant.
fn leads(cx: &mut Cx<'_, '_>, pointer: &Pointer<'_>, given: &dyn Fn(ParamId) -> bool) -> Cond {
    let (mut on, mut parts, mut empty) = (Vec::new(), Vec::new(), Vec::new());
    let mut written = false;
    let columns = pointer.key.columns.iter().zip(&pointer.key.references);
    for ((column, target), (flag, value)) in columns.zip(&pointer.values) {
        let value = value.as_ref().filter(|_| flag.is_none_or(given));
        written |= value.is_some();
        let value = match value {
            Some(value) => value.clone(),
            None if pointer.existing => {
                on.push((*column, *target));
                empty.push(Cond::IsNull(Scalar::Column(*column)));
                continue;
            }
            None => match default(cx, *column) {
                Some(value) => value,
                // A key with an empty column points nowhere.
                None => return Cond::TRUE,
            },
        };
        empty.push(Cond::IsNull(value.clone()));
        parts.push(equal(*target, value));
    }
    if pointer.existing && !written {
        return Cond::TRUE;
    }
    parts.push(pin(cx, pointer.key.table));
    empty.push(Cond::Exists {
        table: pointer.key.table,
        on,
        filter: Box::new(Cond::All(parts)),
    });
    Cond::Any(empty)
}

/// What a new row gets for a column that is left out, if that is a constant.
fn default(cx: &Cx<'_, '_>, column: ColumnId) -> Option<Scalar> {
    let declared = cx.project.column(cx.table, column);
    let Some(DefaultValue::Literal(text)) = &declared.default else {
        return None;
    };
    let labels = binds::labels(cx.project, &declared.ty);
    let value = convert(&Value::text(text.as_str()), &declared.ty, &labels, true).ok()?;
    Some(Scalar::Literal(value, declared.ty.clone()))
}

fn when(flag: ParamId, cond: Cond) -> Cond {
    Cond::When {
        flag,
        cond: Box::new(cond),
    }
}

/// Whether a value means the same wherever it stands, also inside a look-up of another table's row.
fn is_plain(value: &Scalar) -> bool {
    match value {
        Scalar::Param(..) | Scalar::Literal(..) | Scalar::Item(..) => true,
        Scalar::Cast(value, _) => is_plain(value),
        _ => false,
    }
}

/// What a row's own columns are part of is only known when the row is: too late to hold it to a tenant.
fn report_computed(cx: &mut Cx<'_, '_>, key: &ForeignKey) {
    let (columns, parent) = (names(cx, key), cx.project.table(key.table).name.clone());
    cx.out.push(
        Diagnostic::new(
            codes::TENANT_LEAK,
            format!("`{columns}` could point at another tenant's row of `{parent}`"),
        )
        .at(cx.place, "computed from the row's own columns")
        .note("a key that is computed may be any row's key")
        .help(format!("give `{columns}` a value: `\"{{{{body.…}}}}\"`")),
    );
}

fn report_optional(cx: &mut Cx<'_, '_>, key: &ForeignKey) {
    let columns = names(cx, key);
    cx.out.push(
        Diagnostic::new(
            codes::TENANT_LEAK,
            format!("too many of `{columns}` may be missing to tell which row they point at"),
        )
        .at(cx.place, "of one key, at most four values may be missing")
        .help("make them `required` under `validation.body`"),
    );
}

fn report_part(cx: &mut Cx<'_, '_>, key: &ForeignKey) {
    let (columns, parent) = (names(cx, key), cx.project.table(key.table).name.clone());
    cx.out.push(
        Diagnostic::new(
            codes::TENANT_LEAK,
            format!("`{columns}` could point at another tenant's row of `{parent}`"),
        )
        .at(
            cx.place,
            "a part of the key is offered, the rest is the stored row's",
        )
        .help(format!(
            "give all of `{columns}`, each certainly there, or use an update"
        )),
    );
}

fn names(cx: &Cx<'_, '_>, key: &ForeignKey) -> String {
    let columns = key.columns.iter();
    let columns: Vec<&str> = columns
        .map(|column| cx.project.column(cx.table, *column).name.as_str())
        .collect();
    columns.join(", ")
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
