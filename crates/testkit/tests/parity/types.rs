//! Types of columns, as far as both databases have them.
//!
//! Invariant: the operators listed for a type are those that the documentation promises for it.
//! Not here: values of a type; see `values`.

use crate::rng::Rng;

/// A type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ty {
    Bool,
    Int2,
    Int4,
    Int8,
    Float4,
    Float8,
    Numeric(Option<(usize, usize)>),
    Text,
    Varchar(usize),
    Char(usize),
    Uuid,
    Date,
    Time,
    Timestamp,
    TimestampTz,
    Json,
    Jsonb,
    Bytea,
    /// A name and its labels.
    Enum(&'static str, &'static [&'static str]),
    Array(Box<Ty>),
}

/// Labels, among them some that sort otherwise as text, and some that need quoting.
pub(crate) const ENUMS: &[(&str, &[&str])] = &[
    ("level", &["low", "mid", "high"]),
    ("Mood", &["sad", "it's", "Ünder", "", "a\"b", "sad "]),
];

impl Ty {
    /// Any type.
    pub(crate) fn any(rng: &mut Rng) -> Self {
        let scalar = Self::scalar(rng);
        if rng.chance(10) {
            let items = [
                Self::Text,
                Self::Int4,
                Self::Uuid,
                Self::Numeric(None),
                Self::Bool,
                Self::TimestampTz,
            ];
            let item = if rng.chance(70) {
                rng.of_list(&items).clone()
            } else {
                scalar
            };
            return Self::Array(Box::new(item));
        }
        scalar
    }

    fn scalar(rng: &mut Rng) -> Self {
        match rng.below(46) {
            0..3 => Self::Bool,
            3..5 => Self::Int2,
            5..9 => Self::Int4,
            9..12 => Self::Int8,
            12 => Self::Float4,
            13..16 => Self::Float8,
            16..18 => Self::Numeric(None),
            18..21 => Self::Numeric(Some(*rng.of_list(&[
                (10, 2),
                (5, 0),
                (3, 3),
                (38, 10),
                (1, 0),
                (12, 4),
            ]))),
            21..27 => Self::Text,
            27..29 => Self::Varchar(*rng.of_list(&[1, 3, 10, 255])),
            29 => Self::Char(*rng.of_list(&[1, 4])),
            30..32 => Self::Uuid,
            32..34 => Self::Date,
            34 => Self::Time,
            35 => Self::Timestamp,
            36..39 => Self::TimestampTz,
            39 => Self::Json,
            40..43 => Self::Jsonb,
            43 => Self::Bytea,
            _ => {
                let (name, labels) = *rng.of_list(ENUMS);
                Self::Enum(name, labels)
            }
        }
    }

    /// As a migration says it.
    pub(crate) fn sql(&self) -> String {
        match self {
            Self::Bool => "BOOLEAN".to_owned(),
            Self::Int2 => "SMALLINT".to_owned(),
            Self::Int4 => "INTEGER".to_owned(),
            Self::Int8 => "BIGINT".to_owned(),
            Self::Float4 => "REAL".to_owned(),
            Self::Float8 => "DOUBLE PRECISION".to_owned(),
            Self::Numeric(None) => "NUMERIC".to_owned(),
            Self::Numeric(Some((precision, scale))) => format!("NUMERIC({precision}, {scale})"),
            Self::Text => "TEXT".to_owned(),
            Self::Varchar(length) => format!("VARCHAR({length})"),
            Self::Char(length) => format!("CHAR({length})"),
            Self::Uuid => "UUID".to_owned(),
            Self::Date => "DATE".to_owned(),
            Self::Time => "TIME".to_owned(),
            Self::Timestamp => "TIMESTAMP".to_owned(),
            Self::TimestampTz => "TIMESTAMPTZ".to_owned(),
            Self::Json => "JSON".to_owned(),
            Self::Jsonb => "JSONB".to_owned(),
            Self::Bytea => "BYTEA".to_owned(),
            Self::Enum(name, _) => format!("\"{name}\""),
            Self::Array(item) => format!("{}[]", item.sql()),
        }
    }

    pub(crate) fn is_integer(&self) -> bool {
        matches!(self, Self::Int2 | Self::Int4 | Self::Int8)
    }

    pub(crate) fn is_number(&self) -> bool {
        self.is_integer() || matches!(self, Self::Float4 | Self::Float8 | Self::Numeric(_))
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::Varchar(_) | Self::Char(_))
    }

    pub(crate) fn is_json(&self) -> bool {
        matches!(self, Self::Json | Self::Jsonb)
    }

    pub(crate) fn is_moment(&self) -> bool {
        matches!(
            self,
            Self::Date | Self::Time | Self::Timestamp | Self::TimestampTz
        )
    }

    /// Whether a unique key over it is one on both databases.
    pub(crate) fn is_key(&self) -> bool {
        !self.is_unequal()
    }

    /// `json`, and lists of it, have no equality and no order.
    pub(crate) fn is_unequal(&self) -> bool {
        match self {
            Self::Array(item) => item.is_unequal(),
            ty => *ty == Self::Json,
        }
    }

    /// Operators that make sense for it.
    pub(crate) fn operators(&self) -> &'static [&'static str] {
        match self {
            ty if ty.is_unequal() => &["is"],
            Self::Jsonb => &[
                "eq",
                "neq",
                "in",
                "is",
                "cs",
                "cd",
                "isdistinct",
                "gt",
                "gte",
                "lt",
                "lte",
            ],
            Self::Array(_) => &[
                "eq",
                "neq",
                "is",
                "gt",
                "lte",
                "in",
                "cs",
                "contains",
                "cd",
                "containedBy",
                "ov",
                "overlaps",
                "isdistinct",
            ],
            Self::Bool => &["eq", "neq", "is", "is", "in", "isdistinct"],
            ty if ty.is_text() => &[
                "eq",
                "neq",
                "gt",
                "gte",
                "lt",
                "lte",
                "in",
                "is",
                "like",
                "like",
                "ilike",
                "ilike",
                "isdistinct",
            ],
            _ => &["eq", "neq", "gt", "gte", "lt", "lte", "in", "is", "isdistinct"],
        }
    }
}

/// Every operator of both databases, whatever the type.
pub(crate) const OPERATORS: &[&str] = &[
    "eq",
    "neq",
    "gt",
    "gte",
    "lt",
    "lte",
    "like",
    "ilike",
    "is",
    "isdistinct",
    "in",
    "cs",
    "cd",
    "ov",
];

/// What a select may cast to.
pub(crate) const CASTS: &[&str] = &[
    "text",
    "int2",
    "int4",
    "int8",
    "numeric",
    "float8",
    "bool",
    "uuid",
    "date",
    "timestamptz",
    "jsonb",
];

impl Ty {
    /// What both databases cast it to.
    pub(crate) fn casts(&self) -> &'static [&'static str] {
        match self {
            Self::Int4 => &[
                "text", "int2", "integer", "bigint", "numeric", "float8", "boolean",
            ],
            ty if ty.is_number() => &["text", "int2", "integer", "bigint", "numeric", "float8"],
            Self::Bool => &["text", "integer"],
            ty if ty.is_text() => &["text", "int4", "int8", "numeric", "float8", "bool"],
            Self::Date => &["text", "timestamptz"],
            Self::Timestamp => &["text", "date", "timestamptz"],
            Self::TimestampTz => &["text", "date"],
            _ => &["text"],
        }
    }
}
