//! Scalar expressions of CHECKs, defaults, index predicates and generated columns.
//!
//! Invariant: at most [`MAX_DEPTH`] levels of nesting and [`MAX_NODES`] nodes, so walking one cannot exhaust
//! the stack; what is larger is [`ExprKind::Raw`].
//! Not here: reading them (`expr_parser`), translating them (the SQL crate).

use super::ast::TypeName;
use backflow_diag::Span;

/// How deep expressions nest.
pub const MAX_DEPTH: u32 = 48;
/// How many nodes an expression has.
pub const MAX_NODES: u32 = 500;

/// An expression together with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlText {
    /// What it means.
    pub expr: SqlExpr,
    /// As written.
    pub text: String,
}

/// A scalar expression and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlExpr {
    /// Where it is written.
    pub span: Span,
    /// What it is.
    pub kind: ExprKind,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExprKind {
    /// A column of the row.
    Column(String),
    /// A constant.
    Literal(Literal),
    /// `- x`, `NOT x`
    Unary(UnaryOp, Box<SqlExpr>),
    /// `x + y`
    Binary(BinaryOp, Box<SqlExpr>, Box<SqlExpr>),
    /// `x [NOT] IN (…)`, also written `= ANY (ARRAY[…])`
    In {
        /// What is looked for.
        arg: Box<SqlExpr>,
        /// Where.
        list: Vec<SqlExpr>,
        /// `NOT`
        negated: bool,
    },
    /// `x [NOT] BETWEEN low AND high`
    Between {
        /// What is compared.
        arg: Box<SqlExpr>,
        /// Lower bound, included.
        low: Box<SqlExpr>,
        /// Upper bound, included.
        high: Box<SqlExpr>,
        /// `NOT`
        negated: bool,
    },
    /// `x IS [NOT] NULL | TRUE | FALSE`
    Is {
        /// What is tested.
        arg: Box<SqlExpr>,
        /// `None`: null (or unknown).
        value: Option<bool>,
        /// `NOT`
        negated: bool,
    },
    /// `x IS [NOT] DISTINCT FROM y`
    Distinct {
        /// One side.
        left: Box<SqlExpr>,
        /// The other.
        right: Box<SqlExpr>,
        /// `NOT`
        negated: bool,
    },
    /// `x [NOT] LIKE y`, `ILIKE`, `~`, `~*`
    Match {
        /// What is matched.
        arg: Box<SqlExpr>,
        /// The pattern.
        pattern: Box<SqlExpr>,
        /// `~` rather than `LIKE`
        regex: bool,
        /// `ILIKE`, `~*`
        ignore_case: bool,
        /// `NOT`, `!~`
        negated: bool,
    },
    /// A call; `CURRENT_TIMESTAMP` and its kin are calls without arguments.
    Call {
        /// The function, without a schema that every project has.
        name: String,
        /// Its arguments.
        args: Vec<SqlExpr>,
    },
    /// `x::type`
    Cast(Box<SqlExpr>, TypeName),
    /// `x COLLATE "C"`: text by code point.
    Collate(Box<SqlExpr>),
    /// `CASE … END`
    Case {
        /// `CASE x WHEN …`
        operand: Option<Box<SqlExpr>>,
        /// `WHEN … THEN …`
        branches: Vec<(SqlExpr, SqlExpr)>,
        /// `ELSE …`
        otherwise: Option<Box<SqlExpr>>,
    },
    /// `ARRAY[…]`
    Array(Vec<SqlExpr>),
    /// Anything else; only PostgreSQL knows it.
    Raw,
}

/// A constant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `NULL`
    Null,
    /// `TRUE`, `FALSE`
    Bool(bool),
    /// A number as written, without sign.
    Number(String),
    /// A string, decoded.
    Text(String),
}

/// An operator before its operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnaryOp {
    /// `-`
    Minus,
    /// `+`
    Plus,
    /// `NOT`
    Not,
}

