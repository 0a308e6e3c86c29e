//! JSON values with the place of everything.
//!
//! Invariant: numbers keep their digits; members keep their order and are unique.
//! Not here: which keys are known.

use backflow_diag::{Span, Spanned, Text};

/// A value and its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// The value.
    pub tree: Tree,
    /// Where it stands.
    pub span: Span,
}

impl Node {
    /// What people call a value of this kind, with its article.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.tree {
            Tree::Null => "null",
            Tree::Bool(true) => "true",
            Tree::Bool(false) => "false",
            Tree::Number(_) => "a number",
            Tree::Text(_) => "text",
            Tree::List(_) => "a list",
            Tree::Object(_) => "an object",
        }
    }

    /// The value of a member, if this is an object that has it.
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Node> {
        match &self.tree {
            Tree::Object(members) => members.iter().find(|m| m.key.value == key).map(|m| &m.value),
            _ => None,
        }
    }

    /// Where a report should point: the whole of a plain value, only the opening bracket of a list or object.
    #[must_use]
    pub fn place(&self) -> Span {
        match &self.tree {
            Tree::List(_) | Tree::Object(_) => opening(self.span),
            _ => self.span,
        }
    }
}

/// The first byte of a span: the opening bracket of a list or object.
pub(crate) fn opening(span: Span) -> Span {
    Span {
        end: span.end.min(span.start.saturating_add(1)),
        ..span
    }
}

impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        self.tree == other.tree
    }
}

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number as written.
    Number(String),
    /// A string.
    Text(Text),
    /// An array.
    List(Vec<Node>),
    /// An object.
    Object(Vec<Member>),
}

/// A member of an object.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its name.
    pub key: Spanned<String>,
    /// Its value.
    pub value: Node,
}
