//! Differences between files and a database, which here is another set of files.

use super::drift;
use backflow_catalog::{Schema, read};
use backflow_diag::{Diagnostics, SourceMap};

const FILES: &str = "
    CREATE TYPE mood AS ENUM ('good', 'bad');
    CREATE TABLE p (id int PRIMARY KEY, code text UNIQUE, UNIQUE (id, code));
    CREATE TABLE n (
        id int PRIMARY KEY, p int REFERENCES p, body text NOT NULL, note text, m mood, ms mood[], x domain_of_mine,
        UNIQUE (body, note));
    CREATE TABLE unused (id int PRIMARY KEY);";
/// Names every column of `n` and `p`.
const STATEMENT: &str = r#"SELECT "id","p","body","note","m","ms","x","code" FROM "n","p""#;

fn schema(sql: &str) -> Schema {
    let mut sources = SourceMap::default();
    let file = sources.add("1.sql", sql);
    let mut out = Diagnostics::default();
    let schema = read(&sources, &[file], &mut out);
    assert!(!out.has_errors(), "{sql}: {:?}", out.iter().collect::<Vec<_>>());
    schema
}

/// Messages without what they have in common.
fn said(files: &str, live: &str, statement: &str) -> Vec<String> {
    let mut out = Diagnostics::default();
    drift(&schema(files), &schema(live).catalog, [statement], &mut out);
    let common = "the database differs from the migrations: ";
    let messages = out
        .iter()
        .map(|fault| fault.message.strip_prefix(common).expect(common).to_owned());
    messages.collect()
}

#[test]
fn the_same_is_no_difference() {
    assert_eq!(said(FILES, FILES, STATEMENT), [""; 0]);
    let more = format!("{FILES} ALTER TABLE n ADD COLUMN y int NOT NULL; CREATE TABLE z (id int);");
    assert_eq!(
        said(FILES, &more, STATEMENT),
        [""; 0],
        "what the files do not say is nobody's business"
    );
    let labels = FILES.replace("'bad')", "'bad', 'ugly')");
    assert_eq!(
        said(FILES, &labels, STATEMENT),
        [""; 0],
        "a label more does no harm"
    );
    assert_eq!(said(FILES, "", r#"SELECT '"n"' FROM "elsewhere""#), [""; 0]);
}

#[test]
fn every_difference_is_told() {
    for (was, is, message) in [
        ("CREATE TABLE n", "CREATE TABLE gone", "it has no table `n`"),
        ("note text", "remark text", "`n` has no column `note` there"),
        ("note text", "note varchar(9)", "`n.note` is varchar(9) there"),
        ("note text", "note text NOT NULL", "`n.note` is NOT NULL there"),
        ("body text NOT NULL", "body text", "`n.body` may be NULL there"),
        ("ms mood[]", "ms text[]", "`n.ms` is text[] there"),
        (
            "'good', 'bad'",
            "'good', 'worse'",
            "`n.m` is mood (good, worse) there",
        ),
        (
            ", UNIQUE (id, code)",
            "",
            "`p` has no unique key (id, code) there",
        ),
        (
            "code text UNIQUE",
            "code text",
            "`p` has no unique key (code) there",
        ),
        (
            "p int REFERENCES p",
            "p int",
            "`n` has no foreign key (p) to `p` there",
        ),
        (
            "n (\n        id int PRIMARY KEY",
            "n (id int NOT NULL",
            "`n` has no unique key (id) there",
        ),
    ] {
        let live = FILES
            .replace(was, is)
            .replace("UNIQUE (body, note)", "UNIQUE (body)");
        let live = if live.contains("remark") {
            live
        } else {
            live.replace("UNIQUE (body)", "UNIQUE (body, note)")
        };
        assert!(
            said(FILES, &live, STATEMENT).contains(&message.to_owned()),
            "{message}: {live}"
        );
    }
}

#[test]
fn only_what_is_used_is_compared() {
    let live = FILES
        .replace("note text", "note int")
        .replace("p int REFERENCES p", "p int")
        .replace(", UNIQUE (id, code)", "");
    let statement = r#"SELECT t."id",t."body" FROM "n" AS t"#;
    assert_eq!(said(FILES, &live, statement), [""; 0]);
    assert_eq!(
        said(FILES, &live, r#"SELECT "note" FROM "n""#),
        ["`n.note` is integer there"]
    );
}

#[test]
fn what_code_may_have_changed_is_not_compared() {
    let files = format!("{FILES} DO $$ BEGIN ALTER TABLE n ALTER COLUMN note TYPE int; END $$;");
    let live = FILES
        .replace("note text", "note int")
        .replace("code text UNIQUE", "code int UNIQUE");
    assert_eq!(said(&files, &live, STATEMENT), ["`p.code` is integer there"]);
}

#[test]
fn what_to_do_can_be_run() {
    let help = |was: &str, is: &str| {
        let mut out = Diagnostics::default();
        drift(
            &schema(FILES),
            &schema(&FILES.replace(was, is)).catalog,
            [STATEMENT],
            &mut out,
        );
        out.iter()
            .flat_map(|fault| fault.helps.clone())
            .next()
            .expect("a help")
    };
    let mend = |sql: &str| format!("if the files are right: `ALTER TABLE {sql}`");
    assert_eq!(
        help("note text,", "note int,"),
        mend("n ALTER COLUMN note TYPE text")
    );
    assert_eq!(
        help("body text NOT NULL", "body text"),
        mend("n ALTER COLUMN body SET NOT NULL")
    );
    assert_eq!(
        help("p int REFERENCES p", "p int"),
        mend("n ADD FOREIGN KEY (p) REFERENCES p (id)")
    );
    assert_eq!(help("code text UNIQUE", "code text"), mend("p ADD UNIQUE (code)"));
}
