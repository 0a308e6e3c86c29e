//! Constants by the type of their column.
//!
//! Input: a constant in the form PostgreSQL reads. Output: SQLite's constant in canonical form.
//! Invariant: the result is one SQL constant, and the column's type CHECK accepts it.
//! Not here: calls such as `now()`; see `default`.

use super::{json, moment, quote};
use crate::functions::{Decimal, double_text, single_text};
use backflow_catalog::ColumnType;
use backflow_catalog::ddl::Definition;

/// The constant, or why the text is none of the type.
pub(super) fn literal(definition: &Definition, value: &str, ty: &ColumnType) -> Result<String, String> {
    if value.contains('\0') {
        return Err("no database stores the character U+0000".to_owned());
    }
    let trimmed = value.trim();
    let canonical = match ty {
        ColumnType::Bool => return boolean(trimmed).ok_or_else(|| "it is neither true nor false".to_owned()),
        ColumnType::Int2 | ColumnType::Int4 | ColumnType::Int8 => return integer(trimmed, ty),
        ColumnType::Float4 | ColumnType::Float8 => return float(trimmed, ty),
        ColumnType::Numeric(limits) => numeric(trimmed, *limits)?,
        ColumnType::Varchar(length) => limited(value, *length)?,
        ColumnType::Char(length) => limited(value.trim_end_matches(' '), *length)?,
        ColumnType::Text | ColumnType::Interval | ColumnType::Other(_) => value.to_owned(),
        ColumnType::Uuid => uuid(trimmed).ok_or("it is no uuid")?,
        ColumnType::Date => moment::date(trimmed).ok_or("it is no date `YYYY-MM-DD`")?,
        ColumnType::Time => moment::time(trimmed).ok_or("it is no time `HH:MM:SS`")?,
        ColumnType::Timestamp => moment::timestamp(trimmed).ok_or("it is no date and time in ISO form")?,
        ColumnType::TimestampTz => {
            moment::timestamptz(trimmed).ok_or("it is no date and time in ISO form")?
        }
        ColumnType::Json => json::canonical(value)
            .map(|_| value.to_owned())
            .ok_or("it is no JSON")?,
        ColumnType::Jsonb => json::canonical(value).ok_or("it is no JSON")?,
        ColumnType::Bytea => bytes(trimmed).ok_or("it is not `\\x` and pairs of hexadecimal digits")?,
        ColumnType::Enum(id) => {
            let labels = definition
                .enums
                .get(id.0 as usize)
                .map_or(&[][..], |known| &known.labels);
            if !labels.iter().any(|label| label == value) {
                return Err(format!(
                    "the type has no such label; it has {}",
                    labels.join(", ")
                ));
            }
            value.to_owned()
        }
        ColumnType::Array(element) => array(definition, trimmed, element)?,
    };
    Ok(quote::text(&canonical))
}

/// A constant that was read before, in canonical form; labels of enums are what they are.
pub(crate) fn constant(value: &str, ty: &ColumnType) -> Option<String> {
    literal(&Definition::default(), value, ty).ok()
}

fn limited(text: &str, length: u32) -> Result<String, String> {
    match text.chars().count() > length as usize {
        true => Err(format!("it has more than {length} characters")),
        false => Ok(text.to_owned()),
    }
}

/// PostgreSQL takes any unambiguous beginning of these words.
fn boolean(text: &str) -> Option<String> {
    let text = text.to_ascii_lowercase();
    let begins = |words: &[&str]| {
        words
            .iter()
            .any(|word| !text.is_empty() && word.starts_with(&text))
    };
    if text == "1" || text == "on" || begins(&["true", "yes"]) {
        Some("1".to_owned())
    } else if text == "0" || text == "of" || text == "off" || begins(&["false", "no"]) {
        Some("0".to_owned())
    } else {
        None
    }
}

fn integer(text: &str, ty: &ColumnType) -> Result<String, String> {
    let number: i64 = text
        .parse()
        .map_err(|_error| "it is no whole number in range".to_owned())?;
    let fits = match ty {
        ColumnType::Int2 => i16::try_from(number).is_ok(),
        ColumnType::Int4 => i32::try_from(number).is_ok(),
        _ => true,
    };
    if fits {
        Ok(number.to_string())
    } else {
        Err("it is out of range".to_owned())
    }
}

/// A `real` is kept as the double whose digits are those of the nearest single.
fn float(text: &str, ty: &ColumnType) -> Result<String, String> {
    let digits = match ty {
        ColumnType::Float4 => text.parse::<f32>().ok().map(|single| single.to_string()),
        _ => Some(text.to_owned()),
    };
    let number = digits
        .and_then(|digits| digits.parse::<f64>().ok())
        .filter(|number| number.is_finite());
    number
        .map(|number| format!("{number:?}"))
        .ok_or_else(|| "it is no finite number".to_owned())
}

fn numeric(text: &str, limits: Option<(u16, u16)>) -> Result<String, String> {
    let number = Decimal::parse(text).map_err(|_error| "it is no number".to_owned())?;
    let Some((precision, scale)) = limits else {
        return Ok(number.to_string());
    };
    let rounded = number.round(usize::from(scale));
    if rounded.whole_digits() > usize::from(precision.saturating_sub(scale)) {
        return Err(format!(
            "it has more digits than numeric({precision}, {scale}) holds"
        ));
    }
    Ok(rounded.to_string())
}

