//! `ALTER TABLE`, `ALTER INDEX`, `ALTER TYPE`.
//!
//! Role: each action of an `ALTER TABLE` becomes a statement of its own.
//! Output: [`DdlStatement`]s.
//! Invariant: statements come in the order their actions are written.
//! Not here: whether the table exists.

use super::ast::{ColumnChange, Ddl, DdlStatement, Name};
use super::constraint::{starts_constraint, table_constraint};
use super::create_table::{column_def, generated};
use super::cursor::{Cursor, Parsed};
use super::expr_parser::{Place, expression};
use super::types::type_name;

/// Reads what follows `ALTER TABLE`.
pub(crate) fn alter_table(cursor: &mut Cursor<'_>) -> Parsed<Vec<DdlStatement>> {
    let start = cursor.mark().saturating_sub(2);
    // A table that does not exist is reported all the same: it is most likely misspelled.
    cursor.eat_words(&["if", "exists"]);
    cursor.eat_word("only");
    let (schema, table) = cursor.qualified("the table's name")?;
    cursor.eat_symbol("*");
    if let Some(schema) = schema {
        cursor.skip_all();
        let ddl = Ddl::Other {
            keyword: format!("ALTER TABLE in the schema `{schema}`"),
        };
        return Ok(vec![DdlStatement {
            span: cursor.since(start),
            ddl,
        }]);
    }
    let mut statements = Vec::new();
    loop {
        let mark = cursor.mark();
        let ddl = action(cursor, &table)?;
        statements.push(DdlStatement {
            span: cursor.since(mark),
            ddl,
        });
        if !cursor.eat_symbol(",") {
            return Ok(statements);
        }
    }
}

fn action(cursor: &mut Cursor<'_>, table: &Name) -> Parsed<Ddl> {
    match cursor.word() {
        Some("add") => {
            cursor.bump();
            add(cursor, table.clone())
        }
        Some("drop") => {
            cursor.bump();
            drop(cursor, table.clone())
        }
        Some("rename") => {
            cursor.bump();
            rename(cursor, table.clone())
        }
        Some("alter") => {
            cursor.bump();
            cursor.eat_word("column");
            let column = cursor.name("a column")?;
            alter_column(cursor, table.clone(), column)
        }
        Some("owner" | "validate" | "cluster" | "replica" | "reset") => Ok(skip(cursor, Ddl::Nothing)),
        Some("set") if !cursor.is_word_at(1, "schema") => Ok(skip(cursor, Ddl::Nothing)),
        Some(word) => {
            let keyword = format!("ALTER TABLE … {}", word.to_uppercase());
            Ok(skip(cursor, Ddl::Other { keyword }))
        }
        None => Err(cursor.expected("`ADD`, `DROP`, `ALTER` or `RENAME`")),
    }
}

fn skip(cursor: &mut Cursor<'_>, ddl: Ddl) -> Ddl {
    cursor.skip_until(|cursor| cursor.is_symbol(","));
    ddl
}

fn add(cursor: &mut Cursor<'_>, table: Name) -> Parsed<Ddl> {
    if starts_constraint(cursor) {
        let constraint = Box::new(table_constraint(cursor)?);
        return Ok(Ddl::AddConstraint { table, constraint });
    }
    cursor.eat_word("column");
    let if_not_exists = cursor.eat_words(&["if", "not", "exists"]);
    let column = Box::new(column_def(cursor)?);
    Ok(Ddl::AddColumn {
        table,
        column,
        if_not_exists,
    })
}

fn drop(cursor: &mut Cursor<'_>, table: Name) -> Parsed<Ddl> {
    let constraint = cursor.eat_word("constraint");
    if !constraint {
        cursor.eat_word("column");
    }
    let if_exists = cursor.eat_words(&["if", "exists"]);
    let name = cursor.name(if constraint { "a constraint" } else { "a column" })?;
    let cascade = cascade(cursor);
    Ok(if constraint {
        Ddl::DropConstraint {
            table,
            constraint: name,
            if_exists,
        }
    } else {
        Ddl::DropColumn {
            table,
            column: name,
            if_exists,
            cascade,
        }
    })
}

