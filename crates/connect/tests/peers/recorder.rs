//! A server that remembers what it is asked.
//!
//! Role: takes requests of HTTP/1.1 one after the other and gives each the same answer.
//! Invariant: what is remembered is what came over the wire: names of headers in lower case, values untouched.
//! Not here: who asks.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};

/// A request.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Recorded {
    pub(crate) line: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// A server; it ends with the test's process.
pub(crate) struct Recorder {
    pub(crate) port: u16,
    heard: Receiver<Recorded>,
}

impl Recorder {
    /// Starts one that gives this answer.
    pub(crate) fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let (tell, heard) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let tell = tell.clone();
                std::thread::spawn(move || serve(&stream, answer, &tell));
            }
        });
        Self { port, heard }
    }

    /// What came since the last time, in order.
    pub(crate) fn take(&self) -> Vec<Recorded> {
        self.heard.try_iter().collect()
    }
}

fn serve(stream: &TcpStream, answer: &str, tell: &Sender<Recorded>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let recorded = read(&mut reader)?;
        tell.send(recorded).ok()?;
        let mut writer: &TcpStream = stream;
        writer.write_all(answer.as_bytes()).ok()?;
    }
}

fn read(reader: &mut impl BufRead) -> Option<Recorded> {
    let mut recorded = Recorded::default();
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    line.trim_end().clone_into(&mut recorded.line);
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        recorded.headers.insert(name, value);
    }
    let length = recorded
        .headers
        .get("content-length")
        .and_then(|text| text.parse().ok());
    let length = length.unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    recorded.body = String::from_utf8(body).expect("the clients send UTF-8");
    Some(recorded)
}
