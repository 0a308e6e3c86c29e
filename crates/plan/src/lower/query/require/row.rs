//! The two sides of a limit, over a row as it is or as it will be.
//!
//! Invariant: a column of the counter that is NULL counts as in arithmetic of `data`; the limit stays NULL.
//! Not here: the type that both sides have.

use super::read::Required;
use super::width::{self, widened};
use crate::lower::value::Cx;
use backflow_catalog::{ColumnId, ColumnType, DefaultValue};
use backflow_expr::Number;
use backflow_sql::ScalarAst;
use backflow_sql::ir::{ArithmeticOp, Assigned, Comparison, Cond, Datum, Scalar};

/// A row whose columns are meant.
#[derive(Clone, Copy)]
pub(super) enum Row<'r> {
    /// The row that is there.
    Stored,
    /// That row with these values.
    Changed(&'r [(ColumnId, Assigned)]),
    /// A new row of these values.
    Offered(&'r [(ColumnId, Assigned)]),
}

impl Row<'_> {
    /// The value of a column, of the column's type.
    pub(super) fn value(&self, cx: &Cx<'_, '_>, column: ColumnId) -> Scalar {
        let (set, otherwise) = match self {
            Row::Stored => return Scalar::Column(column),
            Row::Changed(set) => (set, Scalar::Column(column)),
            Row::Offered(values) => (values, default(cx, column)),
        };
        match set
            .iter()
            .find(|(known, _)| *known == column)
            .map(|(_, value)| value)
        {
            Some(Assigned::Value(value)) => value.clone(),
            Some(Assigned::IfGiven { flag, value }) => Scalar::IfGiven {
                flag: *flag,
                value: Box::new(value.clone()),
                otherwise: Box::new(otherwise),
            },
            Some(Assigned::Default) => default(cx, column),
            None => otherwise,
        }
    }
}

/// What the database gives a column that a new row leaves out; others than constants were refused.
fn default(cx: &Cx<'_, '_>, column: ColumnId) -> Scalar {
    let declared = cx.project.column(cx.table, column);
    match declared.default {
        Some(DefaultValue::Literal(_)) => Scalar::DefaultOf(column),
        _ => Scalar::Literal(Datum::Null, declared.ty.clone()),
    }
}

/// A stored row has the key that is offered.
pub(super) fn met(cx: &Cx<'_, '_>, offered: &Row<'_>, column: ColumnId) -> Cond {
    Cond::Compare {
        left: Scalar::Column(column),
        op: Comparison::Eq,
        right: offered.value(cx, column),
    }
}

/// What is counted.
pub(super) fn counter(cx: &Cx<'_, '_>, required: &Required, row: &Row<'_>, ty: &ColumnType) -> Scalar {
    let side = Side {
        cx,
        required,
        row,
        ty,
        counts: true,
    };
    side.scalar(&required.counter)
}

/// What it is held to.
pub(super) fn limit(cx: &Cx<'_, '_>, required: &Required, row: &Row<'_>, ty: &ColumnType) -> Scalar {
    let side = Side {
        cx,
        required,
        row,
        ty,
        counts: false,
    };
    side.scalar(&required.limit)
}

struct Side<'s, 'c, 'a> {
    cx: &'s Cx<'c, 'a>,
    required: &'s Required,
    row: &'s Row<'s>,
    ty: &'s ColumnType,
    counts: bool,
}

impl Side<'_, '_, '_> {
    fn scalar(&self, ast: &ScalarAst) -> Scalar {
        match ast {
            ScalarAst::Column(name) => {
                let table = self.cx.project.table(self.cx.table);
                let Some(column) = table.column(name) else {
                    return self.null();
                };
                let value = widened(self.cx, self.row.value(self.cx, column), self.ty);
                match self.counts {
                    true => self.counted(column, value),
                    false => value,
                }
            }
            ScalarAst::Number(digits) => {
                let number = Number::parse(&digits.value);
                number.map_or(self.null(), |number| width::literal(&number, self.ty))
            }
            ScalarAst::Hole(at) => match self.required.values.get(at.value) {
                Some((value, _)) => widened(self.cx, value.clone(), self.ty),
                None => self.null(),
            },
            ScalarAst::Neg { value, .. } => {
                self.arithmetic(ArithmeticOp::Sub, width::zero(self.ty), self.scalar(value))
            }
            ScalarAst::Binary { op, left, right } => {
                self.arithmetic(op.value, self.scalar(left), self.scalar(right))
            }
            ScalarAst::Coalesce { args, .. } => {
                Scalar::Coalesce(args.iter().map(|arg| self.scalar(arg)).collect())
            }
            // Refused when it was read.
            _ => self.null(),
        }
    }

    /// A column that is NULL counts as its default, else as 0.
    fn counted(&self, column: ColumnId, value: Scalar) -> Scalar {
        let mut values = vec![value];
        let declared = self.cx.project.column(self.cx.table, column);
        if matches!(&declared.default, Some(DefaultValue::Literal(text)) if text != "0") {
            values.push(widened(self.cx, Scalar::DefaultOf(column), self.ty));
        }
        values.push(width::zero(self.ty));
        Scalar::Coalesce(values)
    }

    fn arithmetic(&self, op: ArithmeticOp, left: Scalar, right: Scalar) -> Scalar {
        crate::lower::scalar::arithmetic(op, left, right, self.ty.clone())
    }

    fn null(&self) -> Scalar {
        Scalar::Literal(Datum::Null, self.ty.clone())
    }
}