/// `CASCADE` or `RESTRICT`; true for the first.
pub(crate) fn cascade(cursor: &mut Cursor<'_>) -> bool {
    let cascade = cursor.eat_word("cascade");
    if !cascade {
        cursor.eat_word("restrict");
    }
    cascade
}

fn rename(cursor: &mut Cursor<'_>, table: Name) -> Parsed<Ddl> {
    if cursor.eat_word("to") {
        return Ok(Ddl::RenameTable {
            table,
            to: cursor.name("the new name")?,
        });
    }
    let constraint = cursor.eat_word("constraint");
    if !constraint {
        cursor.eat_word("column");
    }
    let name = cursor.name("the old name")?;
    cursor.expect_word("to")?;
    let to = cursor.name("the new name")?;
    Ok(if constraint {
        Ddl::RenameConstraint {
            table,
            constraint: name,
            to,
        }
    } else {
        Ddl::RenameColumn {
            table,
            column: name,
            to,
        }
    })
}

fn alter_column(cursor: &mut Cursor<'_>, table: Name, column: Name) -> Parsed<Ddl> {
    let change = if cursor.eat_words(&["set", "default"]) {
        ColumnChange::SetDefault(expression(cursor, Place::Open)?)
    } else if cursor.eat_words(&["drop", "default"]) {
        ColumnChange::DropDefault
    } else if cursor.eat_words(&["set", "not", "null"]) {
        ColumnChange::SetNotNull
    } else if cursor.eat_words(&["drop", "not", "null"]) {
        ColumnChange::DropNotNull
    } else if cursor.eat_words(&["set", "data", "type"]) || cursor.eat_word("type") {
        set_type(cursor)?
    } else if cursor.eat_word("add") {
        ColumnChange::Generated(Some(generated(cursor)?))
    } else if cursor.eat_words(&["drop", "identity"]) || cursor.eat_words(&["drop", "expression"]) {
        cursor.eat_words(&["if", "exists"]);
        ColumnChange::Generated(None)
    } else if cursor.is_word("set") || cursor.is_word("reset") {
        // Statistics, storage, compression.
        return Ok(skip(cursor, Ddl::Nothing));
    } else {
        return Err(cursor.expected("`SET`, `DROP` or `TYPE`"));
    };
    Ok(Ddl::AlterColumn {
        table,
        column,
        change: Box::new(change),
    })
}

fn set_type(cursor: &mut Cursor<'_>) -> Parsed<ColumnChange> {
    let ty = type_name(cursor)?;
    if cursor.eat_word("collate") {
        cursor.qualified("a collation")?;
    }
    let using = if cursor.eat_word("using") {
        Some(expression(cursor, Place::Open)?)
    } else {
        None
    };
    Ok(ColumnChange::SetType { ty, using })
}

/// Reads what follows `ALTER INDEX`.
pub(crate) fn alter_index(cursor: &mut Cursor<'_>) -> Parsed<Ddl> {
    let if_exists = cursor.eat_words(&["if", "exists"]);
    let (_, index) = cursor.qualified("the index's name")?;
    if cursor.eat_words(&["rename", "to"]) {
        return Ok(Ddl::RenameIndex {
            index,
            to: cursor.name("the new name")?,
            if_exists,
        });
    }
    cursor.skip_all();
    Ok(Ddl::Nothing)
}

/// Reads what follows `ALTER TYPE`.
pub(crate) fn alter_type(cursor: &mut Cursor<'_>) -> Parsed<Ddl> {
    let (schema, name) = cursor.qualified("the type's name")?;
    if schema.is_some() || !cursor.eat_words(&["add", "value"]) {
        cursor.skip_all();
        return Ok(Ddl::Other {
            keyword: "ALTER TYPE".to_owned(),
        });
    }
    let if_not_exists = cursor.eat_words(&["if", "not", "exists"]);
    let label = cursor.text("a label in quotes")?;
    let before = cursor.eat_word("before");
    let neighbour = if before || cursor.eat_word("after") {
        Some((before, cursor.text("a label in quotes")?))
    } else {
        None
    };
    Ok(Ddl::AddEnumLabel {
        name,
        label,
        if_not_exists,
        neighbour,
    })
}
