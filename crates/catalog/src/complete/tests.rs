//! Files completed by a database, which here is another set of files.

use super::complete;
use crate::model::{Catalog, ColumnType, Table, TableKind};
use crate::{Schema, read};
use backflow_diag::{Diagnostics, SourceMap};

fn schema(sql: &str) -> Schema {
    let mut sources = SourceMap::default();
    let file = sources.add("migrations/1.sql", sql);
    let mut diagnostics = Diagnostics::default();
    let schema = read(&sources, &[file], &mut diagnostics);
    assert!(
        !diagnostics.has_errors(),
        "{:?}",
        diagnostics.iter().collect::<Vec<_>>()
    );
    schema
}

fn both(files: &str, live: &str) -> Catalog {
    complete(&schema(files), &schema(live).catalog)
}

fn table<'a>(catalog: &'a Catalog, name: &str) -> &'a Table {
    catalog.table(catalog.find(name).expect(name))
}

fn columns(catalog: &Catalog, name: &str) -> Vec<String> {
    let columns = table(catalog, name).columns.iter();
    columns
        .map(|column| format!("{} {}", column.name, column.ty))
        .collect()
}

const FILES: &str =
    "CREATE TABLE a (id int PRIMARY KEY, x text); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a);";
/// Another order of tables and columns, more of both, and another type.
const LIVE: &str = "CREATE TYPE mood AS ENUM ('good'); CREATE TABLE extra (id int PRIMARY KEY, m mood);
    CREATE TABLE a (y mood, x varchar(3), id int PRIMARY KEY); CREATE INDEX a_x ON a (x);
    CREATE TABLE b (a int REFERENCES a, id int PRIMARY KEY, e int REFERENCES extra);";

#[test]
fn what_files_say_stands_and_what_they_lack_is_added() {
    let catalog = both(FILES, LIVE);
    assert_eq!(
        columns(&catalog, "a"),
        ["id integer", "x text"],
        "a column made by hand is nobody's business"
    );
    assert_eq!(columns(&catalog, "extra"), ["id integer", "m enum"]);
    assert_eq!(catalog.enums.len(), 1);
    let names: Vec<&str> = catalog.tables.iter().map(|table| table.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "extra"]);
    assert!(table(&catalog, "a").is_indexed(table(&catalog, "a").column("x").expect("x")));
}

#[test]
fn tables_that_code_names_are_those_of_the_database() {
    let catalog = both(&format!("{FILES} DO $$ ALTER TABLE a … $$;"), LIVE);
    assert_eq!(columns(&catalog, "a"), ["y enum", "x varchar(3)", "id integer"]);
    assert_eq!(columns(&catalog, "b"), ["id integer", "a integer", "e integer"]);
    let (a, b) = (table(&catalog, "a"), table(&catalog, "b"));
    let key = b.foreign_keys.first().expect("the key of the files");
    assert_eq!(
        (key.table, &key.references),
        (catalog.find("a").expect("a"), &vec![a.column("id").expect("id")])
    );
    assert_eq!(a.primary_key, [a.column("id").expect("id")]);
    assert!(a.span.is_some() && a.columns.iter().filter(|column| column.span.is_some()).count() == 2);
}

#[test]
fn types_that_only_the_database_knows_come_from_it() {
    let files =
        "CREATE DOMAIN email AS text; CREATE TABLE a (id int PRIMARY KEY, mail email, mails email[]);";
    let live = "CREATE TABLE a (id int PRIMARY KEY, mail text NOT NULL CHECK (mail IN ('x')), mails text[]);";
    let catalog = both(files, live);
    assert_eq!(
        columns(&catalog, "a"),
        ["id integer", "mail text", "mails text[]"]
    );
    let mail = table(&catalog, "a").columns.get(1).expect("mail");
    assert!(mail.not_null && mail.allowed == ["x"] && mail.ty == ColumnType::Text);
}

#[test]
fn enums_that_statements_change_come_from_the_database() {
    let files = "CREATE TYPE m AS ENUM ('a'); CREATE TABLE t (id int PRIMARY KEY, m m);";
    let live = "CREATE TYPE n AS ENUM ('b'); CREATE TABLE t (id int PRIMARY KEY, m n);";
    let labels = |files: &str| {
        let catalog = both(files, live);
        match table(&catalog, "t").columns.get(1).expect("m").ty {
            ColumnType::Enum(id) => catalog.labels(id).to_vec(),
            _ => Vec::new(),
        }
    };
    assert_eq!(labels(files), ["a"]);
    assert_eq!(
        labels(&format!(
            "{files} ALTER TYPE m RENAME VALUE 'a' TO 'b'; ALTER TYPE m RENAME TO n;"
        )),
        ["b"]
    );
}

#[test]
fn triggers_are_those_that_live() {
    let live = |triggers: bool, kind: TableKind| {
        let mut live = schema("CREATE TABLE a (id int PRIMARY KEY);").catalog;
        if let Some(table) = live.tables.first_mut() {
            (table.triggers, table.kind) = (triggers, kind);
        }
        live
    };
    let files = schema("CREATE TABLE a (id int PRIMARY KEY); DO 'nothing';");
    assert!(files.catalog.tables.iter().all(|table| table.triggers));
    assert!(!table(&complete(&files, &live(false, TableKind::Table)), "a").triggers);
    assert!(table(&complete(&schema(""), &live(true, TableKind::Table)), "a").triggers);
    assert!(
        complete(&schema(""), &live(false, TableKind::Directory))
            .tables
            .is_empty()
    );
}
