//! A condition of one caller, said for the sum of several.
//!
//! Role: when callers add to a row one after another, each is judged with the row as it was left before; one statement
//! judges the row as it was, with what all of them add. This says a condition so, where that is at least as strict.
//! Invariant: whatever is not recognised here is not said.
//! Not here: what follows from it (`at_once`).
//!
//! A side that counts is made of the column and of what is added, each with plus. Where the column stands there no more
//! often than what is added, nobody's side is greater than that of the sum: with `a` times the column and `b` times what
//! is added, and `p` added by those before, `a*(u+p) + b*d <= a*u + b*(p+d)` for `a <= b` and `p >= 0`.

use super::counted::{Added, constant};
use backflow_catalog::{Catalog, ColumnId, ColumnType, TableId};
use backflow_sql::ir::visit::{self, Visit};
use backflow_sql::ir::{ArithmeticOp, Comparison, Cond, Datum, ParamId, Scalar};

/// What counts in a row.
pub(super) struct Counter<'c> {
    pub(super) catalog: &'c Catalog,
    pub(super) table: TableId,
    pub(super) column: ColumnId,
    /// What is added to a stored row, and to a new one; both are the same number.
    pub(super) adds: [Added; 2],
    /// What all add.
    pub(super) sum: Scalar,
    pub(super) ty: ColumnType,
}

/// A side for the sum.
struct Raised {
    side: Scalar,
    /// How often it has the column, and what is added.
    column: usize,
    added: usize,
}

impl Counter<'_> {
    /// A condition for the sum; `None`: it may hold there though it does not hold for each in turn, or it has nothing of
    /// what is added.
    pub(super) fn for_sum(&self, cond: &Cond) -> Option<Cond> {
        let mut raised = 0;
        let said = self.said(cond, &mut raised)?;
        (raised > 0).then_some(said)
    }

    fn said(&self, cond: &Cond, raised: &mut usize) -> Option<Cond> {
        let mut all = |conds: &[Cond]| -> Option<Vec<Cond>> {
            conds.iter().map(|one| self.said(one, raised)).collect()
        };
        match cond {
            Cond::All(conds) => all(conds).map(Cond::All),
            Cond::Any(conds) => all(conds).map(Cond::Any),
            Cond::Compare { left, op, right } => {
                let (left, right) = match op {
                    Comparison::Lt | Comparison::Le => self.sides(left, right, raised)?,
                    Comparison::Gt | Comparison::Ge => {
                        let (right, left) = self.sides(right, left, raised)?;
                        (left, right)
                    }
                    _ => return self.says_nothing(cond).then(|| cond.clone()),
                };
                Some(Cond::Compare { left, op: *op, right })
            }
            cond => self.says_nothing(cond).then(|| cond.clone()),
        }
    }

    /// Two sides of which the first must not be the greater.
    fn sides(&self, low: &Scalar, high: &Scalar, raised: &mut usize) -> Option<(Scalar, Scalar)> {
        if self.mentions(&mut high.clone()) {
            return None;
        }
        match self.raised(low) {
            Some(side) if side.column + side.added > 0 => {
                *raised += 1;
                (side.column <= side.added).then(|| (side.side, high.clone()))
            }
            _ if self.mentions(&mut low.clone()) => None,
            _ => Some((low.clone(), high.clone())),
        }
    }

    /// A sum of the column, of what is added, and of constants; `None`: it is something else.
    fn raised(&self, side: &Scalar) -> Option<Raised> {
        let of = |side, column, added| Raised { side, column, added };
        match side {
            Scalar::Column(column) if *column == self.column => Some(of(side.clone(), 1, 0)),
            Scalar::Param(_, ty) | Scalar::Literal(Datum::Int(_), ty) if self.is_added(side) => {
                Some(of(self.sum_as(ty), 0, 1))
            }
            Scalar::Cast(inner, ty) if ty.is_integer() => {
                let inner = self.raised(inner)?;
                let cast = Scalar::Cast(Box::new(inner.side), ty.clone());
                Some(of(cast, inner.column, inner.added))
            }
            Scalar::Arithmetic {
                op: ArithmeticOp::Add,
                left,
                right,
                ty,
            } if ty.is_integer() => {
                let (left, right) = (self.raised(left)?, self.raised(right)?);
                let (column, added) = (left.column + right.column, left.added + right.added);
                let sum = Scalar::Arithmetic {
                    op: ArithmeticOp::Add,
                    left: Box::new(left.side),
                    right: Box::new(right.side),
                    ty: ty.clone(),
                };
                Some(of(sum, column, added))
            }
            // Whether the first is NULL is the same for all: who adds to NULL leaves it NULL.
            Scalar::Coalesce(values) => {
                let (first, rest) = values.split_first()?;
                let is_known = |value| constant(value, self.table, self.catalog).is_some();
                let first = rest.iter().all(is_known).then(|| self.raised(first))??;
                let values = std::iter::once(first.side).chain(rest.iter().cloned());
                Some(of(Scalar::Coalesce(values.collect()), first.column, first.added))
            }
            side => constant(side, self.table, self.catalog).map(|_| of(side.clone(), 0, 0)),
        }
    }

    fn is_added(&self, value: &Scalar) -> bool {
        self.adds.iter().any(|added| added.is(value))
    }

    fn sum_as(&self, ty: &ColumnType) -> Scalar {
        match *ty == self.ty {
            true => self.sum.clone(),
            false => Scalar::Cast(Box::new(self.sum.clone()), ty.clone()),
        }
    }

    /// Whether a condition has nothing of the column, nor of what is added.
    pub(super) fn says_nothing(&self, cond: &Cond) -> bool {
        !self.mentions(&mut Scalar::Test(Box::new(cond.clone())))
    }

    /// Whether a value has anything of the column, or of a parameter that is added.
    fn mentions(&self, value: &mut Scalar) -> bool {
        struct Mentions<'m>(&'m Counter<'m>, bool);
        impl Visit for Mentions<'_> {
            fn scalar(&mut self, value: &mut Scalar) {
                self.1 |= match value {
                    Scalar::Column(column) | Scalar::Excluded(column) | Scalar::Json(column, _) => {
                        *column == self.0.column
                    }
                    Scalar::Param(..) => self.0.is_added(value),
                    _ => false,
                };
            }
            fn param(&mut self, param: &mut ParamId) {
                self.1 |= self.0.adds.contains(&Added::Given(*param));
            }
        }
        let mut mentions = Mentions(self, false);
        visit::value(value, &mut mentions);
        mentions.1
    }
}
