//! Row expressions as authors write them: `used + {{body.quantity}}`, `now() + '7d'`, `used <= limit`.
//!
//! Role: text → [`ScalarAst`]. Input: an author's string and the places of its template holes.
//! Invariant: a hole is an operand, whatever value it will have; size and depth of a tree are bounded.
//! Not here: types and columns; the planner resolves names.

#[cfg(test)]
#[path = "scalar_tests.rs"]
mod tests;

use crate::duration::{Duration, parse_duration};
use crate::ir::{ArithmeticOp, Comparison};
use crate::lex::Kind;
use crate::syntax::{Cursor, Fault, Parsed};
use backflow_diag::{Diagnostics, Span, Spanned, Text, codes};
use std::ops::Range;

/// A row expression, names not yet resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum ScalarAst {
    /// A column of the row.
    Column(Spanned<String>),
    /// A number, as written (no sign).
    Number(Spanned<String>),
    /// A text in single quotes.
    Text(Spanned<String>),
    /// A quoted duration right after `+` or `-`.
    Duration(Spanned<Duration>),
    /// The template hole of this index.
    Hole(Spanned<usize>),
    /// `now()`
    Now(Span),
    /// `null`
    Null(Span),
    /// `true`, `false`
    Bool(Spanned<bool>),
    /// Arithmetic.
    Binary {
        /// The operator.
        op: Spanned<ArithmeticOp>,
        /// Left side.
        left: Box<ScalarAst>,
        /// Right side.
        right: Box<ScalarAst>,
    },
    /// A comparison; never a part of arithmetic unless in parentheses.
    Compare {
        /// The operator.
        op: Spanned<Comparison>,
        /// Left side.
        left: Box<ScalarAst>,
        /// Right side.
        right: Box<ScalarAst>,
    },
    /// Unary minus.
    Neg {
        /// What it turns.
        value: Box<ScalarAst>,
        /// The sign and the value.
        span: Span,
    },
    /// `coalesce(…)`, at least one argument.
    Coalesce {
        /// The arguments.
        args: Vec<ScalarAst>,
        /// The whole call.
        span: Span,
    },
}

impl ScalarAst {
    /// Where the expression stands.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::Column(s) | Self::Number(s) | Self::Text(s) => s.span,
            Self::Duration(s) => s.span,
            Self::Hole(s) => s.span,
            Self::Bool(s) => s.span,
            Self::Now(span) | Self::Null(span) => *span,
            Self::Neg { span, .. } | Self::Coalesce { span, .. } => *span,
            Self::Binary { left, right, .. } | Self::Compare { left, right, .. } => {
                left.span().to(right.span())
            }
        }
    }
}

/// Reads a row expression and reports every fault.
pub fn parse_scalar(text: &Text, holes: &[Range<usize>], out: &mut Diagnostics) -> Option<ScalarAst> {
    let mut cursor = Cursor::new(text, holes);
    let parsed = scalar(&mut cursor).and_then(|ast| {
        if cursor.at_end() {
            Ok(ast)
        } else {
            Err(cursor.unexpected("an operator or the end"))
        }
    });
    // A word after a word is mostly SQL that this grammar does not have.
    let ast = match parsed {
        Ok(ast) => Some(ast),
        Err(fault) => {
            let fault = if fault.help.is_none() {
                fault.help(FORMS)
            } else {
                fault
            };
            cursor.fault(fault);
            None
        }
    };
    cursor.finish(ast, codes::EXPR_SYNTAX, out).flatten()
}

const FORMS: &str =
    "columns, numbers, `now()`, `coalesce(…)`, `+ - * / %`, comparisons and parentheses can stand here";

/// Reads a row expression if it is one.
#[must_use]
pub fn try_parse_scalar(text: &Text, holes: &[Range<usize>]) -> Option<ScalarAst> {
    parse_scalar(text, holes, &mut Diagnostics::default())
}

/// An expression with a comparison at most at its top.
pub(crate) fn scalar(cursor: &mut Cursor<'_>) -> Parsed<ScalarAst> {
    let left = sum(cursor)?;
    let Some(op) = comparison(cursor) else {
        return Ok(left);
    };
    cursor.advance();
    cursor.count()?;
    let right = sum(cursor)?;
    if comparison(cursor).is_some() {
        let fault = Fault::new(
            "comparisons cannot be chained",
            cursor.span(),
            "a second comparison",
        );
        return Err(fault.help("put one of them in parentheses"));
    }
    Ok(ScalarAst::Compare {
        op,
        left: Box::new(left),
        right: Box::new(right),
    })
}

fn comparison(cursor: &Cursor<'_>) -> Option<Spanned<Comparison>> {
    let Kind::Symbol(symbol) = cursor.kind(0) else {
        return None;
    };
    let op = match *symbol {
        "=" | "==" | "===" => Comparison::Eq,
        "<>" | "!=" | "!==" => Comparison::Ne,
        "<" => Comparison::Lt,
        "<=" => Comparison::Le,
        ">" => Comparison::Gt,
        ">=" => Comparison::Ge,
        _ => return None,
    };
    Some(Spanned::new(op, cursor.span()))
}

