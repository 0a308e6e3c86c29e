//! Compiled programs.
//!
//! Role: [`Program`], what the planner inspects and the engine runs.
//! Input: made by `compile`. Output: facts about the program; running is in `run`.
//! Invariant: a program's type holds for every value it gives; names are gone, only slots are left.
//! Not here: text; see `display`.

use crate::ast::{BinaryOp, Key};
use crate::date::Duration;
use crate::functions::Function;
use crate::pattern::Pattern;
use crate::types::Type;
use crate::value::Value;
use std::fmt;
use std::sync::Arc;

/// A place of the frame that a program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// What a program may ask of the world.
pub trait Host {
    /// The instant of this request; what is finer than a microsecond is dropped.
    fn now(&self) -> jiff::Timestamp;
    /// A fresh random uuid in lower case.
    fn uuid(&mut self) -> String;
}

/// Why a program has no value for this request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    /// What is wrong. Names paths and kinds, never values, so that callers may see it.
    pub message: String,
    /// The path whose value does not fit, if one can be named.
    pub path: Option<String>,
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EvalError {}

/// The instructions of a program, as a tree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Code {
    Constant(Value),
    /// A slot and what lies under it; `path` is what the author wrote.
    Load {
        slot: Slot,
        keys: Box<[Key]>,
        path: Arc<str>,
    },
    Access(Box<Code>, Box<[Key]>),
    Not(Box<Code>),
    Negate(Box<Code>),
    Binary(BinaryOp, Box<Code>, Box<Code>),
    Choice(Box<[Code; 3]>),
    Call(Function, Box<[Code]>),
    /// `dateAdd` with a duration known at check time.
    Shift(Box<Code>, Duration),
    /// `formatDate` with a pattern known at check time.
    Format(Box<Code>, Arc<Pattern>),
    /// A text with holes.
    Text(Box<[Piece]>),
}

/// A part of a text with holes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Piece {
    Literal(Box<str>),
    Hole(Code),
}

impl Code {
    pub(crate) fn as_constant(&self) -> Option<&Value> {
        match self {
            Code::Constant(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn children(&self) -> Vec<&Code> {
        match self {
            Code::Constant(_) | Code::Load { .. } => Vec::new(),
            Code::Access(inner, _)
            | Code::Not(inner)
            | Code::Negate(inner)
            | Code::Shift(inner, _)
            | Code::Format(inner, _) => vec![inner],
            Code::Binary(_, left, right) => vec![left, right],
            Code::Choice(parts) => parts.iter().collect(),
            Code::Call(_, arguments) => arguments.iter().collect(),
            Code::Text(pieces) => pieces
                .iter()
                .filter_map(|piece| match piece {
                    Piece::Hole(code) => Some(code),
                    Piece::Literal(_) => None,
                })
                .collect(),
        }
    }

    /// Every part, this one first.
    pub(crate) fn walk(&self) -> Vec<&Code> {
        let mut found = Vec::new();
        let mut open = vec![self];
        while let Some(code) = open.pop() {
            found.push(code);
            open.extend(code.children().into_iter().rev());
        }
        found
    }

    /// The first path that is read.
    pub(crate) fn first_path(&self) -> Option<&str> {
        self.walk().into_iter().find_map(|code| match code {
            Code::Load { path, .. } => Some(path.as_ref()),
            _ => None,
        })
    }
}

/// A compiled template or expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    pub(crate) code: Arc<Code>,
    pub(crate) ty: Type,
}

impl Program {
    /// A program that always gives this value.
    #[must_use]
    pub fn constant(value: Value) -> Program {
        Program {
            ty: Type::of(&value),
            code: Arc::new(Code::Constant(value)),
        }
    }

    /// The program that gives what is in a slot.
    #[must_use]
    pub fn slot(slot: Slot, ty: Type, path: &str) -> Program {
        Program {
            code: Arc::new(Code::Load {
                slot,
                keys: Box::default(),
                path: path.into(),
            }),
            ty,
        }
    }

    /// The type of its value.
    #[must_use]
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// The path that the program reads as it is, if it does nothing else: what a refusal can name.
    #[must_use]
    pub fn as_path(&self) -> Option<&str> {
        match self.code.as_ref() {
            Code::Load { path, .. } => Some(path),
            _ => None,
        }
    }

    /// The slot whose value the program gives as it is, if it does nothing else.
    #[must_use]
    pub fn as_slot(&self) -> Option<Slot> {
        match self.code.as_ref() {
            Code::Load { slot, keys, .. } if keys.is_empty() => Some(*slot),
            _ => None,
        }
    }

    /// The value, if it is known at check time.
    #[must_use]
    pub fn as_constant(&self) -> Option<&Value> {
        self.code.as_constant()
    }

    /// What it is in a condition, if that is known at check time: constants, and lists, objects and instants
    /// that are always there.
    #[must_use]
    pub fn always(&self) -> Option<bool> {
        match self.as_constant() {
            Some(value) => Some(value.truthy()),
            None => self.ty.always_true().then_some(true),
        }
    }

    /// Every slot it may read, each once, ascending.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + use<> {
        let mut slots: Vec<Slot> = self
            .code
            .walk()
            .into_iter()
            .filter_map(|code| match code {
                Code::Load { slot, .. } => Some(*slot),
                _ => None,
            })
            .collect();
        slots.sort_unstable();
        slots.dedup();
        slots.into_iter()
    }

    /// Whether it calls a function; calls that were folded into a constant do not count.
    #[must_use]
    pub fn calls(&self, name: &str) -> bool {
        self.code.walk().into_iter().any(|code| match code {
            Code::Call(function, _) => function.name() == name,
            Code::Shift(..) => name == "dateAdd",
            Code::Format(..) => name == "formatDate",
            _ => false,
        })
    }
}
