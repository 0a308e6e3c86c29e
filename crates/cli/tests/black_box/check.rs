//! `backflow check`

use crate::folder::{Folder, NOTES, SECRET, backflow};

#[test]
fn a_good_project_is_ok() {
    let ran = Folder::new(&NOTES).run("check", &[]);
    assert_eq!(ran.code, Some(0), "{}", ran.out);
    assert!(
        ran.out.ends_with("\nok: 2 routes, 0 errors, 0 warnings\n"),
        "{}",
        ran.out
    );
    assert!(
        ran.out.contains("- tenancy: none") && ran.out.contains("- database: SQLite, "),
        "{}",
        ran.out
    );
}

#[test]
fn a_bad_project_shows_all_faults_at_their_places_and_is_code_1() {
    let folder = Folder::new(&NOTES);
    folder.write(
        "routes/a.json",
        r#"{ "path": "/a", "methd": "get", "supabaseQueries": [] }"#,
    );
    folder.write(
        "routes/b.json",
        r#"{ "path": "/b", "method": "get", "supabaseQueries": [{ "table": "note", "operation": "select" }] }"#,
    );
    let ran = folder.run("check", &[]);
    assert_eq!(ran.code, Some(1), "{}", ran.out);
    for part in [
        "routes/a.json:1:18",
        "did you mean `method`?",
        "routes/b.json:1:66",
        "did you mean `notes`?",
    ] {
        assert!(ran.out.contains(part), "{part} is not in {}", ran.out);
    }
    let last = ran.out.lines().last().unwrap();
    assert!(
        last.starts_with("failed: ") && last.contains(" errors, 0 warnings"),
        "{last}"
    );
    assert!(!ran.out.contains('\x1b'), "colours in a pipe");
}

#[test]
fn tools_get_json_and_nothing_else() {
    let folder = Folder::new(&NOTES);
    assert_eq!(folder.run("check", &["--format", "json"]).out.trim(), "[]");
    folder.write(
        "routes/a.json",
        "{ \"path\": \"/a\", \"response\": 1,\n  \"method\": \"got\" }",
    );
    let ran = folder.run("check", &["--format", "json"]);
    assert_eq!(ran.code, Some(1));
    let faults: serde_json::Value = serde_json::from_str(&ran.out).unwrap();
    let fault = &faults[0];
    assert_eq!(
        (&fault["code"], &fault["severity"]),
        (&"E0204".into(), &"error".into()),
        "{fault}"
    );
    assert_eq!(
        (&fault["labels"][0]["file"], &fault["labels"][0]["line"]),
        (&"routes/a.json".into(), &2.into())
    );
}

#[test]
fn variables_come_from_the_file_and_the_process_wins() {
    let folder = Folder::new(&NOTES);
    folder.write(
        "routes/a.json",
        r#"{ "path": "/a", "method": "get", "requireAuth": true, "response": "{{env.GREETING || 'hi'}}" }"#,
    );
    let none = folder.run("check", &[]);
    assert!(none.out.contains("E0701"), "{}", none.out);
    folder.write(".env", "JWT_SECRET=short\n");
    let short = folder.run("check", &[]);
    assert!(
        short.out.contains("E0701") && short.out.contains("has 5 bytes"),
        "{}",
        short.out
    );
    let process = folder.run_with("check", &[], &[("JWT_SECRET", SECRET)]);
    assert!(!process.out.contains("E0701"), "{}", process.out);
    folder.write("other.env", &format!("JWT_SECRET={SECRET}\n"));
    let other = folder.path().join("other.env");
    let named = folder.run("check", &["--env-file", other.to_str().unwrap()]);
    assert!(!named.out.contains("E0701"), "{}", named.out);
}

#[test]
fn a_secret_is_never_shown() {
    let folder = Folder::new(&NOTES);
    folder.write(
        "backflow.json",
        r#"{ "tenancy": false, "jwt": { "secret": "{{env.A}}-{{env.B}}" } }"#,
    );
    folder.write(
        "routes/a.json",
        r#"{ "path": "/a", "method": "get", "requireAuth": true, "response": 1 }"#,
    );
    folder.write(".env", "A=hunter2\nB='hunter3\n");
    let ran = folder.run("check", &[]);
    assert_eq!(ran.code, Some(1));
    assert!(
        !ran.out.contains("hunter") && !ran.err.contains("hunter"),
        "{}{}",
        ran.out,
        ran.err
    );
    assert!(
        ran.out.contains(".env:2") && ran.out.contains("no `B`"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("missing variables: B;"), "{}", ran.out);
}

#[test]
fn settings_without_effect_are_said() {
    let folder = Folder::new(&NOTES);
    let settings = r#"{ "tenancy": false, "cors": { "origins": ["https://a.example"] },
      "cache": { "enabled": true }, "jwt": { "algorithms": ["HS512"] } }"#;
    folder.write("backflow.json", settings);
    let ran = folder.run("check", &[]);
    assert!(ran.out.ends_with("0 errors, 2 warnings\n"), "{}", ran.out);
    assert_eq!(ran.code, Some(0));
}

#[test]
fn the_examples_are_good() {
    for (name, last) in [
        ("minimal", "ok: 2 routes, 0 errors, 0 warnings"),
        ("saas", "ok: 9 routes, 1 webhook, 0 errors, "),
    ] {
        let folder = Folder::example(name);
        let ran = folder.run("check", &["--dev"]);
        assert_eq!(ran.code, Some(0), "{}", ran.out);
        assert!(ran.out.lines().last().unwrap().starts_with(last), "{}", ran.out);
        assert!(
            !folder.path().join(".backflow").exists(),
            "a check wrote something"
        );
    }
}

#[test]
fn what_is_no_project_is_code_2() {
    let empty = Folder::new(&[]).run("check", &[]);
    assert_eq!(empty.code, Some(2));
    assert!(empty.err.contains("is no project"), "{}", empty.err);
    let gone = backflow().args(["check", "/nowhere/at/all"]).output().unwrap();
    assert_eq!(gone.status.code(), Some(2));
}
