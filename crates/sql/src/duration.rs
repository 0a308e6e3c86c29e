//! Durations such as `7d`.
//!
//! Role: text → [`Duration`]. Invariant: a value that does not fit is no duration.
//! Not here: adding one to an instant; see `functions` and the engine.

/// A length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duration {
    /// Fixed length: `s m h d w`.
    Micros(i64),
    /// Calendar length: `mo`, `y`; its fixed length depends on the instant.
    Months(i32),
}

/// Reads a whole number and a unit: `s`, `m` (minutes), `h`, `d`, `w`, `mo`, `y`.
#[must_use]
pub fn parse_duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let split = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(split)?;
    let months = |each: i32| {
        number
            .parse::<i32>()
            .ok()?
            .checked_mul(each)
            .map(Duration::Months)
    };
    let seconds = |each: i64| {
        let micros = each.checked_mul(1_000_000)?;
        number
            .parse::<i64>()
            .ok()?
            .checked_mul(micros)
            .map(Duration::Micros)
    };
    match unit.trim_start() {
        "s" => seconds(1),
        "m" => seconds(60),
        "h" => seconds(3_600),
        "d" => seconds(86_400),
        "w" => seconds(604_800),
        "mo" => months(1),
        "y" => months(12),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(parse_duration("7d"), Some(Duration::Micros(604_800_000_000)));
        assert_eq!(parse_duration(" 90 s "), Some(Duration::Micros(90_000_000)));
        assert_eq!(parse_duration("5m"), Some(Duration::Micros(300_000_000)));
        assert_eq!(parse_duration("2mo"), Some(Duration::Months(2)));
        assert_eq!(parse_duration("1y"), Some(Duration::Months(12)));
    }

    #[test]
    fn no_durations() {
        for text in [
            "",
            "7",
            "d",
            "-7d",
            "7 days",
            "1.5h",
            "99999999999999999999d",
            "9223372036854775807s",
            "7é",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
