//! Spans of time as PostgreSQL's settings write them.
//!
//! Role: `500ms`, `15s`, `2min`, or a bare number in the setting's own unit.
//! Invariant: nothing overflows; a span is at most a day.
//! Not here: which setting has which unit.

use std::time::Duration;

const MOST: Duration = Duration::from_secs(24 * 60 * 60);

/// Units by their spelling, in milliseconds.
const UNITS: &[(&str, u64)] = &[("ms", 1), ("s", 1_000), ("min", 60_000), ("h", 3_600_000)];

/// Reads a span; a number without a unit counts `bare` milliseconds each.
pub(super) fn span(text: &str, bare: u64) -> Option<Duration> {
    let text = text.trim();
    let digits = text
        .trim_end_matches(|c: char| c.is_ascii_alphabetic())
        .trim_end();
    let unit = text.strip_prefix(digits)?.trim();
    let factor = if unit.is_empty() {
        bare
    } else {
        UNITS.iter().find(|(name, _)| *name == unit)?.1
    };
    let number: u64 = digits.parse().ok()?;
    let span = Duration::from_millis(number.checked_mul(factor)?);
    (span <= MOST).then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        assert_eq!(span("1500", 1), Some(Duration::from_millis(1500)));
        assert_eq!(span("10", 1_000), Some(Duration::from_secs(10)));
        assert_eq!(span(" 2 min ", 1), Some(Duration::from_secs(120)));
        for wrong in [
            "",
            "-1",
            "1.5s",
            "s",
            "5 weeks",
            "99999999999999999999",
            "1e3",
            "25h",
        ] {
            assert_eq!(span(wrong, 1), None, "{wrong}");
        }
    }
}
