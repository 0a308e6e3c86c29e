//! The operands of expressions: constants, columns, calls, `CASE`, `CAST`, `ARRAY`, parentheses.
//!
//! Role: the part of the expression reader that starts an expression.
//! Invariant: a call's name carries no schema that every project has (`public`, `pg_catalog`, `extensions`).
//! Not here: operators; see `expr_parser`.

use super::expr::{ExprKind, Literal, SqlExpr, UnaryOp};
use super::expr_parser::{ExprParser, Place, Read, Stop};
use super::lexer::TokenKind;
use super::types::type_name;
use super::words::{is_name_in_expression, is_reserved};

/// Reads what an expression starts with.
pub(crate) fn prefix(parser: &mut ExprParser<'_, '_>) -> Read<SqlExpr> {
    let mark = parser.cursor.mark();
    let literal = |literal| ExprKind::Literal(literal);
    let kind = match parser.cursor.peek() {
        Some(TokenKind::Number(digits)) => literal(Literal::Number(digits.clone())),
        Some(TokenKind::Text(text)) => literal(Literal::Text(text.clone())),
        Some(TokenKind::Quoted(_)) => return column(parser, mark),
        Some(TokenKind::Word(word)) => return word_operand(parser, mark, word),
        Some(TokenKind::Symbol(symbol)) => match symbol.as_str() {
            "(" => return group(parser),
            "-" => {
                parser.cursor.bump();
                return parser.sign(mark, UnaryOp::Minus);
            }
            "+" => {
                parser.cursor.bump();
                return parser.sign(mark, UnaryOp::Plus);
            }
            _ => return Err(parser.unexpected()),
        },
        _ => return Err(parser.unexpected()),
    };
    parser.cursor.bump();
    parser.node(mark, kind)
}

fn group(parser: &mut ExprParser<'_, '_>) -> Read<SqlExpr> {
    parser.cursor.expect_symbol("(")?;
    let expr = parser.inner()?;
    if parser.cursor.is_symbol(",") {
        // A row of values.
        return Err(Stop::Unknown);
    }
    if !parser.cursor.eat_symbol(")") {
        return Err(parser.unexpected());
    }
    Ok(expr)
}

fn word_operand(parser: &mut ExprParser<'_, '_>, mark: usize, word: &str) -> Read<SqlExpr> {
    let constant = match word {
        "null" => Some(Literal::Null),
        "true" => Some(Literal::Bool(true)),
        "false" => Some(Literal::Bool(false)),
        _ => None,
    };
    if let Some(literal) = constant {
        parser.cursor.bump();
        return parser.node(mark, ExprKind::Literal(literal));
    }
    match word {
        "not" if parser.place == Place::Default => Err(Stop::Wrong(parser.cursor.expected("a value"))),
        "not" => {
            parser.cursor.bump();
            parser.not(mark)
        }
        "case" => case(parser, mark),
        "cast" if parser.cursor.is_symbol_at(1, "(") => cast(parser, mark),
        "array" if parser.cursor.is_symbol_at(1, "[") => {
            parser.cursor.bump();
            parser.cursor.bump();
            let items = parser.list("]")?;
            parser.node(mark, ExprKind::Array(items))
        }
        "current_timestamp" | "current_date" | "current_time" | "localtimestamp" | "localtime" => {
            parser.cursor.bump();
            // A precision, as in `CURRENT_TIMESTAMP(3)`.
            if parser.cursor.eat_symbol("(") {
                parser.list(")")?;
            }
            parser.node(
                mark,
                ExprKind::Call {
                    name: word.to_owned(),
                    args: Vec::new(),
                },
            )
        }
        _ if is_reserved(word) && !is_name_in_expression(word) => Err(parser.unexpected()),
        _ => column(parser, mark),
    }
}

/// A column, a call, or a typed constant such as `date '2026-01-01'`.
fn column(parser: &mut ExprParser<'_, '_>, mark: usize) -> Read<SqlExpr> {
    let cursor = &mut *parser.cursor;
    let reserved = cursor.reserved.len();
    let first = cursor.name("a column")?;
    if let Some(TokenKind::Text(text)) = cursor.peek() {
        let (text, here) = (text.clone(), cursor.here());
        cursor.rewind(mark);
        cursor.reserved.truncate(reserved);
        let ty = type_name(parser.cursor)?;
        parser.cursor.bump();
        let literal = SqlExpr {
            span: here,
            kind: ExprKind::Literal(Literal::Text(text)),
        };
        return parser.node(mark, ExprKind::Cast(Box::new(literal), ty));
    }
    let mut path = vec![first.value];
    while cursor.eat_symbol(".") {
        path.push(cursor.name("a column")?.value);
    }
    let name = path.pop().unwrap_or_default();
    if !cursor.eat_symbol("(") {
        // `table.column`: the only table here is the statement's own.
        return parser.node(mark, ExprKind::Column(name));
    }
    cursor.reserved.truncate(reserved);
    let common = |schema: &String| matches!(schema.as_str(), "public" | "pg_catalog" | "extensions");
    if !path.iter().all(common) || cursor.is_symbol("*") || cursor.is_word("distinct") {
        return Err(Stop::Unknown);
    }
    let args = parser.list(")")?;
    parser.node(mark, ExprKind::Call { name, args })
}

fn cast(parser: &mut ExprParser<'_, '_>, mark: usize) -> Read<SqlExpr> {
    parser.cursor.bump();
    parser.cursor.expect_symbol("(")?;
    let arg = parser.inner()?;
    parser.cursor.expect_word("as")?;
    let ty = type_name(parser.cursor)?;
    parser.cursor.expect_symbol(")")?;
    parser.node(mark, ExprKind::Cast(Box::new(arg), ty))
}

fn case(parser: &mut ExprParser<'_, '_>, mark: usize) -> Read<SqlExpr> {
    parser.cursor.bump();
    let operand = if parser.cursor.is_word("when") {
        None
    } else {
        Some(Box::new(parser.inner()?))
    };
    let mut branches = Vec::new();
    while parser.cursor.eat_word("when") {
        let when = parser.inner()?;
        parser.cursor.expect_word("then")?;
        branches.push((when, parser.inner()?));
    }
    let otherwise = if parser.cursor.eat_word("else") {
        Some(Box::new(parser.inner()?))
    } else {
        None
    };
    parser.cursor.expect_word("end")?;
    parser.node(
        mark,
        ExprKind::Case {
            operand,
            branches,
            otherwise,
        },
    )
}

/// What stands before `COLLATE`; collations other than that by code point are not modelled.
pub(crate) fn collated(parser: &mut ExprParser<'_, '_>, mark: usize, arg: SqlExpr) -> Read<SqlExpr> {
    match parser.cursor.qualified("a collation")?.1.value.as_str() {
        "C" | "POSIX" | "ucs_basic" => parser.node(mark, ExprKind::Collate(Box::new(arg))),
        _ => Err(Stop::Unknown),
    }
}
