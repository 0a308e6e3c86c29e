//! What may fail, and for which rows.
//!
//! Role: finds computations that a database might do for rows that are not answered, or without any row: a
//! number that is out of range is a refusal only where it is asked for.
//! Invariant: what never fails needs no care, so that plain statements stay plain.
//! Not here: how such a computation is put off; see `read`, `rows` and [`super::dialect::Syntax::deferred`].

use crate::ir::{ArithmeticOp, Datum, Member, Outputs, Read, Scalar};
use backflow_catalog::{Catalog, ColumnType, DefaultValue, TableId};

/// Whether rows must be chosen before anything is computed of them: some are left out, and of one that is, a
/// computation may fail.
pub(super) fn chosen_first(read: &Read) -> bool {
    (read.limit.is_some() || read.offset.is_some()) && outputs(&read.outputs)
}

/// Whether making the outputs of a row may fail.
pub(super) fn outputs(outputs: &Outputs) -> bool {
    let members = outputs.members.as_deref().unwrap_or(&[]);
    let grouped = members.iter().any(|one| matches!(one, Member::Aggregate { .. }));
    !grouped && (members.iter().any(member) || outputs.extra.iter().any(scalar))
}

/// Whether what a query answers may fail while it is made, be it only of totals.
#[must_use]
pub fn answers_may_fail(outputs: &Outputs) -> bool {
    outputs.members.as_deref().unwrap_or(&[]).iter().any(member)
}

fn member(member: &Member) -> bool {
    match member {
        Member::Column { cast, .. } => cast.as_ref().is_some_and(|to| !to.is_text()),
        Member::Computed { value, .. } => scalar(value),
        Member::Embed(embed) => {
            let members = embed.read.outputs.members.as_deref().unwrap_or(&[]);
            let total = |one: &Member| matches!(one, Member::Aggregate { .. });
            members.iter().any(|one| total(one) || self::member(one))
        }
        Member::Aggregate { .. } => true,
    }
}

fn scalar(value: &Scalar) -> bool {
    match value {
        Scalar::Arithmetic { .. } | Scalar::Shift(..) => true,
        Scalar::Cast(inner, to) => !to.is_text() || scalar(inner),
        Scalar::Coalesce(values) => values.iter().any(scalar),
        Scalar::IfGiven { value, otherwise, .. } => scalar(value) || scalar(otherwise),
        Scalar::Lower(inner) => scalar(inner),
        // Its conditions are few, and looking into each is not worth it.
        Scalar::Test(_) | Scalar::Related { .. } => true,
        Scalar::Lookup { value, .. } => scalar(value),
        Scalar::Column(_)
        | Scalar::Json(..)
        | Scalar::Excluded(_)
        | Scalar::Param(..)
        | Scalar::Item(..)
        | Scalar::Literal(..)
        | Scalar::DefaultOf(_)
        | Scalar::Earlier { .. } => false,
    }
}

/// Whether a computation that may fail is of constants and parameters alone.
pub(super) fn needs_no_row(value: &Scalar, catalog: &Catalog, table: TableId) -> bool {
    match value {
        // A sum with nothing is what a counter begins with.
        Scalar::Arithmetic {
            op: ArithmeticOp::Add,
            left,
            right,
            ..
        } if is_zero(left, catalog, table) => !is_plain(right) && is_fixed(right),
        Scalar::Arithmetic { .. } | Scalar::Shift(..) => is_fixed(value),
        Scalar::Cast(inner, to) => !to.is_text() && !is_plain(inner) && is_fixed(inner),
        _ => false,
    }
}

/// Whether one side of an operation may be known to be NULL beforehand, and the other side may fail.
pub(super) fn hides(side: &Scalar, other: &Scalar) -> bool {
    let computed = matches!(
        other,
        Scalar::Arithmetic { .. } | Scalar::Shift(..) | Scalar::Cast(..)
    );
    computed && scalar(other) && !is_fixed(other) && is_fixed(side) && (is_nothing(side) || has_param(side))
}

/// A constant zero: what is divided by it is NULL.
fn is_nothing(value: &Scalar) -> bool {
    match value {
        Scalar::Cast(inner, _) => is_nothing(inner),
        Scalar::Literal(Datum::Int(0), _) => true,
        Scalar::Literal(Datum::Float(value), _) => *value == 0.0,
        Scalar::Literal(Datum::Text(text), _) => text.parse() == Ok(0.0),
        _ => false,
    }
}

fn has_param(value: &Scalar) -> bool {
    match value {
        Scalar::Param(..) => true,
        Scalar::Arithmetic { left, right, .. } => has_param(left) || has_param(right),
        Scalar::Cast(inner, _) | Scalar::Shift(inner, _) | Scalar::Lower(inner) => has_param(inner),
        Scalar::Coalesce(values) => values.iter().any(has_param),
        _ => false,
    }
}

fn is_plain(value: &Scalar) -> bool {
    matches!(value, Scalar::Literal(..) | Scalar::Param(..))
}

fn is_fixed(value: &Scalar) -> bool {
    match value {
        Scalar::Param(..) | Scalar::Literal(..) | Scalar::DefaultOf(_) => true,
        Scalar::Arithmetic { left, right, .. } => is_fixed(left) && is_fixed(right),
        Scalar::Cast(inner, _) | Scalar::Shift(inner, _) | Scalar::Lower(inner) => is_fixed(inner),
        Scalar::Coalesce(values) => values.iter().all(is_fixed),
        _ => false,
    }
}

fn is_zero(value: &Scalar, catalog: &Catalog, table: TableId) -> bool {
    match value {
        Scalar::Literal(Datum::Int(0), _) => true,
        Scalar::Literal(Datum::Text(text), ColumnType::Numeric(_)) => &**text == "0",
        Scalar::Cast(inner, _) => is_zero(inner, catalog, table),
        Scalar::Coalesce(values) => values.iter().all(|value| is_zero(value, catalog, table)),
        Scalar::DefaultOf(column) => {
            let default = &catalog.column(table, *column).default;
            matches!(default, Some(DefaultValue::Literal(text)) if text == "0")
        }
        _ => false,
    }
}
