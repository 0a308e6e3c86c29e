//! Type names.
//!
//! Role: every spelling PostgreSQL knows for its own types, to one short name, and on to [`ColumnType`].
//! Invariant: a name that is not known here is kept; it may be an enum or belong to an extension.
//! Not here: what a type is called on SQLite.

use super::ast::TypeName;
use super::cursor::{Cursor, Parsed};
use super::lexer::TokenKind;
use crate::model::{ColumnType, EnumId, EnumType};

/// Spellings and the short name they stand for.
const SYNONYMS: &[(&str, &str)] = &[
    ("boolean", "bool"),
    ("smallint", "int2"),
    ("integer", "int4"),
    ("int", "int4"),
    ("bigint", "int8"),
    ("smallserial", "serial2"),
    ("serial", "serial4"),
    ("bigserial", "serial8"),
    ("real", "float4"),
    ("decimal", "numeric"),
    ("dec", "numeric"),
    ("character", "bpchar"),
    ("char", "bpchar"),
    ("nchar", "bpchar"),
];

/// Names of types that are known without any migration.
pub const BUILT_IN: &[&str] = &[
    "bool",
    "boolean",
    "int2",
    "smallint",
    "int4",
    "integer",
    "int8",
    "bigint",
    "serial",
    "bigserial",
    "smallserial",
    "float4",
    "real",
    "float8",
    "numeric",
    "decimal",
    "text",
    "varchar",
    "char",
    "uuid",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "interval",
    "json",
    "jsonb",
    "bytea",
];

/// Reads a type.
pub(crate) fn type_name(cursor: &mut Cursor<'_>) -> Parsed<TypeName> {
    let mark = cursor.mark();
    let quoted = matches!(cursor.peek(), Some(TokenKind::Quoted(_)));
    let first = cursor.name("a type")?;
    // A reserved word is no type; `name` noted it as a name that needs quotes.
    if !quoted && cursor.reserved.last() == Some(&first.span) {
        cursor.reserved.pop();
        cursor.rewind(mark);
        return Err(cursor.expected("a type"));
    }
    let mut name = first.value;
    let mut plain = quoted;
    if cursor.eat_symbol(".") {
        plain |= name != "pg_catalog";
        let rest = cursor.name("a type")?.value;
        name = if name == "public" || name == "pg_catalog" {
            rest
        } else {
            format!("{name}.{rest}")
        };
    }
    let mut args = Vec::new();
    if !plain {
        name = built_in(cursor, &name, &mut args)?;
    }
    if args.is_empty() {
        args = arguments(cursor)?;
    }
    if name == "float" {
        let short = args.first().is_some_and(|bits| *bits <= 24);
        name = if short { "float4" } else { "float8" }.to_owned();
        args.clear();
    }
    let array = brackets(cursor)?;
    Ok(TypeName {
        name,
        args,
        array,
        span: cursor.since(mark),
    })
}

/// Finishes the types that take several words.
fn built_in(cursor: &mut Cursor<'_>, first: &str, args: &mut Vec<u32>) -> Parsed<String> {
    let name = match first {
        "double" => {
            cursor.expect_word("precision")?;
            "float8"
        }
        "national" if cursor.eat_word("character") || cursor.eat_word("char") => varying(cursor, "bpchar"),
        "character" | "char" | "nchar" => varying(cursor, "bpchar"),
        "bit" => {
            cursor.eat_word("varying");
            "bit"
        }
        "time" | "timestamp" => {
            *args = arguments(cursor)?;
            let zoned = cursor.eat_words(&["with", "time", "zone"]);
            if !zoned {
                cursor.eat_words(&["without", "time", "zone"]);
            }
            match (first, zoned) {
                ("time", false) => "time",
                ("time", true) => "timetz",
                (_, false) => "timestamp",
                (_, true) => "timestamptz",
            }
        }
        "interval" => {
            let field = |word| {
                matches!(
                    word,
                    "year" | "month" | "day" | "hour" | "minute" | "second" | "to"
                )
            };
            while cursor.word().is_some_and(field) {
                cursor.bump();
            }
            "interval"
        }
        other => SYNONYMS
            .iter()
            .find(|(long, _)| *long == other)
            .map_or(other, |(_, short)| short),
    };
    Ok(name.to_owned())
}

