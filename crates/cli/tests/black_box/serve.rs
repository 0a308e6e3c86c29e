//! `backflow serve`

use crate::folder::{Folder, NOTES, SECRET};
use crate::http::{Answer, Server, refused, request};
use std::io::{Read, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

#[test]
fn requests_are_answered_logged_and_kept_over_a_restart() {
    let folder = Folder::new(&NOTES);
    let server = Server::start("serve", &folder, &[]);
    let made = server.post("/notes", None, r#"{"body":"milk"}"#);
    assert_eq!(made.status, 201, "{made:?}");
    for header in [
        "content-type: application/json",
        "x-content-type-options: nosniff",
        "x-request-id: ",
        "date: ",
    ] {
        assert!(made.head.contains(header), "{header} in {}", made.head);
    }
    assert_eq!(server.post("/notes", None, r#"{"body":1}"#).status, 400);
    assert_eq!(server.get("/nothing", None).status, 404);
    assert_eq!(server.ask("HEAD", "/notes", None, None).body, "");
    assert_eq!(server.get("/health", None).body, r#"{"status":"ok"}"#);
    server.signal("TERM");
    let (code, lines) = server.ended();
    assert_eq!(code, Some(0));
    let lines: Vec<serde_json::Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let access = |line: &&serde_json::Value| line["target"] == "backflow::access" && line["status"] == 201;
    let access = lines.iter().find(access).unwrap();
    assert!(access["micros"].is_u64() && access["method"] == "POST" && access["request_id"].is_string());
    assert!(
        !lines.iter().any(|line| line.to_string().contains("milk")),
        "a value is in the log"
    );
    assert_eq!(lines.last().unwrap()["message"], "stopped");

    let again = Server::start("serve", &folder, &[]);
    assert_eq!(again.get("/notes", None).json()[0]["body"], "milk");
}

#[test]
fn stopping_under_load_loses_no_answer() {
    let folder = Folder::new(&NOTES);
    let server = Server::start("serve", &folder, &[]);
    let (stopping, answered) = (AtomicBool::new(false), AtomicUsize::new(0));
    // A request whose body is half sent when the word to stop comes.
    let mut half = server.connect();
    half.write_all(b"POST /notes HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\nContent-Length: 15\r\n\r\n{\"body\"")
        .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                while let Ok(mut stream) = std::net::TcpStream::connect(&server.address) {
                    let asked =
                        stream.write_all(request("POST", "/notes", None, Some(r#"{"body":"x"}"#)).as_bytes());
                    let mut text = String::new();
                    let read = asked.and_then(|()| stream.read_to_string(&mut text));
                    if read.is_ok_and(|length| length > 0) {
                        assert_eq!(Answer::read(&text).status, 201, "{text}");
                        answered.fetch_add(1, Relaxed);
                    } else {
                        // Accepted by the system but not yet by us.
                        assert!(stopping.load(Relaxed), "a request before the stop was lost");
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(500));
        stopping.store(true, Relaxed);
        server.signal("TERM");
        std::thread::sleep(Duration::from_millis(200));
        half.write_all(b":\"late\"}").unwrap();
    });
    let mut text = String::new();
    half.read_to_string(&mut text).unwrap();
    assert_eq!(Answer::read(&text).status, 201, "{text}");
    let (code, lines) = server.ended();
    assert_eq!(code, Some(0), "{lines:?}");
    assert!(!lines.iter().any(|line| line.contains("cut off")), "{lines:?}");

    let again = Server::start("serve", &folder, &[]);
    let kept = again.get("/notes", None).json().as_array().unwrap().len();
    assert!(
        kept > answered.load(Relaxed),
        "{kept} rows, {} answers and one late",
        answered.load(Relaxed)
    );
}

#[test]
fn what_was_answered_survives_a_kill() {
    let folder = Folder::new(&NOTES);
    let server = Server::start("serve", &folder, &[]);
    for _ in 0..20 {
        assert_eq!(server.post("/notes", None, r#"{"body":"x"}"#).status, 201);
    }
    server.signal("KILL");
    assert_eq!(server.ended().0, None);
    let again = Server::start("serve", &folder, &[]);
    assert_eq!(again.get("/notes", None).json().as_array().unwrap().len(), 20);
}

#[test]
fn serve_refuses_what_it_cannot_do_safely() {
    let faulty = Folder::new(&NOTES);
    faulty.write("routes/a.json", r#"{ "path": "/a", "method": "got" }"#);
    assert_eq!(refused(&faulty, &[], &[]).code, Some(1));

    let pending = refused(&Folder::new(&NOTES), &["--no-migrate"], &[]);
    assert_eq!(pending.code, Some(2));
    assert!(pending.err.contains("pending: 0001_notes.sql"), "{}", pending.err);

    let postgres = refused(
        &Folder::new(&NOTES),
        &[],
        &[("DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/d")],
    );
    assert_eq!(postgres.code, Some(2));
    assert!(
        postgres.err.contains("does not answer") && !postgres.err.contains("hunter2"),
        "{}",
        postgres.err
    );

    let secret = Folder::new(&NOTES);
    secret.write(
        "routes/a.json",
        r#"{ "path": "/a", "method": "get", "requireAuth": true, "response": 1 }"#,
    );
    let weak = refused(&secret, &[], &[("JWT_SECRET", "short")]);
    assert_eq!(weak.code, Some(1));
    assert!(weak.out.contains("E0701"), "{}", weak.out);

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let busy = Folder::new(&NOTES).run("serve", &["--port", &port]);
    assert_eq!(busy.code, Some(2));
    assert!(busy.err.contains("--port"), "{}", busy.err);
}

#[test]
fn the_database_lies_where_the_settings_say() {
    let folder = Folder::new(&NOTES);
    folder.write(
        ".env",
        &format!("DATABASE_URL=sqlite:elsewhere/x.db\nJWT_SECRET={SECRET}\n"),
    );
    let server = Server::start("serve", &folder, &[]);
    assert_eq!(server.get("/notes", None).body, "[]");
    assert!(folder.path().join("elsewhere/x.db").exists() && !folder.path().join("data").exists());
}

/// What is left, as an answer says it.
fn left(server: &Server, headers: &str) -> (u16, Option<String>) {
    let mut stream = server.connect();
    let asked = format!("GET /notes HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(asked.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let answer = Answer::read(&text);
    let line = |line: &str| line.strip_prefix("x-ratelimit-remaining: ").map(str::to_owned);
    (answer.status, answer.head.lines().find_map(line))
}

#[test]
fn callers_are_limited_by_the_address_that_they_have() {
    let limit = r#"{ "tenancy": false, "rateLimit": { "max": 2 } }"#;
    let proxy =
        r#"{ "tenancy": false, "rateLimit": { "max": 2 }, "server": { "trustedProxies": ["127.0.0.0/8"] } }"#;
    let folder = Folder::new(&NOTES);
    let some = |status, text: &str| (status, Some(text.to_owned()));

    folder.write("backflow.json", limit);
    let server = Server::start("serve", &folder, &[]);
    assert_eq!(left(&server, "X-Forwarded-For: 192.0.2.1\r\n"), some(200, "1"));
    assert_eq!(left(&server, "X-Forwarded-For: 192.0.2.2\r\n"), some(200, "0"));
    assert_eq!(left(&server, "X-Forwarded-For: 192.0.2.3\r\n"), some(429, "0"));
    drop(server);

    folder.write("backflow.json", proxy);
    let server = Server::start("serve", &folder, &[]);
    assert_eq!(left(&server, "X-Forwarded-For: 192.0.2.1\r\n"), some(200, "1"));
    assert_eq!(
        left(&server, "X-Forwarded-For: 9.9.9.9, 192.0.2.1\r\n"),
        some(200, "0")
    );
    assert_eq!(
        left(&server, "X-Forwarded-For: 8.8.8.8, 192.0.2.1\r\n"),
        some(429, "0")
    );
    assert_eq!(left(&server, "X-Forwarded-For: 192.0.2.2\r\n"), some(200, "1"));
    assert_eq!(left(&server, ""), some(200, "1"));
}
