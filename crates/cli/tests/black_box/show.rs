//! `explain`, `plan`, `routes`, `migrate`

use crate::folder::{Folder, NOTES, Ran, backflow};

fn explain(args: &[&str]) -> Ran {
    Ran::of(backflow().arg("explain").args(args).output().unwrap())
}

#[test]
fn explain_prints_pages_lists_codes_and_knows_the_nearest() {
    let page = explain(&["e0201"]);
    assert_eq!(page.code, Some(0));
    assert!(page.out.starts_with("# E0201: unknown key\n"), "{}", page.out);
    let list = explain(&["--list"]);
    assert!(
        list.out
            .contains("E0604  a request would cross a tenant boundary\n"),
        "{}",
        list.out
    );
    let unknown = explain(&["E0200"]);
    assert_eq!(unknown.code, Some(2));
    assert!(unknown.err.contains("did you mean E0"), "{}", unknown.err);
    assert_eq!(explain(&[]).code, Some(2));
}

#[test]
fn plan_shows_one_route_or_all() {
    let folder = Folder::new(&NOTES);
    let all = folder.run("plan", &[]).out;
    assert!(
        all.contains("POST /notes\n") && all.contains("GET /notes\n"),
        "{all}"
    );
    let one = folder.run("plan", &["--route", "get /notes"]).out;
    assert!(
        one.starts_with("GET /notes\n") && one.contains("SELECT") && !one.contains("POST"),
        "{one}"
    );
    let none = folder.run("plan", &["--route", "GET /note"]);
    assert_eq!(none.code, Some(2));
    assert!(none.err.contains("did you mean `GET /notes`?"), "{}", none.err);
}

#[test]
fn routes_are_a_table_with_aliases_webhooks_and_what_does_not_run() {
    let out = Folder::example("saas").run("routes", &["--dev"]).out;
    let line = |start: &str| {
        let found = out
            .lines()
            .find(|line| line.split_whitespace().take(2).collect::<Vec<_>>().join(" ") == start);
        found
            .unwrap_or_else(|| panic!("no {start} in\n{out}"))
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(
        line("GET /organizations/:slug"),
        "GET /organizations/:slug token :slug any"
    );
    assert_eq!(
        line("GET /usage/check/:feature"),
        "GET /usage/check/:feature token X-Tenant-ID or auth.tenant_id any"
    );
    assert!(line("POST /api/v1/organizations").ends_with("same as /organizations"));
    assert!(line("POST /webhooks/stripe").contains("signature"));
    assert_eq!(
        line("POST /organizations/:orgId/invites"),
        "POST /organizations/:orgId/invites token :orgId owner, admin"
    );
}

#[test]
fn migrations_are_shown_applied_once_and_never_edited() {
    let folder = Folder::new(&NOTES);
    let before = folder.run("migrate", &["--status"]);
    assert!(before.out.contains("pending  0001_notes.sql\n") && before.out.contains("0 applied, 1 pending"));
    assert!(!folder.path().join("data").exists(), "looking made a database");
    assert!(
        folder
            .run("migrate", &[])
            .out
            .contains("applied  0001_notes.sql\n")
    );
    assert!(folder.run("migrate", &[]).out.contains("0 applied now"));
    assert!(
        folder
            .run("migrate", &["--status"])
            .out
            .contains("1 applied, 0 pending")
    );
    folder.write(
        "migrations/0001_notes.sql",
        "CREATE TABLE notes (id UUID PRIMARY KEY, body TEXT NOT NULL, x INT);",
    );
    let edited = folder.run("migrate", &[]);
    assert_eq!(edited.code, Some(2));
    assert!(edited.err.contains("0001_notes.sql was edited"), "{}", edited.err);
}

#[test]
fn migrating_needs_good_migrations_but_no_variables() {
    let folder = Folder::example("saas");
    assert_eq!(folder.run("migrate", &[]).code, Some(0));
    folder.write("migrations/0002_bad.sql", "CREATE TABLE oops (;");
    assert_eq!(folder.run("migrate", &[]).code, Some(1));
}

#[test]
fn every_command_has_help_with_an_example() {
    for command in [
        "dev", "serve", "check", "plan", "routes", "migrate", "run", "runs", "token", "explain",
    ] {
        let help = Ran::of(backflow().args([command, "--help"]).output().unwrap());
        assert_eq!(help.code, Some(0));
        assert!(
            help.out.contains("Example") && help.out.contains(&format!("backflow {command} ")),
            "{}",
            help.out
        );
    }
}
