//! Values of columns that a row leaves out.
//!
//! Invariant: instants and ids that the database would make are made by us, so that a request has one instant and its
//! ids are known before the row is written.
//! Not here: defaults that only the database can compute (sequences, expressions).

use super::binds;
use super::data::Assignments;
use super::each::Listed;
use super::value::{Cx, json_literal};
use crate::convert::convert;
use crate::model::{Bind, BindValue};
use backflow_catalog::{ColumnId, ColumnType, DefaultValue};
use backflow_diag::{FileId, Span, Spanned};
use backflow_expr::ast::Node;
use backflow_expr::{Expr, Value};
use backflow_sql::ir::{Assigned, Datum, Scalar};

/// Instants and ids that the database would make are made by us: one instant for the whole request, and ids
/// that are known before the row is written.
pub(super) fn fill_defaults(cx: &mut Cx<'_, '_>, row: &mut Assignments, mut listed: Option<&mut Listed>) {
    let table = cx.project.table(cx.table);
    for column in table.column_ids() {
        let declared = cx.project.column(cx.table, column);
        let is_key = table.primary_key.contains(&column);
        if row.iter().any(|(known, _)| *known == column) {
            continue;
        }
        let value = match declared.default {
            Some(DefaultValue::Now) if declared.ty.is_temporal() => BindValue::Now,
            Some(DefaultValue::RandomUuid) if declared.ty == ColumnType::Uuid && is_key => BindValue::NewKey,
            Some(DefaultValue::RandomUuid) if declared.ty == ColumnType::Uuid => {
                let Some(value) = random_uuid(cx, column) else {
                    continue;
                };
                value
            }
            _ => continue,
        };
        let is_same = matches!(value, BindValue::Now);
        let bind = Bind {
            label: format!("data.{}", declared.name),
            labels: binds::labels(cx.project, &declared.ty),
            ty: declared.ty.clone(),
            value,
            late: false,
        };
        let assigned = match listed.as_deref_mut().filter(|_| !is_same) {
            Some(listed) => listed.fresh(column, &declared.ty, bind),
            None => Assigned::Value(binds::param(cx.binds.add(bind), &declared.ty)),
        };
        row.push((column, assigned));
    }
}

/// A value of the request that may be missing gets the column's default beforehand, if we can tell it; one of an earlier
/// result only where the database would make an instant or an id of its own.
pub(super) fn fall_back(cx: &mut Cx<'_, '_>, column: ColumnId, value: &Scalar) {
    let Scalar::Param(id, _) = value else { return };
    let at = usize::from(id.0);
    let is_early = cx.binds.list.get(at).is_some_and(|bind| !bind.late);
    let made = matches!(
        cx.project.column(cx.table, column).default,
        Some(DefaultValue::Now | DefaultValue::RandomUuid)
    );
    let Some(other) = (is_early || made).then(|| default(cx, column)).flatten() else {
        return;
    };
    if let Some(bind) = cx.binds.list.get_mut(at)
        && let BindValue::Optional(program) = &bind.value
    {
        bind.value = BindValue::Or(program.clone(), Box::new(other));
    }
}

/// The default of a column as a value; `None`: only the database can compute it.
pub(crate) fn default(cx: &mut Cx<'_, '_>, column: ColumnId) -> Option<BindValue> {
    let declared = cx.project.column(cx.table, column);
    let is_key = cx.project.table(cx.table).primary_key.contains(&column);
    match &declared.default {
        None => Some(BindValue::Constant(Datum::Null)),
        Some(DefaultValue::Now) if declared.ty.is_temporal() => Some(BindValue::Now),
        Some(DefaultValue::RandomUuid) if declared.ty != ColumnType::Uuid => None,
        Some(DefaultValue::RandomUuid) if is_key => Some(BindValue::NewKey),
        Some(DefaultValue::RandomUuid) => random_uuid(cx, column),
        Some(DefaultValue::Literal(text)) => {
            let labels = binds::labels(cx.project, &declared.ty);
            let value = json_literal(&Value::text(text.as_str()), &declared.ty);
            let value = value.unwrap_or_else(|| Value::text(text.as_str()));
            convert(&value, &declared.ty, &labels, true)
                .ok()
                .map(BindValue::Constant)
        }
        Some(DefaultValue::Now | DefaultValue::Sequence | DefaultValue::Expression(_)) => None,
    }
}

/// An id that nobody can guess.
fn random_uuid(cx: &mut Cx<'_, '_>, column: ColumnId) -> Option<BindValue> {
    let declared = cx.project.column(cx.table, column);
    let span = declared.span.unwrap_or(Span {
        file: FileId(0),
        start: 0,
        end: 0,
    });
    let node = Node::Call(Spanned::new("uuid".to_owned(), span), Vec::new());
    let program = cx.frame.expr(&Expr { node, span }, cx.out)?;
    Some(BindValue::Needed(program))
}
