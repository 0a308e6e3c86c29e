//! The type in which a limit is judged.
//!
//! Role: chooses a type that holds every number that can come up, and carries values over into it.
//! Invariant: judging does not overflow where whole numbers are added: a database may judge rows that it does not
//! change, and one row out of range must not be another's refusal.
//! Not here: which values are compared.

use super::read::Required;
use super::row::{self, Row};
use crate::lower::scalar::{cast, zero as zero_of};
use crate::lower::value::Cx;
use backflow_catalog::ColumnType;
use backflow_expr::Number;
use backflow_sql::ScalarAst;
use backflow_sql::ir::{ArithmeticOp, Datum, Scalar};

/// The type of both sides over all these rows.
pub(super) fn common(cx: &Cx<'_, '_>, required: &Required, rows: &[Row<'_>]) -> ColumnType {
    let mut types = Types::default();
    types.side(cx, required, &required.counter);
    types.side(cx, required, &required.limit);
    if types.float {
        return ColumnType::Float8;
    }
    if types.decimal {
        return ColumnType::Numeric(None);
    }
    let ty = ColumnType::Int8;
    let sides = rows.iter().flat_map(|row| {
        [
            row::counter(cx, required, row, &ty),
            row::limit(cx, required, row, &ty),
        ]
    });
    // Division of whole numbers truncates, and only of those.
    if types.divides || sides.into_iter().all(|side| bits(cx, &side).is_some()) {
        return ty;
    }
    ColumnType::Numeric(None)
}

/// What the sides are made of.
#[derive(Default)]
struct Types {
    float: bool,
    decimal: bool,
    divides: bool,
}

impl Types {
    fn note(&mut self, ty: &ColumnType) {
        self.float |= matches!(ty, ColumnType::Float4 | ColumnType::Float8);
        self.decimal |= matches!(ty, ColumnType::Numeric(_));
    }

    fn side(&mut self, cx: &Cx<'_, '_>, required: &Required, ast: &ScalarAst) {
        match ast {
            ScalarAst::Column(name) => {
                let table = cx.project.table(cx.table);
                if let Some(column) = table.column(name) {
                    self.note(&cx.project.column(cx.table, column).ty);
                }
            }
            ScalarAst::Number(digits) => {
                let whole = Number::parse(&digits.value).and_then(|number| number.as_i64());
                self.decimal |= whole.is_none();
            }
            ScalarAst::Hole(at) => {
                if let Some((_, ty)) = required.values.get(at.value) {
                    self.note(ty);
                }
            }
            ScalarAst::Neg { value, .. } => self.side(cx, required, value),
            ScalarAst::Binary { op, left, right } => {
                self.divides |= matches!(op.value, ArithmeticOp::Div | ArithmeticOp::Rem);
                self.side(cx, required, left);
                self.side(cx, required, right);
            }
            ScalarAst::Coalesce { args, .. } => args.iter().for_each(|arg| self.side(cx, required, arg)),
            _ => {}
        }
    }
}

/// How many bits a whole number may need; `None`: more than there are.
fn bits(cx: &Cx<'_, '_>, value: &Scalar) -> Option<u32> {
    let found = match value {
        Scalar::Arithmetic { op, left, right, .. } => {
            let (left, right) = (bits(cx, left)?, bits(cx, right)?);
            match op {
                ArithmeticOp::Mul => left + right,
                _ => left.max(right) + 1,
            }
        }
        Scalar::Coalesce(values) => values
            .iter()
            .map(|value| bits(cx, value))
            .try_fold(0, |most, bits| Some(most.max(bits?)))?,
        Scalar::IfGiven { value, otherwise, .. } => bits(cx, value)?.max(bits(cx, otherwise)?),
        Scalar::Cast(inner, _) => bits(cx, inner)?,
        Scalar::Literal(Datum::Int(number), _) => 65 - number.unsigned_abs().leading_zeros(),
        leaf => match type_of(cx, leaf)? {
            ColumnType::Int2 => 16,
            ColumnType::Int4 => 32,
            ColumnType::Int8 => 64,
            _ => return None,
        },
    };
    (found <= 64).then_some(found)
}

/// A value in a wider type; sums of whole numbers are made in it, too.
pub(super) fn widened(cx: &Cx<'_, '_>, value: Scalar, to: &ColumnType) -> Scalar {
    let is_whole = |ty: &ColumnType| matches!(ty, ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8);
    match value {
        Scalar::Arithmetic { op, left, right, ty }
            if is_whole(&ty) && !matches!(op, ArithmeticOp::Div | ArithmeticOp::Rem) =>
        {
            Scalar::Arithmetic {
                op,
                left: Box::new(widened(cx, *left, to)),
                right: Box::new(widened(cx, *right, to)),
                ty: to.clone(),
            }
        }
        Scalar::Coalesce(values) => {
            Scalar::Coalesce(values.into_iter().map(|value| widened(cx, value, to)).collect())
        }
        Scalar::IfGiven {
            flag,
            value,
            otherwise,
        } => Scalar::IfGiven {
            flag,
            value: Box::new(widened(cx, *value, to)),
            otherwise: Box::new(widened(cx, *otherwise, to)),
        },
        Scalar::Cast(inner, ty) if is_whole(&ty) && type_of(cx, &inner).as_ref().is_some_and(is_whole) => {
            widened(cx, *inner, to)
        }
        Scalar::Literal(Datum::Int(number), _) => literal(&Number::from(number), to),
        Scalar::Literal(Datum::Null, _) => Scalar::Literal(Datum::Null, to.clone()),
        other => match type_of(cx, &other) {
            Some(from) => cast(other, &from, to),
            None => Scalar::Cast(Box::new(other), to.clone()),
        },
    }
}

fn type_of(cx: &Cx<'_, '_>, value: &Scalar) -> Option<ColumnType> {
    match value {
        Scalar::Column(column) | Scalar::Excluded(column) | Scalar::DefaultOf(column) => {
            Some(cx.project.column(cx.table, *column).ty.clone())
        }
        Scalar::Param(_, ty)
        | Scalar::Literal(_, ty)
        | Scalar::Cast(_, ty)
        | Scalar::Arithmetic { ty, .. }
        | Scalar::Earlier { ty, .. } => Some(ty.clone()),
        Scalar::Coalesce(values) => type_of(cx, values.first()?),
        Scalar::IfGiven { value, .. } => type_of(cx, value),
        _ => None,
    }
}

/// Zero.
pub(super) fn zero(ty: &ColumnType) -> Scalar {
    Scalar::Literal(zero_of(ty), ty.clone())
}

/// A constant.
pub(super) fn literal(number: &Number, ty: &ColumnType) -> Scalar {
    let datum = match ty {
        ColumnType::Float8 => Datum::Float(number.to_f64()),
        ColumnType::Numeric(_) => Datum::Text(number.to_string().into()),
        _ => number.as_i64().map_or(Datum::Null, Datum::Int),
    };
    Scalar::Literal(datum, ty.clone())
}
