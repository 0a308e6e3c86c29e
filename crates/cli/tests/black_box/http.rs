//! A server under test, and requests to it.

use crate::folder::{Folder, Ran, backflow};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A running `serve` or `dev`; killed when dropped.
pub(crate) struct Server {
    child: Child,
    lines: Receiver<String>,
    /// What it said until it listened.
    pub(crate) said: Vec<String>,
    pub(crate) address: String,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Server {
    pub(crate) fn start(command: &str, folder: &Folder, env: &[(&str, &str)]) -> Self {
        let mut child = backflow()
            .arg(command)
            .arg(folder.path())
            .args(["--port", "0"])
            .envs(env.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || {
            out.lines()
                .map_while(Result::ok)
                .try_for_each(|line| send.send(line))
        });
        let mut said = Vec::new();
        let address = loop {
            let line = lines
                .recv_timeout(Duration::from_secs(20))
                .unwrap_or_else(|_| panic!("{said:#?}"));
            let found = line.contains("listening").then(|| address_in(&line)).flatten();
            said.push(line);
            if let Some(address) = found {
                break address;
            }
        };
        Self {
            child,
            lines,
            said,
            address,
        }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        TcpStream::connect(&self.address).unwrap()
    }

    pub(crate) fn get(&self, path: &str, token: Option<&str>) -> Answer {
        self.ask("GET", path, token, None)
    }

    pub(crate) fn post(&self, path: &str, token: Option<&str>, body: &str) -> Answer {
        self.ask("POST", path, token, Some(body))
    }

    pub(crate) fn ask(&self, method: &str, path: &str, token: Option<&str>, body: Option<&str>) -> Answer {
        ask(&self.address, method, path, token, body)
    }

    /// What follows a text in a line that it said before it listened.
    pub(crate) fn said(&self, start: &str) -> &str {
        let mut lines = self.said.iter();
        lines
            .find_map(|line| line.strip_prefix(start))
            .unwrap_or_else(|| panic!("{:#?}", self.said))
    }

    pub(crate) fn signal(&self, name: &str) {
        let done = Command::new("kill")
            .args([&format!("-{name}"), &self.child.id().to_string()])
            .status();
        assert!(done.unwrap().success());
    }

    /// Waits for the end: its exit code and the lines since it listened.
    pub(crate) fn ended(mut self) -> (Option<i32>, Vec<String>) {
        let until = Instant::now() + Duration::from_secs(20);
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(Instant::now() < until, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        };
        (status.code(), self.lines.iter().collect())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Answer {
    pub(crate) fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or(0);
        Self {
            status,
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// Asks any server of this machine.
pub(crate) fn ask(
    address: &str,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&str>,
) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(request(method, path, token, body).as_bytes())
        .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    Answer::read(&text)
}

/// Waits until something holds, 20 seconds at most.
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "{what} does not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn request(method: &str, path: &str, token: Option<&str>, body: Option<&str>) -> String {
    let mut request = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
    if let Some(token) = token {
        request += &format!("Authorization: Bearer {token}\r\n");
    }
    if let Some(body) = body {
        request += &format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n",
            body.len()
        );
    }
    request + "\r\n" + body.unwrap_or_default()
}

/// A server that refuses to start: what it said.
pub(crate) fn refused(folder: &Folder, args: &[&str], env: &[(&str, &str)]) -> Ran {
    let mut command = backflow();
    command
        .arg("serve")
        .arg(folder.path())
        .args(["--port", "0"])
        .args(args)
        .envs(env.iter().copied());
    Ran::of(command.output().unwrap())
}

fn address_in(line: &str) -> Option<String> {
    let from = line.find("127.0.0.1:")?;
    let text = line.get(from..)?;
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'))
        .unwrap_or(text.len());
    text.get(..end).map(str::to_owned)
}
