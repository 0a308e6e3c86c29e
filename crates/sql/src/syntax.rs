//! The cursor over tokens that the grammars here share.
//!
//! Role: look ahead, take, fault, skip. Input: tokens; output: names, paths, faults.
//! Invariant: every fault ends up in the [`Diagnostics`] that the caller gave, with a place.
//! Not here: the grammars.

use crate::ir::{JsonKey, JsonStep};
use crate::lex::{Kind, Token, tokens};
use backflow_diag::{Code, Diagnostic, Diagnostics, Span, Spanned, Text};
use std::ops::Range;

/// How deep brackets may nest.
pub(crate) const MAX_DEPTH: usize = 24;
/// How many nodes one text may make.
pub(crate) const MAX_NODES: usize = 1000;

/// What is wrong at a place.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    pub(crate) message: String,
    pub(crate) span: Span,
    pub(crate) label: String,
    pub(crate) note: Option<String>,
    pub(crate) help: Option<String>,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>, span: Span, label: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            span,
            label: label.into(),
            note: None,
            help: None,
        }
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn report(self, code: &'static Code) -> Diagnostic {
        let mut diagnostic = Diagnostic::new(code, self.message).at(self.span, self.label);
        if let Some(note) = self.note {
            diagnostic = diagnostic.note(note);
        }
        if let Some(help) = self.help {
            diagnostic = diagnostic.help(help);
        }
        diagnostic
    }
}

/// Either a value or the fault that ends this construct.
pub(crate) type Parsed<T> = Result<T, Fault>;

