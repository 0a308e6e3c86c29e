//! Dates and times as columns hold them.
//!
//! Invariant: text that is stored compares as the moment does; instants are UTC to the microsecond.
//! Not here: the forms of an instant that are read; see `backflow_expr::parse_timestamp`.

use super::{Misfit, datum};
use backflow_expr::{Value, parse_timestamp, timestamp_text};
use backflow_sql::ir::Datum;

/// Length of `2026-11-23`.
const DATE: usize = 10;
/// Length of `2026-11-23T18:10:15.123456`.
const DATE_AND_TIME: usize = 26;

/// `timestamptz`: `2026-11-23T18:10:15.123456+00:00`.
pub(super) fn timestamptz(value: &Value) -> Result<Datum, Misfit> {
    instant(value).map(datum)
}

/// `timestamp`: the same without offset, in UTC.
pub(super) fn timestamp(value: &Value) -> Result<Datum, Misfit> {
    let text = instant(value)?;
    Ok(datum(text.get(..DATE_AND_TIME).unwrap_or_default()))
}

/// `date`: `2026-11-23`; of an instant, that in UTC.
pub(super) fn date(value: &Value) -> Result<Datum, Misfit> {
    let text = match value {
        Value::Time(time) => timestamp_text(*time).get(..DATE).map(str::to_owned),
        // A date alone is also the start of its day.
        Value::Text(text) if text.len() == DATE && parse_timestamp(text).is_some() => Some(text.to_string()),
        _ => None,
    };
    text.map(datum)
        .ok_or_else(|| Misfit::new("must be a date (YYYY-MM-DD)"))
}

/// `time`: `18:10:15`, with as many digits of a second as there are.
pub(super) fn time(value: &Value) -> Result<Datum, Misfit> {
    let text = match value {
        Value::Time(time) => timestamp_text(*time).get(DATE + 1..DATE_AND_TIME).and_then(clock),
        Value::Text(text) => clock(text),
        _ => None,
    };
    text.map(datum)
        .ok_or_else(|| Misfit::new("must be a time (HH:MM:SS)"))
}

fn instant(value: &Value) -> Result<String, Misfit> {
    let time = match value {
        Value::Time(time) => Some(*time),
        Value::Text(text) => parse_timestamp(text),
        _ => None,
    };
    time.map(timestamp_text)
        .ok_or_else(|| Misfit::new("must be a date and time (RFC 3339)"))
}

fn clock(text: &str) -> Option<String> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    if text.ends_with('.') || fraction.len() > 6 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let mut parts = clock.split(':');
    let hour = two_digits(parts.next()?, 23)?;
    let minute = two_digits(parts.next()?, 59)?;
    let second = match parts.next() {
        Some(second) => two_digits(second, 59)?,
        None if text.contains('.') => return None,
        None => 0,
    };
    if parts.next().is_some() {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Some(format!("{hour:02}:{minute:02}:{second:02}{point}{fraction}"))
}

fn two_digits(text: &str, most: u8) -> Option<u8> {
    let digits = text.len() == 2 && text.bytes().all(|digit| digit.is_ascii_digit());
    text.parse().ok().filter(|number| digits && *number <= most)
}
