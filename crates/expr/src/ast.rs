//! Expressions as written.
//!
//! Role: what the parser makes, what the compiler and the planner read.
//! Invariant: equality ignores places; the tree is never deeper than [`crate::limits::TREE_DEPTH`].
//! Not here: what names mean; see `compile`.

use crate::value::Value;
use backflow_diag::{Span, Spanned};
use std::fmt;
use std::sync::Arc;

/// An expression.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What it is.
    pub node: Node,
    /// Where it stands.
    pub span: Span,
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

/// What an expression can be.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// A literal.
    Literal(Value),
    /// A path from a root.
    Path(Path),
    /// Members of something that is not a path: `split(a, ',')[0]`.
    Access(Box<Expr>, Vec<Spanned<Key>>),
    /// A function call.
    Call(Spanned<String>, Vec<Expr>),
    /// An operator before its operand.
    Unary(UnaryOp, Box<Expr>),
    /// An operator between two operands.
    Binary(BinaryOp, Box<Expr>, Box<Expr>),
    /// `condition ? then : otherwise`.
    Choice(Box<[Expr; 3]>),
}

/// A path: a root and the keys after it.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The first name.
    pub root: Spanned<String>,
    /// What follows.
    pub keys: Vec<Spanned<Key>>,
}

impl Path {
    /// The place of the whole path.
    #[must_use]
    pub fn span(&self) -> Span {
        self.keys
            .last()
            .map_or(self.root.span, |last| self.root.span.to(last.span))
    }

    /// The path without its keys from `count` on.
    #[must_use]
    pub fn first(&self, count: usize) -> Path {
        Path {
            root: self.root.clone(),
            keys: self.keys.iter().take(count).cloned().collect(),
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.root)?;
        self.keys.iter().try_for_each(|key| write!(f, "{}", key.value))
    }
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// A member of an object.
    Name(Arc<str>),
    /// An item of a list.
    Index(usize),
}

impl Key {
    /// A member's name.
    pub fn name(name: impl Into<Arc<str>>) -> Key {
        Key::Name(name.into())
    }

    /// The name, if this is one.
    #[must_use]
    pub fn as_name(&self) -> Option<&str> {
        match self {
            Key::Name(name) => Some(name),
            Key::Index(_) => None,
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Key::Name(name) if crate::lexer::is_segment(name) => write!(f, ".{name}"),
            Key::Name(name) => write!(f, "[{}]", crate::display::Quoted(name)),
            Key::Index(index) => write!(f, "[{index}]"),
        }
    }
}

/// An operator before its operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `!`
    Not,
    /// `-`
    Neg,
}

/// An operator between two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `??`
    Default,
    /// `===` and `==`
    Equal,
    /// `!==` and `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Rem,
}

impl BinaryOp {
    /// How it is written; of two spellings, the longer.
    #[must_use]
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Default => "??",
            Self::Equal => "===",
            Self::NotEqual => "!==",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Rem => "%",
        }
    }

    /// How tightly it binds; `??` and `||` bind alike and cannot be mixed.
    #[must_use]
    pub(crate) fn precedence(self) -> u8 {
        match self {
            Self::Or | Self::Default => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual => 3,
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => 4,
            Self::Add | Self::Sub => 5,
            Self::Mul | Self::Div | Self::Rem => 6,
        }
    }
}

impl Expr {
    /// The path, if this is just one.
    #[must_use]
    pub fn as_path(&self) -> Option<&Path> {
        match &self.node {
            Node::Path(path) => Some(path),
            _ => None,
        }
    }

    /// Name and arguments, if this is a call.
    #[must_use]
    pub fn as_call(&self) -> Option<(&str, &[Expr])> {
        match &self.node {
            Node::Call(name, arguments) => Some((name, arguments)),
            _ => None,
        }
    }

    /// The literal, if this is one.
    #[must_use]
    pub fn as_literal(&self) -> Option<&Value> {
        match &self.node {
            Node::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// The operands and arguments, in the order written.
    #[must_use]
    pub fn children(&self) -> Vec<&Expr> {
        match &self.node {
            Node::Literal(_) | Node::Path(_) => Vec::new(),
            Node::Access(base, _) => vec![base],
            Node::Call(_, arguments) => arguments.iter().collect(),
            Node::Unary(_, operand) => vec![operand],
            Node::Binary(_, left, right) => vec![left, right],
            Node::Choice(parts) => parts.iter().collect(),
        }
    }

    /// Every path in it, in the order written.
    #[must_use]
    pub fn paths(&self) -> Vec<&Path> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(expr) = open.pop() {
            found.extend(expr.as_path());
            open.extend(expr.children().into_iter().rev());
        }
        found
    }
}
