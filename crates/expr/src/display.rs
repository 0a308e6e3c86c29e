//! Programs in a form that people can read, for `backflow plan`.
//!
//! Invariant: the text depends on the program alone; slots show as `$3`, all else as an author would write it.
//! Not here: which path a slot stands for; the plan lists that.

use crate::ast::Key;
use crate::code::{Code, Piece, Program, Slot};
use crate::value::Value;
use std::fmt::{self, Display, Formatter, Write};

/// A text as a literal of the language.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_char('\'')?;
        for c in self.0.chars() {
            match c {
                '\'' | '\\' => write!(f, "\\{c}")?,
                '\n' => f.write_str("\\n")?,
                '\r' => f.write_str("\\r")?,
                '\t' => f.write_str("\\t")?,
                c if c.is_control() => write!(f, "\\u{:04x}", u32::from(c))?,
                c => f.write_char(c)?,
            }
        }
        f.write_char('\'')
    }
}

impl Display for Slot {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "${}", self.0)
    }
}

impl Display for Program {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        code(&self.code, 0, f)
    }
}

/// Binds tighter than every operator between operands.
const TIGHT: u8 = 7;

/// Writes code; in parentheses if it binds less tightly than `around`.
fn code(code_: &Code, around: u8, f: &mut Formatter<'_>) -> fmt::Result {
    match code_ {
        Code::Constant(value) => constant(value, f),
        Code::Load { slot, keys, .. } => {
            write!(f, "{slot}")?;
            list_keys(keys, f)
        }
        Code::Access(base, keys) => {
            code(base, TIGHT, f)?;
            list_keys(keys, f)
        }
        Code::Not(operand) => {
            f.write_char('!')?;
            code(operand, TIGHT, f)
        }
        Code::Negate(operand) => {
            f.write_char('-')?;
            code(operand, TIGHT, f)
        }
        Code::Binary(op, left, right) => parenthesised(around > op.precedence(), f, |f| {
            code(left, op.precedence(), f)?;
            write!(f, " {} ", op.symbol())?;
            code(right, op.precedence() + 1, f)
        }),
        Code::Choice(parts) => parenthesised(around > 0, f, |f| {
            let [condition, then, otherwise] = parts.as_ref();
            code(condition, 1, f)?;
            f.write_str(" ? ")?;
            code(then, 0, f)?;
            f.write_str(" : ")?;
            code(otherwise, 0, f)
        }),
        Code::Call(function, arguments) => call(function.name(), arguments, f),
        Code::Shift(time, duration) => {
            f.write_str("dateAdd(")?;
            code(time, 0, f)?;
            write!(f, ", '{duration}')")
        }
        Code::Format(time, pattern) => {
            f.write_str("formatDate(")?;
            code(time, 0, f)?;
            write!(f, ", {})", Quoted(pattern.source()))
        }
        Code::Text(pieces) => text(pieces, f),
    }
}

fn parenthesised(
    wanted: bool,
    f: &mut Formatter<'_>,
    inside: impl FnOnce(&mut Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    if !wanted {
        return inside(f);
    }
    f.write_char('(')?;
    inside(f)?;
    f.write_char(')')
}

fn constant(value: &Value, f: &mut Formatter<'_>) -> fmt::Result {
    match value {
        Value::Undefined => f.write_str("undefined"),
        Value::Text(text) => write!(f, "{}", Quoted(text)),
        Value::Time(_) => write!(f, "{}", Quoted(&value.hole_text().unwrap_or_default())),
        other => f.write_str(&other.to_json()),
    }
}

fn list_keys(keys: &[Key], f: &mut Formatter<'_>) -> fmt::Result {
    keys.iter().try_for_each(|key| write!(f, "{key}"))
}

fn call(name: &str, arguments: &[Code], f: &mut Formatter<'_>) -> fmt::Result {
    write!(f, "{name}(")?;
    for (n, argument) in arguments.iter().enumerate() {
        if n > 0 {
            f.write_str(", ")?;
        }
        code(argument, 0, f)?;
    }
    f.write_char(')')
}

fn text(pieces: &[Piece], f: &mut Formatter<'_>) -> fmt::Result {
    f.write_char('"')?;
    for piece in pieces {
        match piece {
            Piece::Literal(text) => write!(f, "{}", text.escape_debug())?,
            Piece::Hole(hole) => {
                f.write_str("{{")?;
                code(hole, 0, f)?;
                f.write_str("}}")?;
            }
        }
    }
    f.write_char('"')
}
