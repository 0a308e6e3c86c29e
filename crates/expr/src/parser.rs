//! Tokens to expressions.
//!
//! Role: precedence climbing over the tokens of one hole or condition.
//! Invariant: nesting, tree depth and the number of nodes are bounded by [`crate::limits`]; the first syntax
//! fault of an expression ends it, since what follows would only echo it.
//! Not here: operands (`operands`); what names mean (`compile`).

use crate::ast::{BinaryOp, Expr, Node, UnaryOp};
use crate::lexer::Token;
use crate::limits;
use crate::value::Value;
use backflow_diag::{Code, Diagnostic, Diagnostics, Span, Text, codes};
use std::ops::Range;

/// A fault was reported.
pub(crate) struct Reported;

/// An expression with the depth of its tree.
pub(crate) struct Tree {
    pub(crate) expr: Expr,
    pub(crate) depth: usize,
}

pub(crate) type Parsed = Result<Tree, Reported>;

/// What one expression is parsed from.
pub(crate) struct Input<'a> {
    pub(crate) text: &'a Text,
    pub(crate) tokens: &'a [(Token, Range<usize>)],
    /// Where the expression ends.
    pub(crate) end: usize,
}

/// Parses all tokens as one expression. `nodes` counts over all holes of a text.
pub(crate) fn parse(
    input: &Input<'_>,
    nodes: &mut usize,
    diagnostics: &mut Diagnostics,
) -> Result<Expr, Reported> {
    let mut parser = Parser {
        input,
        at: 0,
        nesting: 0,
        nodes,
        diagnostics,
    };
    parser.refuse_secret_form()?;
    let tree = parser.choice()?;
    match parser.input.tokens.get(parser.at) {
        None => Ok(tree.expr),
        Some((token, _)) => {
            let help = match token {
                Token::Name(word) if word == "and" => "the operator is `&&`",
                Token::Name(word) if word == "or" => "the operator is `||`",
                Token::Mark("}}") => "this `}}` has no `{{`",
                Token::Mark(")") => "this `)` has no `(`",
                _ => "put an operator in between, such as `+`, `===` or `&&`",
            };
            let message = format!("{} does not continue the expression", describe(token));
            Err(parser.fault(codes::EXPR_SYNTAX, message, |d| d.help(help)))
        }
    }
}

pub(crate) fn describe(token: &Token) -> String {
    match token {
        Token::Name(name) => format!("`{name}`"),
        Token::Number(number) => format!("`{number}`"),
        Token::Text(_) => "this text".to_owned(),
        Token::Env(name) => format!("`${{{name}}}`"),
        Token::Mark(mark) => format!("`{mark}`"),
    }
}

fn binary_op(token: Option<&Token>) -> Option<BinaryOp> {
    let Some(Token::Mark(mark)) = token else {
        return None;
    };
    Some(match *mark {
        "||" => BinaryOp::Or,
        "&&" => BinaryOp::And,
        "??" => BinaryOp::Default,
        "===" | "==" => BinaryOp::Equal,
        "!==" | "!=" => BinaryOp::NotEqual,
        "<" => BinaryOp::Less,
        "<=" => BinaryOp::LessOrEqual,
        ">" => BinaryOp::Greater,
        ">=" => BinaryOp::GreaterOrEqual,
        "+" => BinaryOp::Add,
        "-" => BinaryOp::Sub,
        "*" => BinaryOp::Mul,
        "/" => BinaryOp::Div,
        "%" => BinaryOp::Rem,
        _ => return None,
    })
}

/// The parser; `at` is the next token.
pub(crate) struct Parser<'a> {
    input: &'a Input<'a>,
    pub(crate) at: usize,
    nesting: usize,
    nodes: &'a mut usize,
    diagnostics: &'a mut Diagnostics,
}

