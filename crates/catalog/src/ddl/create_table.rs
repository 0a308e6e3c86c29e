//! `CREATE TABLE` and column declarations.
//!
//! Role: reads columns and constraints; a part that cannot be read is reported and left out, the rest is kept.
//! Output: [`CreateTable`], [`ColumnDef`].
//! Invariant: constraints written at a column end up in the statement's list, after those before it.
//! Not here: `ALTER TABLE`.

use super::ast::{ColumnDef, CreateTable, Ddl, Generated, Name};
use super::constraint::{column_constraint, starts_constraint, storage, table_constraint};
use super::cursor::{Cursor, Parsed};
use super::expr_parser::{Place, expression};
use super::types::{is_serial, type_name};

/// Reads what follows `CREATE [UNLOGGED] TABLE`.
pub(crate) fn create_table(cursor: &mut Cursor<'_>) -> Parsed<Ddl> {
    let if_not_exists = cursor.eat_words(&["if", "not", "exists"]);
    let (schema, table) = cursor.qualified("the table's name")?;
    if let Some(schema) = schema {
        cursor.skip_all();
        return Ok(Ddl::Other {
            keyword: format!("CREATE TABLE in the schema `{schema}`"),
        });
    }
    if let Some(word @ ("as" | "partition" | "of" | "with")) = cursor.word() {
        cursor.skip_all();
        return Ok(Ddl::Other {
            keyword: format!("CREATE TABLE … {}", word.to_uppercase()),
        });
    }
    cursor.expect_symbol("(")?;
    let mut create = CreateTable {
        table,
        if_not_exists,
        columns: Vec::new(),
        constraints: Vec::new(),
        incomplete: false,
    };
    while !cursor.is_symbol(")") {
        if cursor.eat_word("like") {
            cursor.skip_all();
            return Ok(Ddl::Other {
                keyword: "CREATE TABLE … (LIKE …)".to_owned(),
            });
        }
        if let Err(fault) = element(cursor, &mut create) {
            create.incomplete = true;
            cursor.faults.push(fault);
            cursor.skip_until(|cursor| cursor.is_symbol(","));
        }
        if !cursor.eat_symbol(",") {
            break;
        }
        if cursor.is_symbol(")") {
            create.incomplete = true;
            cursor
                .faults
                .push(cursor.expected("a column or constraint after the comma"));
        }
    }
    if create.incomplete && cursor.done() {
        // The closing parenthesis was lost with the part that could not be read.
        return Err(None);
    }
    cursor.expect_symbol(")")?;
    trailer(cursor, create)
}

fn element(cursor: &mut Cursor<'_>, create: &mut CreateTable) -> Parsed<()> {
    if starts_constraint(cursor) {
        create.constraints.push(table_constraint(cursor)?);
    } else {
        let mut column = column_def(cursor)?;
        create.constraints.append(&mut column.constraints);
        create.columns.push(column);
    }
    let next = cursor.is_symbol(",") || cursor.is_symbol(")") || cursor.done();
    if next {
        Ok(())
    } else {
        Err(cursor.expected("`,` or `)`"))
    }
}

/// What may follow the closing parenthesis.
fn trailer(cursor: &mut Cursor<'_>, create: CreateTable) -> Parsed<Ddl> {
    if let Some(word @ ("inherits" | "partition")) = cursor.word() {
        cursor.skip_all();
        return Ok(Ddl::Other {
            keyword: format!("CREATE TABLE … {}", word.to_uppercase()),
        });
    }
    storage(cursor)?;
    if cursor.eat_word("tablespace") {
        cursor.name("a tablespace")?;
    }
    Ok(Ddl::CreateTable(create))
}

/// Reads a column's declaration; its keys and checks are in its `constraints`.
pub(crate) fn column_def(cursor: &mut Cursor<'_>) -> Parsed<ColumnDef> {
    let mark = cursor.mark();
    let name = cursor.name("a column or constraint")?;
    let ty = type_name(cursor)?;
    let serial = is_serial(&ty);
    let mut column = ColumnDef {
        name,
        ty,
        not_null: serial,
        default: None,
        generated: serial.then_some(Generated::Serial),
        collate: None,
        constraints: Vec::new(),
        span: cursor.since(mark),
    };
    while column_part(cursor, &mut column)? {}
    column.span = cursor.since(mark);
    Ok(column)
}

/// Reads one clause of a column; false when none follows.
fn column_part(cursor: &mut Cursor<'_>, column: &mut ColumnDef) -> Parsed<bool> {
    let name: Name = column.name.clone();
    if let Some(constraint) = column_constraint(cursor, &name)? {
        column.constraints.push(constraint);
        return Ok(true);
    }
    if cursor.eat_words(&["not", "null"]) {
        column.not_null = true;
        return Ok(true);
    }
    let Some(word) = cursor.word() else {
        return Ok(false);
    };
    match word {
        "null" => cursor.bump(),
        "default" => {
            cursor.bump();
            column.default = Some(expression(cursor, Place::Default)?);
        }
        "collate" => {
            cursor.bump();
            column.collate = Some(cursor.qualified("a collation")?.1);
        }
        "generated" => {
            let generated = generated(cursor)?;
            column.not_null |= matches!(generated, Generated::Identity { .. });
            column.generated = Some(generated);
        }
        "compression" | "storage" => {
            cursor.bump();
            cursor.bump();
        }
        _ => return Ok(false),
    }
    Ok(true)
}

/// `GENERATED ALWAYS AS (…) STORED`, `GENERATED { ALWAYS | BY DEFAULT } AS IDENTITY [(…)]`
pub(crate) fn generated(cursor: &mut Cursor<'_>) -> Parsed<Generated> {
    cursor.expect_word("generated")?;
    let always = cursor.eat_word("always");
    if !always {
        cursor.expect_word("by")?;
        cursor.expect_word("default")?;
    }
    cursor.expect_word("as")?;
    if cursor.eat_word("identity") {
        if cursor.eat_symbol("(") {
            cursor.skip_until(|_| false);
            cursor.expect_symbol(")")?;
        }
        return Ok(Generated::Identity { always });
    }
    cursor.expect_symbol("(")?;
    let value = expression(cursor, Place::Open)?;
    cursor.expect_symbol(")")?;
    cursor.expect_word("stored")?;
    Ok(Generated::Stored(value))
}
