//! `backflow dev`

use crate::folder::Folder;
use crate::http::Server;

fn said<'s>(server: &'s Server, start: &str) -> &'s str {
    server
        .said
        .iter()
        .find_map(|line| line.strip_prefix(start))
        .unwrap_or_else(|| panic!("{:#?}", server.said))
}

#[test]
fn a_fresh_copy_of_the_example_answers_with_a_printed_token() {
    let folder = Folder::example("saas");
    let server = Server::start("dev", &folder, &[]);
    let (ada, bob) = (said(&server, "ADA="), said(&server, "BOB="));
    let made = server.post("/organizations", Some(ada), r#"{"name":"Acme","slug":"acme"}"#);
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json()["slug"], "acme");
    let own = server.get("/organizations/acme", Some(ada)).json();
    assert_eq!(
        own["organization_members"][0]["users"]["email"], "ada@example.com",
        "{own}"
    );
    assert_eq!(
        server.get("/organizations/acme", Some(bob)).status,
        404,
        "a stranger sees it"
    );
    assert_eq!(server.get("/organizations/acme", None).status, 401);
}

#[test]
fn what_is_invented_is_said_and_stays_the_same() {
    let folder = Folder::example("saas");
    let first = Server::start("dev", &folder, &[("APP_URL", "https://app.example")]);
    let text = first.said.join("\n");
    assert!(
        text.contains("JWT_SECRET is not set") && text.contains("STRIPE_WEBHOOK_SECRET is not set"),
        "{text}"
    );
    assert!(!text.contains("APP_URL"), "{text}");
    let state = folder.path().join(".backflow");
    let kept = std::fs::read_to_string(state.join("dev.json")).unwrap();
    assert_eq!(std::fs::read_to_string(state.join(".gitignore")).unwrap(), "*\n");
    let ada = said(&first, "ADA=").to_owned();
    drop(first);
    let second = Server::start("dev", &folder, &[]);
    assert_eq!(std::fs::read_to_string(state.join("dev.json")).unwrap(), kept);
    assert_eq!(
        second.get("/organizations/none", Some(&ada)).status,
        404,
        "the token of the first run is refused"
    );
}

#[test]
fn the_requests_to_paste_work_in_the_order_shown() {
    let folder = Folder::example("saas");
    let server = Server::start("dev", &folder, &[]);
    let is_line = |line: &&String| {
        ["ADA=", "TENANT=", "curl "]
            .iter()
            .any(|start| line.starts_with(start))
    };
    let lines: Vec<&str> = server.said.iter().filter(is_line).map(String::as_str).collect();
    assert!(lines.len() >= 5, "{lines:#?}");
    let script = lines
        .join("\n")
        .replace("\ncurl ", "\ncurl -sS -o /dev/null -w '%{http_code}\\n' ");
    let ran = std::process::Command::new("bash")
        .args(["-euc", &script])
        .output();
    let Ok(ran) = ran else { return };
    let statuses = String::from_utf8(ran.stdout).unwrap();
    assert!(!statuses.is_empty(), "{}", String::from_utf8_lossy(&ran.stderr));
    assert!(
        statuses.lines().all(|status| status.starts_with('2')),
        "{statuses}\n{script}"
    );
}