fn varying(cursor: &mut Cursor<'_>, otherwise: &'static str) -> &'static str {
    if cursor.eat_word("varying") {
        "varchar"
    } else {
        otherwise
    }
}

/// `(10)`, `(10, 2)` or nothing.
fn arguments(cursor: &mut Cursor<'_>) -> Parsed<Vec<u32>> {
    let mut args = Vec::new();
    if !cursor.eat_symbol("(") {
        return Ok(args);
    }
    loop {
        let number = match cursor.peek() {
            Some(TokenKind::Number(digits)) => digits.parse().ok(),
            _ => None,
        };
        let Some(number) = number else {
            return Err(cursor.expected("a whole number"));
        };
        args.push(number);
        cursor.bump();
        if !cursor.eat_symbol(",") {
            cursor.expect_symbol(")")?;
            return Ok(args);
        }
    }
}

/// `[]`, `[3]`, `[][]`, `ARRAY`, `ARRAY[3]`
fn brackets(cursor: &mut Cursor<'_>) -> Parsed<bool> {
    let mut array = cursor.eat_word("array");
    while cursor.eat_symbol("[") {
        array = true;
        if matches!(cursor.peek(), Some(TokenKind::Number(_))) {
            cursor.bump();
        }
        cursor.expect_symbol("]")?;
    }
    Ok(array)
}

/// The type behind a name; [`ColumnType::Other`] when only the database can know it.
pub(crate) fn resolve(ty: &TypeName, enums: &[EnumType]) -> ColumnType {
    let element = resolve_element(ty, enums);
    if ty.array {
        ColumnType::Array(Box::new(element))
    } else {
        element
    }
}

fn resolve_element(ty: &TypeName, enums: &[EnumType]) -> ColumnType {
    match (ty.name.as_str(), ty.args.as_slice()) {
        ("bool", _) => ColumnType::Bool,
        ("int2" | "serial2", _) => ColumnType::Int2,
        ("int4" | "serial4", _) => ColumnType::Int4,
        ("int8" | "serial8", _) => ColumnType::Int8,
        ("float4", _) => ColumnType::Float4,
        ("float8", _) => ColumnType::Float8,
        ("numeric", []) => ColumnType::Numeric(None),
        ("numeric", [precision, rest @ ..]) => {
            let small = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
            ColumnType::Numeric(Some((
                small(*precision),
                small(rest.first().copied().unwrap_or(0)),
            )))
        }
        ("text", _) | ("varchar", []) => ColumnType::Text,
        ("varchar", [length, ..]) => ColumnType::Varchar(*length),
        ("bpchar", length) => ColumnType::Char(length.first().copied().unwrap_or(1)),
        ("uuid", _) => ColumnType::Uuid,
        ("date", _) => ColumnType::Date,
        ("time", _) => ColumnType::Time,
        ("timestamp", _) => ColumnType::Timestamp,
        ("timestamptz", _) => ColumnType::TimestampTz,
        ("interval", _) => ColumnType::Interval,
        ("json", _) => ColumnType::Json,
        ("jsonb", _) => ColumnType::Jsonb,
        ("bytea", _) => ColumnType::Bytea,
        (name, _) => match enums.iter().position(|known| known.name == name) {
            Some(index) => ColumnType::Enum(EnumId(u32::try_from(index).unwrap_or(u32::MAX))),
            None => ColumnType::Other(name.to_owned()),
        },
    }
}

/// Whether the name stands for a sequence of its own.
pub(crate) fn is_serial(ty: &TypeName) -> bool {
    matches!(ty.name.as_str(), "serial2" | "serial4" | "serial8") && !ty.array
}
