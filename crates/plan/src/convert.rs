//! Values of expressions as values of columns, and back.
//!
//! Role: [`convert`] gives a value its column's type before it is bound; [`restore`] makes a cell a value again.
//! Input: a value, a type, an enum's labels, whether the value came from a URL or header. Output: a [`Datum`]
//! in the one canonical form that every database stores and compares.
//! Invariant: nothing is rounded, cut or guessed; what does not fit exactly is a [`Misfit`].
//! Not here: constraints (`NOT NULL`, `CHECK`), which the database judges.

mod digits;
mod jsonb;
mod moment;
mod range;
mod restore;
#[cfg(test)]
mod tests;

pub use restore::restore;

use backflow_catalog::ColumnType;
use backflow_expr::{Number, Value, write_json_text};
use backflow_sql::functions::{double_text, single_text};
use backflow_sql::ir::Datum;

/// Why a value is not one of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Misfit {
    /// What it must be; holds no value and may be shown to callers: `must be a whole number`.
    pub message: String,
}

impl Misfit {
    fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

impl std::fmt::Display for Misfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Misfit {}

/// Gives a value a column's type. `labels` are those of the type or its items when it is an enum. `wire`: the
/// value is text from a URL or header, which may stand for a number or truth value.
///
/// # Errors
/// When the value does not fit exactly.
pub fn convert(value: &Value, ty: &ColumnType, labels: &[String], wire: bool) -> Result<Datum, Misfit> {
    if value.is_nothing() {
        return Ok(Datum::Null);
    }
    match ty {
        ColumnType::Bool => boolean(value, wire),
        ColumnType::Int2 => whole(value, wire, i16::MIN.into()..=i16::MAX.into(), "smallint"),
        ColumnType::Int4 => whole(value, wire, i32::MIN.into()..=i32::MAX.into(), "integer"),
        ColumnType::Int8 => whole(value, wire, i64::MIN..=i64::MAX, "bigint"),
        ColumnType::Float4 => single(value, wire),
        ColumnType::Float8 => double(value, wire),
        ColumnType::Numeric(limits) => numeric(value, wire, *limits),
        ColumnType::Text | ColumnType::Interval => text(value),
        ColumnType::Varchar(limit) => limited(characters(value)?, *limit),
        ColumnType::Char(limit) => limited(characters(value)?.trim_end_matches(' ').into(), *limit),
        ColumnType::Uuid => uuid(value),
        ColumnType::Date => moment::date(value),
        ColumnType::Time => moment::time(value),
        ColumnType::Timestamp => moment::timestamp(value),
        ColumnType::TimestampTz => moment::timestamptz(value),
        ColumnType::Json => json(value),
        ColumnType::Jsonb => jsonb::canonical(value).map(datum),
        ColumnType::Bytea => bytes(value),
        ColumnType::Enum(_) => label(value, labels),
        ColumnType::Array(item) => list(value, item, labels, wire),
        ColumnType::Other(name) => match range::element(name) {
            Some(bound) => range::range(value, &bound),
            None => other(value),
        },
    }
}

fn datum(text: impl Into<std::sync::Arc<str>>) -> Datum {
    Datum::Text(text.into())
}

fn boolean(value: &Value, wire: bool) -> Result<Datum, Misfit> {
    match value {
        Value::Bool(truth) => Ok(Datum::Bool(*truth)),
        Value::Text(text) if wire && &**text == "true" => Ok(Datum::Bool(true)),
        Value::Text(text) if wire && &**text == "false" => Ok(Datum::Bool(false)),
        _ => Err(Misfit::new("must be true or false")),
    }
}

/// The number a value is, or stands for if it came over the wire.
fn number(value: &Value, wire: bool) -> Result<Number, Misfit> {
    let number = match value {
        Value::Number(number) => Some(number.clone()),
        Value::Text(text) if wire => Number::parse(text),
        _ => None,
    };
    number.ok_or_else(|| Misfit::new("must be a number"))
}

fn whole(
    value: &Value,
    wire: bool,
    range: std::ops::RangeInclusive<i64>,
    name: &str,
) -> Result<Datum, Misfit> {
    let number = number(value, wire)?;
    match number.as_i64() {
        Some(whole) if range.contains(&whole) => Ok(Datum::Int(whole)),
        None if digits::has_fraction(&number) => Err(Misfit::new("must be a whole number")),
        _ => Err(Misfit::new(format!("is out of range for {name}"))),
    }
}

fn double(value: &Value, wire: bool) -> Result<Datum, Misfit> {
    let number = number(value, wire)?;
    let float = number.to_f64();
    if float.is_finite() && (float != 0.0 || number.is_zero()) {
        Ok(Datum::Float(float))
    } else {
        Err(Misfit::new("is out of range for double precision"))
    }
}

/// The double whose digits are those of the nearest single, so that both databases print the same.
fn single(value: &Value, wire: bool) -> Result<Datum, Misfit> {
    let number = number(value, wire)?;
    let single: f32 = number.to_string().parse().unwrap_or(f32::NAN);
    match single_text(single).parse::<f64>() {
        Ok(float) if float.is_finite() && (float != 0.0 || number.is_zero()) => Ok(Datum::Float(float)),
        _ => Err(Misfit::new("is out of range for real")),
    }
}

fn numeric(value: &Value, wire: bool, limits: Option<(u16, u16)>) -> Result<Datum, Misfit> {
    digits::numeric(&number(value, wire)?, limits).map(datum)
}

/// Text as it is; instants as their canonical text. Numbers are not texts.
fn characters(value: &Value) -> Result<std::sync::Arc<str>, Misfit> {
    let text = match value {
        Value::Text(text) => std::sync::Arc::clone(text),
        Value::Time(time) => backflow_expr::timestamp_text(*time).into(),
        _ => return Err(Misfit::new("must be a text")),
    };
    without_nul(&text)?;
    Ok(text)
}

fn without_nul(text: &str) -> Result<(), Misfit> {
    if text.contains('\0') {
        return Err(Misfit::new("must not hold the character U+0000"));
    }
    Ok(())
}

fn text(value: &Value) -> Result<Datum, Misfit> {
    characters(value).map(Datum::Text)
}

fn limited(text: std::sync::Arc<str>, limit: u32) -> Result<Datum, Misfit> {
    if text.chars().count() > limit as usize {
        return Err(Misfit::new(format!("must have at most {limit} characters")));
    }
    Ok(Datum::Text(text))
}

fn uuid(value: &Value) -> Result<Datum, Misfit> {
    let text = value.as_text().filter(|text| is_uuid(text));
    text.map(|text| datum(text.to_ascii_lowercase()))
        .ok_or_else(|| Misfit::new("must be a uuid"))
}

/// Whether a text has the form `8-4-4-4-12` of hexadecimal digits.
fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn json(value: &Value) -> Result<Datum, Misfit> {
    jsonb::check(value)?;
    Ok(datum(value.to_json()))
}

fn bytes(value: &Value) -> Result<Datum, Misfit> {
    let hex = value.as_text().and_then(|text| text.strip_prefix("\\x"));
    match hex {
        Some(hex) if hex.len() % 2 == 0 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            Ok(datum(format!("\\x{}", hex.to_ascii_lowercase())))
        }
        _ => Err(Misfit::new(
            "must be bytes in hexadecimal: `\\x` and pairs of digits",
        )),
    }
}

