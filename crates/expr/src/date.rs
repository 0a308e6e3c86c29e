//! Durations and calendar arithmetic, in UTC.
//!
//! Role: `'7d'` to [`Duration`], and an instant moved by one.
//! Invariant: months and years keep the day of the month, or take the month's last day; results stay within
//! the years 0001 to 9999.
//! Not here: patterns; see `pattern`.

use crate::time::{civil, in_range, instant, parse_timestamp};
use crate::value::Value;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// A duration: a number and a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Duration {
    count: i64,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

const UNITS: [(&str, Unit); 7] = [
    ("s", Unit::Second),
    ("m", Unit::Minute),
    ("h", Unit::Hour),
    ("d", Unit::Day),
    ("w", Unit::Week),
    ("mo", Unit::Month),
    ("y", Unit::Year),
];

/// What a duration looks like, for messages.
pub(crate) const FORM: &str =
    "a duration is a whole number and a unit: s, m (minutes), h, d, w, mo (months), y";

/// More than all years there are, in seconds.
const LARGEST: i64 = 1_000_000_000_000;

impl Duration {
    /// Reads `7d`, `-2mo`, `+30 m`.
    pub(crate) fn parse(text: &str) -> Option<Duration> {
        let text = text.trim_ascii();
        let split = text.find(|c: char| c.is_ascii_alphabetic())?;
        let (count, unit) = text.split_at_checked(split)?;
        let count = count.trim_ascii_end();
        let digits = count.strip_prefix(['-', '+']).unwrap_or(count);
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let count: i64 = count.parse().ok().filter(|n: &i64| n.abs() <= LARGEST)?;
        let unit = UNITS.iter().find(|(name, _)| *name == unit)?.1;
        Some(Duration { count, unit })
    }

    /// The same duration backwards.
    pub(crate) fn negated(self) -> Duration {
        Duration {
            count: -self.count,
            unit: self.unit,
        }
    }

    /// The instant so much later.
    pub(crate) fn after(self, time: Timestamp) -> Option<Timestamp> {
        let seconds = match self.unit {
            Unit::Second => 1,
            Unit::Minute => 60,
            Unit::Hour => 3600,
            Unit::Day => 86_400,
            Unit::Week => 7 * 86_400,
            Unit::Month => return add_months(time, self.count),
            Unit::Year => return add_months(time, self.count.checked_mul(12)?),
        };
        let moved = time.checked_add(SignedDuration::from_secs(self.count.checked_mul(seconds)?));
        in_range(moved.ok()?)
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS.iter().find(|(_, unit)| *unit == self.unit);
        write!(f, "{}{}", self.count, unit.map_or("", |(name, _)| name))
    }
}

fn add_months(time: Timestamp, months: i64) -> Option<Timestamp> {
    let at = civil(time);
    let total = i64::from(at.year()) * 12 + i64::from(at.month()) - 1;
    let total = total.checked_add(months)?;
    let year = i16::try_from(total.div_euclid(12))
        .ok()
        .filter(|y| (1..=9999).contains(y))?;
    let month = i8::try_from(total.rem_euclid(12) + 1).ok()?;
    let first = Date::new(year, month, 1).ok()?;
    let date = Date::new(year, month, at.day().min(first.days_in_month())).ok()?;
    instant(date.to_datetime(at.time()))
}

/// The instant that a value is: an instant, or the text of one.
pub(crate) fn moment(value: &Value) -> Option<Timestamp> {
    match value {
        Value::Time(time) => Some(*time),
        Value::Text(text) => parse_timestamp(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::timestamp_text;
    use proptest::prelude::*;

    fn moved(time: &str, by: &str) -> Option<String> {
        let time = parse_timestamp(time).unwrap();
        Duration::parse(by).unwrap().after(time).map(timestamp_text)
    }

    #[test]
    fn every_unit_moves_and_months_clamp() {
        for (time, by, result) in [
            (
                "2026-01-31T10:20:30.5Z",
                "1mo",
                "2026-02-28T10:20:30.500000+00:00",
            ),
            ("2024-01-31", "1mo", "2024-02-29T00:00:00.000000+00:00"),
            ("2024-02-29", "1y", "2025-02-28T00:00:00.000000+00:00"),
            ("2026-03-31", "-1mo", "2026-02-28T00:00:00.000000+00:00"),
            ("2026-01-15", "-13mo", "2024-12-15T00:00:00.000000+00:00"),
            ("2026-12-31", "1d", "2027-01-01T00:00:00.000000+00:00"),
            ("2026-12-31", "+2 w", "2027-01-14T00:00:00.000000+00:00"),
            ("2026-12-31", "90m", "2026-12-31T01:30:00.000000+00:00"),
            ("2026-12-31", "-1s", "2026-12-30T23:59:59.000000+00:00"),
            ("2026-12-31", "24h", "2027-01-01T00:00:00.000000+00:00"),
        ] {
            assert_eq!(moved(time, by).as_deref(), Some(result), "{time} {by}");
        }
        assert_eq!(moved("2026-01-01", "9000y"), None);
        assert_eq!(moved("2026-01-01", "-2026y"), None);
        assert_eq!(moved("0001-01-01", "-1s"), None);
        assert_eq!(moved("2026-01-01", "1000000000000w"), None);
    }

    #[test]
    fn what_is_no_duration() {
        for text in [
            "",
            "7",
            "d",
            "7D",
            "7 days",
            "1.5d",
            "--7d",
            "7d1h",
            "- 7d",
            "99999999999999999999d",
            "٧d",
        ] {
            assert_eq!(Duration::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "\\PC{0,12}") {
            let _ = Duration::parse(&text).map(|d| d.after(Timestamp::UNIX_EPOCH));
        }

        #[test]
        fn any_move_stays_in_range(count in any::<i64>(), unit in 0usize..7, micros in 0i64..253_402_200_000_000_000) {
            let text = format!("{count}{}", UNITS[unit].0);
            let time = Timestamp::from_microsecond(micros).unwrap();
            if let Some(time) = Duration::parse(&text).and_then(|d| d.after(time)) {
                prop_assert!((1..=9999).contains(&civil(time).year()));
            }
        }

        #[test]
        fn display_reads_back(count in -LARGEST..LARGEST, unit in 0usize..7) {
            let duration = Duration { count, unit: UNITS[unit].1 };
            prop_assert_eq!(Duration::parse(&duration.to_string()), Some(duration));
        }
    }
}
