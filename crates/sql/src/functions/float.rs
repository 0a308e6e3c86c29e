//! Floating point numbers: range checks and their text.
//!
//! Invariant: the text is the shortest that reads back as the same number, laid out as PostgreSQL does.
//! Not here: the arithmetic itself, which SQLite does.

use super::{Answer, Arg, Called, Decimal, FunctionError, binary, shortest, unary};

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

/// A single, stored as the double of its digits, as the double of its binary fraction.
pub(super) fn double(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| Ok(Answer::Float(f64::from(value(arg)? as f32))))
}

/// The nearest number of single precision.
pub(super) fn float4(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| {
        let double = value(arg)?;
        let single = double as f32;
        stored(single, single == 0.0 && double != 0.0)
    })
}

/// A single as the double of its digits: the form in which it is stored.
fn stored(single: f32, vanished: bool) -> Called {
    if vanished || !single.is_finite() {
        return Err(FunctionError::FloatOutOfRange);
    }
    let double = shortest::single(single + 0.0).parse();
    double.map(Answer::Float).map_err(|_| FunctionError::InvalidText)
}

/// A sum of singles.
pub(super) fn add4(args: &[Arg<'_>]) -> Called {
    singles(args, |left, right| stored(left + right, false))
}

/// A difference of singles.
pub(super) fn sub4(args: &[Arg<'_>]) -> Called {
    singles(args, |left, right| stored(left - right, false))
}

/// A product of singles; one that vanishes is out of range.
pub(super) fn mul4(args: &[Arg<'_>]) -> Called {
    singles(args, |left, right| {
        let product = left * right;
        stored(product, product == 0.0 && left != 0.0 && right != 0.0)
    })
}

/// A quotient of singles; one that vanishes is out of range, and by zero is NULL.
pub(super) fn div4(args: &[Arg<'_>]) -> Called {
    singles(args, |left, right| {
        if right == 0.0 {
            return Ok(Answer::Null);
        }
        let quotient = left / right;
        stored(quotient, quotient == 0.0 && left != 0.0)
    })
}

fn singles(args: &[Arg<'_>], apply: impl FnOnce(f32, f32) -> Called) -> Called {
    binary(args, |left, right| {
        apply(value(left)? as f32, value(right)? as f32)
    })
}

/// What is left of a division of the digits, for PostgreSQL knows none of binary fractions; by zero is NULL.
pub(super) fn rem(args: &[Arg<'_>]) -> Called {
    binary(args, |left, right| {
        let digits = |arg| Decimal::parse(&shortest::double(value(arg)?));
        let rest = digits(left)?.rem(&digits(right)?)?;
        Ok(match rest.map(|rest| rest.to_string().parse()) {
            Some(Ok(rest)) => Answer::Float(rest),
            _ => Answer::Null,
        })
    })
}

pub(super) fn from_text(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| {
        let Arg::Text(text) = arg else {
            return Err(FunctionError::WrongArgument);
        };
        let text = text.trim_ascii();
        let mantissa = text.split(['e', 'E']).next().unwrap_or("");
        if !mantissa.bytes().any(|byte| byte.is_ascii_digit()) {
            return Err(FunctionError::InvalidText);
        }
        let value: f64 = text.parse().map_err(|_| FunctionError::InvalidText)?;
        let vanished = value == 0.0 && mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
        if vanished || !value.is_finite() {
            return Err(FunctionError::FloatOutOfRange);
        }
        Ok(Answer::Float(value))
    })
}

/// A product; one that vanishes is out of range.
pub(super) fn mul(args: &[Arg<'_>]) -> Called {
    binary(args, |left, right| {
        let (left, right) = (value(left)?, value(right)?);
        let product = left * right;
        seen(product, product == 0.0 && left != 0.0 && right != 0.0)
    })
}

/// A quotient; one that vanishes is out of range, and by zero is NULL.
pub(super) fn div(args: &[Arg<'_>]) -> Called {
    binary(args, |left, right| {
        let (left, right) = (value(left)?, value(right)?);
        if right == 0.0 {
            return Ok(Answer::Null);
        }
        let quotient = left / right;
        seen(quotient, quotient == 0.0 && left != 0.0)
    })
}

fn seen(result: f64, vanished: bool) -> Called {
    if vanished || !result.is_finite() {
        return Err(FunctionError::FloatOutOfRange);
    }
    // No zero below zero, which could not be stored.
    Ok(Answer::Float(result + 0.0))
}

/// The text of a number of double precision, as it stands in JSON.
pub(super) fn text8(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| Ok(Answer::Text(double_text(value(arg)?))))
}

/// The text of a number of single precision, as it stands in JSON.
pub(super) fn text4(args: &[Arg<'_>]) -> Called {
    unary(args, |arg| Ok(Answer::Text(single_text(value(arg)? as f32))))
}

/// A number of double precision as JSON text: in quotes if it is infinite or none.
#[must_use]
pub fn double_text(value: f64) -> String {
    if !value.is_finite() {
        return layout(false, &value.to_string(), 0);
    }
    layout(true, &shortest::double(value), 15)
}

/// A number of single precision as JSON text: in quotes if it is infinite or none.
#[must_use]
pub fn single_text(value: f32) -> String {
    if !value.is_finite() {
        return layout(false, &value.to_string(), 0);
    }
    layout(true, &shortest::single(value), 6)
}

/// Lays out the shortest digits as PostgreSQL does: plain for exponents from -4 to below `plain`.
fn layout(finite: bool, scientific: &str, plain: i32) -> String {
    if !finite {
        let name = match scientific {
            "NaN" => "\"NaN\"",
            "-inf" => "\"-Infinity\"",
            _ => "\"Infinity\"",
        };
        return name.to_owned();
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
