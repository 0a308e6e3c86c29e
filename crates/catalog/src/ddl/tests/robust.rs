//! Nothing the reader is given makes it panic or lose its place.

use super::super::{DdlStatement, read};
use backflow_diag::{Diagnostics, SourceMap, Span};
use proptest::prelude::*;

/// Reads a text as two files and checks every place.
fn check(text: &str) {
    let mut sources = SourceMap::default();
    let files = [sources.add("1.sql", text), sources.add("2.sql", text)];
    let mut diagnostics = Diagnostics::default();
    let schema = read(&sources, &files, &mut diagnostics);
    let inside = |span: Span| {
        let (start, end) = (span.start as usize, span.end as usize);
        assert!(start <= end && end <= text.len(), "{span:?} of {}", text.len());
        assert!(
            text.is_char_boundary(start) && text.is_char_boundary(end),
            "{span:?}"
        );
    };
    for diagnostic in diagnostics.iter() {
        diagnostic.labels.iter().for_each(|label| inside(label.span));
    }
    for migration in &schema.migrations {
        migration
            .statements
            .iter()
            .for_each(|DdlStatement { span, .. }| inside(*span));
        migration.reserved.iter().for_each(|span| inside(*span));
        // Quoting is a fixed point.
        let quoted = migration.postgres(&sources);
        let mut again = SourceMap::default();
        let file = again.add("1.sql", quoted.clone());
        let once_more = read(&again, &[file], &mut Diagnostics::default());
        let text = once_more
            .migrations
            .first()
            .map(|m| m.postgres(&again))
            .unwrap_or_default();
        // A text with faults (a comment without an end) is refused and never sent anywhere.
        if migration.transactional && !diagnostics.has_errors() {
            assert_eq!(text, quoted);
        }
    }
    for id in schema.catalog.table_ids() {
        for key in &schema.catalog.table(id).foreign_keys {
            assert_eq!(key.columns.len(), key.references.len());
            key.columns
                .iter()
                .for_each(|column| drop(schema.catalog.column(id, *column).name.clone()));
            key.references
                .iter()
                .for_each(|column| drop(schema.catalog.column(key.table, *column).name.clone()));
        }
    }
}

/// Pieces that, put together, come near to statements.
const PIECES: &[&str] = &[
    "CREATE",
    "TABLE",
    "t",
    "u",
    "(",
    ")",
    ",",
    ";",
    "id",
    "int",
    "text",
    "PRIMARY KEY",
    "UNIQUE",
    "REFERENCES",
    "CHECK",
    "DEFAULT",
    "NOT",
    "NULL",
    "IN",
    "'x'",
    "1",
    "-",
    "=",
    "::",
    "ALTER",
    "ADD",
    "COLUMN",
    "DROP",
    "CONSTRAINT",
    "RENAME",
    "TO",
    "INDEX",
    "ON",
    "WHERE",
    "limit",
    "INSERT INTO",
    "VALUES",
    "CASE",
    "WHEN",
    "THEN",
    "END",
    "ARRAY[",
    "]",
    "GENERATED ALWAYS AS",
    "STORED",
    "IDENTITY",
    "TYPE",
    "AS ENUM",
    "FOREIGN KEY",
    ".",
    "$$",
    "E'\\",
    "/*",
    "*/",
    "--",
    "\n",
    "\"",
    "é",
    "BETWEEN",
    "AND",
    "IS",
    "LIKE",
    "BEGIN",
    "numeric(3,",
    "ANY",
];

proptest! {
    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}") {
        check(&text);
    }

    #[test]
    fn pieces_of_statements_are_survived(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..60)
    ) {
        check(&pieces.join(" "));
    }

    #[test]
    fn a_statement_cut_anywhere_is_survived(cut in 0_usize..400) {
        let sql = "CREATE TYPE m AS ENUM ('a','b'); CREATE TABLE t (id serial PRIMARY KEY, limit m DEFAULT 'a'::m \
            CHECK (limit = ANY (ARRAY['a','b']) AND CASE WHEN id > 1 THEN true ELSE false END), \
            g int GENERATED ALWAYS AS (id * 2) STORED, CONSTRAINT f FOREIGN KEY (id) REFERENCES t (id) ON DELETE SET \
            NULL); ALTER TABLE t ADD COLUMN x numeric(3,1) DEFAULT -1.5, RENAME limit TO \"Ä\"; DROP TABLE t CASCADE";
        check(sql.get(..cut).unwrap_or(sql));
    }
}

#[test]
fn deep_and_long_texts_are_survived() {
    for text in [
        "(",
        "CASE WHEN ",
        "NOT ",
        "- ",
        "a + ",
        "ARRAY[",
        "a::text",
        "f(",
        "/*",
        "a[",
        "a IN (",
    ] {
        check(&format!("CREATE TABLE t (a int CHECK ({}", text.repeat(20_000)));
        check(&format!("CREATE TABLE t (a int DEFAULT {}", text.repeat(20_000)));
    }
    check(&"CREATE TABLE t (id int PRIMARY KEY REFERENCES t);".repeat(300));
}
