//! Tokens of the small grammars here: selects, row expressions, column paths, orders.
//!
//! Role: text → tokens with places. Input: an author's string, perhaps with template holes; output: a list.
//! Invariant: the list ends in [`Kind::End`]; a hole is one token, and nothing inside it is read.
//! Not here: which tokens may follow each other.

use crate::syntax::Fault;
use backflow_diag::{Span, Text};
use std::ops::Range;

/// Longer texts are refused: selects are written by people.
pub(crate) const MAX_BYTES: usize = 32 * 1024;

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A bare word.
    Word(String),
    /// A name in double quotes.
    Quoted(String),
    /// Digits, perhaps with a fraction.
    Number(String),
    /// A text in single quotes.
    Text(String),
    /// A template hole.
    Hole(usize),
    /// An operator or bracket.
    Symbol(&'static str),
    /// After the last token.
    End,
}

/// A token with its place.
#[derive(Debug, Clone)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

/// Longest first, so that `->>` is never read as `->` and `>`.
const SYMBOLS: [&str; 28] = [
    "->>", "...", "===", "!==", "->", "::", "<=", ">=", "<>", "!=", "==", "&&", "||", ",", "(", ")", ":",
    "*", "!", ".", "+", "-", "/", "%", "<", ">", "=", "[",
];

struct Lexer<'a> {
    text: &'a Text,
    holes: &'a [Range<usize>],
    next_hole: usize,
    at: usize,
    tokens: Vec<Token>,
    faults: Vec<Fault>,
}

/// Cuts a text into tokens. Faults are characters and quotes that cannot be read; they are skipped.
pub(crate) fn tokens(text: &Text, holes: &[Range<usize>]) -> (Vec<Token>, Vec<Fault>) {
    let mut lexer = Lexer {
        text,
        holes,
        next_hole: 0,
        at: 0,
        tokens: Vec::new(),
        faults: Vec::new(),
    };
    if text.as_str().len() > MAX_BYTES {
        let message = format!("the text is longer than {MAX_BYTES} bytes");
        lexer.faults.push(Fault::new(message, text.span(), "too long"));
    } else {
        while lexer.step() {}
    }
    let end = text.as_str().len();
    lexer.push(Kind::End, end..end);
    (lexer.tokens, lexer.faults)
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.as_str().get(self.at..).unwrap_or("")
    }

    fn push(&mut self, kind: Kind, range: Range<usize>) {
        let span = self.text.map.span(range);
        self.tokens.push(Token { kind, span });
    }

    fn fault(&mut self, range: Range<usize>, message: String, label: &str) {
        let span = self.text.map.span(range);
        self.faults.push(Fault::new(message, span, label));
    }

    /// Reads one token; false at the end.
    fn step(&mut self) -> bool {
        if self.hole() {
            return true;
        }
        let Some(first) = self.rest().chars().next() else {
            return false;
        };
        match first {
            c if c.is_whitespace() => self.at += c.len_utf8(),
            '"' | '\'' => self.quoted(first),
            c if c.is_ascii_digit() => self.number(),
            c if starts_word(c) => self.word(),
            c => self.symbol(c),
        }
        true
    }

    fn hole(&mut self) -> bool {
        let index = self.next_hole;
        let Some(range) = self.holes.get(index).filter(|range| range.start <= self.at) else {
            return false;
        };
        let end = range.end.max(self.at);
        self.push(Kind::Hole(index), self.at..end);
        self.next_hole += 1;
        self.at = end;
        true
    }

    /// The first byte at which a token must stop: the next hole.
    fn barrier(&self) -> usize {
        self.holes
            .get(self.next_hole)
            .map_or(usize::MAX, |range| range.start)
    }

    fn word(&mut self) {
        let start = self.at;
        let length = self.run(|c| starts_word(c) || c.is_numeric() || c == '$');
        let word = self.rest().get(..length).unwrap_or("").to_owned();
        self.at += length;
        self.push(Kind::Word(word), start..start + length);
    }

    fn run(&self, accept: impl Fn(char) -> bool) -> usize {
        let limit = self.barrier().saturating_sub(self.at);
        let accepted = |(at, c): &(usize, char)| *at < limit && accept(*c);
        self.rest()
            .char_indices()
            .take_while(accepted)
            .map(|(_, c)| c.len_utf8())
            .sum()
    }

    fn number(&mut self) {
        let start = self.at;
        let mut length = self.run(|c| c.is_ascii_digit());
        let fraction = self.rest().get(length..).and_then(|rest| rest.strip_prefix('.'));
        if fraction.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
            && self.barrier() > start + length + 1
        {
            self.at += length + 1;
            length += 1 + self.run(|c| c.is_ascii_digit());
            self.at = start;
        }
        let number = self.rest().get(..length).unwrap_or("").to_owned();
        self.at += length;
        self.push(Kind::Number(number), start..start + length);
    }

    fn quoted(&mut self, quote: char) {
        let start = self.at;
        let mut value = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        let mut end = None;
        while let Some((at, c)) = chars.next() {
            if c != quote {
                value.push(c);
            } else if chars.next_if(|(_, next)| *next == quote).is_some() {
                value.push(quote);
            } else {
                end = Some(start + at + 1);
                break;
            }
        }
        let Some(end) = end else {
            let length = self.text.as_str().len();
            self.fault(
                start..length,
                format!("a `{quote}` is never closed"),
                "opened here",
            );
            self.at = length;
            self.next_hole = self.holes.len();
            return;
        };
        if self.barrier() < end {
            self.fault(
                start..end,
                "a template stands inside quotes".to_owned(),
                "not allowed here",
            );
            while self.barrier() < end {
                self.next_hole += 1;
            }
        }
        self.at = end;
        let kind = if quote == '"' {
            Kind::Quoted(value)
        } else {
            Kind::Text(value)
        };
        self.push(kind, start..end);
    }

    fn symbol(&mut self, first: char) {
        let start = self.at;
        let limit = self.barrier().saturating_sub(start);
        let fits = |symbol: &&str| symbol.len() <= limit && self.rest().starts_with(*symbol);
        let found = if first == ']' {
            Some("]")
        } else {
            SYMBOLS.iter().copied().find(|s| fits(s))
        };
        let length = found.map_or(first.len_utf8(), str::len);
        self.at += length;
        match found {
            Some(symbol) => self.push(Kind::Symbol(symbol), start..start + length),
            None => self.fault(
                start..start + length,
                format!("unexpected `{first}`"),
                "cannot be read",
            ),
        }
    }
}

fn starts_word(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}
