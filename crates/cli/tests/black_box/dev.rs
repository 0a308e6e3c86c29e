//! `backflow dev`

use crate::folder::Folder;
use crate::http::{Server, ask};

#[test]
fn a_fresh_copy_of_the_example_answers_with_a_printed_token() {
    let folder = Folder::example("saas");
    let server = Server::start("dev", &folder, &[]);
    let (ada, bob) = (server.said("ADA="), server.said("BOB="));
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
    let ada = first.said("ADA=").to_owned();
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
    for path in ["/invites", "/subscription"] {
        assert!(
            lines.iter().any(|line| line.contains(path)),
            "{path} in {lines:#?}"
        );
    }
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

/// Where the sandbox listens.
fn sandbox(server: &Server) -> String {
    let address = server.said("what it was sent: http://");
    address.trim_end_matches("/_sandbox/").to_owned()
}

/// The key of an organization that was made now.
fn organization(server: &Server, ada: &str) -> String {
    let made = server.post("/organizations", Some(ada), r#"{"name":"Acme","slug":"acme"}"#);
    made.json()["id"].as_str().unwrap().to_owned()
}

#[test]
fn an_invitation_reaches_its_mail_and_opens_the_door() {
    let folder = Folder::example("saas");
    let server = Server::start("dev", &folder, &[]);
    let (ada, bob) = (server.said("ADA="), server.said("BOB="));
    let organization = organization(&server, ada);
    let invites = format!("/organizations/{organization}/invites");
    let invited = server.post(&invites, Some(ada), r#"{"email":"bob@example.com"}"#);
    assert_eq!(invited.status, 201, "{invited:?}");
    assert!(!invited.body.contains("token"), "{invited:?}");
    let mails = ask(&sandbox(&server), "GET", "/_sandbox/emails", None, None).body;
    let (_, link) = mails.split_once("/invite/").unwrap();
    let token: String = link.chars().take(36).collect();
    let accept = format!("/invites/{token}/accept");
    assert_eq!(server.post(&accept, Some(ada), "{}").status, 403);
    assert_eq!(server.post(&accept, Some(bob), "{}").status, 200);
    assert_eq!(server.get("/organizations/acme", Some(bob)).status, 200);

    let runs = folder.run("runs", &[]);
    assert_eq!(runs.code, Some(2), "runs needs a word: {}", runs.err);
    let listed = folder.runs(&["list"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    assert!(
        listed.out.contains("done      201") && listed.out.ends_with("1 run\n"),
        "{}",
        listed.out
    );
    let run = listed.out.split(' ').next().unwrap();
    let shown = folder.runs(&["show", run]).out;
    for part in [
        "create-invite: done",
        "asked    POST /v3/mail/send",
        "\"status\":202",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

#[test]
fn a_double_click_subscribes_once_and_a_restart_knows_it() {
    let folder = Folder::example("saas");
    let server = Server::start("dev", &folder, &[]);
    let ada = server.said("ADA=").to_owned();
    let path = format!("/organizations/{}/subscription", organization(&server, &ada));
    let address = &server.address;
    let click = || {
        ask(
            address,
            "POST",
            &path,
            Some(&ada),
            Some(r#"{"price_id":"price_pro"}"#),
        )
    };
    let (first, second) = std::thread::scope(|scope| {
        let one = scope.spawn(click);
        (click(), one.join().unwrap())
    });
    assert_eq!((first.status, &first.body), (201, &second.body), "{second:?}");
    assert_eq!(first.json()["subscription"]["plan"], "pro", "{first:?}");
    assert!(first.json()["client_secret"].is_string(), "{first:?}");
    let unknown = server.post(&path, Some(&ada), r#"{"price_id":"price_cheap"}"#);
    assert_eq!(
        (unknown.status, unknown.json()["code"].as_str()),
        (422, Some("unknown_price"))
    );
    let counts = |server: &Server| ask(&sandbox(server), "GET", "/_sandbox/counts", None, None).json();
    assert_eq!(
        (&counts(&server)["customer"], &counts(&server)["subscription"]),
        (&1.into(), &1.into())
    );
    drop(server);

    let server = Server::start("dev", &folder, &[]);
    assert_eq!(counts(&server)["subscription"], 1, "the sandbox forgot");
    let other = server.post(&path, Some(&ada), r#"{"price_id":"price_starter"}"#);
    assert_eq!(
        (other.status, other.json()["code"].as_str()),
        (409, Some("already_subscribed"))
    );
    assert_eq!(counts(&server)["customer"], 1);
    assert_eq!(server.get(&path, Some(&ada)).json()["plan"], "pro");
}

#[test]
fn what_happens_in_the_sandbox_is_told_to_the_project() {
    let folder = Folder::example("saas");
    let server = Server::start("dev", &folder, &[]);
    let url = server.said("its events go to ").to_owned();
    assert!(
        url.starts_with("http://127.0.0.1:") && url.ends_with("/webhooks/stripe"),
        "{url}"
    );
    let address = sandbox(&server);
    let event = r#"{"type":"invoice.paid"}"#;
    let made = ask(&address, "POST", "/_sandbox/events", None, Some(event)).json();
    let deliveries = || ask(&address, "GET", "/_sandbox/deliveries", None, None).json();
    let begun = std::time::Instant::now();
    while deliveries()[0]["state"] != "taken" && begun.elapsed().as_secs() < 10 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let delivered = &deliveries()[0];
    assert_eq!(
        (&delivered["event"], &delivered["url"], &delivered["status"]),
        (&made["id"], &url.as_str().into(), &200.into()),
        "{delivered}"
    );
}

#[test]
fn a_failed_run_is_taken_up_in_the_sandbox_of_the_server() {
    let folder = Folder::example("saas");
    let server = Server::start("dev", &folder, &[]);
    let ada = server.said("ADA=");
    let invites = format!("/organizations/{}/invites", organization(&server, ada));
    let address = sandbox(&server);
    let fault = r#"{"kind":"failed","provider":"sendgrid","times":6}"#;
    assert_eq!(
        ask(&address, "POST", "/_sandbox/faults", None, Some(fault)).status / 100,
        2
    );
    for who in ["bob", "eve"] {
        let body = format!(r#"{{"email":"{who}@example.com"}}"#);
        assert_eq!(server.post(&invites, Some(ada), &body).status, 502);
    }
    let failed = folder.runs(&["list", "--state", "failed"]).out;
    let mut ids = failed.lines().filter_map(|line| line.split(' ').next());
    let (eve, bob) = (ids.next().unwrap(), ids.next().unwrap());
    let accountless = folder.runs(&["retry", bob]);
    assert_eq!(accountless.code, Some(1), "without accounts: {}", accountless.out);

    let beside = folder.runs(&["retry", "--dev", bob]);
    assert_eq!(beside.code, Some(0), "{}{}", beside.out, beside.err);
    assert!(
        beside.err.contains(&address),
        "not the server's own sandbox: {}",
        beside.err
    );
    let mails = ask(&address, "GET", "/_sandbox/emails", None, None).body;
    assert_eq!(mails.matches("/invite/").count(), 1, "{mails}");
    server.signal("TERM");
    server.ended();

    let alone = folder.runs(&["retry", "--dev", eve]);
    assert_eq!(alone.code, Some(0), "{}{}", alone.out, alone.err);
    let server = Server::start("dev", &folder, &[]);
    let mails = ask(&sandbox(&server), "GET", "/_sandbox/emails", None, None).body;
    assert_eq!(mails.matches("/invite/").count(), 2, "{mails}");
}

#[test]
fn a_project_that_lacks_nothing_but_accounts_gets_a_sandbox() {
    let folder = Folder::new(&[
        ("backflow.json", r#"{ "tenancy": false }"#),
        (
            "migrations/0001_start.sql",
            "CREATE TABLE notes (id UUID PRIMARY KEY);",
        ),
        (
            "routes/mail.json",
            r#"{ "path": "/mail", "method": "post", "workflow": { "steps": [
              { "id": "mail", "type": "integration", "integration": "sendgrid", "action": "sendEmail",
                "params": { "to": "ann@example.com", "subject": "Hello", "text": "Hello" } } ] } }"#,
        ),
    ]);
    let server = Server::start("dev", &folder, &[]);
    assert_eq!(server.post("/mail", None, "{}").status, 200);
    let mails = ask(&sandbox(&server), "GET", "/_sandbox/emails", None, None).json();
    assert_eq!(mails[0]["from"], "dev@example.com", "{mails}");
    let ignored = std::fs::read_to_string(folder.path().join(".backflow/.gitignore"));
    assert_eq!(ignored.unwrap(), "*\n");
}
