//! Floating point numbers: range checks and their text.
//!
//! Invariant: the text is the shortest that reads back as the same number, laid out as PostgreSQL does.
//! Not here: the arithmetic itself, which SQLite does.

use super::{Answer, Arg, Called, FunctionError, binary, unary};

fn value(arg: Arg<'_>) -> Result<f64, FunctionError> {
    match arg {
        Arg::Float(value) => Ok(value),
        Arg::Int(value) => Ok(value as f64),
        _ => Err(FunctionError::WrongArgument),
    }
}

pub(super) fn float8(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| {
        let value = value(arg)?;
        if value.is_finite() {
            Ok(Answer::Float(value))
        } else {
            Err(FunctionError::FloatOutOfRange)
        }
    })
}

/// The nearest number of single precision.
pub(super) fn float4(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| {
        let single = value(arg)? as f32;
        if single.is_finite() {
            return Ok(Answer::Float(f64::from(single)));
        }
        Err(FunctionError::FloatOutOfRange)
    })
}

/// What is left of a division; by zero is NULL.
pub(super) fn rem(args: &[Arg<'_>]) -> Called {
    binary(args, |left, right| {
        let (left, right) = (value(left)?, value(right)?);
        if right == 0.0 {
            Ok(Answer::Null)
        } else {
            Ok(Answer::Float(left % right))
        }
    })
}

pub(super) fn from_text(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| {
        let Arg::Text(text) = arg else {
            return Err(FunctionError::WrongArgument);
        };
        match text.trim_ascii().parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Answer::Float(value)),
            _ => Err(FunctionError::InvalidText),
        }
    })
}

/// The text of a number of double precision, as it stands in JSON.
pub(super) fn text8(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| {
        let value = value(arg)?;
        Ok(Answer::Text(layout(value.is_finite(), &format!("{value:e}"), 15)))
    })
}

/// The text of a number of single precision, as it stands in JSON.
pub(super) fn text4(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| {
        let value = value(arg)? as f32;
        Ok(Answer::Text(layout(value.is_finite(), &format!("{value:e}"), 6)))
    })
}

/// Lays out the shortest digits as PostgreSQL does: plain for exponents from -4 to below `plain`.
fn layout(finite: bool, scientific: &str, plain: i32) -> String {
    if !finite {
        let name = if scientific.starts_with('-') {
            "\"-Infinity\""
        } else {
            "\"Infinity\""
        };
        return if scientific == "NaN" {
            "\"NaN\"".to_owned()
        } else {
            name.to_owned()
        };
    }
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..plain).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs());
    }
    let (sign, mantissa) = mantissa
        .strip_prefix('-')
        .map_or(("", mantissa), |rest| ("-", rest));
    let digits = mantissa.replace('.', "");
    if exponent < 0 {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    }
    let whole = exponent as usize + 1;
    match digits.split_at_checked(whole) {
        Some((whole, "")) => format!("{sign}{whole}"),
        Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
        None => format!("{sign}{digits}{}", "0".repeat(whole - digits.len())),
    }
}
