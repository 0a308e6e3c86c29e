//! The shortest digits of a floating point number, as PostgreSQL chooses them.
//!
//! Role: a finite number → `d.ddde±x`. Of the shortest texts that read back as the number, the nearest; of two
//! as near, the even one; and none that lies exactly between two numbers, for not every reader rounds that alike.
//! Invariant: the text reads back as the same number.
//! Not here: plain digits or exponent; see `float`.

/// More digits than any number needs.
const MOST: usize = 17;

/// Significand and exponent of two.
type Binary = (u128, i32);

pub(super) fn double(value: f64) -> String {
    let bits = value.to_bits();
    let (fraction, exponent) = (bits & ((1 << 52) - 1), (bits >> 52 & 0x7ff) as i32);
    let binary = match exponent {
        0 => (u128::from(fraction), -1074),
        _ => (u128::from(fraction | 1 << 52), exponent - 1075),
    };
    let same = |text: &str| text.parse::<f64>().is_ok_and(|read| read.to_bits() == bits);
    chosen(&format!("{value:e}"), binary, |at| format!("{value:.at$e}"), same)
}

pub(super) fn single(value: f32) -> String {
    let bits = value.to_bits();
    let (fraction, exponent) = (bits & ((1 << 23) - 1), (bits >> 23 & 0xff) as i32);
    let binary = match exponent {
        0 => (u128::from(fraction), -149),
        _ => (u128::from(fraction | 1 << 23), exponent - 150),
    };
    let same = |text: &str| text.parse::<f32>().is_ok_and(|read| read.to_bits() == bits);
    chosen(&format!("{value:e}"), binary, |at| format!("{value:.at$e}"), same)
}

/// `shortest` may be a tie's odd side, or lie between two numbers.
fn chosen(
    shortest: &str,
    binary: Binary,
    rounded: impl Fn(usize) -> String,
    same: impl Fn(&str) -> bool,
) -> String {
    let digits = shortest
        .bytes()
        .take_while(|byte| *byte != b'e')
        .filter(u8::is_ascii_digit)
        .count();
    for places in digits.saturating_sub(1)..MOST {
        let nearest = rounded(places);
        let text = if same(&nearest) {
            nearest
        } else if places + 1 == digits {
            shortest.to_owned()
        } else {
            continue;
        };
        if !between(&text, binary) {
            return text;
        }
    }
    shortest.to_owned()
}

/// Whether a decimal text lies exactly in the middle of a number and one of its neighbours.
fn between(text: &str, (significand, exponent): Binary) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let Some((mantissa, ten)) = text.split_once('e') else {
        return false;
    };
    let fraction = mantissa.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let (Ok(decimal), Ok(ten)) = (mantissa.replace('.', "").parse::<u128>(), ten.parse::<i32>()) else {
        return false;
    };
    let ten = ten - i32::try_from(fraction).unwrap_or(0);
    let halves = 2 * significand;
    // Below a power of two the neighbour is half as far.
    let middles = [
        (halves + 1, exponent - 1),
        (halves.saturating_sub(1), exponent - 1),
        ((2 * halves).saturating_sub(1), exponent - 2),
    ];
    let count = if significand.is_power_of_two() { 3 } else { 2 };
    middles
        .iter()
        .take(count)
        .any(|middle| equal(decimal, ten, *middle))
}

/// `decimal · 10^ten = significand · 2^two`. What does not fit is not equal: one side is far longer.
fn equal(decimal: u128, ten: i32, (significand, two): Binary) -> bool {
    let fives = |power: i32| 5u128.checked_pow(u32::try_from(power).unwrap_or(0));
    let left = fives(ten.max(0)).and_then(|power| decimal.checked_mul(power));
    let right = fives((-ten).max(0)).and_then(|power| significand.checked_mul(power));
    let (Some(left), Some(right)) = (left, right) else {
        return false;
    };
    let shift = ten - two;
    let (long, short) = if shift >= 0 { (left, right) } else { (right, left) };
    // `long · 2^shift = short`
    let shift = shift.unsigned_abs();
    short.trailing_zeros() >= shift && short.checked_shr(shift) == Some(long)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As PostgreSQL 15 prints them.
    #[test]
    fn digits_are_those_of_postgresql() {
        for (value, expected) in [
            (0.1, "1e-1"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e308"),
            // Of two texts as near the even one.
            (1e15 + 0.25, "1.0000000000000002e15"),
            (2.0_f64.powi(-25), "2.9802322387695312e-8"),
            // The shorter text lies between two numbers.
            (1e23, "9.999999999999999e22"),
            (5e22, "4.9999999999999996e22"),
            (20_034_855_448_587_450.0, "2.0034855448587448e16"),
        ] {
            assert_eq!(double(value), expected);
            assert_eq!(double(-value), format!("-{expected}"));
        }
        for (value, expected) in [
            (0.1, "1e-1"),
            (16_777_216.0, "1.6777216e7"),
            (319_364.0 + 0.125, "3.1936412e5"),
            (46_804_512.0, "4.6804512e7"),
        ] {
            assert_eq!(single(value), expected);
        }
    }
}
