//! Escapes of JSON strings.
//!
//! Role: turns the raw text between two quotes into a [`Text`] whose map leads every byte back to the file.
//! Input: a string that the parser accepted. Output: the text, or the place of an escape that is wrong.
//! Invariant: bytes of the text outside escapes map one to one.
//! Not here: finding the quotes.

use backflow_diag::{Span, Text, TextMap};
use std::ops::Range;

/// Decodes `raw`, which stands at `span` (without the quotes). The error is a byte range of `raw`.
pub(crate) fn decode(raw: &str, span: Span) -> Result<Text, Range<usize>> {
    if !raw.contains('\\') {
        return Ok(Text::plain(raw, span));
    }
    let mut value = String::with_capacity(raw.len());
    let mut jumps = Vec::new();
    let mut rest = raw;
    while let Some(plain) = rest.find('\\') {
        let (before, escape) = rest.split_at(plain);
        value.push_str(before);
        let start = raw.len() - escape.len();
        let (decoded, length) = one(escape).ok_or(start..start + extent(escape))?;
        value.push(decoded);
        rest = escape.get(length..).ok_or(start..raw.len())?;
        jumps.push((offset(value.len()), offset(start + length)));
    }
    value.push_str(rest);
    Ok(Text {
        value: value.into(),
        map: TextMap::escaped(span, jumps),
    })
}

fn offset(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// How many bytes of `text` a report on the escape at its start should mark, whether or not it means anything.
pub(crate) fn extent(text: &str) -> usize {
    let mut chars = text.chars().skip(1);
    match chars.next() {
        Some('u') => 2 + chars.take(4).take_while(char::is_ascii_hexdigit).count(),
        Some(other) => 1 + other.len_utf8(),
        None => text.len(),
    }
}

/// The character of the escape at the start of `text`, and how many bytes the escape takes.
fn one(text: &str) -> Option<(char, usize)> {
    let decoded = match text.as_bytes().get(1)? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unicode(text),
        _ => return None,
    };
    Some((decoded, 2))
}

/// `\uXXXX`, or two of them that make a surrogate pair.
fn unicode(text: &str) -> Option<(char, usize)> {
    let high = unit(text, 0)?;
    if let Some(decoded) = char::from_u32(high) {
        return Some((decoded, 6));
    }
    if text.get(6..8)? != "\\u" || !(0xD800..0xDC00).contains(&high) {
        return None;
    }
    let low = unit(text, 6)?;
    if !(0xDC00..0xE000).contains(&low) {
        return None;
    }
    char::from_u32(0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00)).map(|decoded| (decoded, 12))
}

fn unit(text: &str, start: usize) -> Option<u32> {
    let digits = text.get(start + 2..start + 6)?;
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use backflow_diag::FileId;

    fn at(raw: &str) -> Result<Text, Range<usize>> {
        let span = Span {
            file: FileId(0),
            start: 100,
            end: 100 + offset(raw.len()),
        };
        decode(raw, span)
    }

    #[test]
    fn escapes_decode() {
        assert_eq!(
            at(r#"a\n\t\r\b\f\/\\\"\u00e9\ud83d\ude00z"#).unwrap().as_str(),
            "a\n\t\r\u{8}\u{c}/\\\"é😀z"
        );
    }

    #[test]
    fn lone_surrogates_and_unknown_escapes_are_refused_where_they_stand() {
        assert_eq!(at(r"ab\ud83d").unwrap_err(), 2..8);
        assert_eq!(at(r"\ud83d\u0041").unwrap_err(), 0..6);
        assert_eq!(at(r"\ude00\ud83d").unwrap_err(), 0..6);
        assert_eq!(at(r"x\q").unwrap_err(), 1..3);
        assert_eq!(at(r"\u+0e9").unwrap_err(), 0..2);
        assert_eq!(at("\\").unwrap_err(), 0..1);
    }

    #[test]
    fn every_part_of_the_text_maps_to_its_place() {
        let raw = r"é\u00e9x\ud83d\ude00yz";
        let text = at(raw).unwrap();
        let place = |part: &str| {
            let start = text.as_str().rfind(part).unwrap();
            let span = text.map.span(start..start + part.len());
            raw.get(span.start as usize - 100..span.end as usize - 100)
                .unwrap()
        };
        assert_eq!(place("x"), "x");
        assert_eq!(place("é"), r"\u00e9");
        assert_eq!(place("éx"), r"\u00e9x");
        assert_eq!(place("😀"), r"\ud83d\ude00");
        assert_eq!(place("yz"), "yz");
    }
}
