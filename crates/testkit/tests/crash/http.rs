//! As much of HTTP/1.1 as the tests need.
//!
//! Invariant: a message is read whole, by its `content-length`, or not at all.
//! Not here: chunks, which neither side of ours sends.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A request or an answer, as it came.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// Whether it is a request of a method.
    pub(crate) fn is(&self, method: &str) -> bool {
        self.head.split(' ').next() == Some(method)
    }

    /// The path of a request.
    pub(crate) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// The status of an answer.
    pub(crate) fn status(&self) -> u16 {
        let word = self.head.split(' ').nth(1);
        word.and_then(|word| word.parse().ok()).unwrap_or(0)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (own, value) = line.split_once(':')?;
            own.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// The next message; `None`: there is none, or not a whole one.
pub(crate) fn read(stream: &mut TcpStream) -> Option<Message> {
    let mut bytes = Vec::new();
    let mut chunk = [0; 8192];
    loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = bytes.split_off(end + 4);
            let head = String::from_utf8(bytes).ok()?;
            let mut message = Message { head, body };
            let length: usize = message
                .header("content-length")
                .map_or(Some(0), |text| text.parse().ok())?;
            let missing = length.checked_sub(message.body.len())?;
            let mut rest = vec![0; missing];
            stream.read_exact(&mut rest).ok()?;
            message.body.extend(rest);
            return Some(message);
        }
        let count = stream.read(&mut chunk).ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
    }
}

/// Sends a message as it is.
pub(crate) fn write(stream: &mut TcpStream, message: &Message) -> Option<()> {
    let bytes = [message.head.as_bytes(), &message.body].concat();
    stream.write_all(&bytes).ok()
}

/// Asks a server as whoever has a token; `None`: no answer came.
pub(crate) fn ask(
    address: SocketAddr,
    target: (&str, &str),
    token: &str,
    body: &str,
    patience: Duration,
) -> Option<Message> {
    send(
        address,
        target,
        &format!("authorization: {token}"),
        body,
        patience,
    )
}

/// Asks a server with a header; `None`: no answer came.
pub(crate) fn send(
    address: SocketAddr,
    (method, path): (&str, &str),
    header: &str,
    body: &str,
    patience: Duration,
) -> Option<Message> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_nodelay(true).ok()?;
    stream.set_read_timeout(Some(patience)).ok()?;
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\n{header}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    let request = Message {
        head,
        body: body.as_bytes().to_vec(),
    };
    write(&mut stream, &request)?;
    read(&mut stream)
}
