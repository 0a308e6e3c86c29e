//! Rows of a list: values that differ from item to item.
//!
//! Role: what is read of an item, and what must be new for every row (ids), is computed for each item and goes into
//! one list parameter; the row that the statement makes refers to its positions.
//! Invariant: a value that is left out of an item gets what the column's default would give.
//! Not here: columns that have the same value in every row; see `data`.

use super::binds::Binds;
use super::pin::Anchor;
use super::value::{Cx, Target};
use crate::draft::{DraftAssignment, Each};
use crate::model::{Bind, BindValue, ListedRows, Source};
use backflow_catalog::{ColumnId, ColumnType};
use backflow_diag::{Diagnostic, codes};
use backflow_sql::ir::{Assigned, ParamId, Scalar};

/// The values of a row while it is made.
#[derive(Default)]
pub(crate) struct Listed {
    binds: Binds,
    /// Which column each is for.
    columns: Vec<ColumnId>,
    /// Columns that an item may leave out.
    pub(crate) optional: Vec<ColumnId>,
}

impl Listed {
    /// Does something whose binds are values of the row.
    fn within<'a, T>(&mut self, cx: &mut Cx<'_, 'a>, lower: impl FnOnce(&mut Cx<'_, 'a>) -> T) -> T {
        std::mem::swap(&mut self.binds, &mut cx.binds);
        let done = lower(cx);
        std::mem::swap(&mut self.binds, &mut cx.binds);
        done
    }

    /// The value of a column that is read of an item.
    pub(crate) fn assign<'a>(
        &mut self,
        cx: &mut Cx<'_, 'a>,
        value: &DraftAssignment<'a>,
        target: &Target<'_>,
    ) -> Option<Assigned> {
        if names_tenant(cx, value) {
            cx.out.push(
                Diagnostic::new(codes::TENANT_LEAK, "the items of a list do not name their tenant")
                    .at(value.name.span, "the tenant's column")
                    .note("all rows of one request belong to the tenant of its route")
                    .help("leave it out of the items: it is filled; or put it beside `...`"),
            );
            return None;
        }
        let lowered = self.within(cx, |cx| cx.value(&value.value, target))?;
        let (id, ty) = match lowered.scalar {
            Scalar::Param(id, ty) => (id, ty),
            fixed @ Scalar::Literal(..) => return Some(Assigned::Value(fixed)),
            _ => {
                cx.out.push(
                    Diagnostic::new(
                        codes::BAD_LITERAL,
                        format!("`{}` is computed of an item and of columns", value.name.value),
                    )
                    .at(value.name.span, "in every row anew")
                    .help("compute it in one expression: `{{item.amount * 2}}`"),
                );
                return None;
            }
        };
        if lowered.given.is_some() {
            // The flag was added behind its value; what is left out is known beforehand here.
            self.binds.list.pop();
            self.optional.push(value.column);
            let other = self.otherwise(cx, value.column)?;
            let bind = self.binds.list.get_mut(usize::from(id.0))?;
            if let BindValue::Optional(program) = &bind.value {
                bind.value = BindValue::Or(program.clone(), Box::new(other));
            }
        }
        Some(self.item(value.column, id, &ty))
    }

    /// What a column gets where an item leaves it out.
    fn otherwise(&mut self, cx: &mut Cx<'_, '_>, column: ColumnId) -> Option<BindValue> {
        let value = super::defaults::default(cx, column);
        if value.is_none() {
            let name = &cx.project.column(cx.table, column).name;
            cx.out.push(
                Diagnostic::new(
                    codes::MISSING_VALUE,
                    format!(
                        "`{name}` may be missing in an item, and its default is computed by the database"
                    ),
                )
                .at(cx.place, "a row for each item")
                .help(format!(
                    "make `{name}` required in the items, or leave it out of them"
                )),
            );
        }
        value
    }

    /// A value that is new for every row.
    pub(crate) fn fresh(&mut self, column: ColumnId, ty: &ColumnType, bind: Bind) -> Assigned {
        let id = self.binds.add(bind);
        self.item(column, id, ty)
    }

    fn item(&mut self, column: ColumnId, id: ParamId, ty: &ColumnType) -> Assigned {
        while self.columns.len() <= usize::from(id.0) {
            self.columns.push(column);
        }
        Assigned::Value(Scalar::Item(id.0, ty.clone()))
    }

    /// The position of a column's value.
    fn position(&self, column: ColumnId) -> Option<usize> {
        self.columns.iter().position(|known| *known == column)
    }

    /// The list as one parameter. `key`: the columns by which an upsert finds rows; `all`: none may be left out.
    pub(crate) fn close(
        self,
        cx: &mut Cx<'_, '_>,
        each: &Each<'_>,
        key: Option<&[ColumnId]>,
        all: bool,
    ) -> Option<ParamId> {
        let list = cx.frame.template(&each.list, cx.out)?;
        // Columns with the same value in every row tell no two rows apart.
        let key = key.map(|key| key.iter().filter_map(|column| self.position(*column)).collect());
        let items = cx
            .frame
            .sources
            .iter()
            .enumerate()
            .filter_map(|(at, source)| match source {
                Source::Item(keys) => Some((keys.clone(), backflow_expr::Slot(u32::try_from(at).ok()?))),
                _ => None,
            });
        let rows = ListedRows {
            list,
            item: items.collect(),
            values: self.binds.list,
            key,
            all,
        };
        let value = BindValue::Rows(Box::new(rows));
        let bound = cx
            .binds
            .program((cx.project, cx.frame), "data", &ColumnType::Jsonb, value);
        Some(bound)
    }
}

fn names_tenant(cx: &Cx<'_, '_>, value: &DraftAssignment<'_>) -> bool {
    let tenancy = cx.project.tenancy.as_ref();
    let tenant = tenancy.and_then(|tenancy| tenancy.tenant_column(cx.table));
    tenant == Some(value.column) && !matches!(cx.pins.anchor, Anchor::Anywhere)
}