fn label(value: &Value, labels: &[String]) -> Result<Datum, Misfit> {
    match value {
        Value::Text(text) if labels.iter().any(|label| **label == **text) => {
            Ok(Datum::Text(std::sync::Arc::clone(text)))
        }
        _ => Err(Misfit::new(format!("must be one of: {}", labels.join(", ")))),
    }
}

/// The items as JSON, each converted; the stores make of it what their database wants.
fn list(value: &Value, ty: &ColumnType, labels: &[String], wire: bool) -> Result<Datum, Misfit> {
    let items = value.as_list().ok_or_else(|| Misfit::new("must be a list"))?;
    let mut out = vec![b'['];
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        let item = convert(item, ty, labels, wire)
            .map_err(|misfit| Misfit::new(format!("item {at} {}", misfit.message)))?;
        write_item(&item, ty, &mut out);
    }
    out.push(b']');
    Ok(datum(String::from_utf8(out).unwrap_or_default()))
}

fn write_item(item: &Datum, ty: &ColumnType, out: &mut Vec<u8>) {
    let raw = matches!(
        ty,
        ColumnType::Numeric(_) | ColumnType::Json | ColumnType::Jsonb | ColumnType::Array(_)
    );
    match item {
        Datum::Null => out.extend_from_slice(b"null"),
        Datum::Bool(truth) => out.extend_from_slice(if *truth { b"true" } else { b"false" }),
        Datum::Int(whole) => out.extend_from_slice(whole.to_string().as_bytes()),
        Datum::Float(float) if *ty == ColumnType::Float4 => {
            out.extend_from_slice(single_text(*float as f32).as_bytes());
        }
        Datum::Float(float) => out.extend_from_slice(double_text(*float).as_bytes()),
        Datum::Text(text) if raw => out.extend_from_slice(text.as_bytes()),
        Datum::Text(text) => write_json_text(text, out),
    }
}

/// A type that only the database knows gets the text of the value.
fn other(value: &Value) -> Result<Datum, Misfit> {
    let text = value.hole_text().unwrap_or_default();
    without_nul(&text)?;
    Ok(datum(text.into_owned()))
}
