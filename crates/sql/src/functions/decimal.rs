//! Decimal numbers of any length, with PostgreSQL's rules for scale and rounding.
//!
//! Role: the arithmetic of `numeric` where the database has none. Input and output: plain digits.
//! Invariant: at most [`MAX_DIGITS`] digits; longer results are refused, never cut.
//! Not here: NaN and infinity, which no column of ours can hold.

use super::FunctionError;
use std::cmp::Ordering;
use std::fmt;

/// The most digits a number may have before and after its point together.
pub const MAX_DIGITS: usize = 1000;

/// A decimal number; its scale (digits after the point) is part of it, so `1.0` is not `1.00`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decimal {
    negative: bool,
    /// The digits without the point, most significant first, no leading zeros; zero is empty.
    digits: Vec<u8>,
    scale: usize,
}

impl Decimal {
    /// Reads digits, perhaps with sign, point and exponent.
    ///
    /// # Errors
    /// The text is no number, or one with more than [`MAX_DIGITS`] digits.
    pub fn parse(text: &str) -> Result<Self, FunctionError> {
        let (negative, body) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match body.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (
                mantissa,
                exponent.parse::<i32>().map_err(|_| FunctionError::InvalidText)?,
            ),
            None => (body, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !plain(whole) || !plain(fraction) {
            return Err(FunctionError::InvalidText);
        }
        let mut digits: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .map(|byte| byte - b'0')
            .collect();
        let length = i32::try_from(fraction.len()).map_err(|_| FunctionError::NumericOutOfRange)?;
        let scale = length.saturating_sub(exponent);
        if scale < 0 {
            let zeros = scale.unsigned_abs() as usize;
            if zeros > MAX_DIGITS {
                return Err(FunctionError::NumericOutOfRange);
            }
            digits.extend(std::iter::repeat_n(0, zeros));
        }
        Self::new(negative, digits, usize::try_from(scale).unwrap_or(0)).checked()
    }

    fn new(negative: bool, mut digits: Vec<u8>, scale: usize) -> Self {
        strip(&mut digits);
        Self {
            negative: negative && !digits.is_empty(),
            digits,
            scale,
        }
    }

    fn checked(self) -> Result<Self, FunctionError> {
        if self.digits.len() > MAX_DIGITS || self.scale > MAX_DIGITS {
            return Err(FunctionError::NumericOutOfRange);
        }
        Ok(self)
    }

    /// How many digits are after the point.
    #[must_use]
    pub fn scale(&self) -> usize {
        self.scale
    }

    /// Whether it is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.digits.is_empty()
    }

    /// The digits as if the scale were `scale`, which is not smaller than its own.
    fn scaled(&self, scale: usize) -> Vec<u8> {
        let mut digits = self.digits.clone();
        if !digits.is_empty() {
            digits.extend(std::iter::repeat_n(0, scale.saturating_sub(self.scale)));
        }
        digits
    }

    /// The sum; its scale is the larger one.
    ///
    /// # Errors
    /// The result has too many digits.
    pub fn add(&self, other: &Self) -> Result<Self, FunctionError> {
        let scale = self.scale.max(other.scale);
        let (left, right) = (self.scaled(scale), other.scaled(scale));
        if self.negative == other.negative {
            return Self::new(self.negative, sum(&left, &right), scale).checked();
        }
        match compare(&left, &right) {
            Ordering::Less => Self::new(other.negative, difference(&right, &left), scale).checked(),
            _ => Self::new(self.negative, difference(&left, &right), scale).checked(),
        }
    }

    /// The difference; its scale is the larger one.
    ///
    /// # Errors
    /// The result has too many digits.
    pub fn sub(&self, other: &Self) -> Result<Self, FunctionError> {
        self.add(&Self::new(!other.negative, other.digits.clone(), other.scale))
    }

    /// The product; its scale is the sum of both.
    ///
    /// # Errors
    /// The result has too many digits.
    pub fn mul(&self, other: &Self) -> Result<Self, FunctionError> {
        let mut product = vec![0u32; self.digits.len() + other.digits.len()];
        for (i, a) in self.digits.iter().rev().enumerate() {
            for (cell, b) in product.iter_mut().skip(i).zip(other.digits.iter().rev()) {
                *cell += u32::from(*a) * u32::from(*b);
            }
        }
        let mut carry = 0;
        let mut digits = Vec::with_capacity(product.len());
        for cell in product {
            let value = cell + carry;
            digits.push((value % 10) as u8);
            carry = value / 10;
        }
        digits.reverse();
        Self::new(self.negative != other.negative, digits, self.scale + other.scale).checked()
    }

    /// The quotient with at least 16 significant digits, rounded half away from zero; `None` by zero.
    ///
    /// # Errors
    /// The result has too many digits.
    pub fn div(&self, other: &Self) -> Result<Option<Self>, FunctionError> {
        if other.is_zero() {
            return Ok(None);
        }
        let scale = quotient_scale(self, other);
        // One digit more than wanted decides the rounding.
        let numerator = self.scaled(other.scale + scale + 1);
        let (digits, _) = divide(&numerator, &other.digits);
        let quotient = Self::new(self.negative != other.negative, digits, scale + 1);
        quotient.round(scale).checked().map(Some)
    }

    /// What is left of the truncated division, with the sign of `self`; `None` by zero.
    ///
    /// # Errors
    /// The result has too many digits.
    pub fn rem(&self, other: &Self) -> Result<Option<Self>, FunctionError> {
        if other.is_zero() {
            return Ok(None);
        }
        let scale = self.scale.max(other.scale);
        let (_, rest) = divide(&self.scaled(scale), &other.scaled(scale));
        Self::new(self.negative, rest, scale).checked().map(Some)
    }

