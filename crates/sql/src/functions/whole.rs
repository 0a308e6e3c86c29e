//! Whole numbers: range checks and what becomes one.
//!
//! Invariant: an INTEGER sum that overflowed arrives here as REAL and is refused.
//! Not here: the arithmetic itself, which SQLite does.

use super::{Answer, Arg, Called, FunctionError, binary, numeric, unary};

pub(super) fn int2(args: &[Arg<'_>]) -> Called {
    within(args, i64::from(i16::MIN), i64::from(i16::MAX))
}

pub(super) fn int4(args: &[Arg<'_>]) -> Called {
    within(args, i64::from(i32::MIN), i64::from(i32::MAX))
}

pub(super) fn int8(args: &[Arg<'_>]) -> Called {
    within(args, i64::MIN, i64::MAX)
}

fn within(args: &[Arg<'_>], min: i64, max: i64) -> Called {
    unary(args, |arg| match arg {
        Arg::Int(value) if (min..=max).contains(&value) => Ok(Answer::Int(value)),
        _ => Err(FunctionError::IntegerOutOfRange),
    })
}

/// A numeric, rounded half away from zero.
pub(super) fn from_decimal(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| {
        let whole = numeric::decimal(arg)?.round(0).to_string();
        whole
            .parse()
            .map(Answer::Int)
            .map_err(|_| FunctionError::IntegerOutOfRange)
    })
}

/// A float, rounded half to even.
pub(super) fn from_float(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| {
        let value = match arg {
            Arg::Float(value) => value.round_ties_even(),
            Arg::Int(value) => return Ok(Answer::Int(value)),
            _ => return Err(FunctionError::WrongArgument),
        };
        // 2^63 is a float; every float below it in size is a whole number of 64 bits.
        if (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&value) {
            return Ok(Answer::Int(value as i64));
        }
        Err(FunctionError::IntegerOutOfRange)
    })
}

/// A text of digits, spaces around them allowed; the second argument is the greatest number of the type. Digits that
/// are too many by far are out of range, whatever follows them.
pub(super) fn from_text(args: &[Arg<'_>]) -> Called {
    binary(args, |arg, most| {
        let (Arg::Text(text), Arg::Int(most)) = (arg, most) else {
            return Err(FunctionError::WrongArgument);
        };
        let text = text.trim_ascii();
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let run = digits.bytes().take_while(u8::is_ascii_digit).count();
        let before_last = digits.get(..run.saturating_sub(1)).unwrap_or_default();
        let is_far = !before_last.is_empty() && before_last.parse::<i64>().map_or(true, |n| n > most / 10);
        if is_far {
            return Err(FunctionError::IntegerOutOfRange);
        }
        if run == 0 || run < digits.len() {
            return Err(FunctionError::InvalidText);
        }
        text.parse()
            .map(Answer::Int)
            .map_err(|_| FunctionError::IntegerOutOfRange)
    })
}

/// What PostgreSQL reads as a boolean: any beginning of `true false yes no`, `on off 1 0`.
pub(super) fn bool_from_text(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| {
        let Arg::Text(text) = arg else {
            return Err(FunctionError::WrongArgument);
        };
        let word = text.trim_ascii().to_ascii_lowercase();
        let begins = |full: &str| !word.is_empty() && full.starts_with(&word);
        if begins("true") || begins("yes") || word == "on" || word == "1" {
            return Ok(Answer::Int(1));
        }
        if begins("false") || begins("no") || word == "off" || word == "of" || word == "0" {
            return Ok(Answer::Int(0));
        }
        Err(FunctionError::InvalidText)
    })
}
