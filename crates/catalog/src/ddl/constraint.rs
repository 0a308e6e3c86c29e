//! Keys and checks, at a column or at the table.
//!
//! Role: the part of the parser shared by `CREATE TABLE` and `ALTER TABLE`.
//! Output: [`Constraint`].
//! Invariant: a key written at a column names exactly that column.
//! Not here: names that PostgreSQL would make up; see `apply`.

use super::ast::{Action, Constraint, ConstraintKind, Name, Reference};
use super::cursor::{Cursor, Parsed};
use super::expr_parser::{Place, expression};
use super::lexer::TokenKind;
use backflow_diag::Span;

/// A primary key whose columns are those of an index.
pub(crate) const PRIMARY_KEY_USING_INDEX: &str = "PRIMARY KEY USING INDEX";

/// Whether a table constraint starts here, rather than a column whose name is such a word.
pub(crate) fn starts_constraint(cursor: &Cursor<'_>) -> bool {
    let Some(word) = cursor.word() else { return false };
    match word {
        "constraint" => true,
        "primary" | "foreign" => cursor.is_word_at(1, "key"),
        "check" => cursor.is_symbol_at(1, "("),
        "unique" => ["(", "nulls", "using"]
            .iter()
            .any(|next| cursor.is_symbol_at(1, next) || cursor.is_word_at(1, next)),
        "exclude" => cursor.is_symbol_at(1, "(") || cursor.is_word_at(1, "using"),
        _ => false,
    }
}

/// Reads a table constraint with its optional name.
pub(crate) fn table_constraint(cursor: &mut Cursor<'_>) -> Parsed<Constraint> {
    let mark = cursor.mark();
    let name = constraint_name(cursor)?;
    let kind = match cursor.word() {
        Some("primary") if cursor.is_word_at(2, "using") => other(cursor, PRIMARY_KEY_USING_INDEX),
        Some("primary") => {
            cursor.bump();
            cursor.expect_word("key")?;
            let columns = cursor.names()?;
            index_parameters(cursor)?;
            ConstraintKind::PrimaryKey(columns)
        }
        Some("unique") if cursor.is_word_at(1, "using") => other(cursor, "UNIQUE USING INDEX"),
        Some("unique") => {
            cursor.bump();
            let nulls_equal = nulls(cursor)?;
            let columns = cursor.names()?;
            index_parameters(cursor)?;
            ConstraintKind::Unique { columns, nulls_equal }
        }
        Some("foreign") => {
            cursor.bump();
            cursor.expect_word("key")?;
            let columns = cursor.names()?;
            cursor.expect_word("references")?;
            ConstraintKind::ForeignKey(reference(cursor, columns)?)
        }
        Some("check") => check(cursor)?,
        Some("exclude") => other(cursor, "EXCLUDE"),
        _ => return Err(cursor.expected("`PRIMARY KEY`, `UNIQUE`, `FOREIGN KEY` or `CHECK`")),
    };
    finish(cursor, mark, name, kind)
}

/// Reads a constraint at a column, if one starts here.
pub(crate) fn column_constraint(cursor: &mut Cursor<'_>, column: &Name) -> Parsed<Option<Constraint>> {
    let mark = cursor.mark();
    let name = constraint_name(cursor)?;
    let kind = match cursor.word() {
        Some("primary") => {
            cursor.bump();
            cursor.expect_word("key")?;
            index_parameters(cursor)?;
            ConstraintKind::PrimaryKey(vec![column.clone()])
        }
        Some("unique") => {
            cursor.bump();
            let nulls_equal = nulls(cursor)?;
            index_parameters(cursor)?;
            ConstraintKind::Unique {
                columns: vec![column.clone()],
                nulls_equal,
            }
        }
        Some("references") => {
            cursor.bump();
            ConstraintKind::ForeignKey(reference(cursor, vec![column.clone()])?)
        }
        Some("check") => check(cursor)?,
        // `CONSTRAINT name NOT NULL`: the name is of no use here.
        _ => return Ok(None),
    };
    finish(cursor, mark, name, kind).map(Some)
}

fn constraint_name(cursor: &mut Cursor<'_>) -> Parsed<Option<Name>> {
    if cursor.eat_word("constraint") {
        cursor.name("a constraint's name").map(Some)
    } else {
        Ok(None)
    }
}

