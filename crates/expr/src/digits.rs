//! JSON number literals as digits.
//!
//! Role: splits a literal, writes it without exponent, compares literals of any length.
//! Invariant: time is linear in the literals; an exponent never makes text longer than a decimal can hold.
//! Not here: arithmetic; see `number`.

use std::cmp::Ordering;

/// The parts of a JSON number.
pub(crate) struct Parts<'a> {
    negative: bool,
    whole: &'a str,
    pub(crate) fraction: &'a str,
    /// Beyond any real use it stops growing.
    pub(crate) exponent: i64,
}

/// A literal without exponent, if that is not too long.
pub(crate) enum Plain {
    Text(String),
    TooLong,
}

/// More digits than a decimal ever has, leading zero included.
const LONGEST: i64 = 31;
/// Where exponents stop growing.
const EXPONENT_CAP: i64 = 1 << 40;

/// Splits a literal by the JSON grammar; `None` when it is not a number.
pub(crate) fn split(literal: &str) -> Option<Parts<'_>> {
    let negative = literal.starts_with('-');
    let rest = literal.strip_prefix('-').unwrap_or(literal);
    let (whole, rest) = leading_digits(rest);
    if whole.is_empty() || (whole.len() > 1 && whole.starts_with('0')) {
        return None;
    }
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => {
            let (fraction, rest) = leading_digits(after);
            if fraction.is_empty() {
                return None;
            }
            (fraction, rest)
        }
        None => ("", rest),
    };
    let exponent = match rest.strip_prefix(['e', 'E']) {
        Some(after) => read_exponent(after)?,
        None if rest.is_empty() => 0,
        None => return None,
    };
    Some(Parts {
        negative,
        whole,
        fraction,
        exponent,
    })
}

fn leading_digits(text: &str) -> (&str, &str) {
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at_checked(end).unwrap_or((text, ""))
}

fn read_exponent(text: &str) -> Option<i64> {
    let negative = text.starts_with('-');
    let (digits, rest) = leading_digits(text.strip_prefix(['-', '+']).unwrap_or(text));
    if digits.is_empty() || !rest.is_empty() {
        return None;
    }
    let size = digits
        .bytes()
        .fold(0i64, |sum, b| (sum * 10 + i64::from(b - b'0')).min(EXPONENT_CAP));
    Some(if negative { -size } else { size })
}

/// Writes the literal without exponent, keeping the digits of its fraction.
pub(crate) fn plain(parts: &Parts<'_>) -> Plain {
    let scale = length(parts.fraction) - parts.exponent;
    let digits = parts.whole.bytes().chain(parts.fraction.bytes());
    let significant: Vec<u8> = digits.skip_while(|b| *b == b'0').collect();
    let count = i64::try_from(significant.len()).unwrap_or(i64::MAX);
    if count == 0 {
        return zero(scale);
    }
    if count > LONGEST || scale > LONGEST || count - scale > LONGEST {
        return Plain::TooLong;
    }
    let mut digits: String = significant.iter().map(|b| char::from(*b)).collect();
    let scale = match usize::try_from(scale) {
        Ok(scale) => scale,
        Err(_) => {
            (0..-scale).for_each(|_| digits.push('0'));
            0
        }
    };
    while digits.len() <= scale {
        digits.insert(0, '0');
    }
    if scale > 0 {
        digits.insert(digits.len() - scale, '.');
    }
    if parts.negative {
        digits.insert(0, '-');
    }
    Plain::Text(digits)
}

fn zero(scale: i64) -> Plain {
    match usize::try_from(scale) {
        Ok(scale @ 1..=28) => Plain::Text(format!("0.{}", "0".repeat(scale))),
        Ok(scale) if scale > 28 => Plain::TooLong,
        _ => Plain::Text("0".to_owned()),
    }
}

fn length(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX / 2)
}

/// The whole number of 64 bits that a literal is exactly.
pub(crate) fn whole(literal: &str) -> Option<i64> {
    let scientific = Scientific::of(literal)?;
    let count = i64::try_from(scientific.digits.len()).ok()?;
    if count == 0 {
        return Some(0);
    }
    if count > scientific.point || scientific.point > 19 {
        return None;
    }
    let mut text = if scientific.negative {
        "-".to_owned()
    } else {
        String::new()
    };
    text.extend(scientific.digits.iter().map(|b| char::from(*b)));
    (count..scientific.point).for_each(|_| text.push('0'));
    text.parse().ok()
}

/// Compares two literals by value.
pub(crate) fn compare(a: &str, b: &str) -> Ordering {
    let (Some(a), Some(b)) = (Scientific::of(a), Scientific::of(b)) else {
        return a.cmp(b);
    };
    match a.sign().cmp(&b.sign()) {
        Ordering::Equal if a.negative => b.magnitude().cmp(&a.magnitude()),
        Ordering::Equal => a.magnitude().cmp(&b.magnitude()),
        different => different,
    }
}

/// `0.digits × 10^point`, without zeros at either end of the digits; no digits is zero.
struct Scientific {
    negative: bool,
    digits: Vec<u8>,
    point: i64,
}

impl Scientific {
    fn of(literal: &str) -> Option<Self> {
        let parts = split(literal)?;
        let all: Vec<u8> = parts.whole.bytes().chain(parts.fraction.bytes()).collect();
        let first = all.iter().position(|b| *b != b'0').unwrap_or(all.len());
        let end = all
            .iter()
            .rposition(|b| *b != b'0')
            .map_or(first, |last| last + 1);
        let digits = all.get(first..end).unwrap_or_default().to_vec();
        let point = length(parts.whole) - i64::try_from(first).unwrap_or(0) + parts.exponent;
        Some(Self {
            negative: parts.negative && !digits.is_empty(),
            point: if digits.is_empty() { 0 } else { point },
            digits,
        })
    }

    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }

    fn magnitude(&self) -> (i64, &[u8]) {
        (self.point, &self.digits)
    }
}
