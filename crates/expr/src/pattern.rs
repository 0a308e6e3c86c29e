//! Patterns of `formatDate`, as moment.js has them, in UTC.
//!
//! Role: a pattern is read once, then formats instants.
//! Invariant: letters that are no token are refused rather than printed, except `T`.
//! Not here: reading instants; see `time`.

use crate::time::civil;
use jiff::Timestamp;
use jiff::civil::DateTime;
use std::fmt::Write;

/// A pattern, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pattern {
    source: Box<str>,
    parts: Box<[Part]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Token(&'static str),
}

/// Tokens, as runs of one letter; `Do` is the only mixed one.
const TOKENS: [&str; 43] = [
    "YYYY", "YY", "M", "MM", "MMM", "MMMM", "D", "DD", "Do", "DDD", "DDDD", "d", "ddd", "dddd", "H", "HH",
    "h", "hh", "m", "mm", "s", "ss", "S", "SS", "SSS", "SSSS", "SSSSS", "SSSSSS", "A", "a", "Q", "E", "W",
    "WW", "GG", "GGGG", "X", "x", "Z", "ZZ", "k", "kk", "dd",
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

/// Why a text is no pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PatternError {
    /// These letters mean nothing.
    Unknown(String),
    /// A `[` has no `]`.
    Unclosed,
}

impl PatternError {
    /// One sentence about it.
    pub(crate) fn message(&self) -> String {
        match self {
            Self::Unknown(run) => format!("`{run}` means nothing in a date pattern"),
            Self::Unclosed => "a `[` in the date pattern has no `]`".to_owned(),
        }
    }

    /// What the author most likely meant.
    pub(crate) fn suggestion(&self) -> Option<&'static str> {
        match self {
            Self::Unknown(run) => Some(match run.as_str() {
                "yyyy" | "y" | "Y" => "YYYY",
                "yy" => "YY",
                "n" | "i" => "mm",
                _ => return None,
            }),
            Self::Unclosed => None,
        }
    }
}

impl Pattern {
    /// Reads a pattern.
    pub(crate) fn parse(text: &str) -> Result<Pattern, PatternError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = if first == '[' {
                let close = rest.find(']').ok_or(PatternError::Unclosed)?;
                literal(&mut parts, rest.get(1..close).unwrap_or(""));
                close + 1
            } else if first.is_ascii_alphabetic() {
                token(&mut parts, rest, first)?
            } else {
                literal(&mut parts, first.encode_utf8(&mut [0; 4]));
                first.len_utf8()
            };
            rest = rest.get(length..).unwrap_or("");
        }
        Ok(Pattern {
            source: text.into(),
            parts: parts.into(),
        })
    }

    /// The pattern as written.
    pub(crate) fn source(&self) -> &str {
        &self.source
    }

    /// Formats an instant.
    pub(crate) fn format(&self, time: Timestamp) -> String {
        let at = civil(time);
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.push_str(text),
                Part::Token(token) => {
                    let written = write_token(token, time, at, &mut out);
                    debug_assert!(written.is_ok(), "writing to a string");
                }
            }
        }
        out
    }
}

fn literal(parts: &mut Vec<Part>, text: &str) {
    match parts.last_mut() {
        Some(Part::Literal(before)) => before.push_str(text),
        _ => parts.push(Part::Literal(text.to_owned())),
    }
}

/// Reads a token and gives its length.
fn token(parts: &mut Vec<Part>, rest: &str, first: char) -> Result<usize, PatternError> {
    let run = rest.chars().take_while(|c| *c == first).count();
    let length = if rest.starts_with("Do") { 2 } else { run };
    let word = rest.get(..length).unwrap_or("");
    if let Some(token) = TOKENS.iter().find(|token| **token == word) {
        parts.push(Part::Token(token));
    } else if word == "T" {
        literal(parts, "T");
    } else {
        return Err(PatternError::Unknown(word.to_owned()));
    }
    Ok(length)
}