fn sum(cursor: &mut Cursor<'_>) -> Parsed<ScalarAst> {
    let mut left = product(cursor)?;
    loop {
        let op = match cursor.kind(0) {
            Kind::Symbol("+") => ArithmeticOp::Add,
            Kind::Symbol("-") => ArithmeticOp::Sub,
            _ => return Ok(left),
        };
        let op = Spanned::new(op, cursor.span());
        cursor.advance();
        let right = match duration(cursor) {
            Some(duration) => duration,
            None => product(cursor)?,
        };
        left = binary(cursor, op, left, right)?;
    }
}

fn product(cursor: &mut Cursor<'_>) -> Parsed<ScalarAst> {
    let mut left = signed(cursor)?;
    loop {
        let op = match cursor.kind(0) {
            Kind::Symbol("*") => ArithmeticOp::Mul,
            Kind::Symbol("/") => ArithmeticOp::Div,
            Kind::Symbol("%") => ArithmeticOp::Rem,
            _ => return Ok(left),
        };
        let op = Spanned::new(op, cursor.span());
        cursor.advance();
        let right = signed(cursor)?;
        left = binary(cursor, op, left, right)?;
    }
}

fn binary(
    cursor: &mut Cursor<'_>,
    op: Spanned<ArithmeticOp>,
    left: ScalarAst,
    right: ScalarAst,
) -> Parsed<ScalarAst> {
    cursor.count()?;
    Ok(ScalarAst::Binary {
        op,
        left: Box::new(left),
        right: Box::new(right),
    })
}

fn signed(cursor: &mut Cursor<'_>) -> Parsed<ScalarAst> {
    if !cursor.is("-") {
        return operand(cursor);
    }
    let sign = cursor.span();
    cursor.advance();
    cursor.count()?;
    let value = cursor.nested(signed)?;
    let span = sign.to(value.span());
    Ok(ScalarAst::Neg {
        value: Box::new(value),
        span,
    })
}

fn operand(cursor: &mut Cursor<'_>) -> Parsed<ScalarAst> {
    cursor.count()?;
    let span = cursor.span();
    let ast = match cursor.kind(0) {
        Kind::Symbol("(") => return parenthesised(cursor),
        Kind::Word(_) if cursor.is_ahead(1, "(") => return call(cursor),
        Kind::Word(word) if word.eq_ignore_ascii_case("null") => ScalarAst::Null(span),
        Kind::Word(word) if word.eq_ignore_ascii_case("true") => ScalarAst::Bool(Spanned::new(true, span)),
        Kind::Word(word) if word.eq_ignore_ascii_case("false") => ScalarAst::Bool(Spanned::new(false, span)),
        Kind::Number(number) => ScalarAst::Number(Spanned::new(number.clone(), span)),
        Kind::Text(text) => ScalarAst::Text(Spanned::new(text.clone(), span)),
        Kind::Hole(index) => ScalarAst::Hole(Spanned::new(*index, span)),
        Kind::Word(_) | Kind::Quoted(_) => return cursor.name().map(ScalarAst::Column),
        _ => return Err(cursor.unexpected("a value")),
    };
    cursor.advance();
    Ok(ast)
}

pub(crate) fn parenthesised(cursor: &mut Cursor<'_>) -> Parsed<ScalarAst> {
    cursor.expect("(")?;
    let inner = cursor.nested(scalar)?;
    cursor.expect(")")?;
    Ok(inner)
}

fn call(cursor: &mut Cursor<'_>) -> Parsed<ScalarAst> {
    let start = cursor.span();
    if cursor.is_word(0, "now") {
        cursor.advance();
        cursor.advance();
        cursor.expect(")")?;
        return Ok(ScalarAst::Now(start.to(cursor.last_span())));
    }
    if !cursor.is_word(0, "coalesce") {
        let fault = Fault::new("unknown function", start, "not known here");
        return Err(fault.help("the functions here are `now()` and `coalesce(…)`"));
    }
    cursor.advance();
    cursor.advance();
    let mut args = Vec::new();
    loop {
        args.push(cursor.nested(scalar)?);
        if !cursor.take(",") {
            break;
        }
    }
    cursor.expect(")")?;
    let span = start.to(cursor.last_span());
    Ok(ScalarAst::Coalesce { args, span })
}

/// A quoted text that reads as a duration; others stay texts.
fn duration(cursor: &mut Cursor<'_>) -> Option<ScalarAst> {
    let Kind::Text(text) = cursor.kind(0) else {
        return None;
    };
    let duration = Spanned::new(parse_duration(text)?, cursor.span());
    cursor.advance();
    Some(ScalarAst::Duration(duration))
}
