//! Text to tokens.
//!
//! Role: reads the inside of one hole, or one condition; knows where names with hyphens end.
//! Invariant: every token's range lies inside the text on character borders; every fault is reported once
//! and reading goes on behind it.
//! Not here: what may follow what; see `parser`.

use crate::limits;
use crate::number::Number;
use backflow_diag::{Code, Diagnostic, Diagnostics, Text, codes};
use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    Name(String),
    Number(Number),
    Text(String),
    /// `${NAME}`, the old way to write `env.NAME`.
    Env(String),
    /// Operators and punctuation; also `{{` and `}}` in conditions.
    Mark(&'static str),
}

impl Token {
    /// Whether an operand may end with this token.
    fn ends_operand(&self) -> bool {
        match self {
            Token::Mark(mark) => matches!(*mark, ")" | "]" | "}}"),
            _ => true,
        }
    }
}

/// Tokens with their ranges, and where reading stopped.
pub(crate) struct Lexed {
    pub(crate) tokens: Vec<(Token, Range<usize>)>,
    /// Just behind the last token; of a hole, at its `}}` if it has one.
    pub(crate) end: usize,
    pub(crate) stop: Stop,
    /// Whether nothing was reported.
    pub(crate) sound: bool,
}

/// Why reading stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// At the `}}` of a hole.
    Closed,
    /// At a quote without its other end, which was reported.
    OpenQuote,
    /// At the end of the text.
    End,
}

/// Where the text ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// At the first `}}` outside quotes.
    Hole,
    /// At the end of the text; `{{`, `}}` and `${NAME}` are tokens.
    Condition,
}

const MARKS: [&str; 28] = [
    "===", "!==", "==", "!=", "<=", ">=", "||", "&&", "??", "{{", "}}", "(", ")", "[", "]", ",", ".", "?",
    ":", "<", ">", "!", "+", "-", "*", "/", "%", "=",
];

/// Whether a name can stand in a path without brackets and quotes, after a dot.
pub(crate) fn is_segment(name: &str) -> bool {
    segment_length(name, true) == name.len() && !name.is_empty()
}

/// How many bytes at the start of `text` are one name; with hyphens only where the name follows a dot.
pub(crate) fn segment_length(text: &str, hyphens: bool) -> usize {
    let starts = |c: char| c.is_alphabetic() || c == '_';
    let mut rest = text.char_indices().peekable();
    let mut end = 0;
    while let Some((at, c)) = rest.next() {
        let belongs = if at == 0 {
            starts(c)
        } else if c == '-' {
            hyphens && rest.peek().is_some_and(|(_, next)| starts(*next))
        } else {
            c.is_alphanumeric() || c == '_'
        };
        if !belongs {
            break;
        }
        end = at + c.len_utf8();
    }
    end
}

/// Reads tokens from byte `start` on.
pub(crate) fn lex(text: &Text, start: usize, mode: Mode, diagnostics: &mut Diagnostics) -> Lexed {
    let mut lexer = Lexer {
        text,
        at: start,
        mode,
        tokens: Vec::new(),
        faults: 0,
        diagnostics,
    };
    let stop = lexer.run();
    Lexed {
        tokens: lexer.tokens,
        end: lexer.at,
        stop,
        sound: lexer.faults == 0,
    }
}

