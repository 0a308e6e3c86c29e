//! `CREATE INDEX`.
//!
//! Output: [`CreateIndex`].
//! Invariant: an index has at least one part.
//! Not here: the name PostgreSQL would make up; see `apply`.

use super::ast::{CreateIndex, Ddl, IndexPart, Name};
use super::constraint::{nulls, storage};
use super::cursor::{Cursor, Parsed};
use super::expr_parser::{Place, expression};
use super::lexer::TokenKind;
use backflow_diag::Spanned;

/// Reads what follows `CREATE [UNIQUE] INDEX`.
pub(crate) fn create_index(cursor: &mut Cursor<'_>, unique: bool) -> Parsed<Ddl> {
    cursor.eat_word("concurrently");
    let if_not_exists = cursor.eat_words(&["if", "not", "exists"]);
    let name = if cursor.is_word("on") {
        None
    } else {
        Some(cursor.qualified("the index's name")?.1)
    };
    cursor.expect_word("on")?;
    cursor.eat_word("only");
    let (schema, table) = cursor.qualified("a table")?;
    if let Some(schema) = schema {
        cursor.skip_all();
        return Ok(Ddl::Other {
            keyword: format!("CREATE INDEX in the schema `{schema}`"),
        });
    }
    let method = method(cursor)?;
    cursor.expect_symbol("(")?;
    let mut parts = vec![part(cursor)?];
    while cursor.eat_symbol(",") {
        parts.push(part(cursor)?);
    }
    if !cursor.eat_symbol(")") {
        return Err(cursor.expected("`,` or `)`"));
    }
    if cursor.eat_word("include") {
        cursor.names()?;
    }
    let nulls_equal = nulls(cursor)?;
    storage(cursor)?;
    if cursor.eat_word("tablespace") {
        cursor.name("a tablespace")?;
    }
    let predicate = if cursor.eat_word("where") {
        Some(expression(cursor, Place::Open)?)
    } else {
        None
    };
    Ok(Ddl::CreateIndex(CreateIndex {
        name,
        table,
        if_not_exists,
        unique,
        nulls_equal,
        method,
        parts,
        predicate,
    }))
}

fn method(cursor: &mut Cursor<'_>) -> Parsed<Name> {
    let here = cursor.here();
    if cursor.eat_word("using") {
        cursor.name("an index method")
    } else {
        Ok(Spanned::new("btree".to_owned(), here))
    }
}

fn part(cursor: &mut Cursor<'_>) -> Parsed<IndexPart> {
    let value = expression(cursor, Place::Operand)?;
    let collate = if cursor.eat_word("collate") {
        Some(cursor.qualified("a collation")?.1)
    } else {
        None
    };
    operator_class(cursor)?;
    let descending = cursor.eat_word("desc");
    if !descending {
        cursor.eat_word("asc");
    }
    if cursor.eat_word("nulls") && !cursor.eat_word("first") {
        cursor.expect_word("last")?;
    }
    Ok(IndexPart {
        value,
        descending,
        collate,
    })
}

/// An operator class chooses how PostgreSQL searches; it does not change what is found.
fn operator_class(cursor: &mut Cursor<'_>) -> Parsed<()> {
    let class = match cursor.peek() {
        Some(TokenKind::Word(word)) => !matches!(word.as_str(), "asc" | "desc" | "nulls"),
        Some(TokenKind::Quoted(_)) => true,
        _ => false,
    };
    if class {
        cursor.qualified("an operator class")?;
        if cursor.eat_symbol("(") {
            cursor.skip_until(|_| false);
            cursor.expect_symbol(")")?;
        }
    }
    Ok(())
}
