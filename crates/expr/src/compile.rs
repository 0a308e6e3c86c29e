//! Expressions to programs.
//!
//! Role: resolves names, checks kinds, folds what is known.
//! Input: a template or expression and a [`Resolver`]. Output: a [`Program`], or faults; all operands are
//! checked even when one is at fault.
//! Invariant: a part whose operands are known at check time is run at check time, unless it is `uuid()` or
//! `now()`.
//! Not here: paths (`paths`), calls (`calls`), which kinds operators take (`check`).

use crate::ast::{BinaryOp, Expr, Key, Node, Path, UnaryOp};
use crate::check;
use crate::code::{Code, Host, Piece, Program, Slot};
use crate::paths;
use crate::run;
use crate::template::{Part, Template};
use crate::types::{Kind, Type};
use crate::value::Value;
use backflow_diag::{Code as FaultCode, Diagnostic, Diagnostics, Span, Spanned, codes};

/// Where the value of a path is found.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// The slot that holds the value, or one that it lies in.
    pub slot: Slot,
    /// How many keys of the path the slot covers; the others are read from its value.
    pub used: usize,
    /// The type of what is in the slot.
    pub ty: Type,
}

/// What knows the roots.
pub trait Resolver {
    /// Finds where the value of a path will be.
    ///
    /// A path that ends in `.length` is first asked for without it; if what is found is a text, a list or of
    /// unknown kind, that is the answer. A path with a hyphen that is not found is asked for up to the hyphen.
    ///
    /// # Errors
    /// The fault to report when root or field are not known here.
    #[allow(clippy::result_large_err, reason = "made once per fault, at check time")]
    fn resolve(&mut self, path: &Path) -> Result<Resolved, Diagnostic>;
}

impl Program {
    /// Compiles a template. A single hole keeps its value's kind; anything else gives text.
    pub fn compile_template(
        template: &Template,
        resolver: &mut dyn Resolver,
        diagnostics: &mut Diagnostics,
    ) -> Option<Program> {
        if let Some(expr) = template.single_hole() {
            return Program::compile_expr(expr, resolver, diagnostics);
        }
        let mut compiler = Compiler {
            resolver,
            diagnostics,
        };
        compiler.text(&template.parts).map(Compiled::into_program)
    }

    /// Compiles an expression.
    pub fn compile_expr(
        expr: &Expr,
        resolver: &mut dyn Resolver,
        diagnostics: &mut Diagnostics,
    ) -> Option<Program> {
        let mut compiler = Compiler {
            resolver,
            diagnostics,
        };
        compiler.expr(expr).map(Compiled::into_program)
    }
}

/// Code with its type.
pub(crate) struct Compiled {
    pub(crate) code: Code,
    pub(crate) ty: Type,
}

impl Compiled {
    pub(crate) fn constant(value: Value) -> Self {
        Self {
            ty: Type::of(&value),
            code: Code::Constant(value),
        }
    }

    fn into_program(self) -> Program {
        Program {
            code: self.code.into(),
            ty: self.ty,
        }
    }
}

pub(crate) struct Compiler<'a> {
    pub(crate) resolver: &'a mut dyn Resolver,
    pub(crate) diagnostics: &'a mut Diagnostics,
}

/// Nothing that is folded may ask the world.
struct Nowhere;

impl Host for Nowhere {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn uuid(&mut self) -> String {
        String::new()
    }
}

