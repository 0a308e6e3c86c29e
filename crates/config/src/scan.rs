//! A look over a file's text before it is parsed.
//!
//! Role: finds what the parser must not meet: nesting that would exhaust the stack, and control characters
//! inside strings, which the parser lets pass and which mostly mean that a quote is missing.
//! Invariant: constant memory, one pass; what it does not understand it leaves to the parser.
//! Not here: whether the text is JSON.

use std::ops::Range;

/// How many lists and objects may stand in each other.
pub(crate) const MAX_DEPTH: usize = 64;

/// Why a text must not be parsed, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The bracket that goes beyond [`MAX_DEPTH`].
    TooDeep(Range<usize>),
    /// A string, from its quote to the end of the line, that is not closed on that line.
    OpenString(Range<usize>),
    /// A control character inside a string.
    Control(Range<usize>, u8),
}

/// The first obstacle in `text`.
pub(crate) fn obstacle(text: &str) -> Option<Obstacle> {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    let mut at = 0usize;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' | b'[' => {
                depth += 1;
                if depth > MAX_DEPTH {
                    return Some(Obstacle::TooDeep(at..at + 1));
                }
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                at += 1;
            }
            b'"' => match string_end(bytes, at) {
                Ok(end) => at = end,
                Err(obstacle) => return Some(obstacle),
            },
            b'/' => at = comment_end(bytes, at)?,
            // The parser refuses these where they stand, and what follows them cannot be told apart.
            b'\'' => return None,
            _ => at += 1,
        }
    }
    None
}

/// One past the closing quote of the string that opens at `start`.
fn string_end(bytes: &[u8], start: usize) -> Result<usize, Obstacle> {
    let mut at = start + 1;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'"' => return Ok(at + 1),
            b'\n' | b'\r' => return Err(Obstacle::OpenString(start..at)),
            0..0x20 => return Err(Obstacle::Control(at..at + 1, byte)),
            // A control character after a backslash is looked at again: it is refused all the same.
            b'\\' if bytes.get(at + 1).is_some_and(|next| *next >= 0x20) => at += 2,
            _ => at += 1,
        }
    }
    Err(Obstacle::OpenString(start..bytes.len()))
}

/// Where the comment that opens at `start` ends; `None` if it is none or is not closed.
fn comment_end(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start + 2..)?;
    match bytes.get(start + 1)? {
        b'/' => {
            let length = rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
            Some(length.map_or(bytes.len(), |n| start + 2 + n))
        }
        b'*' => {
            let length = rest.windows(2).position(|pair| pair == b"*/")?;
            Some(start + 2 + length + 2)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_counts_brackets_outside_strings_and_comments() {
        let nested = |n: usize| "[".repeat(n);
        assert_eq!(obstacle(&nested(64)), None);
        assert_eq!(obstacle(&nested(65)), Some(Obstacle::TooDeep(64..65)));
        assert_eq!(obstacle(&format!("{}\"{}\"", nested(64), nested(9))), None);
        assert_eq!(
            obstacle(&format!("{}//{}\n/*{}*/", nested(64), nested(9), nested(9))),
            None
        );
        assert_eq!(obstacle(&"[]".repeat(999)), None);
        assert_eq!(
            obstacle(&format!("//\n/**/\"\\\"\"{}", nested(65))),
            Some(Obstacle::TooDeep(75..76))
        );
    }

    #[test]
    fn strings_end_on_their_line_and_hold_no_control_characters() {
        assert_eq!(obstacle("{\"a\n\": 1}"), Some(Obstacle::OpenString(1..3)));
        assert_eq!(obstacle("\"a"), Some(Obstacle::OpenString(0..2)));
        assert_eq!(obstacle("\"a\tb\""), Some(Obstacle::Control(2..3, 9)));
        assert_eq!(obstacle("\"a\\\nb\""), Some(Obstacle::OpenString(0..3)));
        assert_eq!(obstacle("{\n\t\"a\": \"\\\\\"\n}"), None);
    }
}
