//! Operands: literals, paths, calls, groups.
//!
//! Role: the part of the parser below the operators.
//! Invariant: a path's keys are all known at check time; only functions can be called.
//! Not here: operators; see `parser`.

use crate::ast::{Expr, Key, Node, Path};
use crate::lexer::Token;
use crate::parser::{Parsed, Parser, Reported, describe};
use crate::value::Value;
use backflow_diag::{Span, Spanned, codes};

impl Parser<'_> {
    /// An operand and the keys after it.
    pub(crate) fn postfix(&mut self) -> Parsed {
        let base = self.primary()?;
        let mut keys = Vec::new();
        loop {
            if self.eat(".") {
                keys.push(self.name_key()?);
            } else if self.eat("[") {
                keys.push(self.bracket_key()?);
            } else if matches!(self.peek(), Some(Token::Mark("("))) {
                return Err(
                    self.fault(codes::EXPR_SYNTAX, "only functions can be called", |d| {
                        d.note("values have no methods")
                            .help("functions stand before their arguments: `lower(a.b)`, `split(a.b, ',')`")
                    }),
                );
            } else {
                break;
            }
        }
        let Some(last) = keys.last() else {
            return Ok(base);
        };
        let span = base.expr.span.to(last.span);
        match base.expr.node {
            Node::Path(mut path) => {
                path.keys.extend(keys);
                self.tree(Node::Path(path), span, base.depth)
            }
            node => {
                let inner = Expr {
                    node,
                    span: base.expr.span,
                };
                self.tree(Node::Access(Box::new(inner), keys), span, base.depth + 1)
            }
        }
    }

    fn name_key(&mut self) -> Result<Spanned<Key>, Reported> {
        let span = self.here();
        match self.peek() {
            Some(Token::Name(name)) => {
                self.at += 1;
                Ok(Spanned::new(Key::name(name.as_str()), span))
            }
            Some(Token::Number(_)) => Err(self.fault(
                codes::EXPR_SYNTAX,
                "a name cannot start with a digit",
                |d| d.help("write `[0]` for an item of a list, `['0']` for a member of that name"),
            )),
            _ => Err(self.fault(codes::EXPR_SYNTAX, "a name is missing after the dot", |d| d)),
        }
    }

    fn bracket_key(&mut self) -> Result<Spanned<Key>, Reported> {
        let span = self.here();
        let key = match self.peek() {
            Some(Token::Text(name)) => Some(Key::name(name.as_str())),
            Some(Token::Number(number)) => number
                .as_i64()
                .and_then(|index| usize::try_from(index).ok())
                .map(Key::Index),
            _ => None,
        };
        let Some(key) = key else {
            return Err(self.fault(
                codes::EXPR_SYNTAX,
                "only a number or a text can stand in brackets",
                |d| {
                    d.note("what is read must be known at check time")
                        .help("write `a[0]` or `a['name']`")
                },
            ));
        };
        self.at += 1;
        self.expect("]", "after the key")?;
        Ok(Spanned::new(key, span))
    }

    fn primary(&mut self) -> Parsed {
        let span = self.here();
        match self.peek() {
            Some(Token::Number(number)) => self.literal(Value::Number(number.clone()), span),
            Some(Token::Text(text)) => self.literal(Value::text(text.as_str()), span),
            Some(Token::Env(name)) => {
                self.at += 1;
                let keys = vec![Spanned::new(Key::name(name.as_str()), span)];
                let root = Spanned::new("env".to_owned(), span);
                self.tree(Node::Path(Path { root, keys }), span, 1)
            }
            Some(Token::Name(name)) => self.word(name, span),
            Some(Token::Mark("(")) => self.group(")", "to close the parenthesis"),
            Some(Token::Mark("{{")) => self.group("}}", "to close the hole"),
            Some(Token::Mark("[")) => Err(self.fault(
                codes::EXPR_SYNTAX,
                "a list cannot be written here",
                |d| d.help("write the list in JSON, with a template for each item"),
            )),
            Some(token) => {
                let message = format!("expected a value, found {}", describe(token));
                Err(self.fault(codes::EXPR_SYNTAX, message, |d| d))
            }
            None if self.at == 0 => Err(self.fault(codes::EXPR_SYNTAX, "the expression is empty", |d| d)),
            None => Err(self.fault(codes::EXPR_SYNTAX, "a value is missing at the end", |d| d)),
        }
    }

    fn literal(&mut self, value: Value, span: Span) -> Parsed {
        self.at += 1;
        self.tree(Node::Literal(value), span, 1)
    }

    fn group(&mut self, close: &str, to: &str) -> Parsed {
        self.at += 1;
        let inner = self.choice()?;
        self.expect(close, to)?;
        Ok(inner)
    }

    fn word(&mut self, name: &str, span: Span) -> Parsed {
        match name {
            "true" => return self.literal(Value::Bool(true), span),
            "false" => return self.literal(Value::Bool(false), span),
            "null" => return self.literal(Value::Null, span),
            "undefined" => {
                return Err(
                    self.fault(codes::EXPR_SYNTAX, "`undefined` cannot be written", |d| {
                        d.help("`(a.b ?? null) === null` asks whether a value is null or missing")
                    }),
                );
            }
            _ => self.at += 1,
        }
        let word = Spanned::new(name.to_owned(), span);
        if self.eat("(") {
            return self.call(word);
        }
        let path = Path {
            root: word,
            keys: Vec::new(),
        };
        self.tree(Node::Path(path), span, 1)
    }

    fn call(&mut self, name: Spanned<String>) -> Parsed {
        let mut arguments = Vec::new();
        let mut depth = 0;
        if !matches!(self.peek(), Some(Token::Mark(")"))) {
            loop {
                let argument = self.choice()?;
                depth = depth.max(argument.depth);
                arguments.push(argument.expr);
                if !self.eat(",") {
                    break;
                }
            }
        }
        let span = name.span.to(self.here());
        self.expect(")", "after the arguments")?;
        self.tree(Node::Call(name, arguments), span, depth + 1)
    }
}
