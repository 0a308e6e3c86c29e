//! What an upsert counts.
//!
//! Role: finds in an upsert the column that grows, what is added, and what a new row counts from.
//! Invariant: whatever is not recognised here is not counted.
//! Not here: whether many of them are one (`at_once`).

use backflow_catalog::{Catalog, ColumnId, ColumnType, DefaultValue, TableId};
use backflow_sql::ir::{ArithmeticOp, Assigned, Datum, Insert, ParamId, Scalar};

/// What a caller adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Added {
    /// A parameter.
    Given(ParamId),
    /// Always the same, and not less than 1.
    Fixed(i64),
}

impl Added {
    fn of(value: &Scalar) -> Option<Self> {
        match value {
            Scalar::Param(param, _) => Some(Added::Given(*param)),
            Scalar::Literal(Datum::Int(value @ 1..), _) => Some(Added::Fixed(*value)),
            _ => None,
        }
    }

    /// Whether a value is this.
    pub(super) fn is(self, value: &Scalar) -> bool {
        Self::of(value) == Some(self)
    }

    pub(super) fn scalar(self, ty: &ColumnType) -> Scalar {
        match self {
            Added::Given(param) => Scalar::Param(param, ty.clone()),
            Added::Fixed(value) => Scalar::Literal(Datum::Int(value), ty.clone()),
        }
    }

    pub(super) fn position(self) -> Option<usize> {
        match self {
            Added::Given(param) => Some(usize::from(param.0)),
            Added::Fixed(_) => None,
        }
    }
}

/// What an upsert counts.
pub(super) struct Counted {
    pub(super) column: ColumnId,
    /// What it makes of the column where a row is stored, before it adds: the column, perhaps with something for NULL.
    pub(super) stored: Scalar,
    /// What a new row counts from.
    pub(super) base: i64,
    /// What is added to a stored row, and to a new one.
    pub(super) adds: Added,
    pub(super) offers: Added,
}

/// What an upsert counts, if it does nothing else to a stored row.
pub(super) fn counted(insert: &Insert, catalog: &Catalog) -> Option<Counted> {
    let update = insert.conflict.as_ref()?.update.as_ref()?;
    let [(column, Assigned::Value(value))] = update.set.as_slice() else {
        return None;
    };
    let of = catalog.column(insert.into, *column);
    let mut keys = catalog.table(insert.into).foreign_keys.iter();
    if !of.ty.is_integer() || keys.any(|key| key.columns.contains(column)) {
        return None;
    }
    let (stored, adds) = sum(value, &of.ty)?;
    // What a stored NULL counts from; what is not NULL stays as it is.
    let instead = match stored {
        Scalar::Column(known) if known == column => None,
        Scalar::Coalesce(values) if values.first() == Some(&Scalar::Column(*column)) => {
            first_known(values.get(1..)?, insert.into, catalog)?
        }
        _ => return None,
    };
    let (base, offers) = match given(insert, *column)? {
        Scalar::Param(offers, ty) if *ty == of.ty => (0, Added::Given(*offers)),
        value => {
            let (base, offers) = sum(value, &of.ty)?;
            (constant(base, insert.into, catalog)??, offers)
        }
    };
    let same = match (adds, offers) {
        // Whether they are equal is judged when they are there.
        (Added::Given(_), Added::Given(_)) => true,
        (adds, offers) => adds == offers,
    };
    // Where everybody begins, nothing is too little yet.
    let least = of.bounded?;
    (same && base >= least && instead.is_none_or(|instead| instead >= least)).then(|| Counted {
        column: *column,
        stored: stored.clone(),
        base,
        adds,
        offers,
    })
}

/// A sum of something and of what is added, of this type.
fn sum<'s>(value: &'s Scalar, of: &ColumnType) -> Option<(&'s Scalar, Added)> {
    let Scalar::Arithmetic {
        op: ArithmeticOp::Add,
        left,
        right,
        ty,
    } = value
    else {
        return None;
    };
    let added = |value: &Scalar| match value {
        Scalar::Param(_, ty) | Scalar::Literal(_, ty) if ty == of => Added::of(value),
        _ => None,
    };
    let (left, right) = (&**left, &**right);
    let swapped = || added(left).map(|added| (right, added));
    let found = added(right).map(|added| (left, added)).or_else(swapped);
    found.filter(|_| ty == of)
}

/// The number that a value always is, or that it is always NULL; `None`: neither is known.
pub(super) fn constant(value: &Scalar, table: TableId, catalog: &Catalog) -> Option<Option<i64>> {
    match value {
        Scalar::Literal(Datum::Int(value), _) => Some(Some(*value)),
        Scalar::Literal(Datum::Null, _) => Some(None),
        Scalar::Cast(inner, ty) if ty.is_integer() => constant(inner, table, catalog),
        Scalar::DefaultOf(column) => match &catalog.column(table, *column).default {
            Some(DefaultValue::Literal(text)) => text.parse().ok().map(Some),
            None => Some(None),
            Some(_) => None,
        },
        Scalar::Coalesce(values) => first_known(values, table, catalog),
        _ => None,
    }
}

/// The first of some values that is not NULL.
fn first_known(values: &[Scalar], table: TableId, catalog: &Catalog) -> Option<Option<i64>> {
    let mut known = values.iter().map(|value| constant(value, table, catalog));
    known.find(|value| *value != Some(None)).unwrap_or(Some(None))
}

/// What a row that is offered has in a column.
pub(super) fn given(insert: &Insert, column: ColumnId) -> Option<&Scalar> {
    let [row] = insert.rows.as_slice() else {
        return None;
    };
    let at = insert.columns.iter().position(|known| *known == column)?;
    match row.get(at)? {
        Assigned::Value(value) => Some(value),
        Assigned::IfGiven { .. } | Assigned::Default => None,
    }
}
