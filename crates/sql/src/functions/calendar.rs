//! Moving instants in canonical text by a fixed length.
//!
//! Role: `bf_shift(x, microseconds)`. Invariant: the result has the form of the input: date, time, or both,
//! with or without an offset. Not here: calendar lengths (months), which the engine computes.

use super::{Answer, Arg, Called, FunctionError, binary};

const DAY: i64 = 86_400_000_000;

pub(super) fn shift(args: &[Arg<'_>]) -> Called {
    binary(args, |instant, by| {
        let (Arg::Text(instant), Arg::Int(by)) = (instant, by) else {
            return Err(FunctionError::WrongArgument);
        };
        shifted(instant, by).map(Answer::Text)
    })
}

fn shifted(text: &str, by: i64) -> Result<String, FunctionError> {
    let out = FunctionError::TimeOutOfRange;
    let Some((day, rest)) = text.split_once('T') else {
        if let Some(micros) = time_of_day(text) {
            let time = write_time((micros + by % DAY).rem_euclid(DAY));
            // A time alone has no zeros at the end of its fraction.
            return Ok(time.trim_end_matches('0').trim_end_matches('.').to_owned());
        }
        let days = day_number(text).ok_or(FunctionError::InvalidText)?;
        return write_day(days.checked_add(by.div_euclid(DAY)).ok_or(out)?);
    };
    let zone = rest.find(['+', 'Z']).unwrap_or(rest.len());
    let (time, zone) = rest.split_at_checked(zone).ok_or(FunctionError::InvalidText)?;
    let days = day_number(day).ok_or(FunctionError::InvalidText)?;
    let micros = time_of_day(time).ok_or(FunctionError::InvalidText)?;
    let total = days
        .checked_mul(DAY)
        .and_then(|start| start.checked_add(micros))
        .ok_or(out)?;
    let total = total.checked_add(by).ok_or(out)?;
    let day = write_day(total.div_euclid(DAY))?;
    Ok(format!("{day}T{}{zone}", write_time(total.rem_euclid(DAY))))
}

fn number(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// Microseconds since midnight from `18:10:15.123456`, the fraction perhaps shorter or absent.
fn time_of_day(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, ':');
    let (hour, minute) = (number(parts.next()?)?, number(parts.next()?)?);
    let seconds = parts.next()?;
    let (second, fraction) = seconds.split_once('.').unwrap_or((seconds, "0"));
    let (second, fraction) = (number(second)?, number(&format!("{fraction:0<6}"))?);
    let valid = hour < 24 && minute < 60 && second < 60 && fraction < 1_000_000;
    valid.then(|| ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction)
}

fn write_time(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hour:02}:{minute:02}:{second:02}.{:06}", micros % 1_000_000)
}

/// Days since 1970-01-01, proleptic Gregorian calendar.
fn day_number(text: &str) -> Option<i64> {
    let mut parts = text.splitn(3, '-');
    let (year, month, day) = (
        number(parts.next()?)?,
        number(parts.next()?)?,
        number(parts.next()?)?,
    );
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Years start in March here, so that the leap day is the last of its year.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn write_day(days: i64) -> Result<String, FunctionError> {
    let days = days.checked_add(719_468).ok_or(FunctionError::TimeOutOfRange)?;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    if (1..=9999).contains(&year) {
        return Ok(format!("{year:04}-{month:02}-{day:02}"));
    }
    Err(FunctionError::TimeOutOfRange)
}
