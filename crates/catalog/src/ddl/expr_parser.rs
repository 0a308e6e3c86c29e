//! Reads scalar expressions.
//!
//! Role: precedence climbing over the tokens of a statement, by PostgreSQL's table of precedence.
//! Output: [`SqlText`]; what is well formed but not modelled becomes [`ExprKind::Raw`] as a whole.
//! Invariant: nesting and size stay within [`MAX_DEPTH`] and [`MAX_NODES`].
//! Not here: types.

use super::cursor::{Cursor, Fault, Parsed};
use super::expr::{BinaryOp, ExprKind, Literal, MAX_DEPTH, MAX_NODES, SqlExpr, SqlText, UnaryOp};
use super::lexer::TokenKind;
use super::operand::{collated, prefix};
use super::types::type_name;

/// Where an expression stands, which decides where it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Between parentheses or up to the end of the statement; a comma ends it.
    Open,
    /// A part of an index: a column, a call, or something in parentheses.
    Operand,
    /// After `DEFAULT`: words such as `NOT` and `IN` end it.
    Default,
}

/// Why an expression was given up.
pub(crate) enum Stop {
    /// It is wrong.
    Wrong(Fault),
    /// It may be right, but is not modelled.
    Unknown,
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Wrong(fault)
    }
}

/// A part of an expression, or why not.
pub(crate) type Read<T> = Result<T, Stop>;

/// Reads one expression.
pub(crate) fn expression(cursor: &mut Cursor<'_>, place: Place) -> Parsed<SqlText> {
    let mark = cursor.mark();
    let reserved = cursor.reserved.len();
    let mut parser = ExprParser {
        cursor,
        place,
        depth: 0,
        nodes: 0,
    };
    let read = if place == Place::Operand {
        prefix(&mut parser)
    } else {
        parser.climb(OR)
    };
    let kind = match read {
        Ok(expr) if ends(parser.cursor, place) => expr.kind,
        Err(Stop::Wrong(fault)) => return Err(fault),
        Ok(_) | Err(Stop::Unknown) => {
            cursor.rewind(mark);
            cursor.reserved.truncate(reserved);
            cursor.skip_until(|cursor| ends(cursor, place));
            ExprKind::Raw
        }
    };
    if cursor.mark() == mark {
        return Err(cursor.expected("a value"));
    }
    let span = cursor.since(mark);
    Ok(SqlText {
        expr: SqlExpr { span, kind },
        text: cursor.slice(span),
    })
}

/// Whether an expression may end here.
fn ends(cursor: &Cursor<'_>, place: Place) -> bool {
    match cursor.peek() {
        None => true,
        Some(TokenKind::Symbol(symbol)) => matches!(symbol.as_str(), ")" | "," | "]"),
        Some(TokenKind::Word(word)) => match place {
            Place::Open => false,
            Place::Operand => true,
            Place::Default => matches!(
                word.as_str(),
                "not"
                    | "null"
                    | "constraint"
                    | "check"
                    | "unique"
                    | "primary"
                    | "references"
                    | "default"
                    | "collate"
                    | "generated"
                    | "deferrable"
                    | "initially"
            ),
        },
        Some(_) => place == Place::Operand,
    }
}

/// The parser's state; shared with `operand`.
pub(crate) struct ExprParser<'c, 'a> {
    pub(crate) cursor: &'c mut Cursor<'a>,
    pub(crate) place: Place,
    depth: u32,
    nodes: u32,
}

// How tightly operators bind; unary minus binds tighter than all of these.
const OR: u8 = 1;
const AND: u8 = 2;
const NOT: u8 = 3;
const IS: u8 = 4;
const COMPARE: u8 = 5;
const MATCH: u8 = 6;
const OTHER: u8 = 7;
const SUM: u8 = 8;
const PRODUCT: u8 = 9;
const SIGN: u8 = 12;

impl ExprParser<'_, '_> {
    /// A whole expression between brackets, whatever surrounds them.
    pub(crate) fn inner(&mut self) -> Read<SqlExpr> {
        let outer = std::mem::replace(&mut self.place, Place::Open);
        let expr = self.climb(OR);
        self.place = outer;
        expr
    }

    pub(crate) fn list(&mut self, close: &str) -> Read<Vec<SqlExpr>> {
        let mut list = Vec::new();
        if self.cursor.eat_symbol(close) {
            return Ok(list);
        }
        loop {
            list.push(self.inner()?);
            if self.cursor.eat_symbol(close) {
                return Ok(list);
            }
            if !self.cursor.eat_symbol(",") {
                return Err(self.unexpected());
            }
        }
    }

