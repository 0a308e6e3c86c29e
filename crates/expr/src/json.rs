//! The reader of JSON that callers and providers send.
//!
//! Role: bytes to [`Value`], strictly by RFC 8259; numbers keep their digits.
//! Invariant: time is linear, nesting is bounded, and no text of the result holds U+0000.
//! Not here: the author's files, which may hold comments; see the config crate.

use crate::number::Number;
use crate::value::{Object, Value};
use crate::wanted::Wanted;
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// Why bytes are not JSON that is accepted here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonErrorKind {
    /// Not JSON; lone surrogates count as this.
    Syntax,
    /// Nested deeper than allowed.
    TooDeep,
    /// A text or key holds U+0000.
    Nul,
    /// Not UTF-8.
    Utf8,
}

/// A refusal of JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonError {
    /// Why.
    pub kind: JsonErrorKind,
    /// The byte where it was noticed.
    pub offset: usize,
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            JsonErrorKind::Syntax => "not valid JSON",
            JsonErrorKind::TooDeep => "nested too deep",
            JsonErrorKind::Nul => "a text holds the character U+0000",
            JsonErrorKind::Utf8 => "not valid UTF-8",
        };
        write!(f, "{what} (byte {})", self.offset)
    }
}

impl std::error::Error for JsonError {}

/// Whatever is asked for, nesting never goes beyond this.
const DEEPEST: usize = 512;

/// Reads one JSON document; a list or object inside a list or object is one level deeper, a document that
/// is a list or object has depth 1. Of duplicate keys the last one wins.
///
/// # Errors
/// When the bytes are not JSON, are nested deeper than `max_depth` (never more than 512), or a text holds
/// U+0000.
pub fn parse(bytes: &[u8], max_depth: usize) -> Result<Value, JsonError> {
    parse_wanted(bytes, max_depth, &Wanted::Whole)
}

/// The same, but only what is wanted is built; the rest is judged, and missing.
///
/// # Errors
/// As [`parse`].
pub fn parse_wanted(bytes: &[u8], max_depth: usize, wanted: &Wanted) -> Result<Value, JsonError> {
    let text = std::str::from_utf8(bytes).map_err(|error| JsonError {
        kind: JsonErrorKind::Utf8,
        offset: error.valid_up_to(),
    })?;
    let mut reader = Reader {
        text,
        at: 0,
        depth_left: max_depth.min(DEEPEST),
    };
    reader.skip_space();
    let value = reader.value(wanted)?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.syntax());
    }
    Ok(value)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth_left: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn error(&self, kind: JsonErrorKind) -> JsonError {
        JsonError {
            kind,
            offset: self.at,
        }
    }

    fn syntax(&self) -> JsonError {
        self.error(JsonErrorKind::Syntax)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, wanted: &Wanted) -> Result<Value, JsonError> {
        match self.peek() {
            Some(b'{') => self.nested(|reader| reader.object(wanted)),
            Some(b'[') => self.nested(|reader| reader.list(wanted.item())),
            Some(b'"') => {
                let text = self.string()?;
                Ok(match wanted {
                    Wanted::Nothing => Value::Undefined,
                    _ => Value::Text(text.into()),
                })
            }
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Value, JsonError> {
        for (word, value) in [
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("null", Value::Null),
        ] {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        Err(self.syntax())
    }

    fn number(&mut self) -> Result<Value, JsonError> {
        let length = self
            .rest()
            .bytes()
            .take_while(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .count();
        let literal = self.rest().get(..length).unwrap_or("");
        let number = Number::parse(literal).ok_or_else(|| self.syntax())?;
        self.at += length;
        Ok(Value::Number(number))
    }

    fn nested(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<Value, JsonError>,
    ) -> Result<Value, JsonError> {
        self.depth_left = self
            .depth_left
            .checked_sub(1)
            .ok_or_else(|| self.error(JsonErrorKind::TooDeep))?;
        self.at += 1;
        self.skip_space();
        let value = read(self)?;
        self.depth_left += 1;
        Ok(value)
    }

    fn list(&mut self, wanted: &Wanted) -> Result<Value, JsonError> {
        let mut items = Vec::new();
        if self.eat(b']') {
            return Ok(Value::list([]));
        }
        loop {
            self.skip_space();
            let item = self.value(wanted)?;
            if *wanted != Wanted::Nothing {
                items.push(item);
            }
            self.skip_space();
            if self.eat(b']') {
                return Ok(Value::List(items.into()));
            }
            if !self.eat(b',') {
                return Err(self.syntax());
            }
        }
    }

    fn object(&mut self, wanted: &Wanted) -> Result<Value, JsonError> {
        let mut members = Object::new();
        if self.eat(b'}') {
            return Ok(Value::Object(Arc::new(members)));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.syntax());
            }
            let name = self.string()?;
            self.skip_space();
            if !self.eat(b':') {
                return Err(self.syntax());
            }
            self.skip_space();
            let wanted = wanted.member(&name);
            let value = self.value(wanted)?;
            if *wanted != Wanted::Nothing {
                members.insert(name.into(), value);
            }
            self.skip_space();
            if self.eat(b'}') {
                return Ok(Value::Object(Arc::new(members)));
            }
            if !self.eat(b',') {
                return Err(self.syntax());
            }
        }
    }

    /// A string; the reader stands on its opening quote.
    fn string(&mut self) -> Result<Cow<'a, str>, JsonError> {
        self.at += 1;
        let mut decoded = String::new();
        loop {
            let rest = self.rest();
            let plain = rest
                .bytes()
                .take_while(|b| !matches!(b, b'"' | b'\\' | 0..0x20))
                .count();
            let chunk = rest.get(..plain).unwrap_or("");
            self.at += plain;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    if decoded.is_empty() {
                        return Ok(chunk.into());
                    }
                    decoded.push_str(chunk);
                    return Ok(decoded.into());
                }
                Some(b'\\') => {
                    decoded.push_str(chunk);
                    decoded.push(self.escape()?);
                }
                Some(0) => return Err(self.error(JsonErrorKind::Nul)),
                _ => return Err(self.syntax()),
            }
        }
    }

    /// An escape; the reader stands on its backslash.
    fn escape(&mut self) -> Result<char, JsonError> {
        let start = self.at;
        self.at += 1;
        let letter = self.peek();
        let plain = match letter {
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(start),
            _ => return Err(self.syntax()),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unicode_escape(&mut self, start: usize) -> Result<char, JsonError> {
        let wrong = JsonError {
            kind: JsonErrorKind::Syntax,
            offset: start,
        };
        let first = self.hex().ok_or(wrong)?;
        let code = match first {
            0 => {
                return Err(JsonError {
                    kind: JsonErrorKind::Nul,
                    offset: start,
                });
            }
            0xD800..0xDC00 => {
                if !self.eat(b'\\') || self.peek() != Some(b'u') {
                    return Err(wrong);
                }
                match self.hex() {
                    Some(second @ 0xDC00..0xE000) => 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00),
                    _ => return Err(wrong),
                }
            }
            other => other,
        };
        char::from_u32(code).ok_or(wrong)
    }

    /// `u` and four hexadecimal digits.
    fn hex(&mut self) -> Option<u32> {
        let digits = self.rest().get(1..5)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        self.at += 5;
        u32::from_str_radix(digits, 16).ok()
    }
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