impl<'a> Parser<'a> {
    pub(crate) fn peek(&self) -> Option<&'a Token> {
        self.input.tokens.get(self.at).map(|(token, _)| token)
    }

    /// The place of the next token, or of the end.
    pub(crate) fn here(&self) -> Span {
        let range = match self.input.tokens.get(self.at) {
            Some((_, range)) => range.clone(),
            None => self.input.end..self.input.end,
        };
        self.input.text.map.span(range)
    }

    pub(crate) fn eat(&mut self, mark: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Mark(next)) if *next == mark);
        self.at += usize::from(found);
        found
    }

    pub(crate) fn fault(
        &mut self,
        code: &'static Code,
        message: impl Into<String>,
        shape: impl FnOnce(Diagnostic) -> Diagnostic,
    ) -> Reported {
        let diagnostic = Diagnostic::new(code, message).at(self.here(), "");
        self.diagnostics.push(shape(diagnostic));
        Reported
    }

    pub(crate) fn expect(&mut self, mark: &str, to: &str) -> Result<(), Reported> {
        if self.eat(mark) {
            return Ok(());
        }
        let message = match self.peek() {
            Some(token) => format!("expected `{mark}` {to}, found {}", describe(token)),
            None => format!("expected `{mark}` {to}"),
        };
        Err(self.fault(codes::EXPR_SYNTAX, message, |d| d))
    }

    fn too_large(&mut self, what: &str) -> Reported {
        self.fault(codes::EXPR_TOO_LARGE, format!("this expression {what}"), |d| {
            d.help("move part of it into a query, a step or a constant")
        })
    }

    fn enter(&mut self) -> Result<(), Reported> {
        self.nesting += 1;
        if self.nesting > limits::NESTING {
            return Err(self.too_large(&format!("is nested deeper than {}", limits::NESTING)));
        }
        Ok(())
    }

    pub(crate) fn tree(&mut self, node: Node, span: Span, depth: usize) -> Parsed {
        *self.nodes += 1;
        if *self.nodes > limits::NODES {
            return Err(self.too_large(&format!("has more than {} parts", limits::NODES)));
        }
        if depth > limits::TREE_DEPTH {
            return Err(self.too_large(&format!("chains more than {} operators", limits::TREE_DEPTH)));
        }
        Ok(Tree {
            expr: Expr { node, span },
            depth,
        })
    }

    fn refuse_secret_form(&mut self) -> Result<(), Reported> {
        match self.input.tokens {
            [(Token::Name(word), _), (Token::Mark(":"), _), ..] if word == "secret" => {
                Err(self.fault(codes::EXPR_SYNTAX, "`secret:` is not available", |d| {
                    d.note("there is no store of secrets beside the environment")
                        .help("put the secret into the environment and write `{{env.NAME}}`")
                }))
            }
            _ => Ok(()),
        }
    }

    /// `condition ? then : otherwise`, or less.
    pub(crate) fn choice(&mut self) -> Parsed {
        self.enter()?;
        let condition = self.binary(1)?;
        let tree = if self.eat("?") {
            let then = self.choice()?;
            self.expect(":", "between the two results of `?`")?;
            let otherwise = self.choice()?;
            let span = condition.expr.span.to(otherwise.expr.span);
            let depth = condition.depth.max(then.depth).max(otherwise.depth) + 1;
            let parts = Box::new([condition.expr, then.expr, otherwise.expr]);
            self.tree(Node::Choice(parts), span, depth)?
        } else {
            condition
        };
        self.nesting -= 1;
        Ok(tree)
    }

    fn binary(&mut self, lowest: u8) -> Parsed {
        let mut left = self.unary()?;
        let mut previous: Option<BinaryOp> = None;
        while let Some(op) = binary_op(self.peek()).filter(|op| op.precedence() >= lowest) {
            if let Some(previous) = previous.filter(|p| p.precedence() == op.precedence()) {
                self.refuse_mix(previous, op)?;
            }
            previous = Some(op);
            self.at += 1;
            let right = self.binary(op.precedence() + 1)?;
            let span = left.expr.span.to(right.expr.span);
            let depth = left.depth.max(right.depth) + 1;
            left = self.tree(
                Node::Binary(op, Box::new(left.expr), Box::new(right.expr)),
                span,
                depth,
            )?;
        }
        Ok(left)
    }

    /// Refuses what is legal to chain nowhere, or read differently by different people.
    fn refuse_mix(&mut self, previous: BinaryOp, op: BinaryOp) -> Result<(), Reported> {
        match op.precedence() {
            1 if previous != op => Err(self.fault(codes::EXPR_SYNTAX, "`||` and `??` are mixed", |d| {
                d.note("`||` replaces everything false, `??` only null and undefined")
                    .help("put parentheses around one of the two")
            })),
            3 | 4 => Err(
                self.fault(codes::EXPR_SYNTAX, "comparisons cannot be chained", |d| {
                    d.help("write `a < b && b < c`, or put parentheses around one comparison")
                }),
            ),
            _ => Ok(()),
        }
    }

    fn unary(&mut self) -> Parsed {
        let start = self.here();
        let op = match self.peek() {
            Some(Token::Mark("!")) => UnaryOp::Not,
            Some(Token::Mark("-")) => UnaryOp::Neg,
            _ => return self.postfix(),
        };
        self.at += 1;
        self.enter()?;
        let operand = self.unary()?;
        self.nesting -= 1;
        let span = start.to(operand.expr.span);
        if let (UnaryOp::Neg, Some(Value::Number(number))) = (op, operand.expr.as_literal())
            && let Ok(negative) = number.neg()
        {
            let node = Node::Literal(Value::Number(negative));
            return self.tree(node, span, operand.depth);
        }
        self.tree(Node::Unary(op, Box::new(operand.expr)), span, operand.depth + 1)
    }
}