/// An operator between its operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `OR`
    Or,
    /// `AND`
    And,
    /// `=`
    Eq,
    /// `<>`, `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
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
    /// `||`
    Concat,
}

impl SqlExpr {
    /// Calls `visit` with this node and every one below it, parents first.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a SqlExpr)) {
        visit(self);
        for child in self.children() {
            child.walk(visit);
        }
    }

    /// The nodes right below this one.
    #[must_use]
    pub fn children(&self) -> Vec<&SqlExpr> {
        match &self.kind {
            ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Raw => Vec::new(),
            ExprKind::Unary(_, arg)
            | ExprKind::Cast(arg, _)
            | ExprKind::Collate(arg)
            | ExprKind::Is { arg, .. } => vec![arg],
            ExprKind::Binary(_, left, right)
            | ExprKind::Distinct { left, right, .. }
            | ExprKind::Match {
                arg: left,
                pattern: right,
                ..
            } => vec![left, right],
            ExprKind::In { arg, list, .. } => std::iter::once(&**arg).chain(list).collect(),
            ExprKind::Between { arg, low, high, .. } => vec![arg, low, high],
            ExprKind::Call { args, .. } | ExprKind::Array(args) => args.iter().collect(),
            ExprKind::Case {
                operand,
                branches,
                otherwise,
            } => operand
                .iter()
                .map(|operand| &**operand)
                .chain(branches.iter().flat_map(|(when, then)| [when, then]))
                .chain(otherwise.iter().map(|otherwise| &**otherwise))
                .collect(),
        }
    }

    fn children_mut(&mut self) -> Vec<&mut SqlExpr> {
        match &mut self.kind {
            ExprKind::Column(_) | ExprKind::Literal(_) | ExprKind::Raw => Vec::new(),
            ExprKind::Unary(_, arg)
            | ExprKind::Cast(arg, _)
            | ExprKind::Collate(arg)
            | ExprKind::Is { arg, .. } => vec![arg],
            ExprKind::Binary(_, left, right)
            | ExprKind::Distinct { left, right, .. }
            | ExprKind::Match {
                arg: left,
                pattern: right,
                ..
            } => vec![left, right],
            ExprKind::In { arg, list, .. } => std::iter::once(&mut **arg).chain(list).collect(),
            ExprKind::Between { arg, low, high, .. } => vec![arg, low, high],
            ExprKind::Call { args, .. } | ExprKind::Array(args) => args.iter_mut().collect(),
            ExprKind::Case {
                operand,
                branches,
                otherwise,
            } => operand
                .iter_mut()
                .map(|operand| &mut **operand)
                .chain(branches.iter_mut().flat_map(|(when, then)| [when, then]))
                .chain(otherwise.iter_mut().map(|otherwise| &mut **otherwise))
                .collect(),
        }
    }

    /// The distinct columns it reads, in order of appearance, each with its first place.
    #[must_use]
    pub fn columns(&self) -> Vec<(&str, Span)> {
        let mut found: Vec<(&str, Span)> = Vec::new();
        self.walk(&mut |node| {
            if let ExprKind::Column(name) = &node.kind
                && !found.iter().any(|(known, _)| known == name)
            {
                found.push((name, node.span));
            }
        });
        found
    }

    /// Whether it says anywhere that text goes by code point.
    #[must_use]
    pub fn is_by_code_point(&self) -> bool {
        let mut found = false;
        self.walk(&mut |node| found |= matches!(node.kind, ExprKind::Collate(_)));
        found
    }

    /// Renames a column wherever it is read.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        if let ExprKind::Column(name) = &mut self.kind
            && name == from
        {
            to.clone_into(name);
        }
        for child in self.children_mut() {
            child.rename(from, to);
        }
    }

    /// The expression inside any casts.
    #[must_use]
    pub fn uncast(&self) -> &SqlExpr {
        let mut expr = self;
        while let ExprKind::Cast(inner, _) = &expr.kind {
            expr = inner;
        }
        expr
    }
}
