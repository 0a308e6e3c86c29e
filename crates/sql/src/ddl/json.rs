//! JSON constants.
//!
//! Role: the canonical form of `jsonb`: keys by length, then bytes; the last of equal keys; plain digits.
//! Invariant: `None` for what is no JSON; nesting is bounded.
//! Not here: `json`, which is kept as written.

use crate::functions::Decimal;
use std::collections::BTreeMap;

/// Deepest nesting of a constant.
const DEEPEST: usize = 64;

/// The text PostgreSQL prints for a `jsonb` of this text.
pub(super) fn canonical(text: &str) -> Option<String> {
    let mut reader = Reader { rest: text };
    let mut out = String::new();
    reader.value(0, &mut out)?;
    reader.rest.trim_start_matches(BLANK).is_empty().then_some(out)
}

const BLANK: [char; 4] = [' ', '\t', '\r', '\n'];

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    /// Takes a mark after blanks.
    fn eat(&mut self, mark: char) -> bool {
        self.rest = self.rest.trim_start_matches(BLANK);
        let after = self.rest.strip_prefix(mark);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn value(&mut self, depth: usize, out: &mut String) -> Option<()> {
        if depth > DEEPEST {
            return None;
        }
        if self.eat('{') {
            return self.object(depth, out);
        }
        if self.eat('[') {
            return self.array(depth, out);
        }
        if self.eat('"') {
            out.push_str(&quoted(&self.string()?));
            return Some(());
        }
        for word in ["null", "true", "false"] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                out.push_str(word);
                return Some(());
            }
        }
        self.number(out)
    }

    fn number(&mut self, out: &mut String) -> Option<()> {
        let len = self
            .rest
            .find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c))
            .unwrap_or(self.rest.len());
        let digits = self.rest.get(..len)?;
        let whole = digits.strip_prefix('-').unwrap_or(digits);
        let second = whole.as_bytes().get(1);
        let padded = whole.starts_with('0') && second.is_some_and(u8::is_ascii_digit);
        if padded
            || !whole.starts_with(|c: char| c.is_ascii_digit())
            || whole.ends_with('.')
            || whole.contains(".e")
        {
            return None;
        }
        out.push_str(&Decimal::parse(digits).ok()?.to_string());
        self.rest = self.rest.get(len..)?;
        Some(())
    }

    fn array(&mut self, depth: usize, out: &mut String) -> Option<()> {
        out.push('[');
        if !self.eat(']') {
            loop {
                self.value(depth + 1, out)?;
                if self.eat(']') {
                    break;
                }
                self.eat(',').then(|| out.push_str(", "))?;
            }
        }
        out.push(']');
        Some(())
    }

    fn object(&mut self, depth: usize, out: &mut String) -> Option<()> {
        let mut members = BTreeMap::new();
        if !self.eat('}') {
            loop {
                self.eat('"').then_some(())?;
                let key = self.string()?;
                self.eat(':').then_some(())?;
                let mut value = String::new();
                self.value(depth + 1, &mut value)?;
                members.insert((key.len(), key), value);
                if self.eat('}') {
                    break;
                }
                self.eat(',').then_some(())?;
            }
        }
        let members: Vec<_> = members
            .into_iter()
            .map(|((_, key), value)| format!("{}: {value}", quoted(&key)))
            .collect();
        out.push_str(&format!("{{{}}}", members.join(", ")));
        Some(())
    }

    /// The rest of a string whose opening quote was taken.
    fn string(&mut self) -> Option<String> {
        let mut value = String::new();
        let mut chars = self.rest.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => value.push(match chars.next()? {
                    c @ ('"' | '\\' | '/') => c,
                    'b' => '\u{8}',
                    'f' => '\u{c}',
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'u' => unicode(&mut chars)?,
                    _ => return None,
                }),
                c if c < ' ' => return None,
                c => value.push(c),
            }
        }
        self.rest = chars.as_str();
        Some(value)
    }
}

/// The character of `XXXX`, or of a pair `XXXX\uXXXX`; no database stores U+0000.
fn unicode(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let unit = |chars: &mut std::str::Chars<'_>| {
        (0..4).try_fold(0_u32, |code, _| Some(code * 16 + chars.next()?.to_digit(16)?))
    };
    let first = unit(chars)?;
    let code = if (0xd800..0xdc00).contains(&first) {
        (chars.next()? == '\\' && chars.next()? == 'u').then_some(())?;
        let second = unit(chars)?.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
        0x10000 + ((first - 0xd800) << 10) + second
    } else {
        first
    };
    char::from_u32(code).filter(|c| *c != '\0')
}

/// A string as JSON writes it.
pub(super) fn quoted(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::canonical;

    #[test]
    fn jsonb_is_printed_as_the_server_does() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            canonical(r#" {"bb":1.50,"a":[1e2,null,{}],"b":"\u00e9\n","a":[true]} "#),
            some(r#"{"a": [true], "b": "é\n", "bb": 1.50}"#)
        );
        assert_eq!(canonical("\"\\ud83d\\ude00\""), some("\"😀\""));
        for wrong in [
            "",
            "{",
            "[1,]",
            "01",
            "1.",
            "{\"a\" 1}",
            "tru",
            "'a'",
            "[1] 2",
            "\"\\u0000\"",
            "\"\\ud800\"",
        ] {
            assert_eq!(canonical(wrong), None, "{wrong}");
        }
        assert_eq!(canonical(&"[".repeat(100_000)), None);
    }
}
