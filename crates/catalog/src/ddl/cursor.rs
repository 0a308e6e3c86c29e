//! Moving through the tokens of one statement.
//!
//! Role: looking, taking, and saying what was expected where.
//! Invariant: every span it gives lies inside the file.
//! Not here: grammar.

use super::ast::Name;
use super::lexer::{Token, TokenKind};
use super::words::is_reserved;
use backflow_diag::{Diagnostic, FileId, Span, Spanned, codes};

/// What could not be read. `None` when the lexer has reported it already.
pub(crate) type Fault = Option<Box<Diagnostic>>;
/// Something read, or why not.
pub(crate) type Parsed<T> = Result<T, Fault>;

/// The longest name PostgreSQL keeps, in bytes.
pub(crate) const NAME_BYTES: usize = 63;

/// Tokens of one statement and a place in them.
pub(crate) struct Cursor<'a> {
    text: &'a str,
    file: FileId,
    tokens: &'a [Token],
    at: usize,
    /// Where the statement ends: at its semicolon or the end of the file.
    end: usize,
    /// Reserved words that were taken as names.
    pub(crate) reserved: Vec<Span>,
    /// Faults from which reading went on.
    pub(crate) faults: Vec<Fault>,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a str, file: FileId, tokens: &'a [Token], end: usize) -> Self {
        Self {
            text,
            file,
            tokens,
            at: 0,
            end,
            reserved: Vec::new(),
            faults: Vec::new(),
        }
    }

    fn place(&self, start: usize, end: usize) -> Span {
        let clamp = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Span {
            file: self.file,
            start: clamp(start),
            end: clamp(end),
        }
    }

    pub(crate) fn peek(&self) -> Option<&'a TokenKind> {
        self.peek_at(0)
    }

    pub(crate) fn peek_at(&self, ahead: usize) -> Option<&'a TokenKind> {
        self.tokens.get(self.at + ahead).map(|token| &token.kind)
    }

    /// The place of the whole statement.
    pub(crate) fn whole(&self) -> Span {
        let start = self.tokens.first().map_or(self.end, |token| token.start);
        self.place(start, self.tokens.last().map_or(start, |token| token.end))
    }

    /// All tokens of the statement.
    pub(crate) fn tokens(&self) -> &'a [Token] {
        self.tokens
    }

    pub(crate) fn done(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(crate) fn bump(&mut self) {
        self.at += 1;
    }

    /// A place to come back to.
    pub(crate) fn mark(&self) -> usize {
        self.at
    }

    pub(crate) fn rewind(&mut self, mark: usize) {
        self.at = mark;
    }

    /// The place of the next token, or of the statement's end.
    pub(crate) fn here(&self) -> Span {
        match self.tokens.get(self.at) {
            Some(token) => self.place(token.start, token.end),
            None => self.place(self.end, self.end),
        }
    }

    /// The place from the token at a mark to the last one taken.
    pub(crate) fn since(&self, mark: usize) -> Span {
        let start = self.tokens.get(mark).map_or(self.end, |token| token.start);
        let last = self.at.checked_sub(1).and_then(|last| self.tokens.get(last));
        self.place(start, last.map_or(start, |token| token.end).max(start))
    }

    /// The text of a place of this file.
    pub(crate) fn slice(&self, span: Span) -> String {
        self.text
            .get(span.start as usize..span.end as usize)
            .unwrap_or("")
            .to_owned()
    }

    /// A fault that says what should stand here.
    pub(crate) fn expected(&self, what: &str) -> Fault {
        if self.peek() == Some(&TokenKind::Broken) {
            return None;
        }
        let here = self.here();
        let found = if self.done() {
            "the statement ends".to_owned()
        } else {
            format!("found `{}`", self.slice(here))
        };
        Some(Box::new(
            Diagnostic::new(codes::DDL_SYNTAX, format!("expected {what}, {found}"))
                .at(here, format!("{what} should stand here")),
        ))
    }

    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    pub(crate) fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek_at(ahead), Some(TokenKind::Word(w)) if w == word)
    }

    pub(crate) fn is_symbol(&self, symbol: &str) -> bool {
        self.is_symbol_at(0, symbol)
    }

    pub(crate) fn is_symbol_at(&self, ahead: usize, symbol: &str) -> bool {
        matches!(self.peek_at(ahead), Some(TokenKind::Symbol(s)) if s == symbol)
    }

    pub(crate) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        self.at += usize::from(found);
        found
    }

    /// Takes all of these words, or none.
    pub(crate) fn eat_words(&mut self, words: &[&str]) -> bool {
        let found = words
            .iter()
            .enumerate()
            .all(|(ahead, word)| self.is_word_at(ahead, word));
        if found {
            self.at += words.len();
        }
        found
    }

    pub(crate) fn eat_symbol(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn expect_word(&mut self, word: &str) -> Parsed<()> {
        if self.eat_word(word) {
            Ok(())
        } else {
            Err(self.expected(&format!("`{}`", word.to_uppercase())))
        }
    }

    pub(crate) fn expect_symbol(&mut self, symbol: &str) -> Parsed<()> {
        if self.eat_symbol(symbol) {
            Ok(())
        } else {
            Err(self.expected(&format!("`{symbol}`")))
        }
    }

    /// The next word, in lower case, without taking it.
    pub(crate) fn word(&self) -> Option<&'a str> {
        match self.peek() {
            Some(TokenKind::Word(word)) => Some(word),
            _ => None,
        }
    }

    /// A name of a table, column, constraint, index or type. `what` goes into the fault.
    pub(crate) fn name(&mut self, what: &str) -> Parsed<Name> {
        let here = self.here();
        let value = match self.peek() {
            Some(TokenKind::Quoted(name)) if !name.is_empty() => name,
            Some(TokenKind::Word(word)) => {
                if is_reserved(word) {
                    self.reserved.push(here);
                }
                word
            }
            _ => return Err(self.expected(what)),
        };
        self.bump();
        Ok(Spanned::new(cut(value), here))
    }

    /// A name with an optional schema. `public` counts as none.
    pub(crate) fn qualified(&mut self, what: &str) -> Parsed<(Option<String>, Name)> {
        let first = self.name(what)?;
        if !self.eat_symbol(".") {
            return Ok((None, first));
        }
        let name = self.name(what)?;
        let schema = Some(first.value).filter(|schema| schema != "public");
        Ok((schema, name))
    }

    /// `(a, b, …)` with at least one name.
    pub(crate) fn names(&mut self) -> Parsed<Vec<Name>> {
        self.expect_symbol("(")?;
        let mut names = vec![self.name("a column")?];
        while self.eat_symbol(",") {
            names.push(self.name("a column")?);
        }
        if !self.eat_symbol(")") {
            return Err(self.expected("`,` or `)`"));
        }
        Ok(names)
    }

    pub(crate) fn text(&mut self, what: &str) -> Parsed<Spanned<String>> {
        let here = self.here();
        let Some(TokenKind::Text(text)) = self.peek() else {
            return Err(self.expected(what));
        };
        self.bump();
        Ok(Spanned::new(text.clone(), here))
    }

    /// Skips tokens, whole bracketed groups at once, until `stop` holds outside of brackets, a bracket closes
    /// that was not opened here, or the statement ends.
    pub(crate) fn skip_until(&mut self, mut stop: impl FnMut(&Self) -> bool) {
        let mut depth = 0_usize;
        while let Some(kind) = self.peek() {
            if depth == 0 && stop(self) {
                return;
            }
            if let TokenKind::Symbol(symbol) = kind {
                match symbol.as_str() {
                    "(" | "[" => depth += 1,
                    ")" | "]" if depth == 0 => return,
                    ")" | "]" => depth -= 1,
                    _ => {}
                }
            }
            self.bump();
        }
    }

    pub(crate) fn skip_all(&mut self) {
        self.at = self.tokens.len();
    }
}

/// Cuts a name to the length that PostgreSQL keeps.
pub(crate) fn cut(name: &str) -> String {
    let mut end = name.len().min(NAME_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or(name).to_owned()
}
