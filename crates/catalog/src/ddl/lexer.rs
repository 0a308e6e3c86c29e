//! Text of a migration to tokens.
//!
//! Role: words, quoted names, strings (plain, `E''`, dollar quoted), numbers and symbols with their places;
//! comments are dropped.
//! Input: one file's text. Output: [`Lexed`].
//! Invariant: token places ascend, never overlap, and lie on character borders of the text.
//! Not here: what the tokens mean.

use super::strings;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// An unquoted word, folded to lower case.
    Word(String),
    /// A quoted identifier, decoded.
    Quoted(String),
    /// A string constant, decoded.
    Text(String),
    /// A number as written.
    Number(String),
    /// An operator or a punctuation mark.
    Symbol(String),
    /// Something that never ends; already in [`Lexed::faults`].
    Broken,
}

/// A token and its byte range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Something that is opened and never closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unclosed {
    /// What it is, for example `string`.
    pub(crate) what: &'static str,
    /// What would close it.
    pub(crate) closer: &'static str,
    /// Where it is opened.
    pub(crate) start: usize,
    /// One past its opening mark.
    pub(crate) end: usize,
}

/// The tokens of a file.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<Token>,
    pub(crate) faults: Vec<Unclosed>,
    /// Whether a line comment reads `-- backflow: no transaction`.
    pub(crate) no_transaction: bool,
}

/// Cuts a text into tokens. An unclosed string, name or comment ends the list.
pub(crate) fn lex(text: &str) -> Lexed {
    let mut lexer = Lexer {
        text,
        at: 0,
        out: Lexed::default(),
    };
    while lexer.step() {}
    lexer.out
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    out: Lexed,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Reads one token or gap; false at the end.
    fn step(&mut self) -> bool {
        let rest = self.rest();
        let Some(first) = rest.chars().next() else {
            return false;
        };
        let second = rest.chars().nth(1).unwrap_or(' ');
        match first {
            c if c.is_whitespace() || c == '\u{feff}' => self.at += c.len_utf8(),
            '-' if second == '-' => self.line_comment(rest),
            '/' if second == '*' => return self.block_comment(rest),
            '\'' => return self.string(0, false),
            'e' | 'E' if second == '\'' => return self.string(1, true),
            '"' => return self.quoted(rest),
            '$' if self.dollar_tag(rest).is_some() => return self.dollar(rest),
            c if c.is_ascii_digit() || (c == '.' && second.is_ascii_digit()) => self.number(rest),
            c if is_word_start(c) => {
                let len = rest.find(|c| !is_word_part(c)).unwrap_or(rest.len());
                let word = rest.get(..len).unwrap_or("").to_ascii_lowercase();
                self.push(TokenKind::Word(word), len);
            }
            c => self.symbol(rest, c),
        }
        true
    }

    fn push(&mut self, kind: TokenKind, len: usize) {
        let start = self.at;
        self.at += len;
        self.out.tokens.push(Token {
            kind,
            start,
            end: self.at,
        });
    }

    fn unclosed(&mut self, what: &'static str, closer: &'static str, opening: usize) -> bool {
        let (start, end) = (self.at, self.at + opening);
        self.out.faults.push(Unclosed {
            what,
            closer,
            start,
            end,
        });
        self.push(TokenKind::Broken, opening);
        self.at = self.text.len();
        false
    }

    fn line_comment(&mut self, rest: &str) {
        let len = rest.find('\n').unwrap_or(rest.len());
        let words = rest
            .get(2..len)
            .unwrap_or("")
            .split_whitespace()
            .collect::<Vec<_>>();
        if words == ["backflow:", "no", "transaction"] {
            self.out.no_transaction = true;
        }
        self.at += len;
    }

    /// Block comments nest, as PostgreSQL's do.
    fn block_comment(&mut self, rest: &str) -> bool {
        let bytes = rest.as_bytes();
        let (mut depth, mut i) = (0_usize, 0_usize);
        while let Some(pair) = bytes.get(i..i + 2) {
            match pair {
                b"/*" => {
                    depth += 1;
                    i += 2;
                }
                b"*/" => {
                    depth -= 1;
                    i += 2;
                    if depth == 0 {
                        self.at += i;
                        return true;
                    }
                }
                _ => i += 1,
            }
        }
        self.unclosed("comment", "*/", 2)
    }

    /// A string constant after `prefix` bytes, together with those that continue it on later lines.
    fn string(&mut self, prefix: usize, escapes: bool) -> bool {
        let rest = self.rest();
        let Some((mut value, mut len)) = strings::read(rest.get(prefix..).unwrap_or(""), escapes) else {
            return self.unclosed("string", "'", prefix + 1);
        };
        len += prefix;
        loop {
            let after = rest.get(len..).unwrap_or("");
            let gap = after.len() - after.trim_start().len();
            let newline = after.get(..gap).is_some_and(|gap| gap.contains('\n'));
            let next = after.get(gap..).unwrap_or("");
            if !newline || !next.starts_with('\'') {
                break;
            }
            let Some((more, more_len)) = strings::read(next, escapes) else {
                break;
            };
            value.push_str(&more);
            len += gap + more_len;
        }
        self.push(TokenKind::Text(value), len);
        true
    }

    fn quoted(&mut self, rest: &str) -> bool {
        let mut name = String::new();
        let mut chars = rest.char_indices().skip(1).peekable();
        while let Some((i, c)) = chars.next() {
            if c != '"' {
                name.push(c);
            } else if chars.next_if(|(_, c)| *c == '"').is_some() {
                name.push('"');
            } else {
                self.push(TokenKind::Quoted(name), i + 1);
                return true;
            }
        }
        self.unclosed("quoted name", "\"", 1)
    }

    /// The whole opening tag, `$$` or `$name$`, if one starts here.
    fn dollar_tag<'t>(&self, rest: &'t str) -> Option<&'t str> {
        let inner = rest.get(1..)?;
        let len = inner
            .find(|c: char| !(is_word_part(c) && c != '$'))
            .unwrap_or(inner.len());
        let tag = inner.get(..len)?;
        let named = tag.chars().next().is_none_or(is_word_start);
        (named && inner.get(len..)?.starts_with('$')).then(|| rest.get(..len + 2))?
    }

    fn dollar(&mut self, rest: &str) -> bool {
        let tag = self.dollar_tag(rest).unwrap_or("$$");
        let body = rest.get(tag.len()..).unwrap_or("");
        let Some(len) = body.find(tag) else {
            return self.unclosed("dollar quoted text", "the same `$…$` again", tag.len());
        };
        let text = body.get(..len).unwrap_or("").to_owned();
        self.push(TokenKind::Text(text), len + 2 * tag.len());
        true
    }

    fn number(&mut self, rest: &str) {
        let bytes = rest.as_bytes();
        let digits = |mut i: usize| {
            while bytes.get(i).is_some_and(u8::is_ascii_digit) {
                i += 1;
            }
            i
        };
        let mut len = digits(0);
        if bytes.get(len) == Some(&b'.') {
            len = digits(len + 1);
        }
        if matches!(bytes.get(len), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(bytes.get(len + 1), Some(b'+' | b'-')));
            let end = digits(len + 1 + sign);
            if end > len + 1 + sign {
                len = end;
            }
        }
        self.push(TokenKind::Number(rest.get(..len).unwrap_or("").to_owned()), len);
    }

    fn symbol(&mut self, rest: &str, first: char) {
        let len = match first {
            ':' if rest.starts_with("::") || rest.starts_with(":=") => 2,
            c if OPERATOR.contains(c) => operator_len(rest),
            c => c.len_utf8(),
        };
        self.push(TokenKind::Symbol(rest.get(..len).unwrap_or("").to_owned()), len);
    }
}