fn write_token(token: &str, time: Timestamp, at: DateTime, out: &mut String) -> std::fmt::Result {
    let weekday = usize::try_from(at.weekday().to_sunday_zero_offset()).unwrap_or(0);
    let day_name = DAYS.get(weekday).copied().unwrap_or("");
    let month_name = usize::try_from(at.month() - 1)
        .ok()
        .and_then(|m| MONTHS.get(m))
        .copied()
        .unwrap_or("");
    let hour12 = (at.hour() + 11) % 12 + 1;
    let hour24 = if at.hour() == 0 { 24 } else { at.hour() };
    let week = at.date().iso_week_date();
    match token {
        "YYYY" => write!(out, "{:04}", at.year()),
        "YY" => write!(out, "{:02}", at.year() % 100),
        "Q" => write!(out, "{}", (at.month() - 1) / 3 + 1),
        "MMMM" => out.write_str(month_name),
        "MMM" => out.write_str(month_name.get(..3).unwrap_or(month_name)),
        "Do" => write!(out, "{}{}", at.day(), ordinal(at.day())),
        "DDDD" => write!(out, "{:03}", at.date().day_of_year()),
        "DDD" => write!(out, "{}", at.date().day_of_year()),
        "dddd" => out.write_str(day_name),
        "ddd" => out.write_str(day_name.get(..3).unwrap_or(day_name)),
        "dd" => out.write_str(day_name.get(..2).unwrap_or(day_name)),
        "d" => write!(out, "{weekday}"),
        "E" => write!(out, "{}", at.weekday().to_monday_one_offset()),
        "GGGG" => write!(out, "{:04}", week.year()),
        "GG" => write!(out, "{:02}", week.year() % 100),
        "A" => out.write_str(if at.hour() < 12 { "AM" } else { "PM" }),
        "a" => out.write_str(if at.hour() < 12 { "am" } else { "pm" }),
        "X" => write!(out, "{}", time.as_microsecond().div_euclid(1_000_000)),
        "x" => write!(out, "{}", time.as_microsecond().div_euclid(1000)),
        "Z" => out.write_str("+00:00"),
        "ZZ" => out.write_str("+0000"),
        fraction if fraction.starts_with('S') => {
            let digits = format!("{:09}", at.subsec_nanosecond());
            out.write_str(digits.get(..fraction.len()).unwrap_or(&digits))
        }
        numeric => {
            let number = match numeric.as_bytes().first() {
                Some(b'M') => at.month(),
                Some(b'D') => at.day(),
                Some(b'H') => at.hour(),
                Some(b'h') => hour12,
                Some(b'k') => hour24,
                Some(b'm') => at.minute(),
                Some(b's') => at.second(),
                _ => week.week(),
            };
            write!(out, "{number:0width$}", width = numeric.len())
        }
    }
}

fn ordinal(day: i8) -> &'static str {
    match (day % 10, day) {
        (_, 11..=13) => "th",
        (1, _) => "st",
        (2, _) => "nd",
        (3, _) => "rd",
        _ => "th",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::parse_timestamp;
    use proptest::prelude::*;

    fn format(time: &str, pattern: &str) -> String {
        Pattern::parse(pattern)
            .unwrap()
            .format(parse_timestamp(time).unwrap())
    }

    #[test]
    fn tokens_are_those_of_moment() {
        let time = "2026-03-02T00:05:09.123456Z";
        for (pattern, text) in [
            ("YYYY-MM", "2026-03"),
            ("YYYYMMDD", "20260302"),
            ("YYYY-MM-DDTHH:mm:ss.SSSZ", "2026-03-02T00:05:09.123+00:00"),
            ("YY M D H h m s", "26 3 2 0 12 5 9"),
            ("hh:mm A a", "12:05 AM am"),
            ("dddd ddd dd d E", "Monday Mon Mo 1 1"),
            ("MMMM MMM Do", "March Mar 2nd"),
            ("DDD DDDD Q", "61 061 1"),
            ("GGGG-[W]WW W", "2026-W10 10"),
            ("X x ZZ", "1772409909 1772409909123 +0000"),
            ("[Invoice of] YYYY", "Invoice of 2026"),
            ("S SS SSSSSS kk", "1 12 123456 24"),
            ("", ""),
            ("YYYY年", "2026年"),
        ] {
            assert_eq!(format(time, pattern), text, "{pattern}");
        }
        assert_eq!(format("2026-01-01", "GGGG-WW d E"), "2026-01 4 4");
        assert_eq!(format("2027-01-01", "GGGG-WW YYYY"), "2026-53 2027");
        assert_eq!(format("2026-01-04T13:00", "d E h A"), "0 7 1 PM");
        let ordinals: Vec<_> = ["01", "02", "03", "04", "11", "12", "13", "21", "22", "23", "31"]
            .map(|day| format(&format!("2026-01-{day}"), "Do"))
            .into();
        assert_eq!(
            ordinals.join(" "),
            "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 23rd 31st"
        );
    }

    #[test]
    fn unknown_letters_are_refused() {
        assert_eq!(Pattern::parse("yyyy-MM").unwrap_err().suggestion(), Some("YYYY"));
        assert!(matches!(Pattern::parse("YYYYY"), Err(PatternError::Unknown(run)) if run == "YYYYY"));
        assert_eq!(Pattern::parse("[x"), Err(PatternError::Unclosed));
        assert!(Pattern::parse("month").is_err());
    }

    proptest! {
        #[test]
        fn never_panics(pattern in "[YMDdHhmsSAaQEWGXxZkTo\\[\\] é-]{0,20}", micros in -62_135_596_800_000_000i64..253_402_200_000_000_000) {
            if let Ok(pattern) = Pattern::parse(&pattern) {
                let _ = pattern.format(Timestamp::from_microsecond(micros).unwrap());
            }
        }
    }
}
