//! String constants: `'…'` with doubled quotes, `E'…'` with backslash escapes.
//!
//! Input: text that starts at the opening quote. Output: the decoded string and how many bytes it took.
//! Invariant: the length given ends just after the closing quote.
//! Not here: dollar quoting, which needs no decoding.

use std::iter::Peekable;
use std::str::CharIndices;

/// Reads a constant; `None` when it never ends.
pub(crate) fn read(text: &str, escapes: bool) -> Option<(String, usize)> {
    let mut value = String::new();
    let mut chars = text.char_indices().peekable();
    chars.next()?;
    while let Some((i, c)) = chars.next() {
        match c {
            '\'' if chars.next_if(|(_, c)| *c == '\'').is_some() => value.push('\''),
            '\'' => return Some((value, i + 1)),
            '\\' if escapes => value.push(escape(&mut chars)?),
            c => value.push(c),
        }
    }
    None
}

fn escape(chars: &mut Peekable<CharIndices<'_>>) -> Option<char> {
    let (_, c) = chars.next()?;
    Some(match c {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'x' => number(chars, 16, 2).unwrap_or('x'),
        'u' => number(chars, 16, 4).unwrap_or(char::REPLACEMENT_CHARACTER),
        'U' => number(chars, 16, 8).unwrap_or(char::REPLACEMENT_CHARACTER),
        '0'..='7' => {
            let mut code = c.to_digit(8)?;
            for _ in 0..2 {
                let Some((_, digit)) = chars.next_if(|(_, c)| c.is_digit(8)) else {
                    break;
                };
                code = code * 8 + digit.to_digit(8)?;
            }
            char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
        }
        c => c,
    })
}

/// Up to `most` digits as a character; `None` when there are none or they name no character.
fn number(chars: &mut Peekable<CharIndices<'_>>, radix: u32, most: usize) -> Option<char> {
    let mut code = None;
    for _ in 0..most {
        let Some((_, digit)) = chars.next_if(|(_, c)| c.is_digit(radix)) else {
            break;
        };
        code = Some(
            code.unwrap_or(0_u32)
                .wrapping_mul(radix)
                .wrapping_add(digit.to_digit(radix)?),
        );
    }
    char::from_u32(code?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_are_decoded_only_where_they_count() {
        assert_eq!(read(r"'a\n''b' rest", false), Some((r"a\n'b".into(), 8)));
        assert_eq!(read(r"'\x41\u00e9\101\\'", true), Some(("AéA\\".into(), 18)));
        assert_eq!(read(r"'\'", true), None);
        assert_eq!(read("'", false), None);
    }
}
