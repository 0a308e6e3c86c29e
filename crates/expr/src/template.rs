//! Skeleton.

use crate::ast::Expr;
use backflow_diag::{Diagnostics, Text};
use std::ops::Range;

/// A text with holes.
#[derive(Debug, Clone, PartialEq)]
pub struct Template {
    /// As written.
    pub text: Text,
    /// Its parts, in order.
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
    /// Parses a text with holes.
    pub fn parse(text: &Text, diagnostics: &mut Diagnostics) -> Option<Template> {
        let _ = diagnostics;
        Some(Template {
            text: text.clone(),
            parts: Vec::new(),
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
}

/// Parses a condition.
pub fn parse_condition(text: &Text, diagnostics: &mut Diagnostics) -> Option<Expr> {
    let _ = (text, diagnostics);
    None
}
