//! Numbers that keep their digits.
//!
//! Role: [`Number`] is any JSON number; nothing ever passes through a float.
//! Input: number literals. Output: exact text, comparison by value, decimal arithmetic.
//! Invariant: `Int` is used for every whole literal that fits it; `Big` only for what fits neither other form.
//! Not here: what operators do with other kinds of value; see `operators`.

use crate::digits::{self, Plain};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use std::cmp::Ordering;
use std::fmt;

/// A number.
#[derive(Debug, Clone)]
pub enum Number {
    /// A whole number of 64 bits.
    Int(i64),
    /// A decimal of up to 28 digits; trailing zeros of its fraction are kept.
    Decimal(Decimal),
    /// The JSON literal of a number that fits neither; it can be compared and passed on, not calculated with.
    Big(Box<str>),
}

/// Why a calculation has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberError {
    /// The result, or an operand, has more digits than can be calculated with.
    Overflow,
    /// Division or remainder by zero.
    DivisionByZero,
}

impl fmt::Display for NumberError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Overflow => "the number is too large",
            Self::DivisionByZero => "division by zero",
        })
    }
}

impl std::error::Error for NumberError {}

impl Number {
    /// Reads a JSON number; `None` when `literal` is not one.
    #[must_use]
    pub fn parse(literal: &str) -> Option<Number> {
        let parts = digits::split(literal)?;
        if parts.fraction.is_empty()
            && parts.exponent == 0
            && let Ok(whole) = literal.parse::<i64>()
        {
            return Some(Number::Int(whole));
        }
        let plain = match digits::plain(&parts) {
            Plain::Text(text) => text,
            Plain::TooLong => return Some(Number::Big(literal.into())),
        };
        if let Ok(whole) = plain.parse::<i64>() {
            return Some(Number::Int(whole));
        }
        Some(match Decimal::from_str_exact(&plain) {
            Ok(mut decimal) => {
                if decimal.is_zero() {
                    decimal.set_sign_positive(true);
                }
                Number::Decimal(decimal)
            }
            Err(_) => Number::Big(literal.into()),
        })
    }

    /// The number whose shortest decimal text is that of a float; `None` for infinities and NaN.
    #[must_use]
    pub fn from_f64(float: f64) -> Option<Number> {
        float
            .is_finite()
            .then(|| Self::parse(&float.to_string()))
            .flatten()
    }

