//! What is known of a value at check time.
//!
//! Role: [`Type`] travels with every compiled expression; the checks on secrets and tenants read its flags.
//! Invariant: what is not known is `Unknown`, `optional` and `nullable`; a flag, once set, is never lost by
//! an operator or a function.
//! Not here: the types of columns; see the catalog.

use crate::value::Value;
use std::fmt;
use std::sync::Arc;

/// The kind of a value that is neither undefined nor null.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Anything.
    Unknown,
    /// Nothing but null or undefined.
    Null,
    /// A truth value.
    Bool,
    /// A whole number.
    Integer,
    /// A number.
    Number,
    /// Text.
    Text,
    /// An instant.
    Time,
    /// A list of items of one type.
    List(Box<Type>),
    /// An object; `None` when its members are not known.
    Object(Option<Arc<Vec<(String, Type)>>>),
}

impl Kind {
    /// Whether this is a number, whole or not.
    #[must_use]
    pub fn is_numeric(&self) -> bool {
        matches!(self, Kind::Integer | Kind::Number)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Unknown => "unknown",
            Kind::Null => "null",
            Kind::Bool => "boolean",
            Kind::Integer => "integer",
            Kind::Number => "number",
            Kind::Text => "text",
            Kind::Time => "time",
            Kind::List(_) => "list",
            Kind::Object(_) => "object",
        })
    }
}

/// The type of an expression, with what must be known about where its value comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Type {
    /// The kind of the value when there is one.
    pub kind: Kind,
    /// May be undefined.
    pub optional: bool,
    /// May be null.
    pub nullable: bool,
    /// Text from a URL or header: it may become a uuid, a number or a date.
    pub wire: bool,
    /// Derived from a secret.
    pub secret: bool,
    /// Derived from what the caller sent.
    pub caller: bool,
}

impl Type {
    /// A type without any flag.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            optional: false,
            nullable: false,
            wire: false,
            secret: false,
            caller: false,
        }
    }

    /// Anything, possibly absent or null.
    #[must_use]
    pub fn unknown() -> Self {
        Self::new(Kind::Unknown).optional().nullable()
    }

    /// An object with known members.
    #[must_use]
    pub fn object(members: Vec<(String, Type)>) -> Self {
        Self::new(Kind::Object(Some(Arc::new(members))))
    }

    /// A list.
    #[must_use]
    pub fn list(item: Type) -> Self {
        Self::new(Kind::List(Box::new(item)))
    }

    /// May be undefined.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// May be null.
    #[must_use]
    pub fn nullable(mut self) -> Self {
        self.nullable = true;
        self
    }

    /// Comes from a URL or header.
    #[must_use]
    pub fn wire(mut self) -> Self {
        self.wire = true;
        self
    }

    /// Is secret.
    #[must_use]
    pub fn secret(mut self) -> Self {
        self.secret = true;
        self
    }

    /// Comes from the caller.
    #[must_use]
    pub fn caller(mut self) -> Self {
        self.caller = true;
        self
    }

    /// The type of a value that is known.
    #[must_use]
    pub fn of(value: &Value) -> Self {
        match value {
            Value::Undefined => Self::new(Kind::Null).optional(),
            Value::Null => Self::new(Kind::Null).nullable(),
            Value::Bool(_) => Self::new(Kind::Bool),
            Value::Number(number) if number.as_i64().is_some() => Self::new(Kind::Integer),
            Value::Number(_) => Self::new(Kind::Number),
            Value::Text(_) => Self::new(Kind::Text),
            Value::Time(_) => Self::new(Kind::Time),
            Value::List(items) => {
                let mut items = items.iter().map(Type::of);
                let first = items.next().unwrap_or_else(Type::unknown);
                Self::list(items.fold(first, |all, item| all.either(&item)))
            }
            Value::Object(members) => Self::object(
                members
                    .iter()
                    .map(|(name, value)| (name.to_string(), Type::of(value)))
                    .collect(),
            ),
        }
    }

    /// Takes over where another value came from: `secret` and `caller`.
    #[must_use]
    pub(crate) fn tainted_by(mut self, other: &Type) -> Self {
        self.secret |= other.secret;
        self.caller |= other.caller;
        self
    }

    /// The type of a value that has one of two types.
    #[must_use]
    pub fn either(&self, other: &Type) -> Type {
        Type {
            kind: join(&self.kind, &other.kind),
            optional: self.optional || other.optional,
            nullable: self.nullable || other.nullable,
            wire: self.wire && other.wire,
            secret: self.secret || other.secret,
            caller: self.caller || other.caller,
        }
    }

    /// May be undefined or null.
    #[must_use]
    pub(crate) fn maybe_nothing(&self) -> bool {
        self.optional || self.nullable
    }

    /// Whether every value of this type is true in a condition: lists, objects and instants that are always
    /// there.
    #[must_use]
    pub(crate) fn always_true(&self) -> bool {
        matches!(self.kind, Kind::List(_) | Kind::Object(_) | Kind::Time) && !self.maybe_nothing()
    }
}

fn join(a: &Kind, b: &Kind) -> Kind {
    match (a, b) {
        (Kind::Null, other) | (other, Kind::Null) => other.clone(),
        (Kind::List(a), Kind::List(b)) => Kind::List(Box::new(a.either(b))),
        (a, b) if a == b => a.clone(),
        (a, b) if a.is_numeric() && b.is_numeric() => Kind::Number,
        (Kind::Object(_), Kind::Object(_)) => Kind::Object(None),
        _ => Kind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_keeps_what_both_have_and_every_taint() {
        let a = Type::new(Kind::Integer).wire().secret();
        let b = Type::new(Kind::Number).nullable().caller();
        let both = a.either(&b);
        assert_eq!(both, Type::new(Kind::Number).nullable().secret().caller());
        assert_eq!(a.either(&Type::new(Kind::Text)).kind, Kind::Unknown);
        assert_eq!(a.either(&Type::of(&Value::Null)).kind, Kind::Integer);
    }

    #[test]
    fn types_of_values() {
        assert_eq!(
            Type::of(&Value::list([1.into(), Value::Null])),
            Type::list(Type::new(Kind::Integer).nullable())
        );
        assert_eq!(Type::of(&Value::list([])), Type::list(Type::unknown()));
    }
}
