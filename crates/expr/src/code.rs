//! Skeleton.

use crate::types::Type;
use crate::value::Value;
use std::fmt;

/// A place of the frame that a program reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u32);

/// What a program may ask of the world.
pub trait Host {
    /// The instant of this request.
    fn now(&self) -> jiff::Timestamp;
    /// A fresh random uuid in lower case.
    fn uuid(&mut self) -> String;
}

/// Why a program has no value for this request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    /// What is wrong; holds no value and may be shown to callers.
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

/// A compiled template or expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Program {
    value: Value,
    ty: Type,
}

impl Program {
    /// A program that always gives this value.
    #[must_use]
    pub fn constant(value: Value) -> Program {
        Program {
            ty: Type::of(&value),
            value,
        }
    }

    /// The type of its value.
    #[must_use]
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// The slot, if the program is just one slot as it is.
    #[must_use]
    pub fn as_slot(&self) -> Option<Slot> {
        None
    }

    /// The value, if it is known.
    #[must_use]
    pub fn as_constant(&self) -> Option<&Value> {
        Some(&self.value)
    }

    /// What it is in a condition, if that is known: constants, lists, objects.
    #[must_use]
    pub fn always(&self) -> Option<bool> {
        None
    }

    /// Every slot it may read.
    pub fn slots(&self) -> impl Iterator<Item = Slot> {
        std::iter::empty()
    }

    /// Whether it calls a function.
    #[must_use]
    pub fn calls(&self, name: &str) -> bool {
        name.is_empty()
    }

    /// Runs it.
    ///
    /// # Errors
    /// When values do not fit what is done with them.
    pub fn run(&self, frame: &[Value], host: &mut dyn Host) -> Result<Value, EvalError> {
        let _ = (frame, host);
        Ok(self.value.clone())
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("?")
    }
}
