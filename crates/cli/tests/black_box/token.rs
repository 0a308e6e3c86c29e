//! `backflow token`

use crate::folder::{Folder, NOTES, SECRET};
use crate::http::Server;

const ME: &str = r#"{ "path": "/me", "method": "get", "requireAuth": true,
  "response": { "sub": "{{auth.sub}}", "email": "{{auth.email}}", "level": "{{auth.level}}", "plan": "{{auth.plan}}" } }"#;

fn folder() -> Folder {
    let folder = Folder::new(&NOTES);
    folder.write("routes/me.json", ME);
    folder
}

#[test]
fn a_token_opens_what_its_claims_say_until_it_expires() {
    let folder = folder();
    let env = [("JWT_SECRET", SECRET)];
    let token = |args: &[&str]| folder.run_with("token", args, &env).out.trim().to_owned();
    let server = Server::start("serve", &folder, &env);
    let claims = [
        "--sub",
        "7",
        "--email",
        "a@b.example",
        "--claim",
        "level=5",
        "--claim",
        "plan=pro",
    ];
    let answer = server.get("/me", Some(&token(&claims)));
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(
        answer.body,
        r#"{"sub":"7","email":"a@b.example","level":5,"plan":"pro"}"#
    );
    assert_eq!(server.get("/me", None).status, 401);
    let old = token(&["--sub", "7", "--claim", "exp=1000000000"]);
    assert_eq!(server.get("/me", Some(&old)).status, 401);
    let forged = folder.run_with(
        "token",
        &["--sub", "7"],
        &[("JWT_SECRET", "another secret of thirty-two bytes")],
    );
    assert_eq!(server.get("/me", Some(forged.out.trim())).status, 401);
}

#[test]
fn issuer_and_audience_of_the_project_are_in_its_tokens() {
    let folder = folder();
    folder.write(
        "backflow.json",
        r#"{ "tenancy": false, "jwt": { "secret": "{{env.KEY}}", "issuer": "me", "audience": "you" } }"#,
    );
    let env = [("KEY", SECRET)];
    let server = Server::start("serve", &folder, &env);
    let token = folder.run_with("token", &["--sub", "7"], &env);
    assert_eq!(server.get("/me", Some(token.out.trim())).status, 200);
    let other = folder.run_with("token", &["--sub", "7", "--claim", "aud=they"], &env);
    assert_eq!(server.get("/me", Some(other.out.trim())).status, 401);
}

#[test]
fn without_a_secret_one_is_made_that_dev_uses_too() {
    let folder = folder();
    let first = folder.run("token", &["--sub", "7"]);
    assert_eq!(first.out.lines().count(), 1, "{}", first.out);
    assert!(first.err.contains("made a secret"), "{}", first.err);
    let server = Server::start("dev", &folder, &[]);
    assert_eq!(server.get("/me", Some(first.out.trim())).status, 200);
}

#[test]
fn what_makes_no_token_is_said() {
    let folder = folder();
    for (args, why) in [
        (vec!["--sub", ""], "--sub"),
        (vec!["--sub", "7", "--ttl", "soon"], "`soon` is no time"),
        (vec!["--sub", "7", "--claim", "level"], "NAME=VALUE"),
    ] {
        let ran = folder.run_with("token", &args, &[("JWT_SECRET", SECRET)]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""));
        assert!(ran.err.contains(why), "{}", ran.err);
    }
}
