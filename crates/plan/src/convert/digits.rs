//! Numbers in plain digits.
//!
//! Role: writes any JSON number without exponent, within a precision and scale if there are any.
//! Invariant: the digits are the number's own; text never grows beyond [`LONGEST`] digits.
//! Not here: arithmetic.

use super::Misfit;
use backflow_expr::Number;

/// Most digits on either side of the point; far beyond use, far below what would cost memory.
const LONGEST: usize = 1000;

/// A number without exponent.
struct Plain {
    negative: bool,
    /// Without leading zeros; empty for zero.
    whole: String,
    fraction: String,
}

/// The digits of a number, padded to the scale as PostgreSQL prints them.
pub(super) fn numeric(number: &Number, limits: Option<(u16, u16)>) -> Result<String, Misfit> {
    let mut plain = Plain::of(number).ok_or_else(|| Misfit::new("has too many digits"))?;
    if let Some((precision, scale)) = limits {
        plain.fit(usize::from(precision), usize::from(scale))?;
    }
    Ok(plain.text())
}

/// Whether a number has digits other than zero behind the point.
pub(super) fn has_fraction(number: &Number) -> bool {
    // Too long to be written out: only a negative exponent makes that a fraction.
    let unwritten = || number.to_string().to_ascii_lowercase().contains("e-");
    Plain::of(number).map_or_else(unwritten, |plain| {
        plain.fraction.bytes().any(|digit| digit != b'0')
    })
}

impl Plain {
    fn of(number: &Number) -> Option<Plain> {
        let literal = number.to_string();
        let unsigned = literal.strip_prefix('-').unwrap_or(&literal);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (
                mantissa,
                exponent
                    .strip_prefix('+')
                    .unwrap_or(exponent)
                    .parse::<i64>()
                    .ok()?,
            ),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
        let digits = format!("{whole}{fraction}");
        let (whole, fraction) = split(&digits, point)?;
        let whole = whole.trim_start_matches('0').to_owned();
        let is_zero = whole.is_empty() && fraction.bytes().all(|digit| digit == b'0');
        let negative = literal.starts_with('-') && !is_zero;
        Some(Plain {
            negative,
            whole,
            fraction,
        })
    }

    /// Brings the fraction to `scale` digits; only zeros are ever taken away.
    fn fit(&mut self, precision: usize, scale: usize) -> Result<(), Misfit> {
        while self.fraction.len() > scale && self.fraction.ends_with('0') {
            self.fraction.pop();
        }
        if self.fraction.len() > scale {
            return Err(Misfit::new(format!(
                "must have at most {scale} digits after the point"
            )));
        }
        while self.fraction.len() < scale {
            self.fraction.push('0');
        }
        let digits = self.whole.bytes().chain(self.fraction.bytes());
        if digits.skip_while(|digit| *digit == b'0').count() > precision {
            let before = precision.saturating_sub(scale);
            return Err(Misfit::new(format!(
                "must have at most {before} digits before the point"
            )));
        }
        Ok(())
    }

    fn text(&self) -> String {
        let sign = if self.negative { "-" } else { "" };
        let whole = if self.whole.is_empty() { "0" } else { &self.whole };
        let point = if self.fraction.is_empty() { "" } else { "." };
        format!("{sign}{whole}{point}{}", self.fraction)
    }
}

/// The digits before and behind a point that may lie outside of them.
fn split(digits: &str, point: i64) -> Option<(String, String)> {
    let count = digits.len();
    if digits.bytes().all(|digit| digit == b'0') {
        let fraction = count.saturating_sub(usize::try_from(point.max(0)).ok()?);
        return Some((String::new(), "0".repeat(fraction.min(LONGEST))));
    }
    if count > 2 * LONGEST || point.unsigned_abs() > LONGEST as u64 {
        return None;
    }
    let Ok(point) = usize::try_from(point) else {
        let zeros = usize::try_from(point.unsigned_abs()).ok()?;
        return Some((String::new(), format!("{}{digits}", "0".repeat(zeros))));
    };
    match digits.split_at_checked(point) {
        Some((whole, fraction)) => Some((whole.to_owned(), fraction.to_owned())),
        None => Some((format!("{digits}{}", "0".repeat(point - count)), String::new())),
    }
}