/// With or without hyphens and braces, as PostgreSQL takes it.
fn uuid(text: &str) -> Option<String> {
    let bare = text
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or(text);
    let hex: String = bare
        .chars()
        .filter(|c| *c != '-')
        .collect::<String>()
        .to_ascii_lowercase();
    if hex.len() != 32 || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    let part = |from: usize, to: usize| hex.get(from..to);
    Some(
        [
            part(0, 8)?,
            part(8, 12)?,
            part(12, 16)?,
            part(16, 20)?,
            part(20, 32)?,
        ]
        .join("-"),
    )
}

fn bytes(text: &str) -> Option<String> {
    let hex = text.strip_prefix("\\x")?;
    let pairs = hex.len() % 2 == 0 && hex.bytes().all(|b| b.is_ascii_hexdigit());
    pairs.then(|| format!("\\x{}", hex.to_ascii_lowercase()))
}

/// PostgreSQL's `{a,"b c",NULL}` as JSON. Only one dimension.
fn array(definition: &Definition, text: &str, element: &ColumnType) -> Result<String, String> {
    let items = array_items(text).ok_or("it is no list `{…}` of one dimension")?;
    let items: Result<Vec<String>, String> = items
        .into_iter()
        .map(|item| match item {
            Some(item) => array_json(definition, &item, element),
            None => Ok("null".to_owned()),
        })
        .collect();
    Ok(format!("[{}]", items?.join(",")))
}

/// The items of `{a,"b c",NULL}`; `None` within is NULL.
#[must_use]
pub fn array_items(text: &str) -> Option<Vec<Option<String>>> {
    let inner = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'))?;
    let mut items = Vec::new();
    if inner.trim().is_empty() {
        return Some(items);
    }
    let mut chars = inner.chars().peekable();
    loop {
        let (item, quoted) = array_item(&mut chars)?;
        items.push(if !quoted && item.eq_ignore_ascii_case("null") {
            None
        } else {
            Some(item)
        });
        match chars.next() {
            Some(',') => {}
            Some(_) => return None,
            None => return Some(items),
        }
    }
}

/// One item up to its comma, and whether it was in quotes.
fn array_item(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<(String, bool)> {
    while chars.next_if(|c| c.is_whitespace()).is_some() {}
    let mut item = String::new();
    if chars.next_if_eq(&'"').is_some() {
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => item.push(chars.next()?),
                c => item.push(c),
            }
        }
        while chars.next_if(|c| c.is_whitespace()).is_some() {}
        return Some((item, true));
    }
    while let Some(c) = chars.next_if(|c| *c != ',') {
        match c {
            '{' | '}' | '"' => return None,
            '\\' => item.push(chars.next()?),
            c => item.push(c),
        }
    }
    let item = item.trim_end().to_owned();
    (!item.is_empty()).then_some((item, false))
}

fn array_json(definition: &Definition, item: &str, element: &ColumnType) -> Result<String, String> {
    let sql = literal(definition, item, element)?;
    let plain = sql
        .strip_prefix('\'')
        .and_then(|rest| rest.strip_suffix('\''))
        .map(|text| text.replace("''", "'"));
    Ok(match (element, plain) {
        (ColumnType::Bool, _) => if sql == "1" { "true" } else { "false" }.to_owned(),
        (ColumnType::Float4, _) => single_text(sql.parse().unwrap_or(f32::NAN)),
        (ColumnType::Float8, _) => double_text(sql.parse().unwrap_or(f64::NAN)),
        (ColumnType::Numeric(_) | ColumnType::Json | ColumnType::Jsonb, Some(raw)) => raw,
        (_, Some(text)) => json::quoted(&text),
        (_, None) => sql,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_of_each_type() {
        let array = |element| ColumnType::Array(Box::new(element));
        for (text, ty, sql) in [
            ("YES", ColumnType::Bool, "1"),
            ("off", ColumnType::Bool, "0"),
            (" 42 ", ColumnType::Int4, "42"),
            ("1e3", ColumnType::Float8, "1000.0"),
            ("0.1", ColumnType::Float4, "0.1"),
            ("1.005", ColumnType::Numeric(Some((5, 2))), "'1.01'"),
            ("-1e2", ColumnType::Numeric(None), "'-100'"),
            ("it's", ColumnType::Text, "'it''s'"),
            (
                "{A0EEBC999C0B4EF8BB6D6BB9BD380A11}",
                ColumnType::Uuid,
                "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'",
            ),
            ("\\xDEad", ColumnType::Bytea, "'\\xdead'"),
            ("{}", array(ColumnType::Text), "'[]'"),
            (
                "{a, \"b \\\"c\" ,NULL,\"null\"}",
                array(ColumnType::Text),
                "'[\"a\",\"b \\\"c\",null,\"null\"]'",
            ),
            ("{1,2}", array(ColumnType::Int4), "'[1,2]'"),
            ("{t,f}", array(ColumnType::Bool), "'[true,false]'"),
            ("{1.50}", array(ColumnType::Numeric(None)), "'[1.50]'"),
        ] {
            assert_eq!(
                literal(&Definition::default(), text, &ty).as_deref(),
                Ok(sql),
                "{text}"
            );
        }
        for (text, ty) in [
            ("maybe", ColumnType::Bool),
            ("o", ColumnType::Bool),
            ("1.5", ColumnType::Int4),
            ("40000", ColumnType::Int2),
            ("Infinity", ColumnType::Float8),
            ("100", ColumnType::Numeric(Some((3, 1)))),
            ("abc", ColumnType::Varchar(2)),
            ("x", ColumnType::Uuid),
            ("now", ColumnType::TimestampTz),
            ("{", ColumnType::Json),
            ("{{1}}", array(ColumnType::Int4)),
            ("{a,}", array(ColumnType::Text)),
            ("a\0", ColumnType::Text),
        ] {
            assert!(literal(&Definition::default(), text, &ty).is_err(), "{text}");
        }
    }
}