    /// The number with exactly `scale` digits after the point, rounded half away from zero.
    #[must_use]
    pub fn round(&self, scale: usize) -> Self {
        if scale >= self.scale {
            return Self::new(self.negative, self.scaled(scale), scale);
        }
        let kept = self.digits.len().checked_sub(self.scale - scale);
        let mut digits = kept
            .and_then(|kept| self.digits.get(..kept))
            .unwrap_or(&[])
            .to_vec();
        if kept
            .and_then(|kept| self.digits.get(kept))
            .is_some_and(|digit| *digit >= 5)
        {
            digits = sum(&digits, &[1]);
        }
        Self::new(self.negative, digits, scale)
    }

    /// How many digits stand before the point.
    #[must_use]
    pub fn whole_digits(&self) -> usize {
        self.digits.len().saturating_sub(self.scale)
    }

    /// The power of ten of the first digit.
    fn exponent(&self) -> i64 {
        self.digits.len() as i64 - self.scale as i64 - 1
    }

    /// A text that orders as the numbers do, equal for equal numbers of any scale.
    ///
    /// `n` negative, `o` zero, `p` positive; then the exponent of the first digit, from a base that keeps it
    /// positive; then the digits without trailing zeros. Negative ones hold the complement of both and end
    /// in `~`, which is above every digit.
    #[must_use]
    pub fn key(&self) -> String {
        let significant = self
            .digits
            .iter()
            .rposition(|digit| *digit != 0)
            .map_or(0, |last| last + 1);
        let digits = self.digits.iter().take(significant);
        let exponent = self.exponent() + 5000;
        match (self.is_zero(), self.negative) {
            (true, _) => "o".to_owned(),
            (_, false) => {
                let digits: String = digits.map(|digit| char::from(b'0' + digit)).collect();
                format!("p{exponent:04}{digits}")
            }
            (_, true) => {
                let digits: String = digits.map(|digit| char::from(b'9' - digit)).collect();
                format!("n{:04}{digits}~", 9999 - exponent)
            }
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zeros = (self.scale + 1).saturating_sub(self.digits.len());
        let all = std::iter::repeat_n(0, zeros).chain(self.digits.iter().copied());
        let point = zeros + self.digits.len() - self.scale;
        let mut text = String::with_capacity(zeros + self.digits.len() + 2);
        if self.negative {
            text.push('-');
        }
        for (at, digit) in all.enumerate() {
            if at == point {
                text.push('.');
            }
            text.push(char::from(b'0' + digit));
        }
        f.write_str(&text)
    }
}

fn strip(digits: &mut Vec<u8>) {
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    digits.drain(..zeros);
}

/// Compares digits without leading zeros.
fn compare(left: &[u8], right: &[u8]) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

fn sum(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut digits = Vec::with_capacity(left.len().max(right.len()) + 1);
    let (mut left, mut right, mut carry) = (left.iter().rev(), right.iter().rev(), 0);
    loop {
        let (a, b) = (left.next(), right.next());
        if a.is_none() && b.is_none() && carry == 0 {
            break;
        }
        let value = a.unwrap_or(&0) + b.unwrap_or(&0) + carry;
        digits.push(value % 10);
        carry = value / 10;
    }
    digits.reverse();
    digits
}

/// `left - right`, where `left` is not smaller.
fn difference(left: &[u8], right: &[u8]) -> Vec<u8> {
    let mut digits = Vec::with_capacity(left.len());
    let (mut right, mut borrow) = (right.iter().rev(), 0);
    for a in left.iter().rev() {
        let take = right.next().unwrap_or(&0) + borrow;
        borrow = u8::from(*a < take);
        digits.push(a + 10 * borrow - take);
    }
    digits.reverse();
    strip(&mut digits);
    digits
}

/// Quotient and rest of whole numbers; `right` is not zero.
fn divide(left: &[u8], right: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut quotient = Vec::with_capacity(left.len());
    let mut rest: Vec<u8> = Vec::new();
    for digit in left {
        rest.push(*digit);
        strip(&mut rest);
        let mut times = 0;
        while compare(&rest, right) != Ordering::Less {
            rest = difference(&rest, right);
            times += 1;
        }
        quotient.push(times);
    }
    (quotient, rest)
}

/// How many digits after the point a quotient gets: as PostgreSQL chooses them, in groups of four digits.
fn quotient_scale(left: &Decimal, right: &Decimal) -> usize {
    let ((left_weight, left_first), (right_weight, right_first)) = (first_group(left), first_group(right));
    let mut weight = left_weight - right_weight;
    if left_first <= right_first {
        weight -= 1;
    }
    let wanted = usize::try_from(16 - weight * 4).unwrap_or(0);
    wanted.max(left.scale).max(right.scale).min(MAX_DIGITS)
}

/// Weight and value of the first group of four digits, counted from the point.
fn first_group(number: &Decimal) -> (i64, u32) {
    if number.is_zero() {
        return (0, 0);
    }
    let exponent = number.exponent();
    let weight = exponent.div_euclid(4);
    let taken = exponent.rem_euclid(4) as usize + 1;
    let digits = number
        .digits
        .iter()
        .copied()
        .chain(std::iter::repeat(0))
        .take(taken);
    (
        weight,
        digits.fold(0, |value, digit| value * 10 + u32::from(digit)),
    )
}
