//! Instants as text.
//!
//! Role: the one canonical text of an instant, and the reader of the common forms that PostgreSQL accepts.
//! Invariant: canonical text parses back to the same instant, to the microsecond; years are 0001 to 9999.
//! Not here: calendar arithmetic (`date`) and free patterns (`pattern`).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// The canonical text: `2026-11-23T18:10:15.123456+00:00`, always UTC, always six digits of fraction.
#[must_use]
pub fn timestamp_text(time: Timestamp) -> String {
    let at = civil(time);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}+00:00",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.subsec_nanosecond() / 1000
    )
}

/// Date and time of an instant in UTC.
pub(crate) fn civil(time: Timestamp) -> DateTime {
    Offset::UTC.to_datetime(time)
}

/// The instant of a date and time in UTC, if its year is 0001 to 9999.
pub(crate) fn instant(at: DateTime) -> Option<Timestamp> {
    let time = Offset::UTC.to_timestamp(at).ok()?;
    in_range(time)
}

/// The instant itself, if its year is 0001 to 9999.
pub(crate) fn in_range(time: Timestamp) -> Option<Timestamp> {
    (1..=9999).contains(&civil(time).year()).then_some(time)
}

/// The instant without what is finer than a microsecond.
pub(crate) fn to_microsecond(time: Timestamp) -> Timestamp {
    let nanoseconds = time.as_nanosecond();
    Timestamp::from_nanosecond(nanoseconds - nanoseconds.rem_euclid(1000)).unwrap_or(time)
}

/// Reads a date, or a date and time with or without an offset (UTC if absent), as PostgreSQL does.
///
/// Accepted: `2026-11-23`, `2026-11-23 18:10`, `2026-11-23T18:10:15.123456Z`, offsets `Z`, `+00`, `+0000`,
/// `+00:00`. Digits beyond microseconds are rounded.
#[must_use]
pub fn parse_timestamp(text: &str) -> Option<Timestamp> {
    let mut rest = Reader(text.trim_ascii().as_bytes());
    let date = date(&mut rest)?;
    let mut microseconds: i64 = 0;
    let mut offset = 0;
    if !rest.0.is_empty() {
        rest.one_of(b"Tt ")?;
        microseconds = time_of_day(&mut rest)?;
        offset = read_offset(&mut rest)?;
    }
    let midnight = Offset::UTC
        .to_timestamp(date.to_datetime(jiff::civil::Time::midnight()))
        .ok()?;
    let total = midnight
        .as_microsecond()
        .checked_add(microseconds)?
        .checked_sub(offset * 1_000_000)?;
    in_range(Timestamp::from_microsecond(total).ok()?)
}

fn date(rest: &mut Reader<'_>) -> Option<Date> {
    let year = i16::try_from(rest.digits(4)?).ok()?;
    rest.one_of(b"-")?;
    let month = i8::try_from(rest.digits(2)?).ok()?;
    rest.one_of(b"-")?;
    let day = i8::try_from(rest.digits(2)?).ok()?;
    if year == 0 {
        return None;
    }
    Date::new(year, month, day).ok()
}

/// Microseconds since midnight; `24:00:00` and a 60th second are the next day's and minute's start.
fn time_of_day(rest: &mut Reader<'_>) -> Option<i64> {
    let hour = rest.digits(2)?;
    rest.one_of(b":")?;
    let minute = rest.digits(2)?;
    let mut second = 0;
    let mut fraction = 0;
    if rest.one_of(b":").is_some() {
        second = rest.digits(2)?;
        if rest.one_of(b".").is_some() {
            fraction = rest.microseconds()?;
        }
    }
    let total = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
    (minute < 60 && second <= 60 && total <= 86_400_000_000).then_some(total)
}

