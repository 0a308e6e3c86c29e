//! One statement: which kind it is.
//!
//! Role: dispatch on the first words; what is not modelled is told apart from what is misspelled.
//! Output: [`DdlStatement`]s, several for an `ALTER TABLE` or `DROP` of several things.
//! Invariant: on success every token of the statement was taken.
//! Not here: the reading of tables, see `create_table`, `alter`, `index`, `insert`.

use super::alter::{alter_index, alter_table, alter_type, cascade};
use super::ast::{Ddl, DdlStatement};
use super::create_table::create_table;
use super::cursor::{Cursor, Fault, Parsed};
use super::index::create_index;
use super::insert::insert;
use super::lexer::TokenKind;
use backflow_diag::nearest;

/// First words of statements that PostgreSQL knows and we do not model.
const STARTERS: &[&str] = &[
    "alter",
    "analyze",
    "begin",
    "call",
    "checkpoint",
    "close",
    "cluster",
    "comment",
    "commit",
    "copy",
    "create",
    "deallocate",
    "declare",
    "delete",
    "discard",
    "do",
    "drop",
    "end",
    "execute",
    "explain",
    "fetch",
    "grant",
    "import",
    "insert",
    "listen",
    "load",
    "lock",
    "merge",
    "move",
    "notify",
    "prepare",
    "reassign",
    "refresh",
    "reindex",
    "release",
    "reset",
    "revoke",
    "rollback",
    "savepoint",
    "security",
    "select",
    "set",
    "show",
    "start",
    "table",
    "truncate",
    "unlisten",
    "update",
    "vacuum",
    "values",
    "with",
];

/// Things that can be created, altered or dropped, apart from those read here.
const OBJECTS: &[&str] = &[
    "access",
    "aggregate",
    "cast",
    "collation",
    "constraint",
    "conversion",
    "database",
    "default",
    "domain",
    "event",
    "extension",
    "foreign",
    "function",
    "global",
    "group",
    "index",
    "language",
    "large",
    "local",
    "materialized",
    "operator",
    "or",
    "owned",
    "policy",
    "procedural",
    "procedure",
    "publication",
    "recursive",
    "role",
    "routine",
    "rule",
    "schema",
    "sequence",
    "server",
    "statistics",
    "subscription",
    "system",
    "table",
    "tablespace",
    "temp",
    "temporary",
    "text",
    "transform",
    "trigger",
    "trusted",
    "type",
    "unique",
    "unlogged",
    "user",
    "view",
];

/// Extensions without which nothing changes on a database that has UUIDs built in.
const HARMLESS_EXTENSIONS: &[&str] = &[
    "pgcrypto",
    "uuid-ossp",
    "plpgsql",
    "pg_trgm",
    "btree_gin",
    "btree_gist",
    "pg_stat_statements",
];

/// Reads one statement.
pub(crate) fn statement(cursor: &mut Cursor<'_>) -> Parsed<Vec<DdlStatement>> {
    let mark = cursor.mark();
    if cursor.eat_words(&["alter", "table"]) {
        let statements = alter_table(cursor)?;
        return finish(cursor, statements);
    }
    if cursor.eat_words(&["drop", "table"]) || cursor.eat_words(&["drop", "index"]) {
        let statements = drop(cursor)?;
        return finish(cursor, statements);
    }
    let ddl = single(cursor)?;
    let span = cursor.since(mark);
    finish(cursor, vec![DdlStatement { span, ddl }])
}

fn finish(cursor: &Cursor<'_>, statements: Vec<DdlStatement>) -> Parsed<Vec<DdlStatement>> {
    if cursor.done() {
        return Ok(statements);
    }
    let starts_another = cursor.word().is_some_and(|word| STARTERS.contains(&word));
    Err(if starts_another {
        cursor
            .expected("`;`")
            .map(|fault| Box::new(fault.help("end the statement before this one with `;`")))
    } else {
        cursor.expected("the end of the statement")
    })
}

fn single(cursor: &mut Cursor<'_>) -> Parsed<Ddl> {
    match cursor.word() {
        Some("create") => create(cursor),
        Some("alter") if cursor.eat_words(&["alter", "index"]) => alter_index(cursor),
        Some("alter") if cursor.eat_words(&["alter", "type"]) => alter_type(cursor),
        Some("alter" | "drop") => other_object(cursor),
        Some("insert") => insert(cursor),
        Some("comment") => Ok(whole(cursor, Ddl::Comment)),
        Some("begin" | "commit" | "end" | "start") => Ok(whole(cursor, Ddl::Transaction)),
        Some("set" | "reset" | "grant" | "revoke" | "analyze" | "vacuum" | "lock" | "reindex") => {
            Ok(whole(cursor, Ddl::Nothing))
        }
        Some(word) if STARTERS.contains(&word) => {
            let keyword = word.to_uppercase();
            Ok(whole(cursor, Ddl::Other { keyword }))
        }
        Some(word) => Err(misspelled(cursor, "a statement", word, STARTERS)),
        None => Err(match cursor.peek() {
            Some(TokenKind::Symbol(symbol)) if symbol == "\\" => {
                cursor.expected("a statement").map(|fault| {
                    Box::new(fault.help("commands of the `psql` shell cannot stand in a migration"))
                })
            }
            _ => cursor.expected("a statement"),
        }),
    }
}