const OPERATOR: &str = "+-*/<>=~!@#%^&|`?";

/// PostgreSQL's rule: as many operator characters as there are, but a comment ends them, and a trailing sign
/// belongs to what follows unless the operator has an unusual character.
fn operator_len(rest: &str) -> usize {
    let run = rest.find(|c| !OPERATOR.contains(c)).unwrap_or(rest.len());
    let text = rest.get(..run).unwrap_or("");
    let cut = ["--", "/*"]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min()
        .unwrap_or(run);
    let text = text.get(..cut).unwrap_or("");
    if text.contains(|c| "~!@#%^&|`?".contains(c)) {
        return text.len().max(1);
    }
    let trimmed = text.trim_end_matches(['+', '-']);
    trimmed.len().max(1)
}

fn is_word_start(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_word_part(c: char) -> bool {
    is_word_start(c) || c.is_ascii_digit() || c == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        lex(text).tokens.into_iter().map(|token| token.kind).collect()
    }

    fn symbol(text: &str) -> TokenKind {
        TokenKind::Symbol(text.to_owned())
    }

    #[test]
    fn words_fold_and_quoted_names_do_not() {
        assert_eq!(
            kinds(r#"Foo "Foo""x" É"#),
            [
                TokenKind::Word("foo".into()),
                TokenKind::Quoted("Foo\"x".into()),
                TokenKind::Word("É".into())
            ]
        );
    }

    #[test]
    fn strings_of_every_form() {
        let texts = kinds("'it''s' E'a\\n\\'' $$x'y$$ $t$ $$ $t$ 'a'\n 'b'");
        let expected = ["it's", "a\n'", "x'y", " $$ ", "ab"];
        assert_eq!(texts, expected.map(|text| TokenKind::Text(text.into())));
    }

    #[test]
    fn comments_nest_and_vanish() {
        assert_eq!(
            kinds("a /* b /* c */ d */ -- e\n;"),
            [TokenKind::Word("a".into()), symbol(";")]
        );
        assert!(lex("--backflow:  no transaction\nx").no_transaction);
        assert!(!lex("'-- backflow: no transaction'").no_transaction);
    }

    #[test]
    fn signs_stay_with_their_number_and_comments_end_operators() {
        assert_eq!(
            kinds("a=-1"),
            [
                TokenKind::Word("a".into()),
                symbol("="),
                symbol("-"),
                TokenKind::Number("1".into())
            ]
        );
        assert_eq!(kinds("+--x"), [symbol("+")]);
        assert_eq!(kinds("x::y[1.5e3]").len(), 6);
        assert_eq!(
            kinds("1e"),
            [TokenKind::Number("1".into()), TokenKind::Word("e".into())]
        );
    }

    #[test]
    fn what_never_ends_is_told_once() {
        for text in ["'abc", "\"abc", "$$abc", "/* /* */", "e'\\'"] {
            let lexed = lex(text);
            assert_eq!(lexed.faults.len(), 1, "{text}");
        }
    }
}
