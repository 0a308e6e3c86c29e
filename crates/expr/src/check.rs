//! Which kinds the operators take.
//!
//! Role: the type of an operation, or the fault when it can never work.
//! Invariant: what may work at run time is let through; unknown kinds and null always are.
//! Not here: running; see `operators`.

use crate::ast::BinaryOp;
use crate::code::Code;
use crate::compile::Compiled;
use crate::date::moment;
use crate::types::{Kind, Type};
use crate::value::Value;
use backflow_diag::{Diagnostic, Span, codes};

type Checked<T> = Result<T, Box<Diagnostic>>;

/// Two compiled operands and their places.
pub(crate) struct Operands<'a> {
    pub(crate) left: &'a Compiled,
    pub(crate) right: &'a Compiled,
    pub(crate) spans: (Span, Span),
    pub(crate) whole: Span,
}

impl Operands<'_> {
    fn kinds(&self) -> (&Kind, &Kind) {
        (&self.left.ty.kind, &self.right.ty.kind)
    }

    fn fault(&self, op: BinaryOp) -> Diagnostic {
        let (a, b) = self.kinds();
        let message = format!("`{}` cannot work on {a} and {b}", op.symbol());
        Diagnostic::new(codes::TYPE_MISMATCH, message)
            .at(self.whole, "")
            .at(self.spans.0, format!("{a}"))
            .at(self.spans.1, format!("{b}"))
    }

    /// A text known now that is compared with an instant but is none.
    fn no_time(&self) -> Option<Box<Diagnostic>> {
        let check = |time: &Compiled, text: &Compiled, span: Span| {
            let wrong = time.ty.kind == Kind::Time
                && matches!(&text.code, Code::Constant(value @ Value::Text(_)) if moment(value).is_none());
            wrong.then(|| {
                let fault = Diagnostic::new(
                    codes::TYPE_MISMATCH,
                    "a time is compared with a text that is none",
                );
                Box::new(
                    fault
                        .at(span, "")
                        .help("write it as `'2026-11-23'` or `'2026-11-23T18:10:15Z'`"),
                )
            })
        };
        check(self.left, self.right, self.spans.1).or_else(|| check(self.right, self.left, self.spans.0))
    }
}

/// Checks a minus before an operand.
pub(crate) fn negation(ty: &Type, span: Span) -> Checked<()> {
    if ty.kind.is_numeric() || matches!(ty.kind, Kind::Unknown | Kind::Null) {
        return Ok(());
    }
    let fault = Diagnostic::new(codes::TYPE_MISMATCH, format!("`-` cannot work on {}", ty.kind)).at(span, "");
    Err(Box::new(fault))
}

/// The type of an operation.
pub(crate) fn binary(op: BinaryOp, operands: &Operands<'_>) -> Checked<Type> {
    let (a, b) = (&operands.left.ty, &operands.right.ty);
    let kind = match op {
        BinaryOp::Equal | BinaryOp::NotEqual => {
            operands.no_time().map_or(Ok(()), Err)?;
            Kind::Bool
        }
        BinaryOp::Less | BinaryOp::LessOrEqual | BinaryOp::Greater | BinaryOp::GreaterOrEqual => {
            ordered(op, operands)?;
            Kind::Bool
        }
        _ => calculated(op, operands)?,
    };
    let calculates = kind != Kind::Bool;
    let mut ty = Type::new(kind).tainted_by(a).tainted_by(b);
    ty.optional = calculates && (a.optional || b.optional);
    ty.nullable = calculates && (a.nullable || b.nullable);
    Ok(ty)
}

fn ordered(op: BinaryOp, operands: &Operands<'_>) -> Checked<()> {
    operands.no_time().map_or(Ok(()), Err)?;
    let has_order = |kind: &Kind| !matches!(kind, Kind::Bool | Kind::List(_) | Kind::Object(_));
    let (a, b) = operands.kinds();
    let fits = match (a, b) {
        (Kind::Unknown | Kind::Null, other) | (other, Kind::Unknown | Kind::Null) => has_order(other),
        (a, b) if a.is_numeric() => b.is_numeric(),
        (Kind::Text | Kind::Time, Kind::Text | Kind::Time) => true,
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let fault = operands.fault(op);
    Err(Box::new(match (a, b) {
        (Kind::List(_), _) | (_, Kind::List(_)) => fault.help("compare the list's `.length`"),
        _ => with_conversion(fault, a, b),
    }))
}

fn with_conversion(fault: Diagnostic, a: &Kind, b: &Kind) -> Diagnostic {
    match (a, b) {
        (Kind::Text, n) | (n, Kind::Text) if n.is_numeric() => {
            fault.help("convert one side: `number(text)` or `string(number)`")
        }
        _ => fault,
    }
}

fn calculated(op: BinaryOp, operands: &Operands<'_>) -> Checked<Kind> {
    let (a, b) = operands.kinds();
    let open = |kind: &Kind| matches!(kind, Kind::Unknown | Kind::Null);
    let joins = op == BinaryOp::Add;
    let fits = |kind: &Kind| open(kind) || kind.is_numeric() || (joins && *kind == Kind::Text);
    let mixed = matches!((a, b), (Kind::Text, n) | (n, Kind::Text) if n.is_numeric());
    if fits(a) && fits(b) && !mixed {
        return Ok(match (a, b) {
            (Kind::Text, _) | (_, Kind::Text) => Kind::Text,
            (Kind::Integer, Kind::Integer) if op != BinaryOp::Div => Kind::Integer,
            (a, b) if joins && open(a) && open(b) => Kind::Unknown,
            _ => Kind::Number,
        });
    }
    let fault = operands.fault(op);
    Err(Box::new(match (a, b) {
        (Kind::Time, _) | (_, Kind::Time) => {
            fault.help("move a time with `dateAdd(time, '7d')` or `dateSub(time, '7d')`")
        }
        _ => with_conversion(fault, a, b),
    }))
}

/// The warning for an equality between kinds that are never equal.
pub(crate) fn never_equal(op: BinaryOp, operands: &Operands<'_>) -> Option<Diagnostic> {
    if !matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) {
        return None;
    }
    let (a, b) = operands.kinds();
    let may_be_equal = match (a, b) {
        (Kind::Unknown | Kind::Null, _) | (_, Kind::Unknown | Kind::Null) => true,
        (Kind::Text | Kind::Time, Kind::Text | Kind::Time) => true,
        (Kind::List(_), Kind::List(_)) | (Kind::Object(_), Kind::Object(_)) => true,
        (a, b) => a == b || (a.is_numeric() && b.is_numeric()),
    };
    if may_be_equal {
        return None;
    }
    let always = if op == BinaryOp::Equal { "never" } else { "always" };
    let message = format!("`{}` compares {a} with {b}, which is {always} true", op.symbol());
    let warning = Diagnostic::new(codes::ALWAYS_TRUE, message)
        .at(operands.whole, "")
        .note("equality is strict: values of different kinds are different");
    Some(with_conversion(warning, a, b))
}