    /// The nearest float.
    #[must_use]
    pub fn to_f64(&self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// The whole number this is exactly, if it is one and fits: `2.0` gives 2, `2.5` nothing.
    #[must_use]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Number::Int(whole) => Some(*whole),
            Number::Decimal(decimal) => decimal.is_integer().then(|| decimal.to_i64()).flatten(),
            Number::Big(literal) => digits::whole(literal),
        }
    }

    /// The decimal this is exactly, if it fits.
    #[must_use]
    pub fn as_decimal(&self) -> Option<Decimal> {
        match self {
            Number::Int(whole) => Some(Decimal::from(*whole)),
            Number::Decimal(decimal) => Some(*decimal),
            Number::Big(_) => None,
        }
    }

    /// Whether this is zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        match self {
            Number::Int(whole) => *whole == 0,
            Number::Decimal(decimal) => decimal.is_zero(),
            Number::Big(literal) => !literal
                .bytes()
                .take_while(|b| !matches!(b, b'e' | b'E'))
                .any(|b| matches!(b, b'1'..=b'9')),
        }
    }

    /// Compares by value, exactly.
    #[must_use]
    pub fn compare(&self, other: &Number) -> Ordering {
        match (self, other) {
            (Number::Int(a), Number::Int(b)) => a.cmp(b),
            _ => match (self.as_decimal(), other.as_decimal()) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => digits::compare(&self.to_string(), &other.to_string()),
            },
        }
    }

    /// The sum.
    ///
    /// # Errors
    /// When an operand is `Big` or the result does not fit; the same holds for the other operations.
    pub fn add(&self, other: &Number) -> Result<Number, NumberError> {
        self.calculate(other, i64::checked_add, Decimal::checked_add)
    }

    /// The difference.
    ///
    /// # Errors
    /// As [`Number::add`].
    pub fn sub(&self, other: &Number) -> Result<Number, NumberError> {
        self.calculate(other, i64::checked_sub, Decimal::checked_sub)
    }

    /// The product.
    ///
    /// # Errors
    /// As [`Number::add`].
    pub fn mul(&self, other: &Number) -> Result<Number, NumberError> {
        self.calculate(other, i64::checked_mul, Decimal::checked_mul)
    }

    /// The quotient, with a fraction if there is one, to 28 digits.
    ///
    /// # Errors
    /// As [`Number::add`]; also when `other` is zero.
    pub fn div(&self, other: &Number) -> Result<Number, NumberError> {
        if other.is_zero() {
            return Err(NumberError::DivisionByZero);
        }
        let exact = |a: i64, b: i64| (a.checked_rem(b) == Some(0)).then(|| a.checked_div(b)).flatten();
        let divide = |a: Decimal, b: Decimal| a.checked_div(b).map(|quotient| quotient.normalize());
        self.calculate(other, exact, divide)
    }

    /// The remainder, with the sign of `self`.
    ///
    /// # Errors
    /// As [`Number::div`].
    pub fn rem(&self, other: &Number) -> Result<Number, NumberError> {
        if other.is_zero() {
            return Err(NumberError::DivisionByZero);
        }
        self.calculate(other, i64::checked_rem, Decimal::checked_rem)
    }

    /// The number with the other sign.
    ///
    /// # Errors
    /// As [`Number::add`].
    pub(crate) fn neg(&self) -> Result<Number, NumberError> {
        Number::Int(0).sub(self)
    }

    fn calculate(
        &self,
        other: &Number,
        whole: impl Fn(i64, i64) -> Option<i64>,
        decimal: impl Fn(Decimal, Decimal) -> Option<Decimal>,
    ) -> Result<Number, NumberError> {
        if let (Number::Int(a), Number::Int(b)) = (self, other)
            && let Some(result) = whole(*a, *b)
        {
            return Ok(Number::Int(result));
        }
        let a = self.as_decimal().ok_or(NumberError::Overflow)?;
        let b = other.as_decimal().ok_or(NumberError::Overflow)?;
        decimal(a, b).map(Number::from).ok_or(NumberError::Overflow)
    }
}

impl From<i64> for Number {
    fn from(whole: i64) -> Self {
        Number::Int(whole)
    }
}