/// Seconds east of UTC.
fn read_offset(rest: &mut Reader<'_>) -> Option<i64> {
    if rest.0.is_empty() {
        return Some(0);
    }
    if rest.one_of(b"Zz").is_some() {
        return rest.0.is_empty().then_some(0);
    }
    let sign = match rest.one_of(b"+-")? {
        b'-' => -1,
        _ => 1,
    };
    let hours = rest.digits(2)?;
    let mut minutes = 0;
    let mut seconds = 0;
    if !rest.0.is_empty() {
        let colon = rest.one_of(b":").is_some();
        minutes = rest.digits(2)?;
        if colon && rest.one_of(b":").is_some() {
            seconds = rest.digits(2)?;
        }
    }
    let fits = rest.0.is_empty() && hours < 16 && minutes < 60 && seconds < 60;
    fits.then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    /// The next byte, if it is one of these.
    fn one_of(&mut self, set: &[u8]) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        set.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    /// Exactly so many digits.
    fn digits(&mut self, count: usize) -> Option<i64> {
        let (head, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        head.iter().try_fold(0, |sum, byte| {
            byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0'))
        })
    }

    /// A fraction of a second, rounded.
    fn microseconds(&mut self) -> Option<i64> {
        let mut count = 0;
        let mut sum = 0;
        while let Some(digit) = self.one_of(b"0123456789") {
            let digit = i64::from(digit - b'0');
            match count {
                0..6 => sum = sum * 10 + digit,
                6 if digit >= 5 => sum += 1,
                _ => {}
            }
            count += 1;
        }
        (count > 0).then(|| sum * 10i64.pow(6u32.saturating_sub(count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn common_forms_are_read() {
        for (text, canonical) in [
            ("2026-11-23", "2026-11-23T00:00:00.000000+00:00"),
            ("2026-11-23 18:10", "2026-11-23T18:10:00.000000+00:00"),
            ("2026-11-23T18:10:15", "2026-11-23T18:10:15.000000+00:00"),
            ("2026-11-23t18:10:15.5z", "2026-11-23T18:10:15.500000+00:00"),
            (
                " 2026-11-23 18:10:15.1234567+00 ",
                "2026-11-23T18:10:15.123457+00:00",
            ),
            ("2026-11-23T18:10:15.9999999Z", "2026-11-23T18:10:16.000000+00:00"),
            ("2026-11-23T18:10:15+0530", "2026-11-23T12:40:15.000000+00:00"),
            ("2026-11-23T18:10:15-05:30", "2026-11-23T23:40:15.000000+00:00"),
            ("2026-11-23T24:00:00", "2026-11-24T00:00:00.000000+00:00"),
            ("2026-11-23T18:10:60", "2026-11-23T18:11:00.000000+00:00"),
            ("0001-01-01", "0001-01-01T00:00:00.000000+00:00"),
            ("2024-02-29", "2024-02-29T00:00:00.000000+00:00"),
        ] {
            assert_eq!(
                parse_timestamp(text).map(timestamp_text).as_deref(),
                Some(canonical),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_instant_is_refused() {
        for text in [
            "",
            "now",
            "2026",
            "2026-11",
            "2026-13-01",
            "2025-02-29",
            "2026-1-1",
            "0000-01-01",
            "12026-01-01",
            "2026-11-23T",
            "2026-11-23T18",
            "2026-11-23T25:00",
            "2026-11-23T24:00:01",
            "2026-11-23T18:60",
            "2026-11-23T18:10:15.",
            "2026-11-23T18:10:15+5",
            "2026-11-23T18:10:15+16:00",
            "2026-11-23T18:10:15Zx",
            "2026-11-23Z",
            "0001-01-01T00:00:00+01:00",
            "9999-12-31T23:59:59-01:00",
            "２０２６-11-23",
        ] {
            assert_eq!(parse_timestamp(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn reading_never_panics(text in "\\PC{0,40}") {
            if let Some(time) = parse_timestamp(&text) {
                prop_assert_eq!(parse_timestamp(&timestamp_text(time)), Some(time));
            }
        }

        #[test]
        fn reading_almost_instants_never_panics(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]{1,30})?)?([Zz]|[+-][0-9:]{1,9})?") {
            if let Some(time) = parse_timestamp(&text) {
                prop_assert_eq!(parse_timestamp(&timestamp_text(time)), Some(time));
            }
        }

        #[test]
        fn canonical_text_reads_back(micros in -62_135_596_800_000_000i64..253_402_200_000_000_000) {
            let time = Timestamp::from_microsecond(micros).unwrap();
            prop_assert_eq!(parse_timestamp(&timestamp_text(time)), Some(time));
        }
    }
}
