//! Ranges, whose bounds are values of another type.
//!
//! Invariant: each bound is in the canonical form of its type, so that no setting of a session reads it otherwise.
//! Not here: whether the lower bound is below the upper one, which the database judges.

use super::{Misfit, convert, datum};
use backflow_catalog::ColumnType;
use backflow_expr::Value;
use backflow_sql::ir::Datum;

/// The type of a range's bounds; `None` for other types, and for ranges that an author made.
pub(super) fn element(name: &str) -> Option<ColumnType> {
    Some(match name {
        "int4range" => ColumnType::Int4,
        "int8range" => ColumnType::Int8,
        "numrange" => ColumnType::Numeric(None),
        "daterange" => ColumnType::Date,
        "tsrange" => ColumnType::Timestamp,
        "tstzrange" => ColumnType::TimestampTz,
        _ => return None,
    })
}

/// `[2026-01-01,2026-02-01)`, `(,5]`, `empty`
pub(super) fn range(value: &Value, ty: &ColumnType) -> Result<Datum, Misfit> {
    let text = value.as_text().map(str::trim);
    if text.is_some_and(|text| text.eq_ignore_ascii_case("empty")) {
        return Ok(datum("empty"));
    }
    let Some((open, lower, upper, close)) = text.and_then(parts) else {
        return Err(Misfit::new("must be a range such as `[1,5)`"));
    };
    let (lower, upper) = (bound(&lower, ty)?, bound(&upper, ty)?);
    Ok(datum(format!("{open}{lower},{upper}{close}")))
}

/// The brackets and bounds; a bound that is left out is empty.
fn parts(text: &str) -> Option<(char, String, String, char)> {
    let mut chars = text.chars();
    let open = chars.next().filter(|c| matches!(c, '[' | '('))?;
    let close = chars.next_back().filter(|c| matches!(c, ']' | ')'))?;
    let (mut bounds, mut quoted) = (vec![String::new()], false);
    let mut rest = chars.as_str().chars().peekable();
    while let Some(c) = rest.next() {
        let bound = bounds.last_mut()?;
        match c {
            '\\' => bound.push(rest.next()?),
            '"' if quoted && rest.next_if_eq(&'"').is_some() => bound.push('"'),
            '"' => quoted = !quoted,
            ',' if !quoted => bounds.push(String::new()),
            '[' | ']' | '(' | ')' if !quoted => return None,
            c => bound.push(c),
        }
    }
    match bounds.as_slice() {
        [lower, upper] if !quoted => Some((open, lower.clone(), upper.clone(), close)),
        _ => None,
    }
}

/// A bound in canonical form, in quotes; empty where there is none.
fn bound(text: &str, ty: &ColumnType) -> Result<String, Misfit> {
    let text = text.trim();
    let endless = ty.is_temporal() && matches!(text.to_ascii_lowercase().as_str(), "infinity" | "-infinity");
    if text.is_empty() || endless {
        return Ok(text.to_owned());
    }
    let converted = convert(&Value::text(text), ty, &[], true)
        .map_err(|misfit| Misfit::new(format!("must be a range; a bound {}", misfit.message)))?;
    Ok(match converted {
        Datum::Int(whole) => whole.to_string(),
        Datum::Text(text) => format!("\"{text}\""),
        _ => String::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(name: &str, text: &str) -> String {
        let ty = ColumnType::Other(name.to_owned());
        match convert(&Value::text(text), &ty, &[], false) {
            Ok(Datum::Text(text)) => text.to_string(),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn bounds_are_canonical() {
        for (name, text, expected) in [
            ("int4range", " [1, 5 ) ", "[1,5)"),
            ("int4range", "(,5]", "(,5]"),
            ("int4range", "Empty", "empty"),
            ("int8range", "[\"1\",]", "[1,]"),
            ("numrange", "[1.50,1e3]", "[\"1.50\",\"1000\"]"),
            ("daterange", "[2026-01-31,infinity)", "[\"2026-01-31\",infinity)"),
            (
                "tstzrange",
                "[2026-01-31T01:00:00+01:00,\"2026-02-01 00:00:00+00\")",
                "[\"2026-01-31T00:00:00.000000+00:00\",\"2026-02-01T00:00:00.000000+00:00\")",
            ),
            ("tsrange", "(,2026-01-31]", "(,\"2026-01-31T00:00:00.000000\"]"),
            ("my_range", "{a", "{a"),
        ] {
            assert_eq!(shown(name, text), expected, "{name} {text}");
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in [
            "",
            "[",
            "[1",
            "1,2",
            "[1,2,3]",
            "[a,2]",
            "[1.5,2]",
            "[1,2",
            "[\"1,2]",
            "[[1,2]",
            "[1,2\\]",
            "[99999999999,]",
        ] {
            assert!(shown("int4range", text).contains("Misfit"), "{text}");
        }
        let ty = ColumnType::Other("int4range".to_owned());
        assert!(convert(&Value::int(1), &ty, &[], false).is_err());
    }
}