fn finish(
    cursor: &mut Cursor<'_>,
    mark: usize,
    name: Option<Name>,
    kind: ConstraintKind,
) -> Parsed<Constraint> {
    let (mut deferrable, mut not_valid) = (None, false);
    loop {
        let start = cursor.mark();
        if cursor.eat_word("deferrable") {
            deferrable = Some(cursor.since(start));
        } else if cursor.eat_words(&["initially", "deferred"]) {
            deferrable.get_or_insert(cursor.since(start));
        } else if cursor.eat_words(&["not", "valid"]) {
            not_valid = true;
        } else if !cursor.eat_words(&["not", "deferrable"])
            && !cursor.eat_words(&["initially", "immediate"])
            && !cursor.eat_words(&["no", "inherit"])
        {
            break;
        }
    }
    Ok(Constraint {
        name,
        kind,
        deferrable,
        not_valid,
        span: cursor.since(mark),
    })
}

fn other(cursor: &mut Cursor<'_>, what: &str) -> ConstraintKind {
    cursor.skip_until(|cursor| cursor.is_symbol(","));
    ConstraintKind::Other(what.to_owned())
}

fn check(cursor: &mut Cursor<'_>) -> Parsed<ConstraintKind> {
    cursor.bump();
    cursor.expect_symbol("(")?;
    let predicate = expression(cursor, Place::Open)?;
    cursor.expect_symbol(")")?;
    Ok(ConstraintKind::Check(predicate))
}

/// `NULLS [NOT] DISTINCT`; true when nulls count as equal.
pub(crate) fn nulls(cursor: &mut Cursor<'_>) -> Parsed<bool> {
    if !cursor.eat_word("nulls") {
        return Ok(false);
    }
    let equal = cursor.eat_word("not");
    cursor.expect_word("distinct")?;
    Ok(equal)
}

/// What an index can be told that changes nothing for us.
fn index_parameters(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.eat_word("include") {
        cursor.names()?;
    }
    storage(cursor)?;
    if cursor.eat_words(&["using", "index", "tablespace"]) {
        cursor.name("a tablespace")?;
    }
    Ok(())
}

/// `WITH (…)`
pub(crate) fn storage(cursor: &mut Cursor<'_>) -> Parsed<()> {
    if cursor.is_word("with") && cursor.is_symbol_at(1, "(") {
        cursor.bump();
        cursor.bump();
        cursor.skip_until(|_| false);
        cursor.expect_symbol(")")?;
    }
    Ok(())
}

fn reference(cursor: &mut Cursor<'_>, columns: Vec<Name>) -> Parsed<Reference> {
    let (schema, table) = cursor.qualified("a table")?;
    let references = if cursor.is_symbol("(") {
        cursor.names()?
    } else {
        Vec::new()
    };
    let (mut on_delete, mut on_update, mut special) = (Action::NoAction, Action::NoAction, None);
    loop {
        let mark = cursor.mark();
        if cursor.eat_words(&["on", "delete"]) {
            on_delete = action(cursor, &mut special)?;
        } else if cursor.eat_words(&["on", "update"]) {
            on_update = action(cursor, &mut special)?;
        } else if cursor.eat_words(&["match", "full"]) || cursor.eat_words(&["match", "partial"]) {
            special = Some(cursor.since(mark));
        } else if !cursor.eat_words(&["match", "simple"]) {
            break;
        }
    }
    Ok(Reference {
        columns,
        schema,
        table,
        references,
        on_delete,
        on_update,
        special,
    })
}

fn action(cursor: &mut Cursor<'_>, special: &mut Option<Span>) -> Parsed<Action> {
    const ACTIONS: &[(&[&str], Action)] = &[
        (&["no", "action"], Action::NoAction),
        (&["restrict"], Action::Restrict),
        (&["cascade"], Action::Cascade),
        (&["set", "null"], Action::SetNull),
        (&["set", "default"], Action::SetDefault),
    ];
    for (words, action) in ACTIONS {
        if cursor.eat_words(words) {
            let mark = cursor.mark();
            if matches!(cursor.peek(), Some(TokenKind::Symbol(symbol)) if symbol == "(") {
                cursor.names()?;
                *special = Some(cursor.since(mark));
            }
            return Ok(*action);
        }
    }
    Err(cursor.expected("`NO ACTION`, `RESTRICT`, `CASCADE`, `SET NULL` or `SET DEFAULT`"))
}