/// A cursor over the tokens of one text.
pub(crate) struct Cursor<'a> {
    text: &'a Text,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    nodes: usize,
    faults: Vec<Fault>,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(text: &'a Text, holes: &[Range<usize>]) -> Self {
        let (tokens, faults) = tokens(text, holes);
        Self {
            text,
            tokens,
            at: 0,
            depth: 0,
            nodes: 0,
            faults,
        }
    }

    /// Gives `value` if nothing was wrong, else reports everything.
    pub(crate) fn finish<T>(self, value: T, code: &'static Code, out: &mut Diagnostics) -> Option<T> {
        if self.faults.is_empty() {
            return Some(value);
        }
        for fault in self.faults {
            out.push(fault.report(code));
        }
        None
    }

    pub(crate) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    pub(crate) fn faulty(&self) -> bool {
        !self.faults.is_empty()
    }

    fn token(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).or_else(|| self.tokens.last())
    }

    pub(crate) fn kind(&self, ahead: usize) -> &Kind {
        self.token(ahead).map_or(&Kind::End, |token| &token.kind)
    }

    pub(crate) fn span(&self) -> Span {
        self.token(0).map_or_else(|| self.text.span(), |token| token.span)
    }

    /// The place of the token before the cursor.
    pub(crate) fn last_span(&self) -> Span {
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        before.map_or_else(|| self.span(), |token| token.span)
    }

    pub(crate) fn advance(&mut self) {
        if !matches!(self.kind(0), Kind::End) {
            self.at += 1;
        }
    }

    pub(crate) fn at_end(&self) -> bool {
        matches!(self.kind(0), Kind::End)
    }

    pub(crate) fn is(&self, symbol: &str) -> bool {
        self.is_ahead(0, symbol)
    }

    pub(crate) fn is_ahead(&self, ahead: usize, symbol: &str) -> bool {
        matches!(self.kind(ahead), Kind::Symbol(found) if *found == symbol)
    }

    pub(crate) fn take(&mut self, symbol: &str) -> bool {
        let found = self.is(symbol);
        if found {
            self.advance();
        }
        found
    }

    pub(crate) fn expect(&mut self, symbol: &str) -> Parsed<()> {
        if self.take(symbol) {
            Ok(())
        } else {
            Err(self.unexpected(&format!("`{symbol}`")))
        }
    }

    /// Whether the token is this bare word, in any case.
    pub(crate) fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.kind(ahead), Kind::Word(found) if found.eq_ignore_ascii_case(word))
    }

    /// A fault at the cursor that says what was expected instead.
    pub(crate) fn unexpected(&self, wanted: &str) -> Fault {
        let found = match self.kind(0) {
            Kind::End => {
                return Fault::new(
                    format!("the text ends where {wanted} is expected"),
                    self.span(),
                    "ends here",
                );
            }
            Kind::Word(word) => format!("`{word}`"),
            Kind::Quoted(name) => format!("`\"{name}\"`"),
            Kind::Number(number) => format!("`{number}`"),
            Kind::Text(_) => "a quoted text".to_owned(),
            Kind::Hole(_) => "a template".to_owned(),
            Kind::Symbol(symbol) => format!("`{symbol}`"),
        };
        let fault = Fault::new(
            format!("{found} stands where {wanted} is expected"),
            self.span(),
            "unexpected",
        );
        if self.is("-") {
            return fault
                .note("a hyphen is not part of a bare name")
                .help("put a name that holds a hyphen in double quotes: \"first-name\"");
        }
        fault
    }

    /// A name: a bare word or one in double quotes.
    pub(crate) fn name(&mut self) -> Parsed<Spanned<String>> {
        let name = match self.kind(0) {
            Kind::Word(name) => name.clone(),
            Kind::Quoted(name) if name.is_empty() => {
                return Err(Fault::new(
                    "a name is empty",
                    self.span(),
                    "nothing between the quotes",
                ));
            }
            Kind::Quoted(name) => name.clone(),
            _ => return Err(self.unexpected("a name")),
        };
        let span = self.span();
        self.advance();
        Ok(Spanned::new(name, span))
    }

    /// `->a->>b`, perhaps nothing.
    pub(crate) fn json_path(&mut self) -> Parsed<Vec<JsonStep>> {
        let mut steps: Vec<JsonStep> = Vec::new();
        while self.is("->") || self.is("->>") {
            let arrow = self.span();
            if steps.last().is_some_and(|step| step.as_text) {
                let fault = Fault::new("a path goes on after `->>`", arrow, "`->>` already gave a text");
                return Err(fault.help("only the last arrow may be `->>`"));
            }
            let as_text = self.is("->>");
            self.advance();
            self.count()?;
            let key = self.json_key()?;
            steps.push(JsonStep { key, as_text });
        }
        Ok(steps)
    }

    fn json_key(&mut self) -> Parsed<JsonKey> {
        let from_end = self.is("-");
        if from_end {
            self.advance();
        }
        let key = match self.kind(0) {
            Kind::Word(name) | Kind::Quoted(name) | Kind::Text(name) if !from_end => {
                JsonKey::Name(name.clone())
            }
            Kind::Number(number) => match number.parse::<u32>() {
                Ok(at) => {
                    let at = i32::try_from(at).unwrap_or(i32::MAX);
                    JsonKey::Index(if from_end { -at } else { at })
                }
                Err(_) => return Err(self.unexpected("a position in an array")),
            },
            _ if from_end => return Err(self.unexpected("a position in an array")),
            _ => return Err(self.unexpected("a member's name or a position")),
        };
        self.advance();
        Ok(key)
    }

    /// Counts one more node of the tree; a fault when there are too many.
    pub(crate) fn count(&mut self) -> Parsed<()> {
        self.nodes += 1;
        if self.nodes <= MAX_NODES {
            return Ok(());
        }
        Err(Fault::new(
            format!("more than {MAX_NODES} parts"),
            self.span(),
            "too large from here",
        ))
    }

    /// Parses something inside brackets, within the depth limit.
    pub(crate) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_DEPTH {
            return Err(Fault::new(
                format!("nested deeper than {MAX_DEPTH} levels"),
                self.span(),
                "too deep",
            ));
        }
        self.depth += 1;
        let parsed = parse(self);
        self.depth -= 1;
        parsed
    }

    /// After a fault: goes to the next `,` or `)` of this level, so that later faults are found too.
    pub(crate) fn skip_item(&mut self) {
        let mut open = 0usize;
        while !self.at_end() {
            if open == 0 && (self.is(",") || self.is(")")) {
                return;
            }
            if self.is("(") {
                open += 1;
            } else if self.is(")") {
                open -= 1;
            }
            self.advance();
        }
    }
}
