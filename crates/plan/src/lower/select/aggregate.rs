//! Totals: `count()`, `amount.sum()` and their kin.
//!
//! Invariant: a total that a database could not make of such values is a fault.
//! Not here: what rows are grouped by; see `settle`.

use super::cast;
use crate::lower::value::{Cx, type_name};
use backflow_catalog::{ColumnId, ColumnType};
use backflow_diag::{Diagnostic, Span, Spanned, codes};
use backflow_sql::SelectItem;
use backflow_sql::ir::{Aggregate, Member, Scalar};

/// `count()`
pub(super) fn count(alias: Option<&Spanned<String>>) -> Member {
    Member::Aggregate {
        key: alias.map_or("count", |alias| alias.value.as_str()).to_owned(),
        function: Aggregate::Count,
        of: None,
        cast: None,
    }
}

/// A total of a column, or of what a path leads to in it.
pub(super) fn member(
    cx: &mut Cx<'_, '_>,
    item: &SelectItem,
    (column, declared): (ColumnId, ColumnType),
) -> Option<Member> {
    let SelectItem::Column {
        alias,
        name,
        path,
        cast,
        aggregate: Some(function),
        input_cast,
        ..
    } = item
    else {
        return None;
    };
    let mut path = path.clone();
    let input = match input_cast {
        Some(to) => Some(cast::out_of(cx, (&declared, &mut path), to, name.span)?),
        None => None,
    };
    let (plain, ty) = match path.last() {
        None => (Scalar::Column(column), declared),
        Some(step) => {
            let ty = if step.as_text {
                ColumnType::Text
            } else {
                ColumnType::Jsonb
            };
            (Scalar::Json(column, path), ty)
        }
    };
    let (of, ty) = match input {
        Some(to) => (Scalar::Cast(Box::new(plain), to.clone()), to),
        None => (plain, ty),
    };
    if !fits(*function, &ty) {
        let fault = unfit(cx, *function, &ty, name.span);
        cx.out.push(fault);
        return None;
    }
    let cast = match cast {
        Some(to) => Some(cast::cast(cx, &result(*function, &ty), to, name.span)?),
        None => None,
    };
    let key = alias
        .as_ref()
        .map_or_else(|| word(*function).to_owned(), |alias| alias.value.clone());
    Some(Member::Aggregate {
        key,
        function: *function,
        of: Some(of),
        cast,
    })
}

fn word(function: Aggregate) -> &'static str {
    match function {
        Aggregate::Count => "count",
        Aggregate::Sum => "sum",
        Aggregate::Avg => "avg",
        Aggregate::Min => "min",
        Aggregate::Max => "max",
    }
}

fn fits(function: Aggregate, ty: &ColumnType) -> bool {
    match function {
        Aggregate::Count => true,
        Aggregate::Sum | Aggregate::Avg => ty.is_number(),
        Aggregate::Min | Aggregate::Max => !matches!(
            ty,
            ColumnType::Json
                | ColumnType::Jsonb
                | ColumnType::Array(_)
                | ColumnType::Interval
                | ColumnType::Other(_)
        ),
    }
}

/// The type of a total, as PostgreSQL types it.
fn result(function: Aggregate, ty: &ColumnType) -> ColumnType {
    let exact = matches!(ty, ColumnType::Int8 | ColumnType::Numeric(_));
    match function {
        Aggregate::Count => ColumnType::Int8,
        Aggregate::Sum if exact => ColumnType::Numeric(None),
        Aggregate::Sum if ty.is_integer() => ColumnType::Int8,
        Aggregate::Avg if exact || ty.is_integer() => ColumnType::Numeric(None),
        Aggregate::Avg => ColumnType::Float8,
        Aggregate::Sum | Aggregate::Min | Aggregate::Max => ty.clone(),
    }
}

fn unfit(cx: &Cx<'_, '_>, function: Aggregate, ty: &ColumnType, at: Span) -> Diagnostic {
    let (function, ty) = (word(function), type_name(cx.project, ty));
    let fault = Diagnostic::new(
        codes::SELECT_UNSUPPORTED,
        format!("there is no {function} of {ty}"),
    )
    .at(at, format!("is of type {ty}"));
    match function {
        "sum" | "avg" => fault.help(format!(
            "take it of a number: `column::numeric.{function}()`, out of JSON `data->>size::numeric.{function}()`"
        )),
        _ => fault.note("such values have no order on every database"),
    }
}
