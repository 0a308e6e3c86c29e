//! Texts with holes, and conditions.
//!
//! Role: the author's texts to [`Template`] or one [`Expr`].
//! Input: a decoded text with its map into the file. Output: parts in order, or nothing when a fault was
//! reported; faults of all holes are reported.
//! Invariant: the ranges of the parts follow each other and cover the whole text.
//! Not here: which texts are templates at all; the planner knows.

use crate::ast::{Expr, Key, Node, Path};
use crate::lexer::{self, Mode, Stop};
use crate::limits;
use crate::parser::{self, Input};
use backflow_diag::{Diagnostic, Diagnostics, Spanned, Text, codes};
use std::ops::Range;

/// A text with holes.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// As written.
    pub text: Text,
    /// Its parts, in order; none for the empty text.
    pub parts: Vec<Part>,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Text that stands as it is.
    Literal {
        /// The text.
        text: String,
        /// Its bytes in the decoded text.
        range: Range<usize>,
    },
    /// A hole.
    Hole {
        /// What fills it.
        expr: Expr,
        /// Its bytes in the decoded text, braces included.
        range: Range<usize>,
    },
}

impl Template {
    /// Parses a text with holes `{{…}}` and `${NAME}`.
    ///
    /// To write braces that are no hole, put them into one: `{{'{{'}}`.
    pub fn parse(text: &Text, diagnostics: &mut Diagnostics) -> Option<Template> {
        let mut scan = Scan {
            text,
            parts: Vec::new(),
            literal: 0,
            nodes: 0,
            faults: 0,
            diagnostics,
        };
        scan.run();
        (scan.faults == 0).then(|| Template {
            text: text.clone(),
            parts: scan.parts,
        })
    }

    /// Whether there is no hole in it.
    #[must_use]
    pub fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Literal { .. }))
    }

    /// The expression, if the text is one hole and nothing else.
    #[must_use]
    pub fn single_hole(&self) -> Option<&Expr> {
        match self.parts.as_slice() {
            [Part::Hole { expr, .. }] => Some(expr),
            _ => None,
        }
    }

    /// The expressions of all holes.
    pub fn holes(&self) -> impl Iterator<Item = &Expr> {
        self.parts.iter().filter_map(|part| match part {
            Part::Hole { expr, .. } => Some(expr),
            Part::Literal { .. } => None,
        })
    }
}

/// Parses a condition: one expression in which each `{{…}}` is an operand in parentheses. Braces may be left
/// out altogether.
pub fn parse_condition(text: &Text, diagnostics: &mut Diagnostics) -> Option<Expr> {
    if !fits(text, 0..text.value.len(), limits::EXPRESSION_BYTES, diagnostics) {
        return None;
    }
    let lexed = lexer::lex(text, 0, Mode::Condition, diagnostics);
    if !lexed.sound {
        return None;
    }
    let input = Input {
        text,
        tokens: &lexed.tokens,
        end: lexed.end,
    };
    parser::parse(&input, &mut 0, diagnostics).ok()
}

fn fits(text: &Text, range: Range<usize>, most: usize, diagnostics: &mut Diagnostics) -> bool {
    let fits = range.len() <= most;
    if !fits {
        diagnostics.push(
            Diagnostic::new(
                codes::EXPR_TOO_LARGE,
                format!("this text is longer than {most} bytes"),
            )
            .at(text.map.span(range), "")
            .help("split it, or keep the long part in a constant"),
        );
    }
    fits
}

struct Scan<'a> {
    text: &'a Text,
    parts: Vec<Part>,
    /// Where the literal that is being read starts.
    literal: usize,
    nodes: usize,
    faults: usize,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Scan<'a> {
    fn tail(&self, at: usize) -> &'a str {
        self.text.as_str().get(at..).unwrap_or("")
    }

    fn run(&mut self) {
        let mut at = 0;
        while let Some(next) = self.tail(at).find(['{', '$']) {
            at += next;
            if self.faults >= limits::FAULTS {
                return;
            }
            if self.tail(at).starts_with("{{") {
                at = self.hole(at);
            } else if self.tail(at).starts_with("${") && !self.tail(at).starts_with("${{") {
                at = self.variable(at);
            } else {
                at += 1;
            }
        }
        self.end_literal(self.text.value.len());
        let whole = 0..self.text.value.len();
        if !self.is_literal() && !fits(self.text, whole, limits::TEMPLATE_BYTES, self.diagnostics) {
            self.faults += 1;
        }
    }

    fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, Part::Literal { .. }))
    }

    fn end_literal(&mut self, end: usize) {
        let range = self.literal..end;
        if let Some(text) = self
            .text
            .as_str()
            .get(range.clone())
            .filter(|text| !text.is_empty())
        {
            self.parts.push(Part::Literal {
                text: text.to_owned(),
                range,
            });
        }
    }

    fn push_hole(&mut self, expr: Option<Expr>, range: Range<usize>) {
        self.end_literal(range.start);
        self.literal = range.end;
        match expr {
            Some(expr) => self.parts.push(Part::Hole { expr, range }),
            None => self.faults += 1,
        }
    }

    /// A hole that starts at byte `start`; gives where reading goes on.
    fn hole(&mut self, start: usize) -> usize {
        let lexed = lexer::lex(self.text, start + 2, Mode::Hole, self.diagnostics);
        let end = match lexed.stop {
            Stop::Closed => lexed.end + 2,
            Stop::OpenQuote => match self.tail(start).find("}}") {
                Some(close) => start + close + 2,
                None => self.text.value.len(),
            },
            Stop::End => {
                let fault = Diagnostic::new(codes::EXPR_SYNTAX, "a hole is not closed")
                    .at(self.text.map.span(start..start + 2), "opened here")
                    .help("close it with `}}`; to write braces as text, write `{{'{{'}}`");
                self.diagnostics.push(fault);
                self.text.value.len()
            }
        };
        let complete = lexed.stop == Stop::Closed
            && lexed.sound
            && fits(self.text, start..end, limits::EXPRESSION_BYTES, self.diagnostics);
        let expr = if complete {
            let input = Input {
                text: self.text,
                tokens: &lexed.tokens,
                end: lexed.end,
            };
            parser::parse(&input, &mut self.nodes, self.diagnostics).ok()
        } else {
            None
        };
        self.push_hole(expr, start..end);
        end
    }

    /// A `${NAME}` that starts at byte `start`; gives where reading goes on.
    fn variable(&mut self, start: usize) -> usize {
        let Some((name, length)) = lexer::env_name(self.tail(start)) else {
            let fault = Diagnostic::new(codes::EXPR_SYNTAX, "`${` without a variable's name")
                .at(self.text.map.span(start..start + 2), "")
                .note("`${NAME}` is the old way to write `{{env.NAME}}`")
                .help("a default is written `{{env.NAME || 'default'}}`; to write `${` as text, write `{{'${'}}`");
            self.diagnostics.push(fault);
            self.faults += 1;
            return start + 2;
        };
        let end = start + length;
        let span = self.text.map.span(start..end);
        let key = Spanned::new(
            Key::name(name.as_str()),
            self.text.map.span(start + 2..end.saturating_sub(1)),
        );
        let path = Path {
            root: Spanned::new("env".to_owned(), span),
            keys: vec![key],
        };
        let expr = Expr {
            node: Node::Path(path),
            span,
        };
        self.push_hole(Some(expr), start..end);
        end
    }
}
