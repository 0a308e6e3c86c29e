//! Files of statements.
//!
//! Role: cuts a file at its semicolons, reads each statement, and lets it take effect.
//! Output: [`Schema`].
//! Invariant: a statement that cannot be read is reported and does not stop the next one.
//! Not here: running migrations.

use super::ast::{Ddl, DdlStatement};
use super::cursor::Cursor;
use super::definition::Definition;
use super::lexer::{Lexed, lex};
use super::split::statements;
use super::statement::statement;
use super::unmodelled::{self, Unmodelled};
use crate::model::{Catalog, TableId};
use backflow_diag::{Diagnostic, Diagnostics, FileId, SourceMap, Span, codes};

/// What the migrations make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Schema {
    /// The tables after the last migration.
    pub catalog: Catalog,
    /// The migrations, in the order given.
    pub migrations: Vec<Migration>,
    /// Statements that only PostgreSQL knows, in order.
    pub unmodelled: Vec<Unmodelled>,
    /// Tables of the catalog that such a statement names and may have changed.
    pub touched: Vec<TableId>,
}

/// A file of statements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// The file.
    pub file: FileId,
    /// The file's name without its folder.
    pub name: String,
    /// Its statements, in order.
    pub statements: Vec<DdlStatement>,
    /// Whether it runs in one transaction; false with a line `-- backflow: no transaction`.
    pub transactional: bool,
    /// Reserved words that stand unquoted as names, in order.
    pub reserved: Vec<Span>,
    /// The texts of its statements, in order, each without the semicolon.
    pub texts: Vec<Span>,
}

/// Reads migrations in the order given, which must be that of their names.
pub fn read(sources: &SourceMap, files: &[FileId], diagnostics: &mut Diagnostics) -> Schema {
    let mut definition = Definition::default();
    let mut migrations = Vec::new();
    for file in files {
        migrations.push(read_file(sources, *file, &mut definition, diagnostics));
    }
    let catalog = definition.catalog();
    let touched = definition.tables.iter().zip(catalog.table_ids());
    Schema {
        touched: touched
            .filter(|(table, _)| table.touched)
            .map(|(_, id)| id)
            .collect(),
        catalog,
        migrations,
        unmodelled: definition.beyond.statements,
    }
}

fn read_file(
    sources: &SourceMap,
    file: FileId,
    definition: &mut Definition,
    diagnostics: &mut Diagnostics,
) -> Migration {
    let text = sources.text(file);
    let lexed = lex(&text);
    report_unclosed(sources, file, &lexed, diagnostics);
    let name = sources.name(file);
    let mut migration = Migration {
        file,
        name: name.rsplit(['/', '\\']).next().unwrap_or(name).to_owned(),
        statements: Vec::new(),
        transactional: !lexed.no_transaction,
        reserved: Vec::new(),
        texts: Vec::new(),
    };
    for (tokens, end) in statements(&lexed.tokens) {
        let end = lexed.tokens.get(end).map_or(text.len(), |token| token.start);
        let mut cursor = Cursor::new(&text, file, tokens, end);
        migration.texts.push(cursor.whole());
        read_statement(&mut cursor, &mut migration, definition, diagnostics);
    }
    warn_reserved(sources, &migration, diagnostics);
    migration
}

fn read_statement(
    cursor: &mut Cursor<'_>,
    migration: &mut Migration,
    definition: &mut Definition,
    diagnostics: &mut Diagnostics,
) {
    match statement(cursor) {
        Ok(statements) => {
            for statement in statements {
                if let Ddl::Other { keyword } = &statement.ddl {
                    unmodelled::note(definition, cursor.tokens(), statement.span, keyword);
                }
                definition.apply(&statement, diagnostics);
                migration.statements.push(statement);
            }
            migration.reserved.append(&mut cursor.reserved);
        }
        Err(fault) => {
            // What it would have made is unknown now; silence would be better than wrong complaints.
            definition.opaque = true;
            cursor.faults.push(fault);
        }
    }
    for fault in cursor.faults.drain(..).flatten() {
        diagnostics.push(*fault);
    }
}

fn report_unclosed(sources: &SourceMap, file: FileId, lexed: &Lexed, diagnostics: &mut Diagnostics) {
    for fault in &lexed.faults {
        diagnostics.push(
            Diagnostic::new(codes::DDL_SYNTAX, format!("this {} never ends", fault.what))
                .at(sources.span(file, fault.start..fault.end), "opened here")
                .note("everything after it is part of it, so the rest of the file was not read")
                .help(format!("close it with {}", fault.closer)),
        );
    }
}

/// One warning for each word of a file, at its first use.
fn warn_reserved(sources: &SourceMap, migration: &Migration, diagnostics: &mut Diagnostics) {
    let mut told: Vec<String> = Vec::new();
    for span in &migration.reserved {
        let word = sources.slice(*span).to_ascii_lowercase();
        if told.contains(&word) {
            continue;
        }
        diagnostics.push(
            Diagnostic::new(codes::RESERVED_WORD, format!("`{word}` is a reserved word"))
                .at(*span, format!("read as the name \"{word}\""))
                .note("PostgreSQL itself refuses this word as a name without quotes; it is quoted for you")
                .help(format!("write \"{word}\" in quotes, or choose another name")),
        );
        told.push(word);
    }
}
