//! Values of every type, the evil ones first.
//!
//! Role: JSON texts that fit a type, that do not, and the same as SQL and in a URL.
//! Invariant: [`fitting`] gives values that the type can hold, whatever constraints there are besides.
//! Not here: where values stand.

use crate::json::quoted;
use crate::rng::Rng;
use crate::types::Ty;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// A word of a list of `values.json`.
fn word(rng: &mut Rng, list: &str) -> String {
    static WORDS: OnceLock<BTreeMap<String, Vec<String>>> = OnceLock::new();
    let words =
        WORDS.get_or_init(|| serde_json::from_str(include_str!("values.json")).expect("lists of texts"));
    rng.of_list(&words[list]).clone()
}

fn text(rng: &mut Rng) -> String {
    match rng.below(40) {
        0 => "x".repeat(rng.between(200, 3000)),
        1 => format!("{}{}", word(rng, "texts"), word(rng, "texts")),
        2 => "ü".repeat(rng.between(1, 300)),
        _ => word(rng, "texts"),
    }
}

/// A JSON text that the type can hold.
pub(crate) fn fitting(rng: &mut Rng, ty: &Ty) -> String {
    match ty {
        Ty::Bool => rng.pick(&["true", "false"]).to_owned(),
        Ty::Int2 => word(rng, "integers"),
        Ty::Int4 if rng.chance(20) => rng
            .pick(&["2147483647", "-2147483648", "65536", "1e9", "46341"])
            .to_owned(),
        Ty::Int8 if rng.chance(30) => word(rng, "big"),
        Ty::Int4 | Ty::Int8 => word(rng, "integers"),
        Ty::Float4 => word(rng, "singles"),
        Ty::Float8 => word(rng, "floats"),
        Ty::Numeric(None) => word(rng, "numerics"),
        Ty::Numeric(Some((precision, scale))) => limited(rng, *precision, *scale),
        Ty::Text => quoted(&text(rng)),
        Ty::Varchar(length) | Ty::Char(length) => {
            quoted(&text(rng).chars().take(*length).collect::<String>())
        }
        Ty::Uuid => quoted(&word(rng, "uuids")),
        Ty::Date => quoted(&word(rng, "dates")),
        Ty::Time => quoted(&word(rng, "times")),
        Ty::Timestamp | Ty::TimestampTz => quoted(&word(rng, "instants")),
        Ty::Json | Ty::Jsonb => word(rng, "documents"),
        Ty::Bytea => quoted(&word(rng, "bytes")),
        Ty::Enum(_, labels) => quoted(rng.pick(labels)),
        Ty::Array(item) => array(rng, item),
    }
}

/// A JSON text that can also be written as a constant of a migration.
pub(crate) fn constant(rng: &mut Rng, ty: &Ty) -> String {
    let odd = |text: &str| {
        text.contains(":60")
            || text.contains("1234567")
            || text.contains("9999999")
            || text.contains("+14:00")
            || text.contains("-12:00")
            || text.contains('t')
    };
    loop {
        let found = fitting(rng, ty);
        let moments = ty.is_moment() || matches!(ty, Ty::Array(item) if item.is_moment());
        if !moments || !odd(&found) {
            return found;
        }
    }
}

fn array(rng: &mut Rng, item: &Ty) -> String {
    let length = rng.weighted(&[(2, 0), (4, 1), (3, 2), (2, 3), (1, 5)]);
    let one = |rng: &mut Rng| {
        if rng.chance(10) {
            "null".to_owned()
        } else {
            fitting(rng, item)
        }
    };
    let items: Vec<String> = (0..length).map(|_| one(rng)).collect();
    format!("[{}]", items.join(","))
}

/// Digits within a precision and scale.
fn limited(rng: &mut Rng, precision: usize, scale: usize) -> String {
    let whole = rng.below(precision - scale + 1);
    let fraction = rng.below(scale + 1);
    let digits = |rng: &mut Rng, n: usize| {
        (0..n)
            .map(|_| rng.pick(&["0", "1", "5", "9"]))
            .collect::<String>()
    };
    let (before, after) = (digits(rng, whole), digits(rng, fraction));
    let before = before.trim_start_matches('0');
    let sign = rng.pick(&["", "", "-"]);
    let before = if before.is_empty() { "0" } else { before };
    let zeros = if rng.chance(15) { "000" } else { "" };
    match after.as_str() {
        "" => format!("{sign}{before}"),
        after => format!("{sign}{before}.{after}{zeros}"),
    }
}

/// A JSON text that may be of any type.
pub(crate) fn odd(rng: &mut Rng) -> String {
    if rng.chance(10) {
        quoted(&text(rng))
    } else {
        word(rng, "odd")
    }
}

/// A pattern for `like`.
pub(crate) fn pattern(rng: &mut Rng) -> String {
    if rng.chance(15) {
        text(rng)
    } else {
        word(rng, "patterns")
    }
}

/// The text that a JSON text stands for in a URL, before it is escaped.
pub(crate) fn plain(json: &str) -> String {
    serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned())
}

/// A text with every byte escaped that could mean something in a URL.
pub(crate) fn escaped(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

fn sql_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The same value as a constant of a migration.
pub(crate) fn sql(json: &str, ty: &Ty) -> String {
    match ty {
        _ if json == "null" => "NULL".to_owned(),
        Ty::Json | Ty::Jsonb => sql_text(json),
        Ty::Array(item) => sql_text(&sql_array(json, item)),
        Ty::Int2 | Ty::Int4 | Ty::Int8 => whole(json),
        Ty::Bool | Ty::Float4 | Ty::Float8 | Ty::Numeric(_) => json.to_owned(),
        Ty::Timestamp => sql_text(plain(json).trim_end_matches(['Z', 'z'])),
        _ => sql_text(&plain(json)),
    }
}

/// `7.0` and `1e2` without point and exponent: as a constant they would be of another type.
fn whole(json: &str) -> String {
    if json.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return json.to_owned();
    }
    match json {
        "9223372036854775807.0" => "9223372036854775807".to_owned(),
        "1e18" => "1000000000000000000".to_owned(),
        "1e9" => "1000000000".to_owned(),
        "1e2" => "100".to_owned(),
        "2.50e1" => "25".to_owned(),
        "7.0" => "7".to_owned(),
        _ => "0".to_owned(),
    }
}

/// `{1,"b",NULL}`
fn sql_array(json: &str, item: &Ty) -> String {
    let one = |raw: &str| match raw {
        "null" => "NULL".to_owned(),
        raw if item.is_integer() => whole(raw),
        raw => {
            let text = if item.is_json() {
                raw.to_owned()
            } else {
                plain(raw)
            };
            format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
        }
    };
    let items: Vec<String> = items(json).iter().map(|raw| one(raw)).collect();
    format!("{{{}}}", items.join(","))
}

/// The items of a list, as they are written.
fn items(json: &str) -> Vec<String> {
    let inner = json
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or_default();
    let (mut found, mut text, mut depth, mut escaped) = (vec![String::new()], false, 0, false);
    for c in inner.chars() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => text = !text,
            '[' | '{' if !text => depth += 1,
            ']' | '}' if !text => depth -= 1,
            ',' if !text && depth == 0 => {
                found.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = found.last_mut() {
            last.push(c);
        }
    }
    found.retain(|item| !item.is_empty());
    found
}