fn whole(cursor: &mut Cursor<'_>, ddl: Ddl) -> Ddl {
    cursor.skip_all();
    ddl
}

fn misspelled(cursor: &Cursor<'_>, what: &str, word: &str, known: &[&str]) -> Fault {
    let near = nearest(word, known.iter().copied()).map(str::to_uppercase);
    cursor
        .expected(what)
        .map(|fault| Box::new(fault.did_you_mean(near.as_deref())))
}

fn create(cursor: &mut Cursor<'_>) -> Parsed<Ddl> {
    if cursor.eat_words(&["create", "table"]) || cursor.eat_words(&["create", "unlogged", "table"]) {
        return create_table(cursor);
    }
    if cursor.eat_words(&["create", "index"]) {
        return create_index(cursor, false);
    }
    if cursor.eat_words(&["create", "unique", "index"]) {
        return create_index(cursor, true);
    }
    if cursor.eat_words(&["create", "type"]) {
        return create_type(cursor);
    }
    if cursor.eat_words(&["create", "extension"]) {
        cursor.eat_words(&["if", "not", "exists"]);
        let name = cursor.name("the extension's name")?.value;
        let harmless = HARMLESS_EXTENSIONS.contains(&name.as_str());
        let ddl = if harmless {
            Ddl::Nothing
        } else {
            Ddl::Other {
                keyword: format!("CREATE EXTENSION {name}"),
            }
        };
        return Ok(whole(cursor, ddl));
    }
    if cursor.eat_words(&["create", "schema"]) {
        cursor.eat_words(&["if", "not", "exists"]);
        let public = cursor.word() == Some("public");
        let ddl = if public {
            Ddl::Nothing
        } else {
            Ddl::Other {
                keyword: "CREATE SCHEMA".to_owned(),
            }
        };
        return Ok(whole(cursor, ddl));
    }
    other_object(cursor)
}

/// `CREATE`, `ALTER` or `DROP` of something that is not modelled.
fn other_object(cursor: &mut Cursor<'_>) -> Parsed<Ddl> {
    let verb = cursor.word().unwrap_or_default().to_uppercase();
    cursor.bump();
    if cursor.is_word("or") && cursor.is_word_at(1, "replace") {
        cursor.bump();
        cursor.bump();
    }
    let Some(object) = cursor.word() else {
        return Err(cursor.expected("what it is about"));
    };
    if !OBJECTS.contains(&object) {
        return Err(misspelled(cursor, "a kind of thing", object, OBJECTS));
    }
    Ok(whole(
        cursor,
        Ddl::Other {
            keyword: format!("{verb} {}", object.to_uppercase()),
        },
    ))
}

fn create_type(cursor: &mut Cursor<'_>) -> Parsed<Ddl> {
    let (schema, name) = cursor.qualified("the type's name")?;
    if schema.is_some() || !cursor.eat_words(&["as", "enum"]) {
        return Ok(whole(
            cursor,
            Ddl::Other {
                keyword: "CREATE TYPE".to_owned(),
            },
        ));
    }
    cursor.expect_symbol("(")?;
    let mut labels = Vec::new();
    while !cursor.is_symbol(")") {
        labels.push(cursor.text("a label in quotes")?);
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    cursor.expect_symbol(")")?;
    Ok(Ddl::CreateEnum { name, labels })
}

/// Reads what follows `DROP TABLE` or `DROP INDEX`.
fn drop(cursor: &mut Cursor<'_>) -> Parsed<Vec<DdlStatement>> {
    let start = cursor.mark().saturating_sub(2);
    let is_table = cursor.mark() > 0 && {
        cursor.rewind(cursor.mark() - 1);
        let table = cursor.is_word("table");
        cursor.bump();
        table
    };
    cursor.eat_word("concurrently");
    let if_exists = cursor.eat_words(&["if", "exists"]);
    let mut names = Vec::new();
    loop {
        let (schema, name) = cursor.qualified("a name")?;
        names.push(name);
        if schema.is_some() {
            cursor.skip_all();
            let ddl = Ddl::Other {
                keyword: "DROP in another schema".to_owned(),
            };
            return Ok(vec![DdlStatement {
                span: cursor.since(start),
                ddl,
            }]);
        }
        if !cursor.eat_symbol(",") {
            break;
        }
    }
    let cascade = cascade(cursor);
    let span = cursor.since(start);
    let together: Vec<String> = names.iter().map(|name| name.value.clone()).collect();
    let ddl = |name| {
        if is_table {
            Ddl::DropTable {
                table: name,
                if_exists,
                cascade,
                together: together.clone(),
            }
        } else {
            Ddl::DropIndex {
                index: name,
                if_exists,
            }
        }
    };
    Ok(names
        .into_iter()
        .map(|name| DdlStatement { span, ddl: ddl(name) })
        .collect())
}
