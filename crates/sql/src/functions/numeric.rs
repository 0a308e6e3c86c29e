//! `numeric` as SQL functions: arithmetic on texts, sort keys, aggregates.
//!
//! Invariant: results are canonical: plain digits, the scale written out.
//! Not here: the arithmetic; see `decimal`.

use super::{Answer, Arg, Called, Decimal, FunctionError, binary, unary};

/// A number given as text, integer or float (the latter with 15 significant digits, as PostgreSQL casts it).
pub(super) fn decimal(arg: Arg<'_>) -> Result<Decimal, FunctionError> {
    match arg {
        Arg::Text(text) => Decimal::parse(text.trim_ascii()),
        Arg::Int(value) => Decimal::parse(&value.to_string()),
        Arg::Float(value) if value.is_finite() => {
            let text = format!("{value:.14e}");
            let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
            let mantissa = mantissa.trim_end_matches('0').trim_end_matches('.');
            Decimal::parse(&format!("{mantissa}e{exponent}"))
        }
        Arg::Float(_) => Err(FunctionError::NumericOutOfRange),
        Arg::Null => Err(FunctionError::WrongArgument),
    }
}

fn text(value: &Decimal) -> Answer {
    Answer::Text(value.to_string())
}

pub(super) fn canonical(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| Ok(text(&decimal(arg)?)))
}

pub(super) fn add(args: &[Arg<'_>]) -> Called {
    binary(args, |left, right| {
        Ok(text(&decimal(left)?.add(&decimal(right)?)?))
    })
}

pub(super) fn sub(args: &[Arg<'_>]) -> Called {
    binary(args, |left, right| {
        Ok(text(&decimal(left)?.sub(&decimal(right)?)?))
    })
}

pub(super) fn mul(args: &[Arg<'_>]) -> Called {
    binary(args, |left, right| {
        Ok(text(&decimal(left)?.mul(&decimal(right)?)?))
    })
}

pub(super) fn div(args: &[Arg<'_>]) -> Called {
    binary(args, |left, right| {
        let quotient = decimal(left)?.div(&decimal(right)?)?;
        Ok(quotient.as_ref().map_or(Answer::Null, text))
    })
}

pub(super) fn rem(args: &[Arg<'_>]) -> Called {
    binary(args, |left, right| {
        let rest = decimal(left)?.rem(&decimal(right)?)?;
        Ok(rest.as_ref().map_or(Answer::Null, text))
    })
}

/// `bf_dec_round(x, precision, scale)`: as `numeric(precision, scale)` stores it.
pub(super) fn round(args: &[Arg<'_>]) -> Called {
    let [value, Arg::Int(precision), Arg::Int(scale)] = args else {
        return Err(FunctionError::WrongArgument);
    };
    let size = |n: i64| usize::try_from(n).map_err(|_| FunctionError::WrongArgument);
    let (precision, scale) = (size(*precision)?, size(*scale)?);
    unary(&[*value], |value| {
        let rounded = decimal(value)?.round(scale);
        if rounded.whole_digits() > precision.saturating_sub(scale) {
            return Err(FunctionError::NumericOutOfRange);
        }
        Ok(text(&rounded))
    })
}

pub(super) fn key(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| Ok(Answer::Text(decimal(arg)?.key())))
}

/// What an aggregate answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fold {
    /// The sum.
    Sum,
    /// The mean.
    Avg,
    /// The smallest.
    Min,
    /// The largest.
    Max,
}

/// The aggregates by name in SQL; each takes one argument.
pub static AGGREGATES: &[(&str, Fold)] = &[
    ("bf_dec_sum", Fold::Sum),
    ("bf_dec_avg", Fold::Avg),
    ("bf_dec_min", Fold::Min),
    ("bf_dec_max", Fold::Max),
];

fn ranked(value: &Decimal) -> (String, usize) {
    (value.key(), value.scale())
}

/// The state of an aggregate over numerics.
#[derive(Debug, Clone)]
pub struct DecimalFold {
    fold: Fold,
    state: Option<Decimal>,
    count: u64,
}

impl DecimalFold {
    /// Before the first row.
    #[must_use]
    pub fn new(fold: Fold) -> Self {
        Self {
            fold,
            state: None,
            count: 0,
        }
    }

    /// Takes a row's value; NULL is passed over.
    ///
    /// # Errors
    /// The value is no number, or the state gets too many digits.
    pub fn step(&mut self, arg: Arg<'_>) -> Result<(), FunctionError> {
        if arg == Arg::Null {
            return Ok(());
        }
        let value = decimal(arg)?;
        self.count += 1;
        let state = match (self.state.take(), self.fold) {
            (None, _) => value,
            (Some(state), Fold::Sum | Fold::Avg) => state.add(&value)?,
            // Of equal ones that with the fewest or the most digits, whatever the order of rows is.
            (Some(state), Fold::Min) if ranked(&value) >= ranked(&state) => state,
            (Some(state), Fold::Max) if ranked(&value) <= ranked(&state) => state,
            (Some(_), Fold::Min | Fold::Max) => value,
        };
        self.state = Some(state);
        Ok(())
    }

    /// After the last row; NULL when there was none.
    ///
    /// # Errors
    /// The result gets too many digits.
    pub fn finish(&self) -> Called {
        let Some(state) = &self.state else {
            return Ok(Answer::Null);
        };
        if self.fold != Fold::Avg {
            return Ok(text(state));
        }
        let mean = state.div(&Decimal::parse(&self.count.to_string())?)?;
        Ok(mean.as_ref().map_or(Answer::Null, text))
    }
}