    /// A comma, bracket or end where something else is needed is wrong; any other token is unknown.
    pub(crate) fn unexpected(&self) -> Stop {
        match self.cursor.peek() {
            None => Stop::Wrong(self.cursor.expected("the rest of the expression")),
            Some(TokenKind::Broken) => Stop::Wrong(None),
            Some(TokenKind::Symbol(symbol)) if matches!(symbol.as_str(), ")" | "," | "]" | ";") => {
                Stop::Wrong(self.cursor.expected("a value"))
            }
            Some(_) => Stop::Unknown,
        }
    }

    pub(crate) fn node(&mut self, mark: usize, kind: ExprKind) -> Read<SqlExpr> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(Stop::Unknown);
        }
        Ok(SqlExpr {
            span: self.cursor.since(mark),
            kind,
        })
    }

    pub(crate) fn sign(&mut self, mark: usize, op: UnaryOp) -> Read<SqlExpr> {
        let arg = self.climb(SIGN)?;
        self.node(mark, ExprKind::Unary(op, Box::new(arg)))
    }

    pub(crate) fn not(&mut self, mark: usize) -> Read<SqlExpr> {
        let arg = self.climb(NOT)?;
        self.node(mark, ExprKind::Unary(UnaryOp::Not, Box::new(arg)))
    }

    fn climb(&mut self, least: u8) -> Read<SqlExpr> {
        if self.depth >= MAX_DEPTH {
            return Err(Stop::Unknown);
        }
        self.depth += 1;
        let expr = self.climb_at(least);
        self.depth -= 1;
        expr
    }

    fn climb_at(&mut self, least: u8) -> Read<SqlExpr> {
        let mark = self.cursor.mark();
        let mut left = prefix(self)?;
        loop {
            if self.cursor.eat_symbol("::") {
                let ty = type_name(self.cursor)?;
                left = self.node(mark, ExprKind::Cast(Box::new(left), ty))?;
            } else if self.place == Place::Open && self.cursor.eat_word("collate") {
                left = collated(self, mark, left)?;
            } else if let Some((op, level)) = self.binary().filter(|(_, level)| *level >= least) {
                self.cursor.bump();
                left = self.right_side(mark, left, op, level)?;
            } else if self.word_operator(least) {
                left = self.word_tail(mark, left)?;
            } else {
                return Ok(left);
            }
        }
    }

    /// The operator that stands here, if it is a plain one.
    fn binary(&self) -> Option<(BinaryOp, u8)> {
        Some(match self.cursor.peek()? {
            TokenKind::Symbol(symbol) => match symbol.as_str() {
                "=" => (BinaryOp::Eq, COMPARE),
                "<>" | "!=" => (BinaryOp::Ne, COMPARE),
                "<" => (BinaryOp::Lt, COMPARE),
                "<=" => (BinaryOp::Le, COMPARE),
                ">" => (BinaryOp::Gt, COMPARE),
                ">=" => (BinaryOp::Ge, COMPARE),
                "+" => (BinaryOp::Add, SUM),
                "-" => (BinaryOp::Sub, SUM),
                "*" => (BinaryOp::Mul, PRODUCT),
                "/" => (BinaryOp::Div, PRODUCT),
                "%" => (BinaryOp::Rem, PRODUCT),
                "||" => (BinaryOp::Concat, OTHER),
                _ => return None,
            },
            TokenKind::Word(word) if self.place == Place::Open => match word.as_str() {
                "or" => (BinaryOp::Or, OR),
                "and" => (BinaryOp::And, AND),
                _ => return None,
            },
            _ => return None,
        })
    }

    fn right_side(&mut self, mark: usize, left: SqlExpr, op: BinaryOp, level: u8) -> Read<SqlExpr> {
        if matches!(op, BinaryOp::Eq | BinaryOp::Ne)
            && (self.cursor.is_word("any") || self.cursor.is_word("all"))
        {
            return self.quantified(mark, left, op);
        }
        let right = self.climb(level + 1)?;
        self.node(mark, ExprKind::Binary(op, Box::new(left), Box::new(right)))
    }

    /// `= ANY (ARRAY[…])` is `IN`, `<> ALL (ARRAY[…])` is `NOT IN`.
    fn quantified(&mut self, mark: usize, left: SqlExpr, op: BinaryOp) -> Read<SqlExpr> {
        let any = self.cursor.is_word("any");
        self.cursor.bump();
        self.cursor.expect_symbol("(")?;
        let array = self.inner()?;
        self.cursor.expect_symbol(")")?;
        let list = match array.uncast().clone().kind {
            ExprKind::Array(list) if any == (op == BinaryOp::Eq) => list,
            _ => return Err(Stop::Unknown),
        };
        self.node(
            mark,
            ExprKind::In {
                arg: Box::new(left),
                list,
                negated: !any,
            },
        )
    }

    /// Whether an operator written as a word, or a pattern operator, stands here and binds tightly enough.
    fn word_operator(&self, least: u8) -> bool {
        if self.place == Place::Default {
            return false;
        }
        let ahead = usize::from(self.cursor.is_word("not"));
        match self.cursor.peek_at(ahead) {
            Some(TokenKind::Word(word)) => match word.as_str() {
                "in" | "between" | "like" | "ilike" => MATCH >= least,
                "is" => ahead == 0 && IS >= least,
                "isnull" | "notnull" => ahead == 0 && IS >= least,
                "at" => ahead == 0,
                _ => false,
            },
            Some(TokenKind::Symbol(symbol)) => {
                ahead == 0 && matches!(symbol.as_str(), "~" | "~*" | "!~" | "!~*") && OTHER >= least
            }
            _ => false,
        }
    }

    fn word_tail(&mut self, mark: usize, left: SqlExpr) -> Read<SqlExpr> {
        let negated = self.cursor.eat_word("not");
        let arg = Box::new(left);
        let word = match self.cursor.peek() {
            Some(TokenKind::Word(word) | TokenKind::Symbol(word)) => word.as_str(),
            _ => return Err(self.unexpected()),
        };
        self.cursor.bump();
        let kind = match word {
            "in" => {
                self.cursor.expect_symbol("(")?;
                ExprKind::In {
                    arg,
                    list: self.list(")")?,
                    negated,
                }
            }
            "between" => {
                if self.cursor.is_word("symmetric") {
                    return Err(Stop::Unknown);
                }
                let low = Box::new(self.climb(OTHER)?);
                self.cursor.expect_word("and")?;
                let high = Box::new(self.climb(OTHER)?);
                ExprKind::Between {
                    arg,
                    low,
                    high,
                    negated,
                }
            }
            "like" | "ilike" => {
                let pattern = Box::new(self.climb(OTHER)?);
                if self.cursor.is_word("escape") {
                    return Err(Stop::Unknown);
                }
                ExprKind::Match {
                    arg,
                    pattern,
                    regex: false,
                    ignore_case: word == "ilike",
                    negated,
                }
            }
            "isnull" | "notnull" => ExprKind::Is {
                arg,
                value: None,
                negated: word == "notnull",
            },
            "is" => self.is_tail(arg)?,
            "at" => self.at_time_zone(*arg)?,
            operator => {
                let pattern = Box::new(self.climb(SUM)?);
                let ignore_case = operator.ends_with('*');
                ExprKind::Match {
                    arg,
                    pattern,
                    regex: true,
                    ignore_case,
                    negated: operator.starts_with('!'),
                }
            }
        };
        self.node(mark, kind)
    }

    fn is_tail(&mut self, arg: Box<SqlExpr>) -> Read<ExprKind> {
        let negated = self.cursor.eat_word("not");
        if self.cursor.eat_words(&["distinct", "from"]) {
            let right = Box::new(self.climb(MATCH)?);
            return Ok(ExprKind::Distinct {
                left: arg,
                right,
                negated,
            });
        }
        let value = match self.cursor.word() {
            Some("null" | "unknown") => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => return Err(self.unexpected()),
        };
        self.cursor.bump();
        Ok(ExprKind::Is { arg, value, negated })
    }

    fn at_time_zone(&mut self, arg: SqlExpr) -> Read<ExprKind> {
        self.cursor.expect_word("time")?;
        self.cursor.expect_word("zone")?;
        let zone = self.climb(SIGN)?;
        Ok(ExprKind::Call {
            name: "timezone".to_owned(),
            args: vec![zone, arg],
        })
    }
}

/// The number that a literal, signed or not, stands for, as written.
pub fn number(expr: &SqlExpr) -> Option<String> {
    match &expr.kind {
        ExprKind::Literal(Literal::Number(digits)) => Some(digits.clone()),
        ExprKind::Unary(UnaryOp::Minus, arg) => match &arg.kind {
            ExprKind::Literal(Literal::Number(digits)) => Some(format!("-{digits}")),
            _ => None,
        },
        ExprKind::Unary(UnaryOp::Plus, arg) => number(arg),
        _ => None,
    }
}
