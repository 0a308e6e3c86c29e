//! Dates and times written as constants.
//!
//! Input: what PostgreSQL reads in ISO order. Output: the canonical text.
//! Invariant: the result is a moment that exists, in UTC.
//! Not here: words such as `now`, which mean something else at each reading.

/// `2026-11-23`
pub(super) fn date(text: &str) -> Option<String> {
    let (days, rest) = read_date(text.trim())?;
    rest.is_empty().then(|| write_date(days))?
}

/// `18:10:15.5`: as many digits of a second as there are.
pub(super) fn time(text: &str) -> Option<String> {
    let (micros, rest) = read_time(text.trim())?;
    let whole = write_time(micros);
    let plain = whole.trim_end_matches('0');
    let short = plain.strip_suffix('.').unwrap_or(plain);
    let text = if short.len() < 8 {
        whole.get(..8)?.to_owned()
    } else {
        short.to_owned()
    };
    rest.is_empty().then_some(text)
}

/// `2026-11-23T18:10:15.123456`, ignoring a zone as PostgreSQL does.
pub(super) fn timestamp(text: &str) -> Option<String> {
    let (days, micros, _zone) = read(text)?;
    Some(format!("{}T{}", write_date(days)?, write_time(micros)))
}

/// `2026-11-23T18:10:15.123456+00:00`; no zone means UTC.
pub(super) fn timestamptz(text: &str) -> Option<String> {
    let (days, micros, minutes) = read(text)?;
    let micros = micros - minutes.unwrap_or(0) * 60_000_000;
    let (days, micros) = (days + micros.div_euclid(DAY), micros.rem_euclid(DAY));
    Some(format!("{}T{}+00:00", write_date(days)?, write_time(micros)))
}

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Day, microsecond of it, and minutes east of UTC if they are said.
fn read(text: &str) -> Option<(i64, i64, Option<i64>)> {
    let (days, rest) = read_date(text.trim())?;
    if rest.is_empty() {
        return Some((days, 0, None));
    }
    let rest = rest.strip_prefix(['T', 't']).unwrap_or_else(|| rest.trim_start());
    let (micros, rest) = read_time(rest)?;
    let zone = rest.trim();
    match zone {
        "" => Some((days, micros, None)),
        "Z" | "z" => Some((days, micros, Some(0))),
        _ if zone.eq_ignore_ascii_case("utc") => Some((days, micros, Some(0))),
        _ => Some((days, micros, Some(read_offset(zone)?))),
    }
}

fn read_offset(zone: &str) -> Option<i64> {
    let (sign, digits) = match zone.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, zone.strip_prefix('-')?),
    };
    let (hours, rest) = take(digits, 2)?;
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let minutes = if rest.is_empty() {
        0
    } else {
        take(rest, 2).filter(|(_, rest)| rest.is_empty())?.0
    };
    (hours <= 15 && minutes <= 59).then_some(sign * (hours * 60 + minutes))
}

/// The number in the first `len` digits, and what follows.
fn take(text: &str, len: usize) -> Option<(i64, &str)> {
    let digits = text
        .get(..len)
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    Some((digits.parse().ok()?, text.get(len..)?))
}

fn read_date(text: &str) -> Option<(i64, &str)> {
    let (year, rest) = take(text, 4)?;
    let (month, rest) = take(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = take(rest.strip_prefix('-')?, 2)?;
    let days = day_number(year, month, day);
    let exists = year >= 1 && write_date(days)? == format!("{year:04}-{month:02}-{day:02}");
    exists.then_some((days, rest))
}

fn read_time(text: &str) -> Option<(i64, &str)> {
    let (hour, rest) = take(text, 2)?;
    let (minute, rest) = take(rest.strip_prefix(':')?, 2)?;
    let (second, rest) = match rest.strip_prefix(':') {
        Some(rest) => take(rest, 2)?,
        None => (0, rest),
    };
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(digits) => {
            let len = digits.bytes().take_while(u8::is_ascii_digit).count();
            let micros = digits
                .get(..len)
                .filter(|digits| (1..=6).contains(&digits.len()))?;
            (format!("{micros:0<6}").parse::<i64>().ok()?, digits.get(len..)?)
        }
        None => (0, rest),
    };
    let exists = hour <= 23 && minute <= 59 && second <= 59;
    exists.then_some((((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction, rest))
}

fn write_time(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}:{minute:02}:{second:02}.{:06}", micros % 1_000_000)
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar. Years start in March here, so that the leap
/// day is the last of its year.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

fn write_date(days: i64) -> Option<String> {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    (1..=9999)
        .contains(&year)
        .then(|| format!("{year:04}-{month:02}-{day:02}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_become_canonical() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(date("2024-02-29"), some("2024-02-29"));
        assert_eq!(date("2026-02-29"), None);
        assert_eq!(date("2026-1-1"), None);
        assert_eq!(time("18:10"), some("18:10:00"));
        assert_eq!(time("10:00:00.500"), some("10:00:00.5"));
        assert_eq!(time("24:00"), None);
        assert_eq!(
            timestamp("2026-11-23 18:10:15+02"),
            some("2026-11-23T18:10:15.000000")
        );
        assert_eq!(
            timestamptz("2026-11-23"),
            some("2026-11-23T00:00:00.000000+00:00")
        );
        assert_eq!(
            timestamptz("2026-01-01T00:30:00.5+01:00"),
            some("2025-12-31T23:30:00.500000+00:00")
        );
        assert_eq!(
            timestamptz("2026-01-01 00:30:00Z"),
            some("2026-01-01T00:30:00.000000+00:00")
        );
        assert_eq!(timestamptz("0001-01-01 00:30:00+05"), None);
        assert_eq!(timestamptz("now"), None);
        assert_eq!(timestamptz("2026-01-01é00:00"), None);
    }
}