impl From<Decimal> for Number {
    fn from(mut decimal: Decimal) -> Self {
        if decimal.is_zero() {
            decimal.set_sign_positive(true);
        }
        match decimal.to_i64() {
            Some(whole) if decimal.scale() == 0 => Number::Int(whole),
            _ => Number::Decimal(decimal),
        }
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.compare(other) == Ordering::Equal
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Int(whole) => write!(f, "{whole}"),
            Number::Decimal(decimal) => write!(f, "{decimal}"),
            Number::Big(literal) => f.write_str(literal),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn n(literal: &str) -> Number {
        Number::parse(literal).unwrap()
    }

    #[test]
    fn digits_are_kept() {
        for literal in [
            "0",
            "-1",
            "1.50",
            "0.10",
            "9223372036854775807",
            "9223372036854775808",
            "79228162514264337593543950335",
            "123456789012345678901234567890123456789.5",
            "1e400",
        ] {
            assert_eq!(n(literal).to_string(), literal);
        }
        for (literal, text) in [
            ("-0", "0"),
            ("-0.00", "0.00"),
            ("1e3", "1000"),
            ("1.50e1", "15.0"),
            ("15E-1", "1.5"),
        ] {
            assert_eq!(n(literal).to_string(), text);
        }
        assert!(matches!(n("1e3"), Number::Int(1000)));
        assert!(matches!(n("0e999"), Number::Int(0)));
    }

    #[test]
    fn what_is_no_json_number_is_refused() {
        for text in [
            "", "-", "01", "1.", ".5", "1e", "1e+", "+1", " 1", "1 ", "0x1", "NaN", "1_0", "1.e1",
        ] {
            assert!(Number::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn equality_is_by_value_also_for_big_ones() {
        assert_eq!(n("1"), n("1.0"));
        assert_eq!(n("1e400"), n("10e399"));
        assert_eq!(n("1.00000000000000000000000000000000000"), n("1"));
        assert_ne!(n("1e400"), n("-1e400"));
        assert!(n("1e400").compare(&n("9223372036854775807")).is_gt());
        assert!(n("-1e400").compare(&n("1e-400")).is_lt());
        assert!(n("1e-400").compare(&n("0")).is_gt());
        assert!(
            n("123456789012345678901234567890123")
                .compare(&n("123456789012345678901234567890124"))
                .is_lt()
        );
        assert!(n("1e99999999999999999999999").compare(&n("2")).is_gt());
    }

    #[test]
    fn whole_numbers_only_when_exact() {
        assert_eq!(n("2.0").as_i64(), Some(2));
        assert_eq!(n("2.5").as_i64(), None);
        assert_eq!(n("9223372036854775808").as_i64(), None);
        assert_eq!(n("-9223372036854775808").as_i64(), Some(i64::MIN));
        assert_eq!(n("1.00000000000000000000000000000000000").as_i64(), Some(1));
        assert_eq!(n("1e-400").as_i64(), None);
        assert!(n("0.00000000000000000000000000000000000").is_zero());
        assert_eq!(n("0.00000000000000000000000000000000000").as_i64(), Some(0));
    }

    #[test]
    fn arithmetic_is_decimal() {
        let text = |r: Result<Number, NumberError>| r.map(|n| n.to_string());
        assert_eq!(text(n("0.1").add(&n("0.2"))), Ok("0.3".into()));
        assert_eq!(text(n("7").div(&n("2"))), Ok("3.5".into()));
        assert_eq!(text(n("6").div(&n("2"))), Ok("3".into()));
        assert_eq!(text(n("-7").rem(&n("3"))), Ok("-1".into()));
        assert_eq!(
            text(n("9223372036854775807").add(&n("1"))),
            Ok("9223372036854775808".into())
        );
        assert_eq!(
            text(n("-9223372036854775808").div(&n("-1"))),
            Ok("9223372036854775808".into())
        );
        assert_eq!(text(n("-9223372036854775808").rem(&n("-1"))), Ok("0".into()));
        assert_eq!(n("1").div(&n("0.0")), Err(NumberError::DivisionByZero));
        assert_eq!(n("1").rem(&n("0")), Err(NumberError::DivisionByZero));
        assert_eq!(n("1e400").add(&n("1")), Err(NumberError::Overflow));
        assert_eq!(
            n("79228162514264337593543950335").mul(&n("2")),
            Err(NumberError::Overflow)
        );
        assert_eq!(text(n("0").neg()), Ok("0".into()));
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in "[-+.eE0-9]{0,40}") {
            let _ = Number::parse(&text).map(|n| (n.as_i64(), n.is_zero(), n.to_f64()));
        }

        #[test]
        fn display_parses_back_to_the_same(whole in any::<i64>(), scale in 0u32..29) {
            let number = Number::from(Decimal::from_i128_with_scale(i128::from(whole), scale));
            prop_assert_eq!(n(&number.to_string()).to_string(), number.to_string());
            prop_assert_eq!(digits::compare(&number.to_string(), &number.to_string()), Ordering::Equal);
        }

        #[test]
        fn comparing_literals_agrees_with_decimals(a in any::<i32>(), b in any::<i32>(), s in 0u32..12, t in 0u32..12) {
            let a = Decimal::from_i128_with_scale(i128::from(a), s);
            let b = Decimal::from_i128_with_scale(i128::from(b), t);
            prop_assert_eq!(digits::compare(&a.to_string(), &b.to_string()), a.cmp(&b));
        }
    }
}
