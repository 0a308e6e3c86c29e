//! A provider for tests: answers what a test says, and remembers what it was asked.
//!
//! Invariant: it counts every connection, also those that say nothing.
//! Not here: anything that knows a provider's rules; see the sandbox.

#![allow(dead_code, reason = "each test uses a part of it")]

use crate::client::{Destination, Dialer, Line, Naming, guard};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What a fake does with a request.
pub(crate) enum Does {
    /// Answers with a status, headers and a body.
    Says(u16, &'static str, String),
    /// Reads it and hangs up.
    HangsUp,
    /// Reads it and never answers.
    Waits,
}

/// A provider.
pub(crate) struct Fake {
    pub(crate) port: u16,
    pub(crate) connections: Arc<AtomicUsize>,
    heard: Arc<Mutex<Vec<String>>>,
}

type Answers = dyn Fn(&str) -> Does + Send + Sync;

impl Fake {
    /// One that does this with each request; it is given head and body.
    pub(crate) fn start(answers: impl Fn(&str) -> Does + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let (connections, heard) = (Arc::new(AtomicUsize::new(0)), Arc::default());
        let (count, memory, answers): (_, Arc<Mutex<Vec<String>>>, Arc<Answers>) =
            (Arc::clone(&connections), Arc::clone(&heard), Arc::new(answers));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::SeqCst);
                let (memory, answers) = (Arc::clone(&memory), Arc::clone(&answers));
                std::thread::spawn(move || serve(&stream, &*answers, &memory));
            }
        });
        Self {
            port,
            connections,
            heard,
        }
    }

    /// One that always says this.
    pub(crate) fn saying(status: u16, headers: &'static str, body: &'static str) -> Self {
        Self::start(move |_| Does::Says(status, headers, body.to_owned()))
    }

    /// Everything that it was asked.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("no thread fails").clone()
    }

    /// A line to it.
    pub(crate) fn line(&self) -> Line {
        line(&format!("http://127.0.0.1:{}", self.port))
    }
}

/// A line to an address that a test names.
pub(crate) fn line(base: &str) -> Line {
    let destination = Destination::parse(base, Naming::Named).expect("an address");
    Line::new(destination, Dialer::new(guard::system_lookup()))
}

fn serve(stream: &TcpStream, answers: &Answers, memory: &Mutex<Vec<String>>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let request = read(&mut reader)?;
        memory.lock().expect("no thread fails").push(request.clone());
        let mut writer: &TcpStream = stream;
        match answers(&request) {
            Does::Says(status, headers, body) => {
                let length = body.len();
                let head = format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\n\r\n");
                writer.write_all(format!("{head}{body}").as_bytes()).ok()?;
            }
            Does::HangsUp => return None,
            Does::Waits => std::thread::sleep(std::time::Duration::from_secs(30)),
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<String> {
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let start = request.len();
        reader.read_line(&mut request).ok().filter(|read| *read > 0)?;
        let line = request.get(start..)?.trim_end().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.push_str(&String::from_utf8(body).ok()?);
    Some(request)
}