impl Compiler<'_> {
    pub(crate) fn expr(&mut self, expr: &Expr) -> Option<Compiled> {
        match &expr.node {
            Node::Literal(value) => Some(Compiled::constant(value.clone())),
            Node::Path(path) => match paths::load(self.resolver, path) {
                Ok(compiled) => Some(compiled),
                Err(fault) => self.refuse(fault),
            },
            Node::Access(base, keys) => self.access(base, keys, expr.span),
            Node::Call(name, arguments) => self.call(name, arguments, expr.span),
            Node::Unary(op, operand) => self.unary(*op, operand, expr.span),
            Node::Binary(op @ (BinaryOp::Or | BinaryOp::And | BinaryOp::Default), left, right) => {
                self.logical(*op, left, right)
            }
            Node::Binary(op, left, right) => self.binary(*op, left, right, expr.span),
            Node::Choice(parts) => self.choice(parts),
        }
    }

    pub(crate) fn refuse<T>(&mut self, fault: Diagnostic) -> Option<T> {
        self.diagnostics.push(fault);
        None
    }

    /// Runs code whose operands are all known.
    pub(crate) fn fold(
        &mut self,
        code: Code,
        ty: Type,
        span: Span,
        fault: &'static FaultCode,
    ) -> Option<Compiled> {
        let known = code.children().iter().all(|child| child.as_constant().is_some());
        if !known {
            return Some(Compiled { code, ty });
        }
        match run::run(&code, &[], &mut Nowhere) {
            Ok(value) => Some(Compiled::constant(value)),
            Err(error) => self.refuse(
                Diagnostic::new(fault, error.message)
                    .at(span, "")
                    .note("this is known already now, before any request"),
            ),
        }
    }

    fn text(&mut self, parts: &[Part]) -> Option<Compiled> {
        let mut pieces = Vec::new();
        let mut ty = Type::new(Kind::Text);
        let mut sound = true;
        for part in parts {
            match part {
                Part::Literal { text, .. } => pieces.push(Piece::Literal(text.as_str().into())),
                Part::Hole { expr, .. } => match self.hole(expr) {
                    Some(hole) => {
                        ty.optional |= hole.ty.optional;
                        ty = ty.tainted_by(&hole.ty);
                        pieces.push(Piece::Hole(hole.code));
                    }
                    None => sound = false,
                },
            }
        }
        let span = parts.iter().find_map(|part| match part {
            Part::Hole { expr, .. } => Some(expr.span),
            Part::Literal { .. } => None,
        });
        match (sound, span) {
            (false, _) => None,
            (true, Some(span)) => self.fold(Code::Text(pieces.into()), ty, span, codes::TYPE_MISMATCH),
            (true, None) => {
                let literal: String = pieces
                    .iter()
                    .map(|piece| match piece {
                        Piece::Literal(text) => text.as_ref(),
                        Piece::Hole(_) => "",
                    })
                    .collect();
                Some(Compiled::constant(Value::text(literal)))
            }
        }
    }

    fn hole(&mut self, expr: &Expr) -> Option<Compiled> {
        let hole = self.expr(expr)?;
        if hole.ty.kind == Kind::Null {
            return self.refuse(
                Diagnostic::new(codes::TYPE_MISMATCH, "null cannot become part of a text").at(expr.span, ""),
            );
        }
        Some(hole)
    }

    fn access(&mut self, base: &Expr, keys: &[Spanned<Key>], span: Span) -> Option<Compiled> {
        let base = self.expr(base)?;
        let ty = match paths::under(base.ty, keys) {
            Ok(ty) => ty,
            Err(fault) => return self.refuse(*fault),
        };
        let keys = keys.iter().map(|key| key.value.clone()).collect();
        let code = Code::Access(Box::new(base.code), keys);
        self.fold(code, ty, span, codes::TYPE_MISMATCH)
    }

    fn unary(&mut self, op: UnaryOp, operand: &Expr, span: Span) -> Option<Compiled> {
        let value = self.expr(operand)?;
        let (code, ty) = match op {
            UnaryOp::Not => {
                self.warn_if_always(&value, operand.span);
                let ty = Type::new(Kind::Bool).tainted_by(&value.ty);
                (Code::Not(Box::new(value.code)), ty)
            }
            UnaryOp::Neg => {
                if let Err(fault) = check::negation(&value.ty, operand.span) {
                    return self.refuse(*fault);
                }
                let ty = Type {
                    wire: false,
                    ..value.ty
                };
                (Code::Negate(Box::new(value.code)), ty)
            }
        };
        self.fold(code, ty, span, codes::TYPE_MISMATCH)
    }

    fn binary(&mut self, op: BinaryOp, left: &Expr, right: &Expr, span: Span) -> Option<Compiled> {
        let (a, b) = (self.expr(left), self.expr(right));
        let (a, b) = (a?, b?);
        let operands = check::Operands {
            left: &a,
            right: &b,
            spans: (left.span, right.span),
            whole: span,
        };
        let ty = match check::binary(op, &operands) {
            Ok(ty) => ty,
            Err(fault) => return self.refuse(*fault),
        };
        if let Some(warning) = check::never_equal(op, &operands) {
            self.diagnostics.push(warning);
        }
        let code = Code::Binary(op, Box::new(a.code), Box::new(b.code));
        self.fold(code, ty, span, codes::TYPE_MISMATCH)
    }

    /// `||`, `&&` and `??`, which give one of their operands.
    fn logical(&mut self, op: BinaryOp, left: &Expr, right: &Expr) -> Option<Compiled> {
        let (a, b) = (self.expr(left), self.expr(right));
        let (a, b) = (a?, b?);
        if op != BinaryOp::Default {
            self.warn_if_always(&a, left.span);
        }
        if let Some(value) = a.code.as_constant() {
            let first = match op {
                BinaryOp::Or => value.truthy(),
                BinaryOp::And => !value.truthy(),
                _ => !value.is_nothing(),
            };
            return Some(if first { a } else { b });
        }
        let mut ty = one_of(&a, &b);
        match op {
            BinaryOp::And if a.ty.always_true() => ty.kind = b.ty.kind.clone(),
            BinaryOp::And => {}
            _ if a.ty.maybe_nothing() || op == BinaryOp::Or => {
                ty.optional = b.ty.optional;
                ty.nullable = b.ty.nullable;
            }
            _ => {
                ty.optional = false;
                ty.nullable = false;
            }
        }
        let code = Code::Binary(op, Box::new(a.code), Box::new(b.code));
        Some(Compiled { code, ty })
    }

    fn choice(&mut self, parts: &[Expr; 3]) -> Option<Compiled> {
        let [condition, then, otherwise] = parts;
        let compiled = (self.expr(condition), self.expr(then), self.expr(otherwise));
        let (test, a, b) = (compiled.0?, compiled.1?, compiled.2?);
        self.warn_if_always(&test, condition.span);
        if let Some(value) = test.code.as_constant() {
            return Some(if value.truthy() { a } else { b });
        }
        let ty = one_of(&a, &b).tainted_by(&test.ty);
        let code = Code::Choice(Box::new([test.code, a.code, b.code]));
        Some(Compiled { code, ty })
    }

    fn warn_if_always(&mut self, operand: &Compiled, span: Span) {
        if !operand.ty.always_true() {
            return;
        }
        let kind = &operand.ty.kind;
        let message = format!("a {kind} that is always there is always true");
        let warning = Diagnostic::new(codes::ALWAYS_TRUE, message).at(span, format!("is a {kind}"));
        self.diagnostics.push(match kind {
            Kind::List(_) => warning
                .note("an empty list is true as well")
                .help("write `.length > 0` to ask whether it holds anything"),
            _ => warning,
        });
    }
}

/// The type of a value that is one of two.
pub(crate) fn one_of(a: &Compiled, b: &Compiled) -> Type {
    let mut ty = a.ty.either(&b.ty);
    // Author's constants and values that hold no text do not forbid converting the text beside them.
    let harmless = |side: &Compiled| {
        let holds_text = matches!(
            side.ty.kind,
            Kind::Text | Kind::Unknown | Kind::List(_) | Kind::Object(_)
        );
        side.ty.wire || side.code.as_constant().is_some() || !holds_text
    };
    ty.wire = (a.ty.wire || b.ty.wire) && harmless(a) && harmless(b);
    ty
}