struct Lexer<'a> {
    text: &'a Text,
    at: usize,
    mode: Mode,
    tokens: Vec<(Token, Range<usize>)>,
    faults: usize,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.as_str().get(self.at..).unwrap_or("")
    }

    fn push(&mut self, token: Token, length: usize) {
        self.tokens.push((token, self.at..self.at + length));
        self.at += length;
    }

    /// A fault at so many bytes from here on.
    fn fault(
        &mut self,
        code: &'static Code,
        message: &str,
        length: usize,
        shape: impl FnOnce(Diagnostic) -> Diagnostic,
    ) {
        let span = self.text.map.span(self.at..self.at + length);
        self.report(shape(Diagnostic::new(code, message).at(span, "")));
    }

    fn report(&mut self, fault: Diagnostic) {
        if self.faults < limits::FAULTS {
            self.diagnostics.push(fault);
        }
        self.faults += 1;
    }

    fn run(&mut self) -> Stop {
        while let Some(c) = self.rest().chars().next() {
            if c.is_whitespace() {
                self.at += c.len_utf8();
            } else if self.mode == Mode::Hole && self.rest().starts_with("}}") {
                return Stop::Closed;
            } else if matches!(c, '\'' | '"') {
                if !self.quoted(c) {
                    return Stop::OpenQuote;
                }
            } else if c.is_ascii_digit() {
                self.number();
            } else if c.is_alphabetic() || c == '_' {
                let after_dot = matches!(self.tokens.last(), Some((Token::Mark("."), _)));
                let length = segment_length(self.rest(), after_dot);
                let name = self.rest().get(..length).unwrap_or("").to_owned();
                self.push(Token::Name(name), length);
            } else {
                self.mark(c);
            }
        }
        Stop::End
    }

    fn number(&mut self) {
        let rest = self.rest();
        let digits = |from: usize| {
            let tail = rest.get(from..).unwrap_or("");
            tail.bytes().take_while(u8::is_ascii_digit).count()
        };
        let mut length = digits(0);
        if rest.get(length..).is_some_and(|tail| tail.starts_with('.')) && digits(length + 1) > 0 {
            length += 1 + digits(length + 1);
        }
        if let Some(tail) = rest.get(length..).filter(|tail| tail.starts_with(['e', 'E'])) {
            let sign = usize::from(tail.get(1..).is_some_and(|t| t.starts_with(['+', '-'])));
            let exponent = digits(length + 1 + sign);
            if exponent > 0 {
                length += 1 + sign + exponent;
            }
        }
        let tail = rest.get(length..).unwrap_or("");
        let unit = segment_length(tail, false);
        if unit > 0 {
            self.fault(
                codes::EXPR_SYNTAX,
                "a number runs into a name",
                length + unit,
                |d| d.help("a duration is a text: `'7d'`; elsewhere put an operator between the two"),
            );
            self.push(Token::Number(Number::Int(0)), length + unit);
            return;
        }
        match Number::parse(rest.get(..length).unwrap_or("")) {
            Some(number) => self.push(Token::Number(number), length),
            None => {
                self.fault(
                    codes::EXPR_SYNTAX,
                    "a number cannot start with zeros",
                    length,
                    |d| d.help("leave the leading zeros out, or put the digits in quotes if they are a text"),
                );
                self.push(Token::Number(Number::Int(0)), length);
            }
        }
    }

    /// A text in quotes; false when it has no end.
    fn quoted(&mut self, quote: char) -> bool {
        let mut decoded = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        let mut faults: Vec<(usize, usize)> = Vec::new();
        let end = loop {
            match chars.next() {
                None => break None,
                Some((at, c)) if c == quote => break Some(at + 1),
                Some((at, '\\')) => match escape(&mut chars) {
                    Some(c) => decoded.push(c),
                    None => faults.push((at, 2)),
                },
                Some((at, '\0')) => faults.push((at, 1)),
                Some((_, c)) => decoded.push(c),
            }
        };
        let Some(end) = end else {
            self.fault(codes::EXPR_SYNTAX, "a text has no closing quote", 1, |d| {
                d.help(format!(
                    "close it with {quote}, or write \\{quote} for a quote inside the text"
                ))
            });
            return false;
        };
        for (at, length) in faults {
            let span = self.text.map.span(self.at + at..self.at + at + length);
            self.report(
                Diagnostic::new(codes::EXPR_SYNTAX, "unknown escape in a text")
                    .at(span, "")
                    .note("known are \\' \\\" \\\\ \\/ \\n \\r \\t and \\uXXXX, except U+0000"),
            );
        }
        let holes = decoded
            .find("{{")
            .is_some_and(|at| decoded.get(at..).is_some_and(|t| t.contains("}}")));
        if self.mode == Mode::Condition && holes {
            self.fault(codes::EXPR_SYNTAX, "a hole inside quotes is only text", end, |d| {
                d.note("the braces would be compared as they stand; values are never pasted into a condition")
                    .help("leave the quotes out: `{{a.b}} === 'x'`")
            });
        }
        self.push(Token::Text(decoded), end);
        true
    }

    fn mark(&mut self, c: char) {
        let rest = self.rest();
        if rest.starts_with("${") {
            return self.dollar();
        }
        if rest.starts_with("?.") {
            self.fault(codes::EXPR_SYNTAX, "`?.` is not needed", 2, |d| {
                d.note("reading a member of null or undefined gives undefined")
                    .help("write `.`")
            });
            self.at += 1;
            return;
        }
        if rest.starts_with("{{") && self.mode == Mode::Hole {
            self.fault(codes::EXPR_SYNTAX, "a hole cannot stand inside a hole", 2, |d| {
                d.help("leave the inner braces out, or use parentheses")
            });
            self.at += 2;
            return;
        }
        match MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            Some(&"=") => {
                self.fault(codes::EXPR_SYNTAX, "`=` is no operator", 1, |d| {
                    d.help("compare with `===`")
                });
                self.push(Token::Mark("==="), 1);
            }
            Some(&"-") => self.minus(),
            Some(mark) => self.push(Token::Mark(mark), mark.len()),
            None => {
                let help = match c {
                    '‘' | '’' | '“' | '”' | '`' => "write texts in plain quotes: 'text'",
                    '&' => "the operator is `&&`",
                    '|' => "the operator is `||`",
                    _ => "outside quotes there are only names, numbers and operators",
                };
                self.fault(
                    codes::EXPR_SYNTAX,
                    &format!("`{}` means nothing here", c.escape_debug()),
                    c.len_utf8(),
                    |d| d.help(help),
                );
                self.at += c.len_utf8();
            }
        }
    }

    fn dollar(&mut self) {
        match env_name(self.rest()) {
            Some((name, length)) if self.mode == Mode::Condition => self.push(Token::Env(name), length),
            _ => {
                self.fault(codes::EXPR_SYNTAX, "`${` cannot stand here", 2, |d| {
                    d.help("write `env.NAME` for the variable NAME")
                });
                self.at += 2;
            }
        }
    }

    /// A hyphen: the sign of what follows, or a minus with spaces around it.
    fn minus(&mut self) {
        let before = self.text.as_str().get(..self.at).unwrap_or("");
        let after = self.rest().get(1..).unwrap_or("");
        let apart = before.ends_with(char::is_whitespace)
            && (after.is_empty() || after.starts_with(char::is_whitespace));
        let binary = self.tokens.last().is_some_and(|(token, _)| token.ends_operand());
        if binary && !apart {
            let length = 1 + after.chars().next().map_or(0, char::len_utf8);
            self.fault(codes::HYPHEN_AMBIGUOUS, "this hyphen could be a minus or belong to a name", length, |d| {
                d.note("after a dot, a hyphen before a letter belongs to the name; a minus needs spaces")
                    .help("write spaces on both sides of a minus: `a.b - 1`; read such a name with `a['b-1']`")
            });
        }
        self.push(Token::Mark("-"), 1);
    }
}

/// The character that an escape stands for; the backslash is already read.
fn escape(chars: &mut impl Iterator<Item = (usize, char)>) -> Option<char> {
    match chars.next()?.1 {
        c @ ('\'' | '"' | '\\' | '/') => Some(c),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'u' => {
            let mut code = 0;
            for _ in 0..4 {
                code = code * 16 + chars.next()?.1.to_digit(16)?;
            }
            char::from_u32(code).filter(|c| *c != '\0')
        }
        _ => None,
    }
}

/// Name and length of a `${NAME}` at the start of `text`.
pub(crate) fn env_name(text: &str) -> Option<(String, usize)> {
    let inside = text.strip_prefix("${")?;
    let length = segment_length(inside, false);
    let name = inside.get(..length).filter(|name| !name.is_empty())?;
    inside
        .get(length..)?
        .starts_with('}')
        .then(|| (name.to_owned(), length + 3))
}
