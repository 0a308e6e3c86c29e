//! The sandbox as a process that is killed.
//!
//! Role: what was answered survives `kill -9` when there is a store; nothing is half done.
//! Invariant: every process started here is killed here.
//! Not here: which answers are right.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

/// The sandbox as a program, built once: `--all-targets` makes only a test of it.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let own = std::env::current_exe().expect("this test");
        let folder = own.parent().and_then(Path::parent).expect("a folder of targets");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args([
            "build",
            "--quiet",
            "--package",
            "backflow-connect",
            "--example",
            "sandbox",
        ]);
        if folder.ends_with("release") {
            cargo.arg("--release");
        }
        let built = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).status();
        assert!(
            built.is_ok_and(|status| status.success()),
            "the sandbox cannot be built"
        );
        folder.join("examples/sandbox")
    })
}

struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(store: &Path) -> Self {
        let mut child = Command::new(program())
            .arg("--store")
            .arg(store)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the sandbox starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output"))
            .read_line(&mut line)
            .expect("its address");
        let address = line.trim().trim_start_matches("http://").to_owned();
        Self { child, address }
    }

    /// The whole answer to a request.
    fn ask(&self, head: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let length = body.len();
        write!(
            stream,
            "{head}Host: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .expect("sent");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("an answer");
        answer
    }

    fn create(&self, key: &str) -> String {
        let head = format!(
            "POST /v1/customers HTTP/1.1\r\nAuthorization: Bearer sk_test_x\r\nIdempotency-Key: {key}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n"
        );
        self.ask(&head, "metadata[org_id]=o1")
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().expect("killed");
        self.child.wait().expect("gone");
    }
}

fn body(answer: &str) -> serde_json::Value {
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).expect("JSON")
}

#[test]
fn what_was_answered_survives_a_kill() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("state");
    let first = Running::start(&store);
    let made = body(&first.create("k1"));
    first.ask(
        "POST /_sandbox/clock HTTP/1.1\r\nContent-Type: application/json\r\n",
        "{\"advance\": \"20h\"}",
    );
    drop(first);
    let second = Running::start(&store);
    let again = second.create("k1");
    assert!(
        again.to_ascii_lowercase().contains("idempotent-replayed: true"),
        "{again}"
    );
    assert_eq!(body(&again)["id"], made["id"]);
    let counts = body(&second.ask("GET /_sandbox/counts HTTP/1.1\r\n", ""));
    assert_eq!(
        (&counts["customer"], &counts["event"], &counts["request"]),
        (&1.into(), &1.into(), &2.into())
    );
    let other = body(&second.create("k2"));
    let hours = other["created"].as_i64().expect("a time") - made["created"].as_i64().expect("a time");
    assert!(hours >= 20 * 3600, "the clock stays moved");
}

/// Creates customers with the keys `k0`, `k1`, … until the process is gone; the answers.
fn hammer(address: &str) -> Vec<String> {
    let mut answers = Vec::new();
    loop {
        let key = format!("k{}", answers.len());
        match try_create(address, &key) {
            Some(answer) => answers.push(answer),
            None => return answers,
        }
    }
}

fn try_create(address: &str, key: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    write!(
        stream,
        "POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer sk_test_x\r\n\
         Idempotency-Key: {key}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    )
    .ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (_, body) = answer.split_once("\r\n\r\n")?;
    serde_json::from_str::<serde_json::Value>(body).ok()?["id"]
        .as_str()
        .map(str::to_owned)
}

#[test]
fn killed_at_any_moment_it_does_each_request_wholly_or_not_at_all() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = folder.path().join("state");
    let mut known: Vec<String> = Vec::new();
    for round in 0..8 {
        let running = Running::start(&store);
        let address = running.address.clone();
        let work = std::thread::spawn(move || hammer(&address));
        std::thread::sleep(std::time::Duration::from_millis(60 + 17 * round));
        drop(running);
        let answers = work.join().expect("it ends");
        let both = known.len().min(answers.len());
        assert_eq!(
            answers[..both],
            known[..both],
            "what was answered is answered again"
        );
        if answers.len() > known.len() {
            known = answers;
        }
    }
    let last = Running::start(&store);
    for (position, id) in known.iter().enumerate() {
        assert_eq!(
            try_create(&last.address, &format!("k{position}")).as_deref(),
            Some(id.as_str())
        );
    }
    // One more may have been done whose answer was lost: its key makes no second one.
    try_create(&last.address, &format!("k{}", known.len())).expect("an answer");
    let counts = body(&last.ask("GET /_sandbox/counts HTTP/1.1\r\n", ""));
    assert!(known.len() > 10, "{}", known.len());
    assert_eq!(counts["customer"], known.len() + 1);
    assert_eq!(counts["event"], counts["customer"]);
}
